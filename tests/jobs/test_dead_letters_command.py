"""manage.py dead_letters: what went wrong, and what becomes of it; counted before, written down after."""

import json
from io import StringIO
from typing import Any
from uuid import uuid4

import pytest
from django.core.management import CommandError, call_command

from apps.jobs import transitions
from apps.jobs.models import Action, DeadLetter, Replay
from apps.jobs.states import State
from apps.jobs.transitions import Trouble
from tests.jobs import steps
from tests.jobs.operating.test_dead_letters import buried

pytestmark = pytest.mark.django_db
OTHER = Trouble("No such row.", "KeyError", "", "KeyError in there")


def said(*words: object) -> str:
    """Type a command and read what it says."""
    out = StringIO()
    call_command("dead_letters", *map(str, words), stdout=out)
    return out.getvalue()


def told(*words: object) -> dict[str, Any]:
    """Type a command as a program does."""
    return dict(json.loads(said(*words, "--json")))


def test_open_letters_are_listed_and_filtered() -> None:
    mine, theirs = str(buried(tenant="acme")), str(buried(trouble=OTHER, kind="kinds.walk"))

    def listed(*words: object) -> list[str]:
        return [letter["job_id"] for letter in told("list", *words)["dead_letters"]]

    assert listed() == [theirs, mine]
    assert listed("--limit", 1) == [theirs]
    assert listed("--kind", "kinds.walk") == listed("--fingerprint", OTHER.fingerprint) == [theirs]
    assert listed("--tenant", "acme") == [mine]
    assert listed("--until", "1h") == []
    said("discard", mine, "--reason", "old")
    assert listed() == [theirs]
    assert listed("--discarded") == [mine]
    assert "It broke." in said("list", "--discarded")
    assert said("list", "--tenant", "nobody") == "No dead letter matches.\n"


def test_groups_say_what_goes_wrong_most() -> None:
    for _ in range(3):
        buried()
    buried(trouble=OTHER)
    most, least = told("groups")["groups"]
    assert (most["fingerprint"], most["letters"]) == (steps.TROUBLE.fingerprint, 3)
    assert (least["fingerprint"], least["letters"]) == (OTHER.fingerprint, 1)
    assert said("groups").splitlines()[1].split()[:3] == ["3", "1", "kinds.add"]
    assert said("groups", "--kind", "no.such") == "No dead letter matches.\n"


def test_the_evidence_is_shown_with_secrets_masked() -> None:
    claim = steps.running(args={"a": 41, "token": "hunter2"})
    evidence: dict[str, object] = {
        "error_type": "ValueError",
        "traceback": "Traceback\n  here\x1b[2J",
        "args": claim.args,
    }
    transitions.bury(claim, steps.TROUBLE, evidence)
    data = told("show", claim.id)
    assert (data["args"], data["error_type"]) == ({"a": 41, "token": "***"}, "ValueError")
    assert (data["attempts"], data["worker"], data["decision"]) == (1, "one@here", "open")
    text = said("show", claim.id)
    assert "Traceback\n  here?[2J" in text
    assert "hunter2" not in text


def test_many_are_counted_before_they_are_replayed() -> None:
    ids = sorted(buried() for _ in range(3))
    counted = told("replay", "--kind", steps.KIND, "--reason", "mended")
    assert counted == {"would_replay": 3, "done": False}
    assert "Nothing was changed. Add --yes" in said("replay", "--kind", steps.KIND, "--reason", "mended")
    assert not Replay.objects.exists()
    done = told("replay", "--kind", steps.KIND, "--reason", "mended", "--yes", "--canary", 1)
    record = Replay.objects.get()
    assert done == {"replay": record.pk, "total": 3, "sent": 1, "held": 0, "done": True}
    assert [steps.state_of(job_id) for job_id in ids] == [State.READY, State.DEAD, State.DEAD]
    assert (record.actor_name[:6], record.reason) == ("shell:", "mended")
    [row] = told("replays")["replays"]
    assert (row["id"], row["stage"], row["total"], row["sent"]) == (record.pk, "going", 3, 1)
    stopped = told("stop", record.pk, "--reason", "not yet")
    assert stopped == {"replay": record.pk, "sent": 1, "left": 2}
    assert "stopped" in said("replays")
    assert [entry.verb for entry in Action.objects.order_by("id")] == ["replay", "stop"]


def test_one_is_replayed_at_once_and_with_other_arguments_if_given() -> None:
    job_id = buried()
    assert "1 of 1 queued again" in said("replay", job_id, "--reason", "typo", "--args", '{"a": 5}')
    assert steps.row_of(job_id)["args"]["a"] == 5


def test_many_are_counted_before_they_are_discarded() -> None:
    buried()
    buried()
    assert told("discard", "--kind", steps.KIND, "--reason", "old") == {"would_discard": 2, "done": False}
    assert told("discard", "--kind", steps.KIND, "--reason", "old", "--yes") == {"discarded": 2, "done": True}
    assert DeadLetter.objects.filter(decision="discarded").count() == 2
    assert Action.objects.get().reason == "old"


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("show", uuid4()), "has no dead letter"),
        (("replay", "--reason", "x", "--yes"), "Give ids, or a filter"),
        (("replay", "--discarded", "--reason", "x", "--yes"), "Give ids, or a filter"),
        (("replay", "--kind", "kinds.add", "--yes"), "required: --reason"),
        (("replay", "--kind", "kinds.add", "--yes", "--reason", " "), "Say why"),
        (("replay", "--kind", "kinds.add", "--yes", "--reason", "x", "--canary", "-1"), "makes no sense"),
        (("replay", "--kind", "kinds.add", "--yes", "--reason", "x", "--args", "{}"), "are for one job"),
        (("replay", uuid4(), "--reason", "x"), "No job to replay among job"),
        (("discard", "--reason", "x", "--yes"), "Give ids, or a filter"),
        (("discard", "--kind", "kinds.add", "--yes", "--reason", " "), "Say why"),
        (("stop", "77", "--reason", "x"), "Replay 77 is not under way"),
        ((), "required: SUBCOMMAND"),
    ],
)
def test_what_is_wrong_is_said_and_nothing_is_changed(words: tuple[object, ...], says: str) -> None:
    buried()
    with pytest.raises(CommandError) as refused:
        said(*words)
    assert says in str(refused.value)
    assert DeadLetter.objects.get().decision == ""
    assert not Action.objects.exists()
    assert not Replay.objects.exists()
