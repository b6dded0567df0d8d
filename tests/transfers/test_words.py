"""What an import says about itself."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.transfers.models import Import
from apps.transfers.words import expected, outcome

TITLE = ("order line", "order lines")


@pytest.mark.parametrize(
    ("counts", "words"),
    [
        ({"created": 541_909}, "541,909 order lines imported: 541,909 new."),
        ({"created": 1}, "1 order line imported: 1 new."),
        ({"created": 2, "unchanged": 3}, "5 order lines imported: 2 new, 3 unchanged."),
        ({"unchanged": 2992}, "All 2,992 order lines were unchanged."),
        ({"unchanged": 1}, "The one order line was unchanged."),
        (
            {"unchanged": 5, "details": {"products": {"updated": 1}}},
            "5 order lines imported: 5 unchanged.",
        ),
        (
            {"rejected": 1},
            "No order lines imported. 1 row was rejected: download it, correct it and upload it.",
        ),
        (
            {"created": 1, "rejected": 7},
            (
                "1 order line imported: 1 new. 7 rows were rejected: "
                "download them, correct them and upload them."
            ),
        ),
    ],
)
def test_the_outcome_is_told_in_words(counts: dict[str, int], words: str) -> None:
    rows = sum(count for count in counts.values() if isinstance(count, int))
    assert outcome(Import(rows_read=rows, **counts), TITLE) == words


@given(st.integers(0, 10**9), st.floats(0, 1))
def test_a_running_import_never_says_it_is_through(rows: int, read: float) -> None:
    assert expected(rows, read) > rows


def test_half_of_the_bytes_are_half_of_the_rows() -> None:
    assert expected(1000, 0.5) == 2000
