"""Moments and spans in a call, a step, a retry, a rest and a pause: within a hundred years, else refused."""

import re
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any, cast
from uuid import UUID

import pytest
from celery import Task, chain, chord, group, shared_task
from celery.exceptions import Retry

from apps.jobs import RetryPolicy, Snooze, job
from apps.jobs.models import Attempt, Job
from apps.jobs.operating import pause
from apps.jobs.task import JobTask
from tests.jobs.canvas_steps import run_once
from tests.jobs.steps import row_of
from tests.kinds.canvas import plus

pytestmark = pytest.mark.usefixtures("in_line")

NEW_YORK, TOKYO = timezone(timedelta(hours=-5)), timezone(timedelta(hours=9))
CENTURY = timedelta(days=366 * 100)
FAR = [
    datetime.max.replace(tzinfo=UTC),
    datetime.max.replace(tzinfo=NEW_YORK),
    datetime.max,  # noqa: DTZ901  # as a caller without a time zone writes it
    datetime.min.replace(tzinfo=TOKYO),
    date.max,
    "9999-12-31T23:59:59-05:00",
]
CALLS: list[Callable[[dict[str, Any]], object]] = [
    lambda far: plus.apply_async((1,), **far),
    lambda far: plus.enqueue_many([(1,)], **far),
    lambda far: plus.s(1).apply_async(**far),
    lambda far: plus.apply_async((1,), link=plus.s().set(**far)),
    lambda far: plus.apply_async((1,), link_error=plus.s().set(**far)),
    lambda far: chain(plus.s(1), plus.s(1), plus.s(1).set(**far)).apply_async(),
    lambda far: chain(plus.s(1), group(plus.s(1), plus.s(2).set(**far))).apply_async(),
    lambda far: chord([plus.s(1)], plus.si(1).set(**far)).apply_async(),
]


@shared_task(name="odd.far_retry", base=JobTask, bind=True, retry_policy=RetryPolicy(max_attempts=2))
def far_retry(self: "Task[..., Any]", how: str) -> None:
    """Ask for another attempt or a rest that no page could show."""
    far = datetime.max.replace(tzinfo=NEW_YORK)
    if how == "retry eta":
        self.retry(eta=far)
    if how == "retry countdown":
        self.retry(countdown=1e300)
    raise Retry(when=far) if how == "Retry" else Snooze(timedelta.max)


@job("odd.near_retry")
def near_retry() -> None:
    """Ask for another attempt at a moment that is a text."""
    raise Retry(when=cast("datetime", (datetime.now(UTC) + timedelta(hours=1)).isoformat()))


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("option", ["eta", "expires"])
def test_far_moment_is_refused_wherever_it_is_called(
    call: Callable[[dict[str, Any]], object], option: str
) -> None:
    for far in FAR:
        with pytest.raises(ValueError, match=rf"canvas\.plus: {option} .* is more than a hundred years away"):
            call({option: far})
    assert not Job.objects.exists()


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ("soon", "is no ISO 8601 time"),
        ("2030-13-01", "is no ISO 8601 time"),
        (5, "must be a datetime or an ISO 8601 text"),
        (True, "must be a datetime or an ISO 8601 text"),
    ],
)
def test_eta_that_is_no_moment_is_refused_with_the_way_out(given: object, sentence: str) -> None:
    with pytest.raises((TypeError, ValueError), match=rf"canvas\.plus: eta .*{re.escape(sentence)}"):
        plus.apply_async((1,), eta=given)


@pytest.mark.parametrize(("option", "column"), [("eta", "run_after"), ("expires", "expires_at")])
def test_moment_may_be_a_text_as_in_celery(option: str, column: str) -> None:
    tomorrow = datetime.now(NEW_YORK) + timedelta(days=1)
    handle = plus.apply_async((1,), countdown=None, **{option: tomorrow.isoformat()})  # type: ignore[arg-type]
    assert row_of(UUID(handle.id))[column] == tomorrow


def test_moments_a_century_away_are_kept() -> None:
    last = datetime.now(UTC) + CENTURY - timedelta(hours=1)
    row = row_of(UUID(plus.apply_async((1,), eta=last, expires=last).id))
    assert (row["run_after"], row["expires_at"]) == (last, last)


@pytest.mark.parametrize("how", ["retry eta", "retry countdown"])
def test_far_retry_fails_where_the_body_asks(how: str) -> None:
    handle = far_retry.delay(how)
    assert run_once() == {"retrying": 1}
    assert row_of(UUID(handle.id))["run_after"] < datetime.now(UTC) + timedelta(minutes=5)
    assert "is more than a hundred years" in Attempt.objects.get().message


@pytest.mark.parametrize("how", ["Retry", "Snooze"])
def test_far_retry_or_rest_that_is_raised_ends_the_job_with_the_reason(how: str) -> None:
    handle = far_retry.delay(how)
    assert run_once() == {"dead": 1}
    assert f"{how} " in str(handle.result)
    assert "is more than a hundred years" in str(handle.result)


def test_retry_may_name_its_moment_as_a_text() -> None:
    handle = near_retry.delay()
    assert run_once() == {"retrying": 1}
    assert row_of(UUID(handle.id))["run_after"] > datetime.now(UTC) + timedelta(minutes=50)


def test_far_pause_is_refused() -> None:
    with pytest.raises(ValueError, match=r"until .* is more than a hundred years away"):
        pause.pause("queue", "default", until=datetime.max.replace(tzinfo=NEW_YORK))
    assert not pause.paused().exists()


def test_moments_of_a_kind_s_policy_are_bounded() -> None:
    with pytest.raises(ValueError, match="more than a hundred years"):
        RetryPolicy(first=timedelta.max).check()
    for factor in (float("nan"), float("inf"), -1.0):
        with pytest.raises(ValueError, match="retry factor must be"):
            RetryPolicy(factor=factor).check()
