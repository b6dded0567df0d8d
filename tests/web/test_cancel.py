"""Cancelling a job from its page."""

from django.test import Client
from django.urls import reverse

from apps.accounts.models import User
from apps.jobs import transitions
from apps.jobs.states import State
from tests.jobs import steps
from tests.web.people import own


def cancel(browser: Client, job_id: object) -> str:
    """Send the form and return the page that follows."""
    return browser.post(reverse("cancel", args=[job_id]), follow=True).content.decode()


def test_a_waiting_job_ends_at_once(browser: Client, owner: User) -> None:
    job_id = own(steps.in_line(), owner).pk
    assert "The job had not started." in cancel(browser, job_id)
    assert steps.state_of(job_id) == State.CANCELLED
    assert not steps.stands_in_line(job_id)


def test_a_running_job_is_asked_to_stop(browser: Client, owner: User) -> None:
    claim = steps.running()
    own(claim.id, owner)
    assert "stops at its next safe point" in cancel(browser, claim.id)
    assert steps.state_of(claim.id) == State.RUNNING


def test_twice_is_as_good_as_once(browser: Client, owner: User) -> None:
    job_id = own(steps.in_line(), owner).pk
    cancel(browser, job_id)
    assert "The job had already ended: cancelled. Nothing was changed." in cancel(browser, job_id)


def test_one_that_ended_meanwhile_stays_as_it_is(browser: Client, owner: User) -> None:
    claim = steps.running()
    own(claim.id, owner)
    browser.get(reverse("cancel", args=[claim.id]))
    transitions.succeed(claim, None)
    assert "The job had already ended: succeeded." in cancel(browser, claim.id)
    assert steps.state_of(claim.id) == State.SUCCEEDED


def test_a_retrying_job_does_not_run_again(browser: Client, owner: User) -> None:
    claim = steps.job_in(State.RETRYING)
    own(claim.id, owner)
    assert "The job will not run again." in cancel(browser, claim.id)
    assert steps.state_of(claim.id) == State.CANCELLED


def test_the_question_comes_before_the_deed(browser: Client, owner: User) -> None:
    job_id = own(steps.in_line(), owner).pk
    page = browser.get(reverse("cancel", args=[job_id])).content.decode()
    assert "Cancel this job?" in page
    assert page.index(">Back<") < page.index('class="btn btn-danger-fill"')


def test_only_a_running_job_can_be_kept_running(browser: Client, owner: User) -> None:
    running, retrying = (own(steps.job_in(state).id, owner).pk for state in (State.RUNNING, State.RETRYING))
    assert ">Keep running<" in browser.get(reverse("cancel", args=[running])).content.decode()
    assert ">Back<" in browser.get(reverse("cancel", args=[retrying])).content.decode()
