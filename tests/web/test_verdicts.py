"""What a job's person reads where the state of the job alone would mislead."""

from uuid import UUID

import pytest
from django.test import Client
from django.urls import reverse

from apps.accounts.models import User
from apps.jobs.models import DeadLetter, Job
from apps.jobs.states import State
from apps.transfers.models import Import
from tests.web.people import BAD, GOOD, client_of, finished_import_of, own, person


def pages_of(browser: Client, run: Import) -> list[str]:
    """Return every page that shows how a job stands."""
    job = [reverse("job", args=[run.job_id]), reverse("log", args=[run.job_id])]
    return [browser.get(path).content.decode() for path in (*job, reverse("imports"), reverse("home"))]


@pytest.fixture
def failed(owner: User, monkeypatch: pytest.MonkeyPatch) -> Import:
    """An import that ended at a fault of its file."""
    monkeypatch.setattr("apps.transfers.run.MOST_REJECTED", 2)
    run = finished_import_of(owner, GOOD, *[BAD] * 5)
    own(_id(run), owner)
    return run


@pytest.fixture
def all_rejected(owner: User) -> Import:
    """An import of which no row was taken."""
    run = finished_import_of(owner, BAD, BAD)
    own(_id(run), owner)
    return run


def test_a_fault_of_the_file_is_shown_as_failed_with_the_way_on(browser: Client, failed: Import) -> None:
    for page in pages_of(browser, failed):
        assert "failed: your file" in page
        assert "state is-succeeded" not in page
    job = browser.get(reverse("job", args=[failed.job_id])).content.decode()
    assert '<div class="notice is-dead" role="alert">' in job
    assert "More than 2 rows were rejected" in job
    assert f'<a class="btn btn-small" href="{reverse("imports")}">Upload a corrected file</a>' in job
    assert "(failed: your file)" in job
    assert ">succeeded<" not in job


def test_for_the_operators_it_is_no_dead_job(failed: Import) -> None:
    job = Job.objects.get(pk=_id(failed))
    assert (job.state, job.attempt) == (State.SUCCEEDED, 1)
    assert job.result is not None
    assert job.result["failed"] == failed.message
    assert not DeadLetter.objects.exists()


def test_every_row_rejected_is_amber(browser: Client, all_rejected: Import) -> None:
    for page in pages_of(browser, all_rejected):
        assert "done with errors, nothing imported" in page
        assert "state is-succeeded" not in page
    job = browser.get(reverse("job", args=[all_rejected.job_id])).content.decode()
    assert '<div class="notice is-retrying" role="alert">' in job
    assert "Download 2 rows to fix" in job


def test_some_rows_rejected_or_nothing_new_is_a_success(browser: Client, owner: User) -> None:
    for rows in ((GOOD, BAD), (GOOD,), (GOOD,)):
        run = finished_import_of(owner, *rows)
        own(_id(run), owner)
        assert "state is-succeeded" in browser.get(reverse("job", args=[run.job_id])).content.decode()


def test_others_are_not_offered_to_upload_a_corrected_file(failed: Import) -> None:
    other = client_of(person("eve@aldervale.example", permissions=("view_job",)))
    page = other.get(reverse("job", args=[failed.job_id])).content.decode()
    assert "failed: your file" in page
    assert "Upload a corrected file" not in page


def _id(run: Import) -> UUID:
    assert run.job_id is not None
    return run.job_id
