"""What operators do in the admin: only with the right, asked and counted first, recorded after."""

import json
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from uuid import UUID, uuid4

import pytest
from django.test import Client
from django.utils import timezone

from apps.jobs import actions, dead_letters, pause, replay, transitions
from apps.jobs.dead_letters import Filter
from apps.jobs.models import Action, DeadLetter, Job, Pause, Replay
from apps.jobs.replay import Pace
from apps.jobs.states import State
from tests.jobs import steps
from tests.jobs.people import log_in
from tests.jobs.test_dead_letters import buried

pytestmark = pytest.mark.django_db
JOBS, LETTERS, PAUSES, REPLAYS = (
    f"/admin/jobs/{model}/" for model in ("job", "deadletter", "queue", "replay")
)
WHY = {"reason": "the till is open again"}
Browser = Callable[..., Client]


@pytest.fixture
def browser(client: Client) -> Callable[..., Client]:
    """Log a member of staff in, with these rights."""
    return partial(log_in, client)


@pytest.fixture
def operator(browser: Browser) -> Client:
    """Somebody who may do everything here."""
    models = ("job", "deadletter", "pause", "replay", "action")
    deeds = ("cancel_job", "retry_job", "replay_deadletter", "discard_deadletter", "pause_queue")
    return browser(*(f"view_{model}" for model in models), *deeds)


@pytest.fixture
def viewer(browser: Browser) -> Client:
    """Somebody who may only look."""
    return browser(*(f"view_{model}" for model in ("job", "deadletter", "pause", "replay", "action")))


def asked(client: Client, place: str, action: str, ids: list[UUID], **more: str) -> str:
    """Tick rows, choose an action, and return the address of the page that asks."""
    ticked = {"action": action, "_selected_action": [str(job_id) for job_id in ids]} | more
    answer = client.post(place, ticked)
    assert answer.status_code == 302, answer.content
    return str(answer["Location"])


def confirmed(client: Client, question: str, **words: object) -> str:
    """Answer the page that asks; return what the next page says."""
    return str(client.post(question, WHY | words, follow=True).content.decode())


def counted(client: Client, question: str) -> dict[str, int]:
    """Return what the page that asks has counted."""
    return dict(client.get(question).context["question"].counts)


# --- jobs --------------------------------------------------------------------------


def test_jobs_are_counted_then_cancelled_then_recorded(operator: Client) -> None:
    waiting, running = steps.in_line(), steps.running().id
    ended = steps.job_in(State.SUCCEEDED).id
    question = asked(operator, JOBS, "cancel_selected", [waiting, running, ended])
    assert counted(operator, question) == {"meant": 3, "wait or run": 2}
    assert steps.state_of(waiting) == State.READY
    assert "Cancelled: 1. Asked to stop: 1." in confirmed(operator, question)
    assert steps.state_of(waiting) == State.CANCELLED
    assert Job.objects.get(pk=running).cancel_requested_at is not None
    entry = Action.objects.get()
    assert (entry.verb, entry.count, entry.reason) == ("cancel", 2, WHY["reason"])
    assert entry.actor_name == "staff@example.com"


def test_sleeping_jobs_run_now(operator: Client) -> None:
    asleep, waiting = steps.job_in(State.RETRYING).id, steps.in_line()
    question = asked(operator, JOBS, "retry_selected", [asleep, waiting])
    assert counted(operator, question) == {"meant": 2, "sleep": 1}
    assert "In line now: 1." in confirmed(operator, question)
    assert steps.state_of(asleep) == State.READY


def test_ended_jobs_run_again_as_new_ones_of_who_asks(operator: Client) -> None:
    ended, gone = steps.job_in(State.SUCCEEDED).id, steps.job_in(State.CANCELLED).id
    Job.objects.filter(pk=gone).update(kind="no.such")
    page = confirmed(operator, asked(operator, JOBS, "run_selected_again", [ended, gone]))
    new = Job.objects.get(parent_id=ended)
    assert (new.trigger, new.owner.email if new.owner else "") == ("web", "staff@example.com")
    assert f"Started as new jobs: 1. The first is {new.pk}. Not started: 1." in page
    assert "No job type is called" in page


def test_everything_that_the_filters_of_a_list_let_through_is_meant_by_one_tick(operator: Client) -> None:
    walks = [steps.in_line(kind="kinds.walk") for _ in range(3)]
    other = steps.in_line()
    place = f"{JOBS}?kind=kinds.walk&state__exact=1"
    question = asked(operator, place, "cancel_selected", walks[:1], select_across="1")
    assert counted(operator, question) == {"meant": 3, "wait or run": 3}
    confirmed(operator, question)
    assert {steps.state_of(job_id) for job_id in walks} == {State.CANCELLED}
    assert steps.state_of(other) == State.READY


