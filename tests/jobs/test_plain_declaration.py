"""A task that is declared Celery's way has the limits that it declares, for each of its attempts."""

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from celery import shared_task

from apps.jobs.task import JobTask

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.mark.parametrize(
    ("declared", "seconds"),
    [
        ({"time_limit": 7}, 7),
        ({"soft_time_limit": 5, "time_limit": 7}, 5),
        ({"soft_time_limit": 86_400}, 86_400),
    ],
)
def test_a_limit_that_a_task_declares_is_each_attempt_s_not_the_message_s(
    declared: dict[str, Any], seconds: int
) -> None:
    declare: Callable[[Callable[[], None]], JobTask[[], None]] = shared_task(
        name=f"odd.limited_{seconds}", base=JobTask, **declared
    )
    task = declare(_nothing)
    assert (task.timeout, task.time_limit, task.soft_time_limit) == (timedelta(seconds=seconds), None, None)


def _nothing() -> None:
    pass
