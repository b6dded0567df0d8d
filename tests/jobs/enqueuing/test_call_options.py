"""Options of a call that Celery passes on to the task, or reads in its own time zone."""

from datetime import datetime, timedelta
from typing import Any
from unittest.mock import patch
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from celery import Celery
from django.db import connection

from apps.jobs.models import Job
from tests.jobs.steps import row_of
from tests.kinds.add import add

ZONE = ZoneInfo("Asia/Kolkata")


@pytest.mark.django_db
class TestMoments:
    @pytest.mark.parametrize(("option", "column"), [("eta", "run_after"), ("expires", "expires_at")])
    def test_moment_without_a_zone_is_in_that_of_celery(self, option: str, column: str) -> None:
        tomorrow = datetime.now(ZONE) + timedelta(days=1)
        options: dict[str, Any] = {option: tomorrow.replace(tzinfo=None)}
        with patch.object(Celery, "timezone", ZONE):
            handle = add.apply_async((1,), **options)
        assert row_of(UUID(handle.id))[column] == tomorrow

    def test_moments_of_many_jobs_likewise(self) -> None:
        tomorrow = datetime.now(ZONE) + timedelta(days=1)
        with patch.object(Celery, "timezone", ZONE):
            add.enqueue_many([{"a": 1}], eta=tomorrow.replace(tzinfo=None))
        assert Job.objects.get().run_after == tomorrow


@pytest.mark.django_db
@pytest.mark.parametrize("option", ["argsrepr", "kwargsrepr"])
def test_text_for_the_arguments_is_refused_with_the_way_out(option: str) -> None:
    options: dict[str, Any] = {option: "(hidden)"}
    with pytest.raises(TypeError, match="secrets as"):
        add.apply_async((1,), **options)
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")  # the caller's transaction is whole


@pytest.mark.django_db
@pytest.mark.parametrize("value", [True, False])
def test_ignore_result_changes_nothing(value: bool) -> None:
    add.apply_async((1,), ignore_result=value)
    assert Job.objects.get().options is None
