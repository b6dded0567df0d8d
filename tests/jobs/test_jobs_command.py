"""manage.py jobs: for people and for programs, counted before what is many, and written down."""

import json
from datetime import timedelta
from io import StringIO
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from apps.jobs import Unique, job, transitions
from apps.jobs.models import Action, Artifact, Effect, Job, LogLine, Replay
from apps.jobs.operating import actions
from apps.jobs.states import State
from apps.lib.ids import first_id_of
from tests.jobs import steps
from tests.jobs.minutes import HOUR, MINUTE, a_minute, current_minute

pytestmark = pytest.mark.django_db


def said(*words: object) -> str:
    """Type a command and read what it says."""
    out = StringIO()
    call_command("jobs", *map(str, words), stdout=out)
    return out.getvalue()


def told(*words: object) -> dict[str, Any]:
    """Type a command as a program does."""
    return dict(json.loads(said(*words, "--json")))


def listed(*words: object) -> list[str]:
    return [job["id"] for job in told("list", *words)["jobs"]]


def test_jobs_are_listed_newest_first_and_filtered() -> None:
    old = str(steps.in_line(id=first_id_of(timezone.now() - timedelta(days=3))))
    walk = str(steps.in_line(kind="kinds.walk", tenant="acme"))
    dead = str(steps.job_in(State.DEAD).id)
    assert listed() == [dead, walk, old]
    assert listed("--limit", 1) == [dead]
    assert listed("--since", "1d") == [dead, walk]
    assert listed("--until", "1d") == [old]
    assert listed("--since", f"{timezone.now() - timedelta(days=2):%Y-%m-%d}") == [dead, walk]
    assert listed("--kind", "kinds.walk") == listed("--tenant", "acme") == [walk]
    assert listed("--state", "dead") == listed("--fingerprint", steps.TROUBLE.fingerprint) == [dead]
    assert listed("--state", "dead", "--state", "ready") == [dead, walk, old]
    assert listed("--queue", "elsewhere") == []


def test_a_table_is_for_people_and_cannot_steer_their_terminal() -> None:
    steps.in_line(subject="\x1b[31mred\u202e and\nmore " + "x" * 90)
    heads, row = said("list").splitlines()
    assert heads.split() == ["id", "kind", "state", "queue", "enqueued", "subject"]
    assert "?[31mred? and more xxx" in row
    assert row.endswith("…")
    assert said("list", "--state", "dead") == "No job matches.\n"


def test_a_job_is_shown_whole_with_its_secrets_masked() -> None:
    claim = steps.running(args={"a": 41, "api_key": "hunter2", "deep": {"password": "hunter2"}})
    LogLine.objects.create(job_id=claim.id, attempt=1, at=timezone.now(), level="info", message="half way")
    transitions.bury(claim, steps.TROUBLE, {"args": claim.args})
    actions.record("cancel", f"job {claim.id}", actor=None, reason="too late")
    data = told("show", claim.id)
    assert (data["state"], data["attempt"], data["args"]["a"]) == ("dead", 1, 41)
    assert data["attempts"][0]["message"] == data["dead_letter"]["message"] == "It broke."
    assert data["log"][0]["message"] == "half way"
    assert data["actions"][0]["reason"] == "too late"
    text = said("show", claim.id)
    assert "half way" in text
    assert "hunter2" not in text + json.dumps(data)


def test_a_waiting_job_is_shown_with_the_reason_and_what_came_of_it_so_far() -> None:
    parent, effect = steps.in_line(tenant="acme"), {"started_at": timezone.now(), "lease": uuid4()}
    steps.in_line(parent_id=parent)
    Artifact.objects.create(job_id=parent, name="a.csv", path="a", bytes=7, made_at=timezone.now())
    Effect.objects.create(key="kinds.add/7", job_id=parent, receipt={"token": "hunter2"}, **effect)
    data = told("show", parent)
    assert data["waits"].startswith("No live worker takes from queue default. Run: ")
    assert (data["lane"], data["children"], data["artifacts"][0]["name"]) == ("acme", {"ready": 1}, "a.csv")
    assert data["effects"][0]["key"] == "kinds.add/7"
    assert "No live worker takes from queue" in said("show", parent)
    assert "hunter2" not in said("show", parent) + json.dumps(data)


def test_stats_tell_how_many_went_well_since_then() -> None:
    minute = current_minute() - 5 * MINUTE
    numbers = {"enqueued": 9, "succeeded": 4, "dead": 1, "cancelled": 2, "failed_attempts": 3}
    a_minute(minute, **numbers, first_attempts=2, waited_s=1, ran_s=6, slowest_s=90)
    a_minute(minute - HOUR, succeeded=100, ran_s=2)
    a_minute(minute, kind="\x1b[31mred", enqueued=1)
    heads, red, row = said("stats").splitlines()
    assert heads.split("  ")[0] == "kind"
    assert row.split() == [
        "kinds.add",
        "9",
        "4",
        "1",
        "2",
        "3",
        "0.5",
        "s",
        "1.5",
        "s",
        "1",
        "min",
        "30",
        "s",
    ]
    assert red.split() == ["?[31mred", "1", "0", "0", "0", "0"]
    [of_a_day] = told("stats", "--kind", steps.KIND, "--since", "1d")["kinds"]
    assert (of_a_day["succeeded"], of_a_day["slowest_s"]) == (104, 90)
    assert of_a_day["mean_run_s"] == pytest.approx(8 / 104, abs=1e-6)
    assert said("stats", "--kind", "kinds.walk") == "Nothing happened since then.\n"
    assert told("stats", "--kind", "kinds.walk")["kinds"] == []


