"""Tracebacks, SQL, paths and addresses in the texts of a job are for the staff."""

import json
import logging
import traceback
from collections.abc import Callable
from time import process_time

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import Settings

from apps.accounts.models import User
from apps.jobs import Discard
from apps.jobs.models import Job, LogLine, Progress
from apps.jobs.running.logs import JobLog, captured
from apps.jobs.states import State
from apps.web.shown.internals import HIDDEN, for_people, own_roots, values_for_people
from tests.jobs import steps
from tests.web.people import client_of, own, person, wrote
from tests.web.test_troubles import dead

INNER = "4111 1111"


def raised() -> Exception:
    """Return an exception with a cause, raised and caught."""
    try:
        try:
            raise KeyError(INNER)
        except KeyError as error:
            raise ValueError(f"row {INNER}") from error
    except ValueError as error:
        return error


def in_handling() -> BaseException:
    """Return an exception that was raised while another was handled."""
    try:
        try:
            raise KeyError(INNER)
        except KeyError:
            raise ValueError(f"row {INNER}")  # noqa: B904  # the point
    except ValueError as error:
        return error


def grouped() -> BaseException:
    """Return a group of exceptions."""
    try:
        raise ExceptionGroup(f"two {INNER}", [raised(), TypeError(INNER)])
    except ExceptionGroup as error:
        return error


def unreadable() -> BaseException:
    """Return a SyntaxError, whose frame has no header."""
    try:
        compile(f"x = = '{INNER}'", "/app/shop/rules.py", "exec")
    except SyntaxError as error:
        return error
    raise AssertionError


ERRORS = [raised(), in_handling(), grouped(), unreadable()]
TEXTS = ["".join(traceback.format_exception(error)) for error in ERRORS]
TEXTS += ["".join(traceback.format_exception_only(unreadable()))]
TEXTS += ["".join(traceback.format_stack()) + INNER, "Stack (most recent call last):\n  File x\n" + INNER]
TEXTS += ['Thread 0x00007f1 (most recent call first):\n  File "/app/x.py", line 3 in f\n' + INNER]
SHAPES: dict[str, Callable[[str], str]] = {
    "alone": lambda text: text,
    "after a sentence": lambda text: f"row 7 was skipped\n{text}",
    "in the same line": lambda text: f"row 7 was skipped: {text}",
    "as repr": lambda text: f"row 7 was skipped: {text!r}",
    "as JSON": lambda text: f"row 7 was skipped {json.dumps({'error': text})}",
    "indented": lambda text: "row 7 was skipped\n" + text.replace("\n", "\n    "),
    "with other line ends": lambda text: text.replace("\n", "\r\n"),
}
INTERNAL = [
    ("wrote /home/ann/shop/out.csv", "wrote …/out.csv"),
    ("no /app/shop/settings.py: stop", "no …/settings.py: stop"),
    ("open('/var/lib/x/a.bin')", "open('…/a.bin')"),
    ("see file:///home/ann/a.txt", "see …/a.txt"),
    ("C:\\Users\\ann\\a.txt is missing", "…/a.txt is missing"),
    ("in .venv/lib/python3.11/site-packages/django/db.py", "in …/db.py"),
    ("cannot reach postgresql://ann:pw@db.internal:5432/shop now", "cannot reach (address) now"),
    ("redis://cache:6379/0 is away", "(address) is away"),
    (
        'connection to server at "10.0.0.7" (10.0.0.7), port 5432 failed: timeout',
        "connection to server failed: timeout",
    ),
    (
        "duplicate key value violates a rule\nDETAIL:  Key (email)=(ann@example.org) already exists.",
        "duplicate key value violates a rule",
    ),
    ("a rule\\nDETAIL:  Key (email)=(ann@example.org) already exists.", "a rule"),
    ("a rule: Key (email)=(ann@example.org) already exists.", "a rule"),
    ('syntax error at "x"\nLINE 1: SELECT x\n        ^', 'syntax error at "x"'),
    ("failed [SQL: SELECT 1] [parameters: (1)]", "failed"),
    ("ran SELECT name FROM users WHERE id = 3", f"ran {HIDDEN}"),
    ("ran WITH gone AS (DELETE FROM users) SELECT 1", f"ran {HIDDEN}"),
    ("ran COPY jobs_job (id) FROM STDIN", f"ran {HIDDEN}"),
    ("ran ALTER TABLE jobs_job ADD COLUMN x int", f"ran {HIDDEN}"),
    ("path:/var/lib/x/a.bin", "path:…/a.bin"),
    ("D:/shop/ann/a.txt is missing", "…/a.txt is missing"),
    ("no /shop42/orders/rules.py: stop", "no …/rules.py: stop"),
    ("Error 111 connecting to 10.0.0.5:6379. Refused.", "Error 111 connecting to (address). Refused."),
    ("Error -2 connecting to cache.internal:6379. Unknown.", "Error -2 connecting to (address). Unknown."),
    (
        'could not translate host name "db.internal" to address',
        "could not translate host name (address) to address",
    ),
    ("HTTPSConnectionPool(host='pay.internal', port=443): timeout", "(address): timeout"),
    ("[Errno 111] Connect call failed ('10.0.0.5', 5432)", "[Errno 111] Connect call failed (address)"),
]
ORDINARY = [
    "row 7 was skipped",
    "Select a file from the list.",
    "see https://example.org/home/page and /imports/12/",
    "12/24 rows, 3 km/h",
    "the file was read at line 3",
    "Details: none",
    "update the prices, then delete from the list",
    "File orders.csv, line 12: the price is missing",
    "see /jobs/12/rejected.csv",
    "version 1.2.3.4, at 12:30",
    "With thanks AS (agreed)",
]


