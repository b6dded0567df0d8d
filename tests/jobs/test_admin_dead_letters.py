"""Dead letters in the admin: replayed and discarded; asked and counted first, recorded after."""

import json
from datetime import timedelta
from uuid import UUID

import pytest
from django.test import Client
from django.utils import timezone

from apps.jobs import transitions
from apps.jobs.models import Action, DeadLetter, Replay
from apps.jobs.operating import dead_letters, replay
from apps.jobs.operating.dead_letters import Filter
from apps.jobs.operating.replay import Pace
from apps.jobs.states import State
from tests.jobs import steps
from tests.jobs.operating.test_dead_letters import buried
from tests.jobs.people import (
    LETTERS,
    REPLAYS,
    WHY,
    asked,
    confirmed,
    counted,
)
from tests.kinds import canvas  # noqa: F401  # its job types exist from here on

pytestmark = pytest.mark.django_db


def test_dead_letters_are_counted_then_replayed_then_recorded(operator: Client) -> None:
    chosen, other = [buried(), buried()], buried()
    question = asked(operator, LETTERS, "replay_selected", chosen)
    assert counted(operator, question) == {"dead jobs": 2}
    pace = {"canary": 1, "per_minute": 60, "stop_at_percent": 10}
    record_says = confirmed(operator, question, **pace)
    record = Replay.objects.get()
    assert f"Replay {record.pk}</a>: 1 of 2 queued again." in record_says
    assert (record.canary, record.per_minute, record.stop_at_percent) == (1, 60, 10)
    assert (record.actor_name, record.reason) == ("staff@example.com", WHY["reason"])
    assert steps.state_of(other) == State.DEAD
    assert Action.objects.get().verb == "replay"


def test_a_group_is_replayed_by_its_cause(operator: Client) -> None:
    ids = [buried() for _ in range(3)]
    page = operator.get(f"{LETTERS}groups/").content.decode()
    assert steps.TROUBLE.fingerprint in page
    question = f"{LETTERS}ask/replay/?kind={steps.KIND}&fingerprint={steps.TROUBLE.fingerprint}"
    assert question.replace(" ", "%20").replace("&", "&amp;") in page
    assert counted(operator, question) == {"dead jobs": 3}
    confirmed(operator, question, canary=0, stop_at_percent=20)
    assert {steps.state_of(job_id) for job_id in ids} == {State.READY}


def test_the_list_shows_the_open_ones_and_its_filters_say_what_is_meant(operator: Client) -> None:
    old, fresh, given_up = buried(), buried(), buried()
    DeadLetter.objects.filter(pk=old).update(died_at=timezone.now() - timedelta(days=20))
    dead_letters.discard(Filter(ids=(given_up,)), actor=None, reason="old")

    def listed(query: str) -> set[UUID]:
        return {letter.pk for letter in operator.get(LETTERS + query).context["cl"].result_list}

    assert listed("") == {fresh}
    assert listed("?days=all") == {fresh, old}
    assert listed("?decision=discarded") == {given_up}
    assert listed("?decision=any&days=all") == {old, fresh, given_up}
    assert listed(f"?q={given_up}") == {given_up}
    for query, count in [
        ("", 1),
        ("?days=all", 2),
        ("?decision=discarded", 1),
        ("?days=all&kind=no.such", 0),
    ]:
        question = asked(operator, LETTERS + query, "replay_selected", [fresh], select_across="1")
        assert counted(operator, question) == {"dead jobs": count}, query


def test_one_job_is_replayed_with_other_arguments_and_its_secrets_stay(operator: Client) -> None:
    claim = steps.running(args={"a": 1, "b": 2, "deep": {"api_key": "hunter2"}})
    transitions.bury(claim, steps.TROUBLE, {"args": claim.args})
    question = f"{LETTERS}ask/replay/?ids={claim.id}"
    page = operator.get(question).content.decode()
    assert "hunter2" not in page
    form = operator.get(question).context["question"].form
    assert form["args"].initial == {"a": 1, "b": 2, "deep": {"api_key": "***"}}
    edited = json.dumps({"a": 7, "b": 2})
    confirmed(operator, question, args=edited)
    assert steps.row_of(claim.id)["args"] == {"a": 7, "b": 2}


def test_arguments_left_as_they_are_shown_are_not_edited(operator: Client) -> None:
    claim = steps.running(args={"a": 1, "api_key": "hunter2"})
    transitions.bury(claim, steps.TROUBLE, {"args": claim.args})
    question = f"{LETTERS}ask/replay/?ids={claim.id}"
    confirmed(operator, question, args=json.dumps({"a": 1, "api_key": "***"}))
    assert steps.row_of(claim.id)["args"] == {"a": 1, "api_key": "hunter2"}
    assert Replay.objects.get().edited_args is None


