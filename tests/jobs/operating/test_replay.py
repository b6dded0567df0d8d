"""Replay: the dead run again with their evidence kept; a canary goes first; what dies again stops it."""

from uuid import UUID, uuid4

import pytest

from apps.accounts.models import User
from apps.jobs import Context, job, registry, transitions
from apps.jobs.models import Action, Attempt, DeadLetter, Job, Progress, Ready, Replay
from apps.jobs.operating import dead_letters, replay
from apps.jobs.operating.dead_letters import Filter
from apps.jobs.operating.replay import NothingToReplay, Pace
from apps.jobs.states import State
from apps.jobs.transitions import Claim
from tests.jobs import steps
from tests.jobs.operating.test_dead_letters import buried
from tests.jobs.steps import TROUBLE

pytestmark = pytest.mark.django_db
WHY = "the till is open again"


def graves(number: int) -> list[UUID]:
    """Let jobs die, the oldest first."""
    return sorted(buried() for _ in range(number))


def asked(chosen: Filter | None = None, **pace: int) -> Replay:
    """Ask for a replay as a person at a shell."""
    return replay.replay(chosen or Filter(), actor=None, reason=WHY, pace=Pace(**pace))


def ends(job_id: UUID, *, well: bool) -> None:
    """Run a job that is in line, to its end."""
    claim = steps.claimed(job_id, steps.a_worker())
    assert transitions.succeed(claim, 1) if well else transitions.bury(claim, TROUBLE, {})


def in_line(ids: list[UUID]) -> list[bool]:
    """Say for each whether it is in line again."""
    return [steps.state_of(job_id) == State.READY for job_id in ids]


def looked_again(record: Replay) -> Replay:
    """Let the keeper look, and read the record."""
    replay.go_on()
    record.refresh_from_db()
    return record


def test_a_replayed_job_starts_a_new_life_and_keeps_its_evidence() -> None:
    job_id = buried(args={"a": 7})
    Job.objects.filter(pk=job_id).update(failures=2, deaths=1, expires_at="2001-01-01T00:00Z")
    before = steps.row_of(job_id)

    asked()

    row = steps.row_of(job_id)
    assert (row["state"], row["failures"], row["deaths"]) == (State.READY, 0, 0)
    assert (row["finished_at"], row["fingerprint"], row["expires_at"]) == (None, "", None)
    assert row["rank"] > before["rank"]
    assert (row["args"], row["attempt"]) == ({"a": 7}, 1)
    assert steps.stands_in_line(job_id)
    assert DeadLetter.objects.get(pk=job_id).message == "It broke."
    claim = steps.claimed(job_id, steps.a_worker())
    assert claim.attempt == 2  # the history goes on
    assert transitions.retry(claim, TROUBLE, steps.HOUR)
    assert [story.number for story in Attempt.objects.filter(job_id=job_id)] == [1, 2]
    steps.assert_nothing_is_lost()


def test_a_zombie_of_the_first_life_can_write_nothing() -> None:
    zombie = steps.running()
    transitions.bury(zombie, TROUBLE, {})
    asked()
    in_line = steps.row_of(zombie.id)
    assert not _writes_anything(zombie)
    assert steps.row_of(zombie.id) == in_line
    alive = steps.claimed(zombie.id, steps.a_worker("two@here"))
    assert not _writes_anything(zombie)
    assert transitions.succeed(alive, "by the living")


def _writes_anything(claim: Claim) -> bool:
    return any(
        [
            transitions.succeed(claim, "by the dead"),
            transitions.retry(claim, TROUBLE, steps.HOUR),
            transitions.snooze(claim, steps.HOUR, ""),
            transitions.bury(claim, TROUBLE, {}),
            transitions.stop(claim),
        ]
    )


def test_what_killed_its_worker_runs_alone() -> None:
    worker_id = steps.a_worker()
    killer, other = steps.running(worker_id), buried()
    transitions.rescue([worker_id], max_deaths=1)
    asked()
    assert dict(steps._rows("SELECT id, alone FROM jobs_ready")) == {killer.id: True, other: False}


def test_every_replay_is_a_record_and_an_action() -> None:
    asha = User.objects.create_user("asha@example.com")
    graves(3)
    chosen = Filter(kind=steps.KIND)
    record = replay.replay(chosen, actor=asha, reason=f" {WHY} ")
    assert (record.actor, record.actor_name, record.reason) == (asha, "asha@example.com", WHY)
    assert (record.filter, record.total, record.sent) == ({"kind": steps.KIND}, 3, 3)
    entry = Action.objects.get()
    assert (entry.verb, entry.subject, entry.count, entry.reason) == ("replay", str(chosen), 3, WHY)
    assert entry.details["replay"] == record.pk


def test_a_replay_is_done_when_each_of_its_jobs_ended() -> None:
    first, second = graves(2)
    record = asked()
    ends(first, well=True)
    assert looked_again(record).stage == "going"
    ends(second, well=False)
    looked_again(record)
    assert (record.stage, record.ended_well, record.died_again) == ("done", 1, 1)
    assert record.ended_at is not None


def test_a_cancelled_or_vanished_job_is_not_waited_for() -> None:
    cancelled, gone = graves(2)
    record = asked()
    transitions.cancel(cancelled)
    Job.objects.filter(pk=gone).delete()
    looked_again(record)
    assert (record.stage, record.skipped) == ("done", 2)


def test_only_what_is_dead_is_replayed() -> None:
    dead = buried()
    alive = [steps.job_in(state).id for state in State if state != State.DEAD]
    record = asked(Filter(ids=(dead, *alive)))
    assert record.total == 1
    assert transitions.replay(alive) == []


