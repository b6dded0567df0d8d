"""Revoking: our jobs in their rows, other packages' tasks by broadcast."""

from collections.abc import Callable
from typing import Any
from uuid import UUID, uuid4

import pytest
from celery import current_app, group
from celery.app.control import Control

from apps.jobs import transitions
from apps.jobs.models import Action, Job
from apps.jobs.states import State
from apps.lib.ids import new_id
from tests.jobs import steps
from tests.jobs.steps import row_of, state_of
from tests.kinds.canvas import plus

pytestmark = pytest.mark.usefixtures("in_line")


@pytest.fixture
def broadcasts(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """What is said to all workers."""
    said: list[Any] = []

    def broadcast(_self: Control, _command: str, *, arguments: dict[str, Any], **_: object) -> None:
        said.append(arguments["task_id"])

    monkeypatch.setattr(Control, "broadcast", broadcast)
    return said


def test_revoking_a_waiting_job_cancels_it_without_a_word_to_the_workers(broadcasts: list[Any]) -> None:
    handle = plus.delay(1)
    handle.revoke()
    assert (handle.state, state_of(UUID(handle.id)), broadcasts) == ("REVOKED", State.CANCELLED, [])


def test_what_was_revoked_stands_in_the_audit_log_once(broadcasts: list[Any]) -> None:
    ids = [plus.delay(n).id for n in range(3)]
    current_app.control.revoke([*ids, str(new_id())])
    entry = Action.objects.get()
    assert (entry.verb, entry.actor_name, entry.count) == ("cancel", "app.control.revoke", 3)
    current_app.control.revoke(ids)
    assert Action.objects.count() == 1, "nothing was cancelled the second time"
    Action.objects.all().delete()


@pytest.mark.parametrize("terminate", [False, True])
def test_revoking_a_running_job_asks_it_to_stop(broadcasts: list[Any], terminate: bool) -> None:
    claim = steps.running()
    current_app.control.revoke(str(claim.id), terminate=terminate)
    assert row_of(claim.id)["cancel_requested_at"] is not None
    assert (state_of(claim.id), broadcasts) == (State.RUNNING, [])


def test_revoking_a_job_that_ended_changes_nothing(broadcasts: list[Any]) -> None:
    claim = steps.running()
    transitions.succeed(claim, 1)
    current_app.control.revoke(str(claim.id))
    assert (state_of(claim.id), broadcasts) == (State.SUCCEEDED, [])


def test_a_group_is_revoked_as_a_whole(broadcasts: list[Any]) -> None:
    parts = group(plus.s(n) for n in range(4))()
    parts.revoke()
    assert set(Job.objects.values_list("state", flat=True)) == {State.CANCELLED}
    assert broadcasts == []


def test_what_the_ledger_does_not_know_is_broadcast(broadcasts: list[Any]) -> None:
    handle, foreign, unknown = plus.delay(1), str(uuid4()), str(new_id())
    current_app.control.revoke([handle.id, foreign, unknown])
    current_app.control.revoke(foreign)
    assert broadcasts == [[foreign, unknown], foreign]
    assert state_of(UUID(handle.id)) == State.CANCELLED


def test_sending_a_task_by_name_enqueues_a_job() -> None:
    handle = current_app.send_task("canvas.plus", (1,), {"b": 5}, countdown=60, link=plus.s(1))
    row = row_of(UUID(handle.id))
    assert (row["kind"], row["args"], row["state"]) == ("canvas.plus", {"a": 1, "b": 5}, State.SCHEDULED)
    assert row["options"]["then"]["callbacks"][0]["task"] == "canvas.plus"


def test_sending_a_task_by_name_checks_its_arguments() -> None:
    with pytest.raises(TypeError, match=r"canvas\.plus"):
        current_app.send_task("canvas.plus", (1, 2, 3))
    assert not Job.objects.exists()


@pytest.mark.parametrize(
    ("limit", "instead"),
    [
        (lambda: current_app.control.rate_limit("kinds.add", "1/m"), 'limit="10/min"'),
        (lambda: current_app.control.time_limit("kinds.add", 1, 2), "timeout="),
    ],
)
def test_a_limit_for_the_messages_of_a_job_type_is_refused(limit: Callable[[], None], instead: str) -> None:
    with pytest.raises(ValueError, match=r"kinds\.add is a job type") as refused:
        limit()
    assert instead in str(refused.value)
