"""What people did to a job is found from the job, with what a replay changed."""

from uuid import UUID

import pytest

from apps.jobs import transitions
from apps.jobs.operating import actions, cancel, replay
from apps.jobs.operating.dead_letters import Filter
from apps.jobs.operating.history import history
from apps.jobs.operating.job_filter import JobFilter
from tests.jobs import steps

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


def _buried() -> UUID:
    claim = steps.running()
    transitions.bury(claim, steps.TROUBLE, {"args": claim.args})
    return claim.id
