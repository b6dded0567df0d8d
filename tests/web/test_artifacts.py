"""Files that jobs left: on the job's page, for its owner; those of a schedule's job for who may open them."""

from pathlib import Path
from urllib.parse import quote
from uuid import UUID

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from apps.accounts.models import User
from apps.jobs import Context
from apps.jobs.models import Artifact
from apps.jobs.running.artifacts import path_of
from tests.jobs import steps
from tests.web.people import HOSTILE, client_of, own, person
from tests.web.test_downloads import content


@pytest.fixture(autouse=True)
def artifacts_dir(settings: Settings, tmp_path: Path) -> None:
    settings.BACKLINE_ARTIFACTS_DIR = tmp_path


def left(owner: User | None, name: str = "report.csv") -> UUID:
    """Have a job leave a file; return the job."""
    claim = steps.running()
    with Context(claim).artifact(name) as file:
        file.write(b"a,b\n")
    if owner is not None:
        own(claim.id, owner)
    return claim.id


def address(job_id: UUID, name: str = "report.csv") -> str:
    return f"{reverse('artifact', args=[job_id])}?name={quote(name)}"


def test_the_owner_finds_it_on_the_page_and_gets_it(browser: Client, owner: User) -> None:
    job_id = left(owner, "Umsätze März.csv")
    page = browser.get(reverse("job", args=[job_id])).content.decode()
    assert f'href="{reverse("artifact", args=[job_id])}?name=Ums%C3%A4tze+M%C3%A4rz.csv"' in page
    answer = browser.get(address(job_id, "Umsätze März.csv"))
    assert content(answer) == b"a,b\n"
    assert answer.headers["Content-Type"] == "application/octet-stream"
    assert answer.headers["Content-Disposition"].startswith("attachment; ")


def test_somebody_else_s_file_is_nobody_else_s(owner: User) -> None:
    job_id = left(owner)
    operator = client_of(person("op@aldervale.example", permissions=("view_job", "view_artifact")))
    assert operator.get(address(job_id)).status_code == 404
    assert "no permission" in operator.get(reverse("job", args=[job_id])).content.decode()


def test_what_a_schedule_s_job_left_is_for_those_who_may_open_it(owner: User) -> None:
    job_id = left(None)
    viewer = client_of(person("viewer@aldervale.example", permissions=("view_job",)))
    operator = client_of(person("op@aldervale.example", permissions=("view_job", "view_artifact")))
    blind = client_of(person("blind@aldervale.example", permissions=("view_artifact",)))
    answers = [client.get(address(job_id)).status_code for client in (viewer, operator, blind)]
    assert answers == [404, 200, 404]


@pytest.mark.parametrize("name", ["", "other.csv", "../report.csv", "\ud800", HOSTILE])
def test_a_name_that_no_file_has_is_not_found(browser: Client, owner: User, name: str) -> None:
    wanted = f"{reverse('artifact', args=[left(owner)])}?name={quote(name, errors='replace')}"
    assert browser.get(wanted).status_code == 404


def test_a_hostile_name_breaks_neither_page_nor_answer(browser: Client, owner: User) -> None:
    name = '"><script>alert(1)</script>\u202egnp.exe'.replace("/", "")
    job_id = left(owner, name)
    page = browser.get(reverse("job", args=[job_id])).content.decode()
    assert "<script>alert" not in page
    assert browser.get(address(job_id, name)).status_code == 200


def test_a_file_that_is_gone_is_not_found(browser: Client, owner: User) -> None:
    job_id = left(owner)
    path_of(Artifact.objects.get()).unlink()
    assert browser.get(address(job_id)).status_code == 404
