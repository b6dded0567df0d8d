"""The ledger in the Django admin: everything can be seen by those who may, and nothing edited."""

from collections.abc import Callable
from datetime import timedelta
from functools import partial
from uuid import UUID, uuid4

import pytest
from django.contrib import admin
from django.db import connection
from django.db.models import Model
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from apps.accounts.models import User
from apps.jobs import transitions
from apps.jobs.models import Attempt, Bundle, DeadLetter, Duty, LogLine
from apps.jobs.states import State
from apps.lib.ids import first_id_of
from tests.jobs import steps
from tests.jobs.people import log_in

pytestmark = pytest.mark.django_db
MODELS = ["job", "attempt", "deadletter", "worker", "duty", "logline", "bundle", "replay", "action"]
LIST = "/admin/jobs/job/"


@pytest.fixture
def browser(client: Client) -> Callable[..., Client]:
    """Log a member of staff in, with these rights."""
    return partial(log_in, client)


@pytest.fixture
def viewer(browser: Callable[..., Client]) -> Client:
    return browser(*(f"view_{model}" for model in MODELS))


def test_every_table_can_be_seen_and_none_edited(viewer: Client) -> None:
    job_id, worker, now = steps.in_line(), steps.a_worker(), timezone.now()
    attempt = Attempt.objects.create(job_id=job_id, number=1, outcome="failed", started_at=now, ended_at=now)
    LogLine.objects.create(job_id=job_id, attempt=1, at=now, level="info", message="<b>hello</b>")
    DeadLetter.objects.create(job_id=job_id, kind="kinds.add", fingerprint="f", died_at=now, evidence={})
    Duty.objects.create(name="relay", keeper="k", ran_at=now, took_ms=1)
    Bundle.objects.create(queue="default", kind="kinds.add", published_at=now, ids=[job_id])
    for model in MODELS:
        for query in ({}, {"q": str(job_id)}, {"q": "nothing'"}):
            page = viewer.get(f"/admin/jobs/{model}/", query)
            assert page.status_code == 200, model
            assert "<b>hello</b>" not in page.content.decode()
        assert viewer.get(f"/admin/jobs/{model}/add/").status_code == 403, model
    for path in (f"job/{job_id}", f"attempt/{attempt.pk}", f"worker/{worker}"):
        assert viewer.get(f"/admin/jobs/{path}/change/").status_code == 200, path
        assert viewer.post(f"/admin/jobs/{path}/change/", {"kind": "x"}).status_code == 403, path
        assert viewer.get(f"/admin/jobs/{path}/delete/").status_code == 403, path


def test_staff_without_the_right_see_nothing(browser: Callable[..., Client]) -> None:
    client = browser()
    for model in MODELS:
        assert client.get(f"/admin/jobs/{model}/").status_code == 403


def test_secrets_in_arguments_are_masked(viewer: Client) -> None:
    job_id = steps.in_line(args={"a": 41, "api_key": "hunter2"})
    page = viewer.get(f"{LIST}{job_id}/change/").content.decode()
    assert "41" in page
    assert "hunter2" not in page


def test_jobs_are_found_by_id_kind_and_owner(viewer: Client) -> None:
    owner = User.objects.create_user("owner@example.com", "secret")
    mine, other = steps.in_line(owner_id=owner.pk), steps.in_line(kind="kinds.walk")
    for term, found in [
        (str(mine), {mine}),
        ("walk", {other}),
        ("KINDS.", {mine, other}),
        ("OWNER@example.com", {mine}),
        ("nobody@example.com", set()),
        (str(uuid4()), set()),
        ("%'\"", set()),
    ]:
        assert _listed(viewer, q=term) == found, term


def test_jobs_are_filtered_by_state_kind_and_age(viewer: Client) -> None:
    old_id = first_id_of(timezone.now() - timedelta(days=20))
    fresh, old = steps.in_line(kind="kinds.walk"), steps.in_line(id=old_id)
    transitions.cancel(fresh)
    assert _listed(viewer) == {fresh}
    assert _listed(viewer, days="30") == _listed(viewer, days="all") == {fresh, old}
    assert _listed(viewer, q=str(old)) == {old}
    assert _listed(viewer, state__exact=str(int(State.CANCELLED))) == {fresh}
    assert _listed(viewer, days="all", kind="kinds.add") == {old}


def test_a_list_reads_no_more_rows_than_it_shows(viewer: Client) -> None:
    for _ in range(60):
        steps.in_line()
    with CaptureQueriesContext(connection) as queries:
        assert len(_listed(viewer)) == 50
    on_jobs = [query["sql"] for query in queries if "jobs_job" in query["sql"]]
    assert len(on_jobs) == 2  # the count and the page
    for statement in on_jobs:
        assert "LIMIT" in statement
        assert '"jobs_job"."id" >= ' in statement


def test_a_worker_is_found_by_a_job_it_took(viewer: Client) -> None:
    steps.a_worker("idle@here")
    found = viewer.get("/admin/jobs/worker/", {"q": str(_running())}).context["cl"].result_list
    assert [worker.name for worker in found] == ["one@here"]


def _running() -> UUID:
    job_id = steps.enqueued()
    return steps.claimed(job_id, steps.a_worker()).id


def _listed(client: Client, **query: str) -> set[UUID]:
    answer = client.get(LIST, query)
    assert answer.status_code == 200
    return {job.pk for job in answer.context["cl"].result_list}


def test_no_record_is_headed_by_the_name_of_its_class() -> None:
    unnamed = [model for model in admin.site._registry if model.__str__ is Model.__str__]
    assert unnamed == []


def test_heading_of_an_attempt_names_its_job(viewer: Client) -> None:
    job_id, now = steps.in_line(), timezone.now()
    attempt = Attempt.objects.create(job_id=job_id, number=2, outcome="failed", started_at=now, ended_at=now)
    assert (
        f"attempt 2 of job {job_id}"
        in viewer.get(f"/admin/jobs/attempt/{attempt.pk}/change/").content.decode()
    )
