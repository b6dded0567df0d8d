"""Schedules go out as a file and come in from one: all or nothing, and every fault is named."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse
from django_celery_beat.models import PeriodicTask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from apps.schedules.document import describe
from apps.schedules.exchange import compare, exported, take_over
from apps.schedules.models import Policy, Version
from apps.schedules.row import read
from apps.schedules.wanted import BadDocument, read_document
from apps.schedules.write import write

pytestmark = pytest.mark.django_db
Make = Callable[..., PeriodicTask]

TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), min_size=1, max_size=40)
TIMES = st.datetimes(
    datetime(1950, 1, 1),  # noqa: DTZ001
    datetime(2100, 1, 1),  # noqa: DTZ001
    timezones=st.just(UTC),
).map(lambda at: at.isoformat())
TIMINGS = st.one_of(
    st.fixed_dictionaries(
        {
            "cron": st.sampled_from(["*/5 * * * *", "30 2 * * 1-5", "0 0 29 2 *"]),
            "timezone": st.sampled_from(["UTC", "Asia/Kathmandu"]),
        }
    ),
    st.fixed_dictionaries(
        {"every": st.tuples(st.integers(1, 9999), st.sampled_from(["days", "hours", "minutes", "seconds"]))}
    ),
    st.fixed_dictionaries({"at": TIMES}),
    st.just({"solar": ["sunrise", "52.52", "13.4"]}),
)
OPTIONAL = {
    "description": TEXT,
    "queue": TEXT,
    "priority": st.integers(0, 255),
    "start_time": TIMES,
    "one_off": st.booleans(),
    "missed": st.sampled_from(["latest", "skip", "all", "ask"]),
    "missed_cap": st.integers(1, 1000),
    "overlap": st.sampled_from(["allow", "skip", "queue one", "cancel previous"]),
    "jitter_s": st.integers(0, 86_400),
    "paused_until": TIMES,
    "max_runs": st.integers(0, 9),
    "kwargs": st.fixed_dictionaries({"a": st.integers(-5, 5)}),
}


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    timing=TIMINGS,
    rest=st.fixed_dictionaries({"name": TEXT, "enabled": st.booleans()}, optional=OPTIONAL),
)
def test_what_is_written_is_what_is_read_again(timing: dict[str, object], rest: dict[str, object]) -> None:
    wanted = read_document({"task": "kinds.add", "kwargs": {"a": 1}} | timing | rest)
    pk = write(wanted, None, Version.How.FILE, by="test")
    [row] = read([pk])
    document = describe(row)
    assert document == describe(wanted.row())
    assert describe(read_document(json.loads(json.dumps(document))).row()) == document
    PeriodicTask.objects.all().delete()


def test_an_export_imported_again_changes_nothing(at: Make, every: Make) -> None:
    Policy.objects.create(schedule=at("30 2 * * *", "Europe/Berlin", name="sums"), missed="all")
    every(90, "minutes", name="tick", expire_seconds=30)
    text = exported()
    assert compare(text) == []
    assert [said["name"] for said in json.loads(text)["schedules"]] == ["sums", "tick"]
    versions = Version.objects.count()
    assert take_over(text, by="test") == []
    assert Version.objects.count() == versions


def test_a_file_makes_and_changes_what_it_names_and_nothing_else(at: Make) -> None:
    sums, other = at("30 2 * * *", name="sums"), at("0 5 * * *", name="other")
    text = exported([sums.pk]).replace("30 2 * * *", "30 3 * * *")
    whole = json.loads(text)
    whole["schedules"].append({"name": "new", "task": "kinds.add", "every": [5, "minutes"], "args": [1]})
    found = take_over(json.dumps(whole), by="maya")
    assert [(one.name, one.schedule_id) for one in found] == [("sums", sums.pk), ("new", None)]
    sums.refresh_from_db()
    assert sums.crontab.hour == "3"
    assert PeriodicTask.objects.get(name="new").interval.every == 5
    assert not other.versions.exclude(how="elsewhere").exists()
    assert Version.objects.get(name="new").by == "maya"


@pytest.mark.parametrize(
    ("document", "said"),
    [
        ({}, "name: Field required"),
        ({"name": "x", "task": "kinds.add"}, "exactly one of cron, every, at and solar"),
        ({"name": "x", "task": "kinds.add", "cron": "* *"}, "has 2 fields instead of 5"),
        ({"name": "x", "task": "kinds.add", "cron": "0 0 30 2 *"}, "cannot run"),
        ({"name": "x", "task": "kinds.add", "cron": "* * * * *", "timezone": "Mars/Base"}, "Mars/Base"),
        ({"name": "x", "task": "nobody.knows", "every": [1, "days"]}, "nobody.knows"),
        ({"name": "x", "task": "kinds.add", "every": [1, "weeks"]}, "every.1"),
        ({"name": "x", "task": "kinds.add", "every": [5, "microseconds"]}, "too short"),
        (
            {"name": "x", "task": "kinds.add", "every": [1, "days"], "kwargs": {"a": "many"}},
            "argument a is 'many'",
        ),
        ({"name": "x", "task": "kinds.add", "every": [1, "days"], "colour": "red"}, "colour"),
        ({"name": "x\x00", "task": "kinds.add", "every": [1, "days"]}, "NUL"),
        ({"name": "x", "task": "kinds.add", "every": [1, "days"], "missed": "never"}, "missed"),
        ("not an object", "valid dictionary"),
    ],
)
def test_a_fault_is_named_and_nothing_is_taken_over(document: object, said: str) -> None:
    fine = {"name": "fine", "task": "kinds.add", "every": [1, "days"], "args": [1]}
    text = json.dumps({"format": 1, "schedules": [fine, document]})
    with pytest.raises(BadDocument, match="schedule 2") as caught:
        take_over(text, by="test")
    assert said in str(caught.value)
    assert not PeriodicTask.objects.exists()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "not JSON"),
        ("[]", '"format": 1'),
        ('{"format": 1}', '"schedules"'),
        ("[" * 100_000, "not JSON"),
    ],
)
def test_a_file_that_is_no_export_says_so(text: str, said: str) -> None:
    with pytest.raises(BadDocument, match=said):
        compare(text)


def test_a_name_that_is_there_twice_is_refused() -> None:
    one = {"name": "twin", "task": "kinds.add", "every": [1, "days"], "args": [1]}
    with pytest.raises(BadDocument, match="'twin' is there twice"):
        compare(json.dumps({"format": 1, "schedules": [one, one]}))


def test_the_commands_show_first_and_change_when_told(
    at: Make, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    schedule = at("30 2 * * *", name="sums")
    file = tmp_path / "review" / "schedules.json"
    call_command("schedules", "export", str(file))
    file.write_text(file.read_text().replace("30 2", "45 2"))
    call_command("schedules", "import", str(file))
    shown = capsys.readouterr().out
    assert 'cron: "30 2 * * *" -> "45 2 * * *"' in shown
    assert "Nothing was changed" in shown
    call_command("schedules", "import", str(file), "--yes")
    schedule.refresh_from_db()
    assert schedule.crontab.minute == "45"
    assert schedule.versions.first().by.startswith("shell:")
    call_command("schedules", "list", "--name", "SUM")
    assert "sums" in capsys.readouterr().out
    with pytest.raises(CommandError, match="cannot be read"):
        call_command("schedules", "import", str(tmp_path / "none.json"))


def test_the_admin_shows_a_file_before_it_is_taken_over(admin: Client, at: Make) -> None:
    schedule = at("30 2 * * *", name="sums")
    url = reverse("admin:schedules_import")
    sent = admin.get(reverse("admin:schedules_export"))
    assert sent["Content-Disposition"].startswith("attachment")
    text = sent.content.decode().replace("30 2", "45 2")
    page = admin.post(url, {"file": SimpleUploadedFile("schedules.json", text.encode())}).content.decode()
    assert "<del>30 2 * * *</del>" in page
    schedule.refresh_from_db()
    assert schedule.crontab.minute == "30"
    assert "Changed: 1." in admin.post(url, {"text": text}, follow=True).content.decode()
    schedule.refresh_from_db()
    assert schedule.crontab.minute == "45"
    bad = admin.post(url, {"file": SimpleUploadedFile("x.json", b"\xff\xfe")}).content.decode()
    assert "not UTF-8" in bad
    bad = admin.post(url, {"file": SimpleUploadedFile("x.json", b"[]")}).content.decode()
    assert "no export of schedules" in bad