def test_masked_texts_and_pairs_stay_and_asterisks_of_the_job_are_no_mask(operator: Client) -> None:
    claim = steps.running(
        kind="canvas.count",
        args={"values": [["password", "hunter2"], "Bearer hunter2abc", "rated *** of", 1]},
    )
    transitions.bury(claim, steps.TROUBLE, {"args": claim.args})
    question = f"{LETTERS}ask/replay/?ids={claim.id}"
    shown = operator.get(question).context["question"].form["args"].initial
    assert shown == {"values": [["password", "***"], "Bearer ***", "rated *** of", 1]}
    moved = json.dumps({"values": ["sent Bearer *** to ann"]})
    refused = operator.post(question, {"reason": "why", "args": moved}).content.decode()
    assert "is hidden and cannot be matched" in refused
    edited = json.dumps({"values": [*shown["values"][:-1], 2]})
    confirmed(operator, question, args=edited)
    assert steps.row_of(claim.id)["args"] == {
        "values": [["password", "hunter2"], "Bearer hunter2abc", "rated *** of", 2]
    }


def test_secrets_in_a_list_stay_where_they_are_and_are_never_stored_as_their_mask(operator: Client) -> None:
    cards = [{"token": "one", "n": 1}, {"token": "two", "n": 2}]
    claim = steps.running(args={"a": cards})
    transitions.bury(claim, steps.TROUBLE, {"args": claim.args})
    question = f"{LETTERS}ask/replay/?ids={claim.id}"
    form = operator.get(question).context["question"].form
    assert form["args"].initial == {"a": [{"token": "***", "n": 1}, {"token": "***", "n": 2}]}
    fewer = operator.post(question, {"reason": "why", "args": json.dumps({"a": [{"token": "***", "n": 2}]})})
    assert "token is hidden and cannot be matched" in fewer.content.decode()
    assert steps.row_of(claim.id)["args"] == {"a": cards}


@pytest.mark.parametrize(
    ("args", "says"),
    [
        ("[1]", "Name each argument"),
        ("{", "valid JSON"),
        ('{"c": 1}', "kinds.add"),
        ('{"a": "x"}', "kinds.add"),
    ],
)
def test_arguments_that_do_not_fit_are_refused_on_the_page(args: str, says: str, operator: Client) -> None:
    job_id = buried()
    page = confirmed(operator, f"{LETTERS}ask/replay/?ids={job_id}", args=args)
    assert says in page
    assert steps.state_of(job_id) == State.DEAD
    assert not Replay.objects.exists()


def test_what_somebody_else_replayed_meanwhile_is_said(operator: Client) -> None:
    job_id = buried()
    question = f"{LETTERS}ask/replay/?ids={job_id}"
    assert counted(operator, question) == {"dead jobs": 1}
    replay.replay(Filter(), actor=None, reason="first")
    page = confirmed(operator, question)
    assert "Nothing to do." in page
    assert Replay.objects.count() == 1


def test_dead_letters_are_discarded_and_stay_as_evidence(operator: Client) -> None:
    job_id = buried()
    question = asked(operator, LETTERS, "discard_selected", [job_id])
    assert "Discarded: 1. Error history is kept." in confirmed(operator, question)
    assert DeadLetter.objects.get(pk=job_id).decision == "discarded"
    page = operator.get(f"{LETTERS}{job_id}/change/").content.decode()
    assert f"ask/replay/?ids={job_id}&amp;discarded=1" in page


def test_the_evidence_is_shown_escaped_and_masked(operator: Client) -> None:
    claim = steps.running(args={"a": "<b>x</b>", "token": "hunter2"})
    evidence: dict[str, object] = {
        "args": claim.args,
        "traceback": "<script>alert(1)</script>",
        "error_type": "ValueError",
    }
    transitions.bury(claim, steps.TROUBLE, evidence)
    page = operator.get(f"{LETTERS}{claim.id}/change/").content.decode()
    assert "&lt;script&gt;alert(1)" in page
    assert "<b>x</b>" not in page
    assert "hunter2" not in page
    for verb in ("replay", "discard"):
        assert f"ask/{verb}/?ids={claim.id}" in page


def test_a_replay_under_way_is_stopped(operator: Client) -> None:
    buried()
    buried()
    record = replay.replay(Filter(), actor=None, reason="x", pace=Pace(canary=1))
    assert f"{REPLAYS}{record.pk}/stop/" in operator.get(f"{REPLAYS}{record.pk}/change/").content.decode()
    question = f"{REPLAYS}{record.pk}/stop/"
    assert counted(operator, question) == {"queued again": 1, "not replayed": 1}
    assert "Stopped. 1 were not replayed." in confirmed(operator, question)
    record.refresh_from_db()
    assert record.stopped_because == f"staff@example.com: {WHY['reason']}"
    assert "Nothing to do." in confirmed(operator, question)
    assert "Ended." in operator.get(f"{REPLAYS}{record.pk}/change/").content.decode()
