"""Numbers, durations and moments in plain words."""

from datetime import UTC, datetime, timedelta

import pytest

from apps.lib import words
from apps.web.shown.numbers import whole_number

NOW = datetime(2026, 11, 22, 11, 8, tzinfo=UTC)


SPANS = {
    -5: "0 s",
    0: "0 s",
    0.4: "0.4 s",
    9.96: "10 s",
    18: "18 s",
    59.7: "1 min",
    191: "3 min 11 s",
    3_600: "1 h",
    67_980: "18 h 53 min",
    90_061: "1 d 1 h",
    34_560_000: "400 d",
}
ESTIMATES = {
    0: "about 5 s",
    14: "about 10 s",
    50: "about 50 s",
    58: "about 1 min",
    130: "about 2 min",
    3_500: "about 1 h",
    259_200: "about 3 days",
}


@pytest.mark.parametrize(("seconds", "said"), SPANS.items())
def test_a_duration_has_at_most_two_units(seconds: float, said: str) -> None:
    assert words.span(timedelta(seconds=seconds)) == said


@pytest.mark.parametrize(("seconds", "said"), ESTIMATES.items())
def test_an_estimate_is_rounded_and_says_about(seconds: float, said: str) -> None:
    assert words.about(timedelta(seconds=seconds)) == said


@pytest.mark.parametrize(
    ("moment", "said"),
    [
        (NOW.replace(hour=3), "03:08"),
        (NOW - timedelta(days=1), "21 Nov 2026, 11:08"),
        (NOW - timedelta(days=2), "20 Nov 2026, 11:08"),
        (NOW + timedelta(days=1), "23 Nov 2026, 11:08"),
        (NOW - timedelta(days=400), "18 Oct 2025, 11:08"),
    ],
)
def test_a_moment_has_as_much_of_its_date_as_it_takes(moment: datetime, said: str) -> None:
    assert words.day_and_time(moment, NOW) == said


@pytest.mark.parametrize(
    ("number", "said"),
    [(0, "0 bytes"), (999, "999 bytes"), (1000, "1.0 kB"), (4_400_000, "4.4 MB"), (5 * 10**12, "5,000.0 GB")],
)
def test_a_size_is_decimal(number: int, said: str) -> None:
    assert words.size(number) == said


def test_one_row_two_rows() -> None:
    assert words.count(1, "row") == "1 row"
    assert words.count(31_076, "row") == "31,076 rows"


def test_a_guess_has_two_figures() -> None:
    assert words.rounded(541_909) == 540_000
    assert words.rounded(7) == 7


@pytest.mark.parametrize("text", ["", "-1", "1.5", "x", "9" * 19, "\u0663", "1e3", " 1"])
def test_what_is_no_number_counts_as_nought(text: str) -> None:
    assert whole_number(text) == 0


def test_a_number_is_read() -> None:
    assert whole_number("42") == 42


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("connectionError in tasks/Shop.py", "ConnectionError in tasks/Shop.py"),
        ("kind Reports.PDF", "Kind Reports.PDF"),
        ("Already so", "Already so"),
        ("", ""),
    ],
)
def test_a_sentence_begins_with_a_capital_and_keeps_its_names(text: str, said: str) -> None:
    assert words.sentence_case(text) == said
