"""What went wrong, as its viewer may read it: the text of an unexpected exception is for the staff."""

from uuid import UUID

import pytest
from django.test import Client
from django.urls import reverse

from apps.accounts.models import User
from apps.jobs import Discard, transitions
from apps.jobs.models import Job
from apps.jobs.running import trouble
from apps.jobs.running.record import burial
from tests.jobs import steps
from tests.web.people import client_of, own, person, wrote

SECRET = "psycopg: row (ada@example.org, 4111 1111 1111 1111) violates a constraint"


class Explained(Discard):
    """A job's own word for what its person can mend."""


def dead(owner: User, error: Exception, why: str = "") -> Job:
    """Return a job of this person that died of an exception."""
    claim = steps.running()
    assert burial(claim, error, why=why)()
    return own(claim.id, owner)


def retrying(owner: User, error: Exception) -> Job:
    """Return a job of this person that failed once."""
    claim = steps.running()
    assert transitions.retry(claim, trouble.describe(error), steps.HOUR)
    return own(claim.id, owner)


def pages(browser: Client, job: Job) -> str:
    """Return all pages that show the job."""
    paths = (reverse("job", args=[job.pk]), reverse("home"), reverse("poll_job", args=[job.pk]))
    return "".join(browser.get(path).content.decode() for path in paths)


@pytest.mark.parametrize("make", [dead, retrying])
def test_an_unexpected_exception_is_an_id_for_its_person_and_a_text_for_the_staff(
    browser: Client, owner: User, make: object
) -> None:
    job = make(owner, ValueError(SECRET))  # type: ignore[operator]  # one of the two
    shown = pages(browser, job)
    assert "4111" not in shown
    assert "Something unexpected went wrong." in shown
    assert f"Report error {str(job.pk)[-12:]}-1 to an administrator." in shown
    staff = client_of(person("staff@aldervale.example", permissions=("view_job",), is_staff=True))
    assert SECRET in staff.get(reverse("job", args=[job.pk])).content.decode()


def test_a_reason_in_front_of_it_does_not_bring_it_out(browser: Client, owner: User) -> None:
    assert "4111" not in pages(
        browser, dead(owner, KeyError(SECRET), why="Its retry policy discards KeyError")
    )


@pytest.mark.parametrize("word", [Discard, Explained])
def test_what_a_job_says_to_its_person_is_shown(browser: Client, owner: User, word: type[Discard]) -> None:
    assert "Choose another month." in pages(browser, dead(owner, word("Choose another month.")))


def test_what_the_ledger_says_is_shown(browser: Client, owner: User) -> None:
    claim = steps.running()
    assert transitions.snooze(claim, steps.HOUR, "The database went away.")
    assert "The database went away." in pages(browser, own(claim.id, owner))


def test_tracebacks_in_the_log_are_for_the_staff(browser: Client, owner: User) -> None:
    job = own(steps.running().id, owner)
    wrote(job, f"row 7 was skipped\nTraceback (most recent call last):\n  File x\nValueError: {SECRET}")
    for name in ("job", "log"):
        shown = browser.get(reverse(name, args=[job.pk])).content.decode()
        assert "row 7 was skipped" in shown
        assert "4111" not in shown
    staff = client_of(person("staff@aldervale.example", permissions=("view_job",), is_staff=True))
    assert "4111" in staff.get(reverse("log", args=[job.pk])).content.decode()


def test_no_message_is_no_sentence(browser: Client, owner: User) -> None:
    assert isinstance(own(steps.running().id, owner).pk, UUID)
    assert "Something unexpected" not in browser.get(reverse("home")).content.decode()
