"""What people did to a job is found from the job, with what a replay changed."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from uuid import UUID

import pytest

from apps.jobs import transitions
from apps.jobs.models import ActionJobs
from apps.jobs.operating import actions, cancel, dead_letters, replay
from apps.jobs.operating.dead_letters import Filter
from apps.jobs.operating.history import history
from apps.jobs.operating.job_filter import JobFilter
from apps.jobs.states import State
from tests.jobs import steps
from tests.jobs.crowd import many_in_line

pytestmark = pytest.mark.django_db


def test_a_replay_with_other_arguments_names_each_change() -> None:
    claim = steps.running(args={"a": 1, "b": 2})
    transitions.bury(claim, steps.TROUBLE, {"args": claim.args})
    edited = {"a": 7}
    record = replay.replay(Filter(ids=(claim.id,)), actor="ann@example.com", reason="typo", args=edited)
    [entry] = history(claim.id)
    assert (entry.actor, entry.verb, entry.reason, entry.replay_id) == (
        "ann@example.com",
        "replay",
        "typo",
        record.pk,
    )
    assert entry.changes == (("a", "1", "7"), ("b", "2", "not given"))


def test_a_changed_secret_is_named_and_hidden() -> None:
    before, after = {"api_key": "one", "token": "same"}, {"api_key": "two", "token": "same"}
    job_id = _buried()
    details = {"replay": 1, "args": after, "args_before": before}
    actions.record("replay", f"job {job_id}", actor=None, reason="rotated", details=details)
    [entry] = history(job_id)
    assert entry.changes == (("api_key", '"***"', '"***"'),)


def test_a_replay_of_many_is_in_the_history_of_each() -> None:
    ids = [_buried(), _buried()]
    replay.replay(Filter(kind=steps.KIND), actor="ann@example.com", reason="it is fixed")
    assert [[entry.reason for entry in history(job_id)] for job_id in ids] == [["it is fixed"]] * 2
    assert history(_buried()) == []


def test_other_actions_are_told_the_newest_first() -> None:
    job_id = _buried()
    replay.replay(Filter(ids=(job_id,)), actor=None, reason="again")
    cancel.cancel(JobFilter(ids=(job_id,)), actor="bob@example.com", reason="no more")
    assert [(entry.verb, entry.changes) for entry in history(job_id)] == [("cancel", ()), ("replay", ())]


def test_an_action_on_many_is_in_the_history_of_each_job_that_it_changed() -> None:
    waiting, asleep = (
        [steps.in_line() for _ in range(3)],
        [steps.enqueued(delay=steps.HOUR) for _ in range(2)],
    )
    dead, ended = [_buried() for _ in range(2)], steps.job_in(State.SUCCEEDED).id
    alone = steps.in_line()
    named = JobFilter(ids=(*asleep, ended))
    cancel.retry_now(named, actor="ann@example.com", reason="the till is open")
    cancel.cancel(JobFilter(ids=(*waiting, ended)), actor="bob@example.com", reason="wrong list")
    dead_letters.discard(Filter(kind=steps.KIND), actor="eve@example.com", reason="too old")
    for ids, entry in (
        (asleep, ("ann@example.com", "retry now", "the till is open")),
        (waiting, ("bob@example.com", "cancel", "wrong list")),
        (dead, ("eve@example.com", "discard", "too old")),
    ):
        for job_id in ids:
            assert [(found.actor, found.verb, found.reason) for found in history(job_id)] == [entry]
    assert history(ended) == history(alone) == []


def test_an_action_by_filter_is_in_each_history_from_its_own_batch(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cancel, "AT_ONCE", 2)
    ids = [steps.in_line() for _ in range(5)]
    cancel.cancel(JobFilter(kind=steps.KIND), actor="bob@example.com", reason="wrong list")
    assert [[entry.verb for entry in history(job_id)] for job_id in ids] == [["cancel"]] * 5
    assert ActionJobs.objects.count() == 3


def test_a_large_action_writes_a_row_for_a_thousand_jobs_and_its_statements_do_not_grow(
    django_assert_max_num_queries: Callable[[int], AbstractContextManager[object]],
) -> None:
    ids = many_in_line(2500)
    with django_assert_max_num_queries(30):
        cancel.cancel(JobFilter(kind=steps.KIND), actor=None, reason="a flood")
    assert [len(block.job_ids) for block in ActionJobs.objects.order_by("id")] == [1000, 1000, 500]
    for job_id in (ids[0], ids[999], ids[1000], ids[-1]):
        with django_assert_max_num_queries(5):
            assert [entry.verb for entry in history(job_id)] == ["cancel"]


def test_an_action_on_one_job_is_kept_once() -> None:
    job_id = steps.in_line()
    cancel.cancel(JobFilter(ids=(job_id,)), actor=None, reason="no more")
    assert not ActionJobs.objects.exists()
    assert [entry.verb for entry in history(job_id)] == ["cancel"]


def _buried() -> UUID:
    claim = steps.running()
    transitions.bury(claim, steps.TROUBLE, {"args": claim.args})
    return claim.id