def test_all_that_a_search_finds_is_not_taken_at_once(operator: Client) -> None:
    job_id = steps.in_line()
    ticked = {"action": "cancel_selected", "_selected_action": [str(job_id)], "select_across": "1"}
    page = operator.post(f"{JOBS}?q=kinds", ticked, follow=True).content.decode()
    assert "All that a search finds cannot be taken at once." in page
    assert steps.state_of(job_id) == State.READY


def test_without_a_reason_nothing_is_done(operator: Client) -> None:
    job_id = steps.in_line()
    question = asked(operator, JOBS, "cancel_selected", [job_id])
    assert "Nothing was changed yet." in confirmed(operator, question, reason=" ")
    assert steps.state_of(job_id) == State.READY


@pytest.mark.parametrize(
    "query", ["", "ids=x", "ids=,", "ids=%00", "since=never&kind=kinds.add", "kind=%27%3B%20DROP"]
)
def test_an_address_that_means_nothing_changes_nothing(query: str, operator: Client) -> None:
    job_id, dead = steps.in_line(), buried()
    for place in (f"{JOBS}ask/cancel/", f"{LETTERS}ask/replay/", f"{LETTERS}ask/discard/"):
        question = f"{place}?{query}"
        assert operator.get(question).context["question"].is_pointless, question
        confirmed(operator, question)
    assert steps.state_of(job_id) == State.READY
    assert steps.state_of(dead) == State.DEAD
    assert DeadLetter.objects.get().decision == ""


@pytest.mark.parametrize("state", ["99", "x", "-1"])
def test_a_state_that_there_is_not_means_no_job(state: str, operator: Client) -> None:
    steps.in_line()
    assert operator.get(f"{JOBS}ask/cancel/?state={state}").context["question"].is_pointless


def test_an_action_that_there_is_not_is_not_found(operator: Client) -> None:
    for place in (f"{JOBS}ask/explode/", f"{LETTERS}ask/explode/", f"{REPLAYS}7/stop/"):
        assert operator.get(place).status_code == 404, place
    for query in ("scope=moon&name=x", "scope=queue", "name=x"):
        assert operator.get(f"{PAUSES}ask/pause/?{query}").status_code == 404


# --- dead letters --------------------------------------------------------------------


def test_dead_letters_are_counted_then_replayed_then_recorded(operator: Client) -> None:
    chosen, other = [buried(), buried()], buried()
    question = asked(operator, LETTERS, "replay_selected", chosen)
    assert counted(operator, question) == {"dead letters": 2}
    pace = {"canary": 1, "per_minute": 60, "stop_at_percent": 10}
    record_says = confirmed(operator, question, **pace)
    record = Replay.objects.get()
    assert f"Replay {record.pk}: 1 of 2 in line." in record_says
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
    assert counted(operator, question) == {"dead letters": 3}
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
        assert counted(operator, question) == {"dead letters": count}, query


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
    assert counted(operator, question) == {"dead letters": 1}
    replay.replay(Filter(), actor=None, reason="first")
    page = confirmed(operator, question)
    assert "There is nothing to do." in page
    assert Replay.objects.count() == 1


def test_dead_letters_are_discarded_and_stay_as_evidence(operator: Client) -> None:
    job_id = buried()
    question = asked(operator, LETTERS, "discard_selected", [job_id])
    assert "Discarded: 1. They stay as evidence." in confirmed(operator, question)
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
    assert counted(operator, question) == {"in line again": 1, "would be left": 1}
    assert "Stopped. 1 were left dead." in confirmed(operator, question)
    record.refresh_from_db()
    assert record.stopped_because == f"staff@example.com: {WHY['reason']}"
    assert "There is nothing to do." in confirmed(operator, question)
    assert "It ended." in operator.get(f"{REPLAYS}{record.pk}/change/").content.decode()


# --- queues and kinds ------------------------------------------------------------------


def test_queues_and_kinds_say_how_they_stand(operator: Client) -> None:
    steps.a_worker(concurrency=3)
    steps.in_line()
    steps.in_line(queue="forgotten")
    context = operator.get(PAUSES).context
    queues = {queue.name: queue for queue in context["queues"]}
    known = queues["default"]
    assert (known.waiting, known.workers, known.slots, known.is_paused) == (1, 1, 3, False)
    assert known.first_since is not None
    assert (queues["forgotten"].waiting, queues["forgotten"].workers) == (1, 0)
    assert queues["maintenance"].waiting == 0
    assert "nobody takes these" in operator.get(PAUSES).content.decode()
    assert steps.KIND in [kind for kind, _, _ in context["kinds"]]


