"""Many jobs cancelled, or run now instead of later: what fits the filter, and an entry that says so."""

from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from django.utils import timezone

from apps.accounts.models import User
from apps.jobs.models import Action, Job
from apps.jobs.operating import cancel
from apps.jobs.operating.job_filter import JobFilter
from apps.jobs.states import State
from apps.lib.ids import first_id_of
from tests.jobs import steps

pytestmark = pytest.mark.django_db
ONE_IN_EACH_STATE = len(State)


def one_in_each_state() -> dict[State, UUID]:
    return {state: steps.job_in(state).id for state in State}


def test_what_waits_is_cancelled_and_what_runs_is_asked_to_stop() -> None:
    asha = User.objects.create_user("asha@example.com")
    jobs = one_in_each_state()
    became = cancel.cancel(JobFilter(kind=steps.KIND), actor=asha, reason="wrong list")
    assert became == {State.CANCELLED: 4, State.RUNNING: 1}
    assert Job.objects.get(pk=jobs[State.RUNNING]).cancel_requested_at is not None
    assert steps.state_of(jobs[State.SUCCEEDED]) == State.SUCCEEDED
    entry = Action.objects.get()
    assert (entry.verb, entry.subject, entry.count) == ("cancel", f"jobs: kind {steps.KIND}", 5)
    assert (entry.actor, entry.reason) == (asha, "wrong list")
    assert entry.details == {"cancelled": 4, "running": 1}


def test_what_had_ended_is_left_and_nothing_is_recorded() -> None:
    ended = steps.job_in(State.SUCCEEDED).id
    for chosen in (JobFilter(ids=(ended,)), JobFilter(states=frozenset({State.DEAD})), JobFilter(ids=())):
        assert not cancel.cancel(chosen, actor=None)
        assert not cancel.retry_now(chosen, actor=None)
    assert not Action.objects.exists()


def test_many_are_cancelled_in_batches_each_with_its_entry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cancel, "AT_ONCE", 2)
    ids = [steps.in_line() for _ in range(5)]
    assert cancel.cancel(JobFilter(), actor=None).total() == 5
    assert [entry.count for entry in Action.objects.order_by("id")] == [2, 2, 1]
    assert {steps.state_of(job_id) for job_id in ids} == {State.CANCELLED}
    assert not any(steps.stands_in_line(job_id) for job_id in ids)


def test_what_sleeps_runs_now_and_nothing_else_moves() -> None:
    jobs = one_in_each_state()
    assert cancel.retry_now(JobFilter(), actor=None, reason="the till is open") == 2
    assert steps.state_of(jobs[State.SCHEDULED]) == State.READY
    assert steps.state_of(jobs[State.RETRYING]) == State.READY
    assert Job.objects.filter(run_after__isnull=False).count() == 0
    assert Action.objects.get().count == 2
    steps.assert_nothing_is_lost()


def test_a_filter_of_jobs_finds_what_fits_all_that_is_given() -> None:
    old = steps.in_line(id=first_id_of(timezone.now() - timedelta(days=3)))
    mine = steps.in_line(tenant="acme", kind="kinds.walk")
    dead = steps.job_in(State.DEAD).id
    day_ago = timezone.now() - timedelta(days=1)
    for chosen, found in [
        (JobFilter(), {old, mine, dead}),
        (JobFilter(kind="kinds.walk"), {mine}),
        (JobFilter(queue="other"), set()),
        (JobFilter(tenant="acme"), {mine}),
        (JobFilter(tenant=""), {old, dead}),
        (JobFilter(fingerprint=steps.TROUBLE.fingerprint), {dead}),
        (JobFilter(states=frozenset({State.DEAD, State.READY})), {old, mine, dead}),
        (JobFilter(since=day_ago), {mine, dead}),
        (JobFilter(until=day_ago), {old}),
        (JobFilter(ids=(old, uuid4())), {old}),
        (JobFilter(ids=()), set()),
        (JobFilter(kind="'; DROP TABLE jobs_job; --"), set()),
    ]:
        assert set(chosen.jobs().values_list("id", flat=True)) == found, chosen
        assert {job_id for batch in chosen.batches(1) for job_id in batch} == found


def test_a_filter_of_jobs_names_itself() -> None:
    assert str(JobFilter()) == "all jobs"
    states = frozenset({State.DEAD, State.READY})
    assert str(JobFilter(queue="mail", states=states)) == "jobs: queue mail, state ready or dead"
