"""A crontab line in words is the same on every machine."""

import locale

import pytest

from apps.schedules.crontab import parse_line
from apps.schedules.crontab_words import described


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("30 2 * * *", "At 02:30"),
        ("0 18 * * 1-5", "At 18:00, only on Monday, Tuesday, Wednesday, Thursday, and Friday"),
        ("0 0 * * sat,sun", "At 00:00, only on Sunday and Saturday"),
        ("*/15 * * * *", "Every 15 minutes"),
        ("0 5 1 * *", "At 05:00, on day 1 of the month"),
        ("0 8 * * 0-6", "At 08:00"),
    ],
)
def test_a_line_in_words(line: str, words: str) -> None:
    assert described(line.split(), parse_line(line, "UTC").weekdays) == words


def test_words_do_not_follow_the_machines_locale(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(locale, "getlocale", lambda: ("de_DE", "UTF-8"))
    assert described(["30", "2", "*", "*", "1"], {1}) == "At 02:30, only on Monday"
