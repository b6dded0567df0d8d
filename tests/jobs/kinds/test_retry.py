"""Attempts move apart, by a bounded and jittered delay; what an error is worth is said and checked once."""

import re
from datetime import timedelta
from typing import Any

import pytest
from celery import Celery
from celery.exceptions import Retry
from hypothesis import given
from hypothesis import strategies as st

from apps.jobs import RetryPolicy, job
from apps.jobs.task import JobTask

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


class LateError(OSError):
    """A special case of a special case."""


MINUTE = timedelta(minutes=1)


@pytest.mark.parametrize(
    ("policy", "error", "fate"),
    [
        (RetryPolicy(), ValueError(), "retry"),
        (RetryPolicy(), SystemExit(1), "retry"),
        (RetryPolicy(only=(OSError,)), LateError(), "retry"),
        (RetryPolicy(only=(OSError,)), ValueError(), "discard"),
        (RetryPolicy(only=(OSError,)), KeyboardInterrupt(), "discard"),
        (RetryPolicy(only=()), ValueError(), "discard"),
        (RetryPolicy(discard=(OSError,)), LateError(), "discard"),
        (RetryPolicy(discard=(OSError,), snooze={LateError: MINUTE}), LateError(), MINUTE),
        (RetryPolicy(discard=(OSError,), snooze={LateError: MINUTE}), OSError(), "discard"),
        (RetryPolicy(discard=(LateError,), only=(OSError,)), LateError(), "discard"),
        (RetryPolicy(discard=(OSError,), only=(LateError,)), LateError(), "retry"),
        (RetryPolicy(snooze={Exception: MINUTE}, only=(LateError,)), LateError(), "retry"),
    ],
)
def test_the_class_nearest_to_the_error_decides(
    policy: RetryPolicy, error: BaseException, fate: object
) -> None:
    policy.check()
    assert policy.fate(error) == fate


WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "no class": ({"discard": ("OSError",)}, "retry discard takes classes of exceptions, not 'OSError'."),
    "no exception": ({"only": (int,)}, "retry only takes classes of exceptions, not <class 'int'>."),
    "no tuple": ({"discard": OSError}, "retry discard must be a tuple of exceptions, not <class 'OSError'>."),
    "no times": ({"snooze": (OSError,)}, "retry snooze must name a time for each exception"),
    "no time": (
        {"snooze": {OSError: 60}},
        "retry snooze of OSError must be a timedelta that is not negative",
    ),
    "negative": ({"snooze": {OSError: -MINUTE}}, "retry snooze of OSError must be a timedelta that is not"),
    "for ever": ({"snooze": {OSError: timedelta.max}}, "is more than a hundred years"),
    "in both": (
        {"snooze": {OSError: MINUTE}, "discard": (OSError,)},
        "retry names OSError in discard and in snooze. Leave it in one of them",
    ),
    "everything": ({"discard": (Exception,)}, "only= says what is tried again (Exception)."),
    "heeded before": ({"discard": (Retry,)}, "retry discard names Retry, which is heeded before the retry"),
    "more attempts than are counted": (
        {"max_attempts": 40_000},
        "retry max_attempts must be from 1 to 32000, not 40000.",
    ),
    "no attempt": ({"max_attempts": 0}, "retry max_attempts must be from 1 to 32000, not 0."),
    "negative first": ({"first": -MINUTE}, "retry first must be a timedelta that is not negative"),
}


@pytest.mark.parametrize("how", WRONG)
def test_a_policy_that_cannot_be_kept_stops_the_start_with_its_kind_and_the_way_out(how: str) -> None:
    given, why = WRONG[how]
    with pytest.raises(ValueError, match=rf"^Job type odd\.wrong: .*{re.escape(why)}"):
        job("odd.wrong", retry=RetryPolicy(**given))(_nothing)


def test_so_does_one_of_a_task_that_was_declared_celery_s_way() -> None:
    app = Celery(set_as_current=False)
    task = app.task(name="odd.wrong", base=JobTask, retry_policy=RetryPolicy(max_attempts=0))(_nothing)
    with pytest.raises(ValueError, match=r"^Job type odd\.wrong: retry max_attempts must be from 1"):
        task.delay()


def _nothing() -> None: ...
