"""A crontab line in words is the same on every machine."""

import locale

import pytest

from apps.schedules.crontab import parse_line
from apps.schedules.crontab_words import described


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("30 2 * * *", "At 02:30"),
        ("0 18 * * 1-5", "At 18:00, Monday to Friday"),
        ("0 0 * * sat,sun", "At 00:00, only on Sunday and Saturday"),
        ("*/15 * * * *", "Every 15 minutes"),
        ("0 5 1 * *", "At 05:00, on day 1 of the month"),
        ("0 8 * * 0-6", "At 08:00"),
        ("0 9-17 * * 1-5", "Every hour from 09:00 to 17:00, Monday to Friday"),
        ("30 9-17/2 * * *", "Every 2 hours from 09:30 to 17:30"),
        ("15 8,9,10 * * mon", "Every hour from 08:15 to 10:15, only on Monday"),
        ("0 9,17 * * *", "At 09:00 and 17:00"),
        ("*/15 9-17 * * *", "Every 15 minutes, between 09:00 and 17:59"),
        ("0 * * * *", "Every hour"),
        ("0 */6 * * *", "Every 6 hours from 00:00 to 18:00"),
        ("7,3 * * * *", "At 3 and 7 minutes past the hour"),
        ("*/30,10 * * * *", "At 0, 10, and 30 minutes past the hour"),
        ("0 0 1 jan-mar *", "At 00:00, on day 1 of the month, January to March"),
        ("@daily", "At 00:00"),
        (" @Weekly ", "At 00:00, only on Sunday"),
        ("@yearly", "At 00:00, on day 1 of the month, only in January"),
    ],
)
def test_a_line_in_words(line: str, words: str) -> None:
    assert described(line, parse_line(line, "UTC")) == words


def test_words_do_not_follow_the_machines_locale(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(locale, "getlocale", lambda: ("de_DE", "UTF-8"))
    assert described("30 2 * * 1", parse_line("30 2 * * 1", "UTC")) == "At 02:30, only on Monday"