@pytest.mark.parametrize(("scope", "name"), [("queue", "default"), ("kind", steps.KIND)])
def test_a_queue_or_kind_is_paused_and_resumed(scope: str, name: str, operator: Client) -> None:
    query = f"?scope={scope}&name={name}"
    until = timezone.now() + timedelta(hours=2)
    page = confirmed(operator, f"{PAUSES}ask/pause/{query}", until=f"{until:%Y-%m-%dT%H:%M}")
    assert f"Paused {scope} {name}." in page
    row = Pause.objects.get()
    assert (row.scope, row.name, row.reason) == (scope, name, WHY["reason"])
    assert row.until == until.replace(second=0, microsecond=0)
    assert f"ask/resume/?scope={scope}&amp;name={name}" in page
    assert f"Resumed {scope} {name}." in confirmed(operator, f"{PAUSES}ask/resume/{query}")
    assert not Pause.objects.exists()
    assert [entry.verb for entry in Action.objects.order_by("id")] == ["pause", "resume"]
    assert f"{scope.capitalize()} {name} was not paused." in confirmed(
        operator, f"{PAUSES}ask/resume/{query}"
    )


def test_a_pause_until_a_time_that_has_passed_is_refused(operator: Client) -> None:
    page = confirmed(operator, f"{PAUSES}ask/pause/?scope=queue&name=default", until="2001-01-01T00:00")
    assert "This time has passed." in page
    assert not Pause.objects.exists()


def test_a_kind_that_there_is_not_is_not_paused(operator: Client) -> None:
    page = confirmed(operator, f"{PAUSES}ask/pause/?scope=kind&name=no.such", until="")
    assert "No job type is called" in page
    assert not Pause.objects.exists()


# --- rights ----------------------------------------------------------------------------


def test_who_may_only_look_can_do_nothing(viewer: Client) -> None:
    job_id, dead = steps.in_line(), buried()
    buried()
    record = replay.replay(Filter(ids=(dead,)), actor=None, reason="x", pace=Pace(canary=1))
    pause.pause("queue", "imports")
    done = Action.objects.count()
    for question in (
        f"{JOBS}ask/cancel/?ids={job_id}",
        f"{JOBS}ask/retry/?ids={job_id}",
        f"{JOBS}ask/again/?ids={job_id}",
        f"{LETTERS}ask/replay/?ids={dead}",
        f"{LETTERS}ask/discard/?ids={dead}",
        f"{REPLAYS}{record.pk}/stop/",
        f"{PAUSES}ask/pause/?scope=queue&name=default",
        f"{PAUSES}ask/resume/?scope=queue&name=imports",
    ):
        assert viewer.get(question).status_code == 403, question
        assert viewer.post(question, WHY).status_code == 403, question
    for place in (JOBS, LETTERS, PAUSES, f"{LETTERS}groups/"):
        page = viewer.get(place).content.decode()
        assert "…</" not in page, place  # no action and no link that would ask
    assert Action.objects.count() == done


def test_each_right_allows_its_own_deed_and_no_other(browser: Browser) -> None:
    job_id, dead = steps.in_line(), buried()
    deeds = {
        "cancel_job": f"{JOBS}ask/cancel/?ids={job_id}",
        "retry_job": f"{JOBS}ask/retry/?ids={job_id}",
        "replay_deadletter": f"{LETTERS}ask/replay/?ids={dead}",
        "discard_deadletter": f"{LETTERS}ask/discard/?ids={dead}",
        "pause_queue": f"{PAUSES}ask/pause/?scope=queue&name=default",
    }
    for right in deeds:
        client = browser(right)
        for other, question in deeds.items():
            assert client.get(question).status_code == (200 if other == right else 403), (right, other)


def test_without_a_login_there_is_no_page(client: Client) -> None:
    for place in (f"{JOBS}ask/cancel/?ids={uuid4()}", f"{LETTERS}groups/", PAUSES):
        assert client.get(place)["Location"].startswith("/admin/login/")


def test_secrets_in_the_details_of_an_action_are_masked(operator: Client) -> None:
    details = {"args": {"a": 1, "api_key": "hunter2"}, "args_before": {"api_key": "hunter1"}}
    actions.record("replay", "x", actor=None, details=details)
    page = operator.get(f"/admin/jobs/action/{Action.objects.get().pk}/change/").content.decode()
    assert "api_key" in page
    assert "hunter" not in page


def test_actions_are_found_by_the_job_and_by_the_subject(operator: Client) -> None:
    job_id = steps.in_line()
    confirmed(operator, f"{JOBS}ask/cancel/?ids={job_id}")
    pause.pause("queue", "imports")
    for term, verbs in [(str(job_id), ["cancel"]), ("queue imports", ["pause"]), ("nothing", [])]:
        found = operator.get("/admin/jobs/action/", {"q": term}).context["cl"].result_list
        assert [entry.verb for entry in found] == verbs
