"""Jobs that one process enqueues one by one wait in the order in which they were enqueued."""

import pytest
from django.db import transaction

from apps.jobs.models import Job
from tests.kinds.add import add


@pytest.mark.django_db
def test_single_jobs_of_one_transaction_keep_their_order() -> None:
    with transaction.atomic():
        enqueued = [add.delay(a=number, b=0).id for number in range(10_000)]
    assert [str(job_id) for job_id in Job.objects.order_by("id").values_list("id", flat=True)] == enqueued
