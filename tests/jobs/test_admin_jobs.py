"""Jobs in the admin: cancelled, run now and run again; asked and counted first, recorded after."""

import pytest
from django.test import Client
from django.utils import timezone

from apps.accounts.models import User
from apps.jobs import Unique, job, registry, transitions
from apps.jobs.models import Action, DeadLetter, Job, Replay
from apps.jobs.states import ENDED, State
from tests.jobs import steps
from tests.jobs.operating.test_dead_letters import buried
from tests.jobs.people import (
    JOBS,
    LETTERS,
    QUEUES,
    REPLAYS,
    WHY,
    asked,
    confirmed,
    counted,
    log_in,
)

pytestmark = pytest.mark.django_db


def _body() -> None: ...


def test_jobs_are_counted_then_cancelled_then_recorded(operator: Client) -> None:
    waiting, running = steps.in_line(), steps.running().id
    ended = steps.job_in(State.SUCCEEDED).id
    question = asked(operator, JOBS, "cancel_selected", [waiting, running, ended])
    assert counted(operator, question) == {"selected": 3, "can be cancelled": 2}
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
    assert counted(operator, question) == {"selected": 2, "scheduled or retrying": 1}
    assert "Queued now: 1." in confirmed(operator, question)
    assert steps.state_of(asleep) == State.READY


def test_a_page_says_until_when_a_job_sleeps(operator: Client) -> None:
    until_then, new = steps.job_in(State.SCHEDULED).id, steps.new_job()
    transitions.enqueue_behind_its_batch(new)
    pages = [operator.get(f"{JOBS}{job_id}/change/").content.decode() for job_id in (until_then, new.id)]
    assert f"{timezone.now() + steps.HOUR:%Y}" in pages[0]
    assert "when its batch has ended" in pages[1]
    assert "9000" not in pages[1]


def test_a_page_says_why_a_job_waits(operator: Client) -> None:
    page = operator.get(f"{JOBS}{steps.in_line()}/change/").content.decode()
    assert "No live worker takes from queue default." in page
    page = operator.get(f"{JOBS}{steps.job_in(State.SUCCEEDED).id}/change/").content.decode()
    assert "It is not waiting: it ended as succeeded." in page


def test_ended_jobs_run_again_as_new_ones_of_who_asks(operator: Client) -> None:
    ended, gone = steps.job_in(State.SUCCEEDED).id, steps.job_in(State.CANCELLED).id
    Job.objects.filter(pk=gone).update(kind="no.such")
    page = confirmed(operator, asked(operator, JOBS, "run_selected_again", [ended, gone]))
    new = Job.objects.get(parent_id=ended)
    assert (new.trigger, new.owner.email if new.owner else "") == ("web", "staff@example.com")
    assert f"New jobs: 1. The first is {new.pk}. Not started: 1." in page
    assert "No job type is called" in page


def test_what_another_job_of_a_unique_kind_answers_is_not_called_new(operator: Client) -> None:
    once = job("odd.admin_once", unique=Unique())(_body)
    claims = [steps.running(kind="odd.admin_once", args={}) for _ in range(2)]
    for claim in claims:
        transitions.succeed(claim, None)
    newer = steps.running(kind="odd.admin_once", args={}, schema_version=9)
    transitions.succeed(newer, None)
    there = once.delay().id
    ended = [claim.id for claim in (*claims, newer)]
    page = confirmed(operator, asked(operator, JOBS, "run_selected_again", ended))
    assert "New jobs: 0. Not started, because another job holds the unique key: 2." in page
    assert (
        f"See {there}. Not started: 1. Arguments of odd.admin_once version 9 are of a newer release" in page
    )


def test_everything_that_the_filters_of_a_list_let_through_is_meant_by_one_tick(operator: Client) -> None:
    walks = [steps.in_line(kind="kinds.walk") for _ in range(3)]
    other = steps.in_line()
    place = f"{JOBS}?kind=kinds.walk&state__exact=1"
    question = asked(operator, place, "cancel_selected", walks[:1], select_across="1")
    assert counted(operator, question) == {"selected": 3, "can be cancelled": 3}
    confirmed(operator, question)
    assert {steps.state_of(job_id) for job_id in walks} == {State.CANCELLED}
    assert steps.state_of(other) == State.READY


def test_all_that_a_search_finds_is_not_taken_at_once(operator: Client) -> None:
    job_id = steps.in_line()
    ticked = {"action": "cancel_selected", "_selected_action": [str(job_id)], "select_across": "1"}
    page = operator.post(f"{JOBS}?q=kinds", ticked, follow=True).content.decode()
    assert "An action cannot apply to all results of a search." in page
    assert steps.state_of(job_id) == State.READY


