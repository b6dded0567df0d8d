"""No beat runs: the keeper sees it, lets it be known, and a worker writes to the admins."""

from datetime import UTC, datetime, timedelta

import pytest

from tests.acceptance.machine import Machine, kill_group
from tests.tasks.smtp_sink import SmtpSink

KIND = "maintenance.missed_schedules"


def test_admins_are_written_to_when_no_beat_takes_a_moment(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    machine.manage("schedules", "sync")
    long_ago = datetime.now(UTC) - timedelta(minutes=3)
    with SmtpSink() as sink:
        monkeypatch.setenv("BACKLINE_ALERTS_TO", "Ann <ann@example.com>")
        monkeypatch.setenv("DJANGO_EMAIL_HOST", "127.0.0.1")
        monkeypatch.setenv("DJANGO_EMAIL_PORT", str(sink.port))
        monkeypatch.setenv("DJANGO_EMAIL_TLS", "False")
        beat = machine.beat()
        machine.until(
            lambda: machine.value("SELECT count(*) FROM schedules_plan") > 0, "schedules are planned"
        )
        kill_group(beat)
        machine.ask("UPDATE schedules_plan SET next_at = %s", long_ago)
        machine.keeper()
        machine.worker("w", 2, "-Q", "default,maintenance")
        machine.until(lambda: bool(sink.letters), "a letter comes")
        [letter] = sink.letters
    missed = machine.value("SELECT count(*) FROM schedules_alert")
    assert letter.recipients == ["ann@example.com"]
    assert f"Subject: {missed} schedules did not run on time" in letter.text
    assert machine.value("SELECT count(*) FROM events_fact WHERE name = 'schedules.missed'") == missed
    assert machine.value("SELECT count(*) FROM jobs_job WHERE kind = %s", KIND) == 1
