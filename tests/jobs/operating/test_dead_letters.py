"""Dead letters: their evidence is whole, they are found and grouped, and giving them up is recorded."""

from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.utils import timezone

from apps.accounts.models import User
from apps.jobs import transitions
from apps.jobs.models import Action, DeadLetter, Worker
from apps.jobs.operating import dead_letters
from apps.jobs.operating.dead_letters import Filter
from apps.jobs.states import State
from apps.jobs.transitions import Trouble
from tests.jobs import steps
from tests.jobs.steps import TROUBLE

pytestmark = pytest.mark.django_db


def buried(*, trouble: Trouble = TROUBLE, tenant: str = "", **fields: Any) -> UUID:
    """Let a job die."""
    claim = steps.running(tenant=tenant, **fields)
    assert transitions.bury(claim, trouble, {"error_type": trouble.error_type, "args": claim.args})
    return claim.id


def test_a_letter_says_what_died_where_of_what_and_on_which_version() -> None:
    worker_id = steps.a_worker("seven@there")
    Worker.objects.filter(pk=worker_id).update(version="1.2.3")
    claim = steps.running(worker_id, args={"a": 7}, tenant="acme")
    evidence: dict[str, object] = {"error_type": "ValueError", "traceback": "Trace", "args": claim.args}
    transitions.bury(claim, TROUBLE, evidence)
    letter = DeadLetter.objects.get(pk=claim.id)
    assert (letter.kind, letter.fingerprint, letter.message) == (steps.KIND, TROUBLE.fingerprint, "It broke.")
    assert (letter.worker_name, letter.version) == ("seven@there", "1.2.3")
    assert (letter.tenant, letter.attempts, letter.evidence) == ("acme", 1, evidence)
    assert (letter.decision, letter.decided_at) == ("", None)


def test_a_job_that_kills_its_worker_has_the_same_evidence() -> None:
    worker_id = steps.a_worker("seven@there")
    Worker.objects.filter(pk=worker_id).update(version="1.2.3")
    claim = steps.running(worker_id, args={"a": 7}, tenant="acme")
    transitions.rescue([worker_id], max_deaths=1)
    letter = DeadLetter.objects.get(pk=claim.id)
    assert (letter.worker_name, letter.version) == ("seven@there", "1.2.3")
    assert (letter.tenant, letter.attempts, letter.evidence["args"]) == ("acme", 1, {"a": 7})


@pytest.mark.parametrize("how", ["bury", "rescue"])
def test_a_job_that_dies_again_opens_its_letter_again(how: str) -> None:
    job_id = buried()
    transitions.replay([job_id])
    assert DeadLetter.objects.get(pk=job_id).decision == "replayed"
    worker_id = steps.a_worker("later@here")
    claim = steps.claimed(job_id, worker_id)
    if how == "bury":
        transitions.bury(claim, Trouble("Again.", fingerprint="KeyError in there"), {})
    else:
        transitions.rescue([worker_id], max_deaths=1)
    letter = DeadLetter.objects.get(pk=job_id)
    assert (letter.decision, letter.decided_at, letter.attempts) == ("", None, 2)
    assert letter.worker_name == "later@here"
    assert letter.fingerprint == ("KeyError in there" if how == "bury" else "WorkerLost")


def test_a_filter_finds_what_fits_all_that_is_given() -> None:
    other = Trouble("No such row.", "KeyError", "", "KeyError in there")
    mine, theirs = buried(tenant="acme"), buried(tenant="bolt", trouble=other, kind="kinds.walk")
    nobodys = buried()
    old = timezone.now() - timedelta(days=3)
    DeadLetter.objects.filter(pk=theirs).update(died_at=old)
    day = timedelta(days=1)
    for chosen, found in [
        (Filter(), {mine, theirs, nobodys}),
        (Filter(kind="kinds.walk"), {theirs}),
        (Filter(fingerprint="KeyError in there"), {theirs}),
        (Filter(tenant="acme"), {mine}),
        (Filter(tenant=""), {nobodys}),
        (Filter(since=timezone.now() - day), {mine, nobodys}),
        (Filter(until=timezone.now() - day), {theirs}),
        (Filter(ids=(mine, uuid4())), {mine}),
        (Filter(ids=()), set()),
        (Filter(kind="kinds.walk", tenant="acme"), set()),
        (Filter(kind="'; DROP TABLE jobs_job; --"), set()),
        (Filter(discarded=True), set()),
    ]:
        assert {letter.pk for letter in chosen.letters()} == found, chosen
        assert dead_letters.count(chosen) == len(found)


def test_a_filter_names_itself_in_words() -> None:
    job_id = uuid4()
    assert str(Filter()) == "all open dead jobs"
    assert str(Filter(ids=(job_id,))) == f"job {job_id}"
    assert str(Filter(kind="a.b", tenant="")) == "open dead jobs: kind a.b, tenant ''"
    assert Filter(kind="a.b", tenant="", ids=(job_id,)).as_json() == {
        "kind": "a.b",
        "tenant": "",
        "ids": [str(job_id)],
    }


def test_more_ids_than_a_person_can_mean_are_refused() -> None:
    with pytest.raises(ValueError, match="at most 10000, or use a filter"):
        Filter(ids=tuple(uuid4() for _ in range(10_001)))


def test_letters_with_one_cause_are_one_group() -> None:
    other = Trouble("No such row.", "KeyError", "", "KeyError in there")
    for tenant in ("acme", "acme", "bolt"):
        buried(tenant=tenant)
    buried(trouble=other)
    most, least = dead_letters.groups(Filter())
    assert (most.fingerprint, most.letters, most.tenants) == (TROUBLE.fingerprint, 3, 2)
    assert (least.fingerprint, least.letters, least.message) == ("KeyError in there", 1, "No such row.")
    assert most.first_at < most.last_at
    assert dead_letters.groups(Filter(), most=1) == [most]
    assert dead_letters.groups(Filter(tenant="nobody")) == []


def test_a_discarded_letter_stays_as_evidence_and_is_not_asked_about_again() -> None:
    asha = User.objects.create_user("asha@example.com")
    given_up, kept = buried(), buried(kind="kinds.walk")
    chosen = Filter(kind=steps.KIND)
    assert dead_letters.discard(chosen, actor=asha, reason="the list was withdrawn") == 1
    letter = DeadLetter.objects.get(pk=given_up)
    assert (letter.decision, letter.message) == ("discarded", "It broke.")
    assert letter.decided_at is not None
    assert steps.state_of(given_up) == State.DEAD
    assert [letter.pk for letter in Filter().letters()] == [kept]
    assert [letter.pk for letter in Filter(discarded=True).letters()] == [given_up]
    entry = Action.objects.get()
    assert (entry.verb, entry.subject, entry.count) == ("discard", str(chosen), 1)
    assert (entry.actor_name, entry.reason) == ("asha@example.com", "the list was withdrawn")


def test_discarding_twice_changes_and_records_nothing_more() -> None:
    buried()
    assert dead_letters.discard(Filter(), actor=None, reason="old") == 1
    assert dead_letters.discard(Filter(), actor=None, reason="old") == 0
    assert Action.objects.count() == 1


@pytest.mark.parametrize("reason", ["", "  \n"])
def test_nothing_is_discarded_without_a_reason(reason: str) -> None:
    buried()
    with pytest.raises(ValueError, match="Say why"):
        dead_letters.discard(Filter(), actor=None, reason=reason)
    assert dead_letters.count(Filter()) == 1