def test_without_a_reason_nothing_is_done(operator: Client) -> None:
    job_id = steps.in_line()
    question = asked(operator, JOBS, "cancel_selected", [job_id])
    assert "Nothing was changed." in confirmed(operator, question, reason=" ")
    assert steps.state_of(job_id) == State.READY


@pytest.mark.parametrize("query", ["", "ids=x", "ids=,", "since=never&kind=kinds.add", "kind=%27%3B%20DROP"])
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
        assert operator.get(f"{QUEUES}ask/pause/?{query}").status_code == 404


TOOLS = {
    "cancel_job": ("Cancel…", {State.SCHEDULED, State.READY, State.QUEUED, State.RUNNING, State.RETRYING}),
    "retry_job": ("Run now…", {State.SCHEDULED, State.RETRYING}),
    "replay_deadletter": ("Replay…", {State.DEAD}),
}


@pytest.mark.parametrize("state", State)
@pytest.mark.parametrize("right", [*TOOLS, "view_job"])
def test_a_job_page_offers_what_its_state_and_the_persons_rights_allow(
    right: str, state: State, client: Client
) -> None:
    person = log_in(client, "view_job", right)
    page = person.get(f"{JOBS}{steps.job_in(state).id}/change/").content.decode()
    offered = {name for name, (label, _) in TOOLS.items() if f">{label}</a>" in page}
    wanted = {right} if right in TOOLS and state in TOOLS[right][1] else set()
    assert offered == wanted
    assert ("Run again…" in page) is (right == "retry_job" and state in ENDED)
    assert ">History</a>" not in page


def test_a_button_asks_and_comes_back_to_the_job(operator: Client) -> None:
    job_id = steps.in_line()
    page = operator.get(f"{JOBS}{job_id}/change/").content.decode()
    question = f"{JOBS}ask/cancel/?ids={job_id}"
    assert f'href="{question}"' in page
    assert f'href="/jobs/{job_id}/"' in page
    assert steps.state_of(job_id) == State.READY
    answer = operator.post(question, WHY)
    assert answer["Location"] == f"{JOBS}{job_id}/change/"
    page = operator.get(answer["Location"]).content.decode()
    assert "<b>cancel</b> by staff@example.com" in page
    assert WHY["reason"] in page
    assert operator.get(f"{JOBS}{job_id}/history/")["Location"] == f"{JOBS}{job_id}/change/"


def test_a_replay_leads_from_its_message_to_its_record_and_to_the_jobs(operator: Client) -> None:
    job_id = buried()
    page = confirmed(operator, f"{LETTERS}ask/replay/?ids={job_id}", args='{"a": 1}')
    record = Replay.objects.get()
    assert f'href="{REPLAYS}{record.pk}/change/"' in page
    page = operator.get(f"{REPLAYS}{record.pk}/change/").content.decode()
    assert f'href="{JOBS}{job_id}/change/"' in page
    page = operator.get(f"{JOBS}{job_id}/change/").content.decode()
    assert f'href="{REPLAYS}{record.pk}/change/"' in page


def test_a_job_page_shows_what_it_does_and_its_result(operator: Client) -> None:
    claim = steps.running()
    transitions.succeed(claim, {"rows": 7, "api_key": "hunter2", "text": "<b>"})
    page = operator.get(f"{JOBS}{claim.id}/change/").content.decode()
    assert "&quot;rows&quot;: 7" in page
    assert "hunter2" not in page
    assert registry.summary_of(steps.KIND) in page


@pytest.mark.parametrize(
    ("asked_for", "is_found"),
    [
        ("{id}", True),
        ("{part_of_kind}", True),
        ("{PART_OF_KIND}", True),
        ("{owner}", True),
        ("{part_of_owner}", False),
        ("two words", False),
        ("an argument", False),
    ],
)
def test_a_search_finds_what_its_help_promises_and_no_more(
    asked_for: str, is_found: bool, operator: Client
) -> None:
    owner = User.objects.create_user("Owner@example.com")
    job_id = steps.in_line()
    Job.objects.filter(pk=job_id).update(owner=owner, args={"a": "an argument"})
    known = {"id": str(job_id), "part_of_kind": steps.KIND[2:-1], "PART_OF_KIND": steps.KIND[2:-1].upper()}
    known |= {"owner": "owner@EXAMPLE.com", "part_of_owner": "owner@exam"}
    page = operator.get(JOBS, {"q": asked_for.format(**known)})
    assert (job_id in {job.pk for job in page.context["cl"].result_list}) is is_found
    assert "A complete job id, part of the name of a job type in this release" in page.content.decode()
