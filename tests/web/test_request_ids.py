"""Every request has a name, and the jobs that it enqueues keep it."""

import pytest
from django.test import Client
from django.urls import reverse

from apps.accounts.models import User
from apps.jobs.models import Job
from tests.web.test_imports import send

HEADER = "X-Request-ID"


def test_a_job_keeps_the_name_that_its_answer_tells(browser: Client, owner: User) -> None:
    answer = send(browser)
    assert answer.headers[HEADER] == Job.objects.get().request_id != ""


def test_two_requests_are_never_called_the_same(browser: Client) -> None:
    names = {browser.get(reverse("imports")).headers[HEADER] for _ in range(3)}
    assert len(names) == 3


def test_the_name_that_a_proxy_gave_is_kept(browser: Client, owner: User) -> None:
    given = "Root=1-67891233-abcdef012345678912345678"
    answer = browser.get(reverse("imports"), headers={HEADER: given})
    assert answer.headers[HEADER] == given


@pytest.mark.parametrize("given", ["", "two words", "x" * 129, "a\x00b", "<script>", "ü"], ids=ascii)
def test_a_name_that_cannot_be_read_is_replaced(browser: Client, given: str) -> None:
    answer = browser.get(reverse("imports"), headers={HEADER: given})
    assert answer.headers[HEADER].isalnum()
    assert answer.headers[HEADER] != given
