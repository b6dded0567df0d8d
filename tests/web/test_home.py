"""Home: my jobs and what I can start."""

import re
from datetime import UTC, datetime

from django.test import Client
from django.urls import reverse

from apps.accounts.models import User
from apps.jobs import transitions
from apps.jobs.operating import pause
from apps.jobs.states import State
from apps.web.live.marks import LISTED
from tests.jobs import steps
from tests.web.people import HOSTILE, finished_import_of, own, person


def shown(browser: Client, address: str = "/") -> str:
    return browser.get(address).content.decode()


def test_a_newcomer_is_told_what_to_start_with(browser: Client) -> None:
    page = shown(browser)
    assert "Welcome, Tom Okafor" in page
    assert "No jobs yet" in page
    assert reverse("sample") in page


def test_each_state_stands_with_its_word(browser: Client, owner: User) -> None:
    for state in reversed(State):  # who stands in line keeps later jobs out of the broker
        own(steps.job_in(state).id, owner)
    page = shown(browser)
    for state in State:
        assert f'class="state is-{state.label} "' in page


def test_jobs_of_others_are_not_there(browser: Client) -> None:
    own(steps.enqueued(subject="secret.csv"), person("other@aldervale.example"))
    assert "secret.csv" not in shown(browser)


def test_a_name_from_outside_is_only_text(browser: Client, owner: User) -> None:
    own(steps.enqueued(subject=HOSTILE), owner)
    page = shown(browser)
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert(1)" in page
    assert "<bdi>&quot;&gt;" in page  # a direction override ends with the name


def test_waiting_jobs_know_how_many_go_first(browser: Client, owner: User) -> None:
    steps.a_worker()
    steps.a_keeper()
    for _ in range(3):
        own(steps.enqueued(), owner)
    own(steps.in_line(), owner)
    page = shown(browser)
    assert "3 jobs ahead of you" in page
    assert "2 jobs ahead of you" in page
    assert "1 job ahead of you" in page
    assert "next" in page


def test_priority_goes_first_in_line(browser: Client, owner: User) -> None:
    steps.a_worker()
    steps.a_keeper()
    steps.in_line(priority=0)
    own(steps.in_line(priority=9), owner)
    assert "1 job ahead of you" in shown(browser)


def test_a_queue_without_a_worker_is_named(browser: Client, owner: User) -> None:
    own(steps.enqueued(queue="reports"), owner)
    page = shown(browser)
    assert "No live worker takes from queue reports." in page
    assert "Starts when a worker is free." not in page


def test_a_paused_queue_says_by_whom_until_when_and_why(browser: Client, owner: User) -> None:
    steps.a_worker()
    job = own(steps.enqueued(), owner)
    for address in ("/", reverse("job", args=[job.pk])):
        assert "next" in shown(browser, address)
    pause.pause("queue", steps.QUEUE, until=datetime(2100, 1, 1, tzinfo=UTC), reason="A fire", by=owner)
    sentence = f"Queue default is paused by {owner.get_username()} until 1 Jan 2100, 00:00:00 UTC: A fire."
    for address in ("/", reverse("job", args=[job.pk])):
        page = shown(browser, address)
        assert sentence in page
        assert "Starts when a worker is free." not in page
        assert 'class="place"' not in page


def test_a_running_job_asked_to_stop_says_so_and_cannot_be_asked_again(browser: Client, owner: User) -> None:
    claim = steps.running()
    own(claim.id, owner)
    transitions.cancel(claim.id)
    page = shown(browser)
    assert "Stops at its next safe point" in page
    assert reverse("cancel", args=[claim.id]) not in page


def test_older_jobs_are_a_page_away_and_none_is_shown_twice(browser: Client, owner: User) -> None:
    ids = [str(own(steps.enqueued(), owner).pk) for _ in range(LISTED * 2 + 1)]
    seen: list[str] = []
    address = "/"
    for _ in range(3):
        page = shown(browser, address)
        seen += re.findall(r'id="job-([0-9a-f-]+)"', page)
        older = re.search(r'href="\?before=([0-9a-f-]+)', page)
        address = f"/?before={older[1]}" if older else "/"
    assert seen == ids[::-1]
    assert address == "/"


def test_an_address_that_names_no_job_shows_the_latest(browser: Client, owner: User) -> None:
    job = own(steps.enqueued(), owner)
    assert f"job-{job.pk}" in shown(browser, "/?before=%22%3E")


def test_the_number_of_questions_to_the_database_does_not_grow_with_the_list(
    browser: Client, owner: User, django_assert_max_num_queries: object
) -> None:
    for state in State:
        own(steps.job_in(state).id, owner)
    finished_import_of(owner)
    with django_assert_max_num_queries(16):  # type: ignore[operator]  # pytest-django's fixture has no public type
        browser.get("/")


def test_the_last_import_is_remembered_beside_the_next(browser: Client, owner: User) -> None:
    finished_import_of(owner)
    assert "Last file: 2 rows in" in shown(browser)


def test_only_staff_is_led_to_the_admin(browser: Client, owner: User) -> None:
    assert reverse("admin:index") not in shown(browser)
    User.objects.filter(pk=owner.pk).update(is_staff=True)
    assert reverse("admin:index") in shown(browser)