def test_the_same_replay_twice_is_refused_the_second_time() -> None:
    graves(2)
    asked()
    with pytest.raises(NothingToReplay, match="was replayed or discarded before, or is in a replay"):
        asked()
    assert Replay.objects.count() == Action.objects.count() == 1


def test_what_waits_in_one_replay_is_not_taken_by_another() -> None:
    waiting = graves(3)
    asked(canary=1)
    with pytest.raises(NothingToReplay):
        asked(Filter(ids=tuple(waiting)))
    late = buried()
    assert asked().total == 1
    assert steps.state_of(late) == State.READY


def test_what_dies_after_the_question_is_not_meant() -> None:
    first = buried()
    record = asked(canary=1)
    late = buried()
    ends(first, well=True)
    assert looked_again(record).total == 1
    assert steps.state_of(late) == State.DEAD


def test_what_was_discarded_is_replayed_only_when_asked_for() -> None:
    job_id = buried()
    dead_letters.discard(Filter(), actor=None, reason="old")
    with pytest.raises(NothingToReplay):
        asked(Filter(ids=(job_id,)))
    asked(Filter(ids=(job_id,), discarded=True))
    assert steps.state_of(job_id) == State.READY
    assert DeadLetter.objects.get().decision == "replayed"


def test_a_letter_discarded_before_its_turn_is_left_dead() -> None:
    canary, given_up = graves(2)
    record = asked(canary=1)
    dead_letters.discard(Filter(ids=(given_up,)), actor=None, reason="withdrawn")
    ends(canary, well=True)
    looked_again(record)
    assert steps.state_of(given_up) == State.DEAD
    assert (record.stage, record.sent, record.skipped) == ("done", 1, 1)


def test_a_replay_without_a_reason_or_with_a_senseless_pace_is_refused() -> None:
    buried()
    with pytest.raises(ValueError, match="Say why"):
        replay.replay(Filter(), actor=None, reason=" ")
    for pace in ({"canary": -1}, {"per_minute": 0}, {"stop_at_percent": 0}, {"stop_at_percent": 101}):
        with pytest.raises(ValueError, match=r"Name|Stop at"):
            Pace(**pace)
    assert not Replay.objects.exists()


# --- other arguments ---------------------------------------------------------------


def test_one_job_may_be_replayed_with_other_arguments_and_starts_anew() -> None:
    claim = steps.running(args={"a": 1})
    Context(claim).checkpoint({"row": 100}, done=100)
    transitions.bury(claim, TROUBLE, {"args": claim.args})
    chosen = Filter(ids=(claim.id,))
    record = replay.replay(chosen, actor=None, reason=WHY, args={"a": 2, "b": 3})
    assert steps.row_of(claim.id)["args"] == {"a": 2, "b": 3}
    assert not Progress.objects.exists()  # where the old arguments had got to says nothing now
    assert record.edited_args == {"a": 2, "b": 3}
    assert Action.objects.get().details["args_before"] == {"a": 1}


def test_with_the_same_arguments_it_goes_on_where_it_was() -> None:
    claim = steps.running(args={"a": 1})
    Context(claim).checkpoint({"row": 100}, done=100)
    transitions.bury(claim, TROUBLE, {})
    asked()
    assert Progress.objects.get().cursor == {"row": 100}
    assert steps.claimed(claim.id, steps.a_worker()).attempt > 1  # which is when the cursor is read


def test_arguments_that_do_not_fit_are_refused_and_nothing_is_changed() -> None:
    first, second = graves(2)
    one = Filter(ids=(first,))
    with pytest.raises(TypeError, match=r"kinds\.add"):
        replay.replay(one, actor=None, reason=WHY, args={"c": 1})
    with pytest.raises(ValueError, match="are for one job"):
        replay.replay(Filter(ids=(first, second)), actor=None, reason=WHY, args={"a": 1})
    with pytest.raises(ValueError, match="are for one job"):
        replay.replay(Filter(), actor=None, reason=WHY, args={"a": 1})
    with pytest.raises(NothingToReplay):
        replay.replay(Filter(ids=(uuid4(),)), actor=None, reason=WHY, args={"a": 1})
    unknown = Filter(ids=(buried(kind="no.such"),))
    with pytest.raises(registry.UnknownKind):
        replay.replay(unknown, actor=None, reason=WHY, args={"a": 1})
    assert not Replay.objects.exists()
    assert steps.state_of(first) == State.DEAD


def _send(shop: str) -> None: ...


job("odd.by_shop", concurrency=1, limit_by="shop", version=2)(_send)


def test_other_arguments_count_against_the_limit_that_is_theirs_and_stand_in_its_lane() -> None:
    job_id = buried(kind="odd.by_shop", args={"shop": "a"}, limit_key="odd.by_shop:a", tenant="acme")
    replay.replay(Filter(ids=(job_id,)), actor=None, reason=WHY, args={"shop": "b"})
    row = steps.row_of(job_id)
    assert (row["limit_key"], row["lane"]) == ("odd.by_shop:b", "acme/odd.by_shop:b")
    assert Ready.objects.get(id=job_id).lane == "acme/odd.by_shop:b"


def test_with_its_own_arguments_it_stays_in_its_lane() -> None:
    job_id = buried(kind="odd.by_shop", args={"shop": "a"}, limit_key="odd.by_shop:a", tenant="acme")
    asked()
    assert Ready.objects.get(id=job_id).lane == "acme/odd.by_shop:a"
