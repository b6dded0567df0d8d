"""The rate a page shows: right when the pace is steady, quick to follow, never absurd."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.jobs.running import rate
from apps.jobs.running.rate import Rate


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """A clock that stands still until the test moves it."""
    now = [100.0]
    monkeypatch.setattr(rate, "monotonic", lambda: now[0])
    return now


def test_one_word_is_no_rate(clock: list[float]) -> None:
    assert Rate().after(1000) is None


def test_a_steady_pace_is_told_exactly(clock: list[float]) -> None:
    job = Rate()
    told = []
    for step in range(10):
        told.append(job.after(step * 250))
        clock[0] += 0.5
    assert told[0] is None
    assert told[1:] == pytest.approx([500.0] * 9)


def test_a_new_pace_is_followed_within_half_a_minute(clock: list[float]) -> None:
    job, done = Rate(), 0
    for pace in (100, 1000):
        for _ in range(60):
            clock[0] += 0.5
            done += pace // 2
            told = job.after(done)
    assert told == pytest.approx(1000, rel=0.1)


def test_words_at_the_same_moment_do_not_divide_by_zero(clock: list[float]) -> None:
    job = Rate()
    job.after(1)
    assert job.after(2) is None


def test_a_count_that_starts_again_is_not_a_negative_pace(clock: list[float]) -> None:
    job = Rate()
    job.after(100)
    clock[0] += 1
    job.after(200)
    clock[0] += 1
    assert job.after(0) == pytest.approx(100)


@given(st.lists(st.tuples(st.integers(0, 10**12), st.floats(0, 3600)), max_size=20))
def test_the_rate_is_unknown_or_not_negative(words: list[tuple[int, float]]) -> None:
    moments = itertools.accumulate(pause for _, pause in words)
    with pytest.MonkeyPatch.context() as patch:
        job = Rate()
        for (done, _), moment in zip(words, moments, strict=True):
            patch.setattr(rate, "monotonic", lambda moment=moment: moment)
            told = job.after(done)
            assert told is None or told >= 0
