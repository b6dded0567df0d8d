"""Attempts move apart, by a bounded and jittered delay."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.jobs import RetryPolicy

POLICY = RetryPolicy(first=timedelta(seconds=4), factor=3.0, longest=timedelta(minutes=10))


@pytest.mark.parametrize(("failures", "plain"), [(1, 4), (2, 12), (3, 36), (4, 108)])
def test_each_wait_is_the_one_before_times_the_factor_give_or_take_a_quarter(
    failures: int, plain: int
) -> None:
    delays = [POLICY.delay(failures).total_seconds() for _ in range(200)]
    assert plain * 0.75 <= min(delays) <= max(delays) <= plain * 1.25


def test_jobs_that_failed_together_do_not_come_back_together() -> None:
    assert len({POLICY.delay(1) for _ in range(50)}) > 40


@given(
    failures=st.integers(1, 10**9),
    first=st.floats(0, 10**6),
    factor=st.floats(0, 1000),
    longest=st.timedeltas(timedelta(), timedelta(days=365)),
)
def test_no_wait_is_negative_or_longer_than_the_longest_and_a_quarter(
    failures: int, first: float, factor: float, longest: timedelta
) -> None:
    delay = RetryPolicy(first=timedelta(seconds=first), factor=factor, longest=longest).delay(failures)
    assert timedelta() <= delay <= longest * 1.25 + timedelta(microseconds=1)