def test_a_job_is_enqueued_by_hand() -> None:
    job = Job.objects.get(pk=said("enqueue", "kinds.add", "--args", '{"a": 1}', "--priority", 3).strip())
    assert (job.kind, job.args["a"], job.priority, job.trigger) == ("kinds.add", 1, 3, "shell")
    asleep = told("enqueue", "kinds.add", "--args", '{"a": 1}', "--countdown", 60, "--queue", "imports")
    assert Job.objects.get(pk=asleep["id"]).queue == "imports"
    assert steps.state_of(UUID(asleep["id"])) == State.SCHEDULED
    entry = Action.objects.latest("id")
    assert (entry.verb, entry.subject) == ("enqueue", f"job {asleep['id']}")
    assert entry.actor_name.startswith("shell:")


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("enqueue", "no.such"), "No job type is called 'no.such'. Known: "),
        (("enqueue", "kinds.add"), "kinds.add: missing a required argument: 'a'"),
        (("enqueue", "kinds.add", "--args", '{"a": "x"}'), "kinds.add"),
        (("enqueue", "kinds.add", "--args", "[1]"), "is no JSON object"),
        (("enqueue", "kinds.add", "--args", "{a}"), "is no JSON"),
        (("enqueue", "kinds.add", "--args", '{"a": 1}', "--countdown", "9e12"), "more than a hundred years"),
        (("show", uuid4()), "No job has the id"),
        (("show", "7"), "is no job id"),
        (("list", "--state", "sleepy"), "is no state; use one of scheduled, ready"),
        (("list", "--since", "yesterday"), "is no age such as 15m"),
        (("list", "--since", "99999999d"), "is no age such as 15m"),
        (("list", "--limit", "0"), "is no number from 1 to"),
        (("stats", "--since", "yesterday"), "is no age such as 15m"),
        (("stats", "--since", "2999-01-01"), "has not come yet"),
        (("stats", "--kind", "no.such"), "No job type is called 'no.such'. Known: "),
        (("cancel",), "Give ids, or a filter"),
        (("cancel", "--yes"), "Give ids, or a filter"),
        (("retry", "--yes"), "Give ids, or a filter"),
        (("retry", uuid4()), "No job has the id"),
        ((), "required: SUBCOMMAND"),
    ],
)
def test_what_is_wrong_is_said_and_nothing_is_changed(words: tuple[object, ...], says: str) -> None:
    steps.in_line()
    with pytest.raises(CommandError) as refused:
        said(*words)
    assert says in str(refused.value)
    assert Job.objects.count() == 1
    assert not Action.objects.exists()


def test_many_are_counted_before_they_are_cancelled() -> None:
    waiting, running = steps.in_line(), steps.running().id
    ended = steps.job_in(State.SUCCEEDED).id
    assert told("cancel", "--kind", steps.KIND) == {"would_cancel": 2, "done": False}
    assert "2 of jobs: kind kinds.add can be cancelled. Nothing was changed." in said(
        "cancel", "--kind", steps.KIND
    )
    assert steps.state_of(waiting) == State.READY
    done = told("cancel", "--kind", steps.KIND, "--yes", "--reason", "wrong list")
    assert done == {"cancelled": 1, "asked_to_stop": 1, "done": True}
    assert steps.state_of(waiting) == State.CANCELLED
    assert steps.row_of(running)["cancel_requested_at"] is not None
    assert steps.state_of(ended) == State.SUCCEEDED
    entry = Action.objects.get()
    assert (entry.actor_name[:6], entry.count, entry.reason) == ("shell:", 2, "wrong list")


def test_a_named_job_is_cancelled_at_once() -> None:
    named, other = steps.in_line(), steps.in_line()
    assert said("cancel", named) == "Cancelled: 1. Asked to stop: 0.\n"
    assert steps.state_of(other) == State.READY
    assert said("cancel", named) == "Cancelled: 0. Asked to stop: 0.\n"
    assert Action.objects.count() == 1


def test_sleeping_jobs_run_now_after_a_count() -> None:
    asleep = [steps.job_in(State.SCHEDULED).id, steps.job_in(State.RETRYING).id]
    assert told("retry", "--kind", steps.KIND) == {"would_run_now": 2, "done": False}
    assert told("retry", "--kind", steps.KIND, "--yes") == {"run_now": 2, "done": True}
    assert [steps.state_of(job_id) for job_id in asleep] == [State.READY] * 2


def test_a_named_job_is_retried_as_its_state_allows() -> None:
    jobs = {state: steps.job_in(state).id for state in State}
    told_of = told("retry", *jobs.values())["jobs"]
    words = {state: told_of[str(job_id)] for state, job_id in jobs.items()}
    assert words[State.SCHEDULED] == words[State.RETRYING] == "queued now"
    assert words[State.READY] == "ready: it runs anyway"
    assert words[State.RUNNING] == "running: it runs anyway"
    assert words[State.DEAD] == f"replayed (replay {Replay.objects.get().pk})"
    for state in (State.SUCCEEDED, State.CANCELLED):
        new = Job.objects.get(pk=words[state].removeprefix("runs again as "))
        assert (new.parent_id, new.trigger) == (jobs[state], "shell")
        assert steps.state_of(jobs[state]) == state


def _body() -> None: ...


def test_the_command_says_when_another_job_holds_the_key_or_arguments_cannot_be_read() -> None:
    once = job("odd.shell_once", unique=Unique())(_body)
    old, newer = (steps.running(kind="odd.shell_once", args={}, schema_version=n) for n in (1, 9))
    for claim in (old, newer):
        transitions.succeed(claim, None)
    there = once.delay().id
    assert told("retry", old.id)["jobs"] == {str(old.id): f"not started: {there} holds its unique key"}
    with pytest.raises(CommandError, match="version 9 are of a newer release"):
        told("retry", newer.id)
