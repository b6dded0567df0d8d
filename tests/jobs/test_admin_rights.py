"""Who may do what in the admin; and what was done is found again."""

from uuid import uuid4

import pytest
from django.test import Client

from apps.jobs.models import Action
from apps.jobs.operating import actions, pause, replay
from apps.jobs.operating.dead_letters import Filter
from apps.jobs.operating.replay import Pace
from tests.jobs import steps
from tests.jobs.operating.test_dead_letters import buried
from tests.jobs.people import JOBS, LETTERS, LOOKS, QUEUES, REPLAYS, WHY, confirmed, log_in

pytestmark = pytest.mark.django_db


@pytest.fixture
def viewer(client: Client) -> Client:
    """Somebody who may only look."""
    return log_in(client, *LOOKS)


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
        f"{QUEUES}ask/pause/?scope=queue&name=default",
        f"{QUEUES}ask/resume/?scope=queue&name=imports",
    ):
        assert viewer.get(question).status_code == 403, question
        assert viewer.post(question, WHY).status_code == 403, question
    for place in (JOBS, LETTERS, QUEUES, f"{LETTERS}groups/"):
        page = viewer.get(place).content.decode()
        assert "…</" not in page, place  # no action and no link that would ask
    assert Action.objects.count() == done


def test_each_right_allows_its_own_deed_and_no_other(client: Client) -> None:
    job_id, dead = steps.in_line(), buried()
    deeds = {
        "cancel_job": f"{JOBS}ask/cancel/?ids={job_id}",
        "retry_job": f"{JOBS}ask/retry/?ids={job_id}",
        "replay_deadletter": f"{LETTERS}ask/replay/?ids={dead}",
        "discard_deadletter": f"{LETTERS}ask/discard/?ids={dead}",
        "pause_queue": f"{QUEUES}ask/pause/?scope=queue&name=default",
    }
    for right in deeds:
        log_in(client, right)
        for other, question in deeds.items():
            assert client.get(question).status_code == (200 if other == right else 403), (right, other)


def test_without_a_login_there_is_no_page(client: Client) -> None:
    for place in (f"{JOBS}ask/cancel/?ids={uuid4()}", f"{LETTERS}groups/", QUEUES):
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
