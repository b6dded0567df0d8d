"""Who gets what under every address: a table, so that a new page cannot forget to ask."""

from collections.abc import Callable

import pytest
from django.test import Client
from django.urls import reverse

from apps.accounts.models import User
from apps.jobs.models import Job
from apps.web import urls
from tests.jobs import steps
from tests.web.people import client_of, finished_import_of, own, person

OK, LOGIN, LOGGED_OUT, HIDDEN, FORBIDDEN, NOT_ALLOWED = 200, 302, 401, 404, 403, 405

# Address: owner, somebody else, anonymous, staff without permissions, a viewer with jobs.view_job.
ABOUT_A_JOB = {
    "job": (OK, HIDDEN, LOGIN, HIDDEN, OK),
    "live_job": (OK, HIDDEN, LOGGED_OUT, HIDDEN, OK),
    "poll_job": (OK, HIDDEN, LOGGED_OUT, HIDDEN, OK),
    "log": (OK, HIDDEN, LOGIN, HIDDEN, OK),
    "upload": (OK, HIDDEN, LOGIN, HIDDEN, HIDDEN),
    "rejects": (OK, HIDDEN, LOGIN, HIDDEN, HIDDEN),
    "artifact": (HIDDEN, HIDDEN, LOGIN, HIDDEN, HIDDEN),  # an import leaves none; see test_artifacts
    "cancel": (302, HIDDEN, LOGIN, HIDDEN, FORBIDDEN),  # it has ended: back to its page
}
ABOUT_ONESELF = {
    "home": (OK, OK, LOGIN, OK, OK),
    "imports": (OK, OK, LOGIN, OK, OK),
    "sample": (OK, OK, LOGIN, OK, OK),
    "live_jobs": (OK, OK, LOGGED_OUT, OK, OK),
    "poll_jobs": (OK, OK, LOGGED_OUT, OK, OK),
    "newsletter": (OK, OK, LOGIN, OK, OK),
    "time_zone": (OK, OK, LOGIN, OK, OK),
}
FOR_EVERYBODY = {
    "login": (302, 302, OK, 302, 302),
    "admin_login": (FORBIDDEN, FORBIDDEN, LOGIN, 302, FORBIDDEN),
    "logout": (NOT_ALLOWED,) * 5,
    "theme": (NOT_ALLOWED,) * 5,
    "favicon": (302,) * 5,
    "leave_newsletter": (HIDDEN,) * 5,  # without the token of a letter; see test_newsletter
}
TABLE = ABOUT_A_JOB | ABOUT_ONESELF | FOR_EVERYBODY

VIEWERS = ("owner", "other", "anonymous", "staff", "viewer")
Viewers = Callable[[str], Client]


@pytest.fixture
def viewers(owner: User) -> Viewers:
    """Return anybody's browser by who they are."""
    people: dict[str, User | None] = {
        "owner": owner,
        "other": person("other@aldervale.example"),
        "anonymous": None,
        "staff": person("staff@aldervale.example", is_staff=True),
        "viewer": person("viewer@aldervale.example", permissions=("view_job",)),
    }
    return lambda who: client_of(people[who])


@pytest.fixture
def job(owner: User) -> Job:
    """An import of the owner that ended, with rejected rows."""
    return Job.objects.get(pk=str(finished_import_of(owner).job_id))


def test_the_table_names_every_address() -> None:
    assert {pattern.name for pattern in urls.urlpatterns} == set(TABLE)


@pytest.mark.parametrize("name", sorted(TABLE))
def test_an_address_answers_each_viewer_as_the_table_says(name: str, viewers: Viewers, job: Job) -> None:
    address = reverse(name, args=[job.pk] if name in ABOUT_A_JOB else [])
    answers = [viewers(who).get(address) for who in VIEWERS]
    assert tuple(answer.status_code for answer in answers) == TABLE[name]


@pytest.mark.parametrize("name", sorted(ABOUT_A_JOB))
def test_a_job_that_never_was_is_answered_as_somebody_elses(name: str, viewers: Viewers, job: Job) -> None:
    never = reverse(name, args=["01900000-0000-7000-8000-000000000000"])
    answers = [viewers("other").get(address) for address in (never, reverse(name, args=[job.pk]))]
    pages = [answer.content.replace(str(job.pk).encode(), b"") for answer in answers]
    assert [answer.status_code for answer in answers] == [404, 404]
    assert str(job.pk).encode() not in pages[1]


def test_a_viewer_sees_how_many_rows_were_rejected_but_not_what_they_say(viewers: Viewers, job: Job) -> None:
    page = viewers("viewer").get(reverse("job", args=[job.pk])).content.decode()
    assert "Rejected rows" in page
    assert "many" not in page
    assert "Only the owner of the file" in page


def test_a_viewer_may_look_but_not_cancel(viewers: Viewers, owner: User) -> None:
    job_id = own(steps.enqueued(), owner).pk
    viewer = viewers("viewer")
    assert viewer.post(reverse("cancel", args=[job_id])).status_code == FORBIDDEN
    assert "Only the owner" in viewer.get(reverse("job", args=[job_id])).content.decode()


def test_an_operator_who_may_cancel_jobs_can_cancel_those_of_others(owner: User) -> None:
    job_id = own(steps.enqueued(), owner).pk
    operator = client_of(person("op@aldervale.example", permissions=("view_job", "cancel_job")))
    assert operator.post(reverse("cancel", args=[job_id])).status_code == 302
    assert Job.objects.get(pk=job_id).get_state_display() == "cancelled"


def test_nobody_cancels_a_job_by_a_link(browser: Client, owner: User) -> None:
    job_id = own(steps.enqueued(), owner).pk
    browser.get(reverse("cancel", args=[job_id]))
    assert Job.objects.get(pk=job_id).get_state_display() == "queued"


def test_a_form_without_its_token_does_nothing(owner: User) -> None:
    job_id = own(steps.enqueued(), owner).pk
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(owner)
    assert strict.post(reverse("cancel", args=[job_id])).status_code == FORBIDDEN
    assert Job.objects.get(pk=job_id).get_state_display() == "queued"


def test_someone_who_was_switched_off_sees_nothing(browser: Client, owner: User, job: Job) -> None:
    User.objects.filter(pk=owner.pk).update(is_active=False)
    assert browser.get(reverse("job", args=[job.pk])).status_code == LOGIN
