"""What a job makes is its child, of its tenant and of the request that asked for it."""

from collections.abc import Callable

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from apps.jobs import enqueue, origin
from apps.jobs.models import Job
from apps.jobs.transitions import Claim
from tests.jobs.bodies import run_body

pytestmark = pytest.mark.django_db


def ran_for_acme(body: Callable[[], object]) -> Claim:
    """Run a body of a job that acme's request asked for."""

    def returns_nothing() -> None:
        body()

    word, claim = run_body(returns_nothing, made_for={"tenant": "acme", "request_id": "r-1"})
    assert word == "succeeded"
    return claim


def test_it_stands_in_its_maker_s_lane_and_can_be_traced_to_its_request() -> None:
    claim = ran_for_acme(lambda: enqueue("kinds.add", a=1))
    child = Job.objects.get(parent_id=claim.id)
    assert (child.tenant, child.lane, child.request_id) == ("acme", "acme", "r-1")


def test_what_its_maker_says_goes_before() -> None:
    def make() -> None:
        with origin(tenant="other", request_id="r-2"):
            enqueue("kinds.add", a=1)

    child = Job.objects.get(parent_id=ran_for_acme(make).id)
    assert (child.tenant, child.request_id) == ("other", "r-2")


def test_its_maker_is_read_once_however_many_it_makes() -> None:
    with CaptureQueriesContext(connection) as asked:
        ran_for_acme(lambda: [enqueue("kinds.add", a=1) for _ in range(3)])
    assert sum("SELECT owner_id, trigger" in query["sql"] for query in asked) == 1


def test_a_job_that_makes_nothing_reads_nothing_of_it() -> None:
    with CaptureQueriesContext(connection) as asked:
        ran_for_acme(lambda: None)
    assert not any("SELECT owner_id, trigger" in query["sql"] for query in asked)