@pytest.mark.parametrize("text", TEXTS)
@pytest.mark.parametrize("shape", SHAPES)
def test_tracebacks_are_hidden_in_every_shape(text: str, shape: str) -> None:
    seen = for_people(SHAPES[shape](text))
    assert INNER not in seen
    assert 'File "' not in seen
    assert "most recent call" not in seen
    assert seen.startswith(("row 7 was skipped", HIDDEN))


@pytest.mark.parametrize(("text", "seen"), INTERNAL)
def test_internals_are_hidden(text: str, seen: str) -> None:
    assert for_people(text) == seen


@pytest.mark.parametrize("text", ORDINARY)
def test_ordinary_text_stays_as_it_is(text: str) -> None:
    assert for_people(text) == text


def test_values_of_a_result_are_walked() -> None:
    value = {"n": 1, "errors": [{"text": f"row 7 was skipped\n{TEXTS[0]}"}], "none": None}
    assert values_for_people(value) == {"n": 1, "errors": [{"text": "row 7 was skipped"}], "none": None}


def test_paths_below_the_directories_of_this_installation_are_hidden(settings: Settings) -> None:
    settings.BACKLINE_UPLOADS_DIR = "/shopfiles/uploads"
    own_roots.cache_clear()
    try:
        assert for_people("no /shopfiles/uploads/7/a") == "no …/a"
        assert for_people(f"no {settings.BASE_DIR}/x/data") == "no …/data"
    finally:
        own_roots.cache_clear()


def test_names_that_differ_only_in_their_folders_keep_their_values() -> None:
    seen = values_for_people({"/home/a/x.csv": 1, "/home/b/x.csv": 2, "/home/c/x.csv": 3})
    assert seen == {"…/x.csv": 1, "…/x.csv (2)": 2, "…/x.csv (3)": 3}


@pytest.mark.parametrize(
    "piece", ["\\n", " ", "(", "SELECT ", "/home/", 'File "', "Key (", "://", "a-packages/", "/a", "WITH a "]
)
def test_hostile_text_takes_seconds_at_most(piece: str) -> None:
    began = process_time()
    for_people(piece * (200_000 // len(piece)))
    assert process_time() - began < 30


@pytest.mark.django_db
class TestPages:
    """The pages of a job as its owner and the staff see them."""

    def seen(self, browser: Client, job: Job) -> str:
        """Return everything that the owner is sent."""
        paths = [reverse(name, args=[job.pk]) for name in ("job", "log", "poll_job")]
        return "".join(browser.get(path).content.decode() for path in (*paths, reverse("home")))

    @pytest.mark.parametrize("error", ERRORS, ids=lambda error: type(error).__name__)
    def test_logged_traceback_is_for_the_staff(
        self, browser: Client, owner: User, error: BaseException
    ) -> None:
        job = own(steps.running().id, owner)
        log = logging.getLogger("shop")
        with captured(JobLog(job.pk, 1)) as kept:
            log.error("".join(traceback.format_exception(error)))
            log.error("row 7 was skipped: %s", "".join(traceback.format_exception(error)))
            log.error("row 8 was skipped", exc_info=error)
            for part in traceback.format_exception(error):
                for line in part.splitlines():
                    log.error(line)
        names = ("job_id", "attempt", "at", "level", "message")
        LogLine.objects.bulk_create(LogLine(**dict(zip(names, line, strict=True))) for line in kept.take())
        assert LogLine.objects.filter(job_id=job.pk, message__contains=INNER).count() >= 3
        seen = self.seen(browser, job)
        assert INNER not in seen
        assert "most recent call" not in seen
        assert f"Report error {str(job.pk)[-12:]}-1" in seen
        staff = client_of(person("staff@aldervale.example", permissions=("view_job",), is_staff=True))
        assert INNER in staff.get(reverse("log", args=[job.pk])).content.decode()

    def test_page_that_starts_within_a_traceback_hides_its_rest(self, browser: Client, owner: User) -> None:
        job = own(steps.running().id, owner)
        wrote(job, "Traceback (most recent call last):", *['  File "x.py", line 3, in f', "    f()"] * 10)
        wrote(job, f"ValueError: {INNER}", "next: row 8")
        seen = browser.get(reverse("job", args=[job.pk])).content.decode()
        assert INNER not in seen
        assert "f()" not in seen
        assert "next: row 8" in seen

    def test_notes_results_and_words_for_people_hold_no_internals(self, browser: Client, owner: User) -> None:
        job = own(steps.running().id, owner)
        Progress.objects.create(
            job_id=job.pk,
            attempt=1,
            updated_at=timezone.now(),
            done=1,
            total=2,
            note=f"reads /home/ann/a.csv\n{TEXTS[0]}",
        )
        assert "…/a.csv" in self.seen(browser, job)
        assert INNER not in self.seen(browser, job)
        ended = own(steps.job_in(State.SUCCEEDED).id, owner)
        Job.objects.filter(pk=ended.pk).update(result={"error": TEXTS[2], "seven": 7})
        assert "seven" in self.seen(browser, ended)
        assert INNER not in self.seen(browser, ended)

    def test_word_of_a_job_for_its_person_holds_no_internals(self, browser: Client, owner: User) -> None:
        seen = self.seen(browser, dead(owner, Discard(f"Choose another month. {TEXTS[0]}")))
        assert "Choose another month." in seen
        assert INNER not in seen
        assert "Something unexpected went wrong." in self.seen(browser, dead(owner, Discard(TEXTS[0])))
