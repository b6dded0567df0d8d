"""Job types and one foreign task for canvases, each of which leaves a countable mark for every run."""

import os
import signal
import time
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

from celery import Task, chain, chord, group, shared_task
from celery.exceptions import Ignore, Reject
from django.db import connection, transaction

from apps.jobs import RetryPolicy, job
from apps.jobs.task import JobTask

ONCE = RetryPolicy(max_attempts=1)


@job("canvas.plus")
def plus(a: int, b: int = 1) -> int:
    """Add two numbers."""
    return a + b


@job("canvas.total")
def total(values: list[int]) -> int:
    """Add many numbers."""
    return sum(values)


@job("canvas.count")
def count(values: Any) -> int:
    """Count the numbers in lists of lists."""
    return sum(count(value) for value in values) if isinstance(values, list) else 1


@job("canvas.boom", retry=ONCE)
def boom(value: object = None) -> None:
    """Fail at once."""
    raise ValueError("boom", 7)


@job("canvas.fails_once", retry=ONCE)
def fails_once(value: int) -> int:
    """Fail the first time, also when no attempt is left."""
    if leave_a_mark(f"fails once {value}") == 1:
        raise ValueError("once")
    return value


@job("canvas.note")
def note(task_id: str) -> str:
    """Be called with the id of a job that failed."""
    return f"noted {task_id}"


@job("canvas.told")
def told(request: Any, exc: Any, traceback: Any) -> None:
    """Be called, as Celery's newer errbacks are, with what happened."""
    leave_a_mark(f"told {request.id} {exc!r}")


@job("canvas.told_badly")
def told_badly(request: Any, exc: Any, traceback: Any) -> None:
    """Break the transaction one is called in."""
    leave_a_mark(f"told badly {request.id}")
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1/0")


@job("canvas.told_poison")
def told_poison(request: Any, exc: Any, traceback: Any, how: str) -> None:
    """Be called with what happened, and do what ends a session or looks like the end of one."""
    with Path(how.partition(":")[2]).open("a") as calls:
        calls.write(f"{request.id}\n")
    match how.partition(":")[0]:
        case "close":
            connection.close()
        case "kill session":
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_terminate_backend(pg_backend_pid())")
        case "exit":
            raise SystemExit(3)
        case "sleep":
            time.sleep(600)


@shared_task(name="canvas.flaky", base=JobTask, bind=True, max_retries=3)
def flaky(self: "Task[..., Any]", value: int, fails: int = 2) -> int:
    """Fail a few times first, the way Celery's users write it."""
    if self.request.retries < fails:
        raise self.retry(countdown=0.1, exc=RuntimeError("not yet"))
    return value * 10


@shared_task(
    name="canvas.auto", base=JobTask, autoretry_for=(KeyError,), default_retry_delay=0, max_retries=2
)
def auto(mark: str) -> None:
    """Fail until Celery's autoretry gives up."""
    raise KeyError(mark)


@shared_task(name="canvas.ends", base=JobTask, bind=True)
def ends(self: "Task[..., Any]", how: str) -> None:
    """End in one of Celery's ways."""
    if how == "requeue" and leave_a_mark(how) > 1:
        return
    raise {"ignore": Ignore(), "reject": Reject("no good"), "requeue": Reject("later", requeue=True)}[how]


@shared_task(name="canvas.swap", base=JobTask, bind=True)
def swap(self: "Task[..., Any]", value: int, into: str = "chain") -> Any:
    """Become another canvas."""
    if into == "chain":
        raise self.replace(chain(plus.s(value, 100), plus.s(1000)))
    if into == "group":
        raise self.replace(group(plus.s(value, n) for n in range(3)))
    if into == "boom":
        raise self.replace(boom.s(value))
    raise self.replace(plus.s(value, 5))


@shared_task(name="canvas.asks", base=JobTask, bind=True)
def asks(self: "Task[..., Any]", value: int) -> list[object]:
    """Say what its request says, and run another task as a plain function."""
    request = self.request
    return [request.id, request.retries, request.kwargs, request.group, plus(value, 1)]


@shared_task(name="canvas.routed", base=JobTask, bind=True)
def routed(self: "Task[..., Any]") -> list[object]:
    """Return the queue and the worker that the request names."""
    request: Any = self.request
    return [request.delivery_info["routing_key"], request.hostname.partition("@")[0]]


@shared_task(name="canvas.shows", base=JobTask, bind=True)
def shows(self: "Task[..., Any]", until: str) -> None:
    """Show a state of its own until somebody leaves a mark."""
    self.update_state(state="PROGRESS", meta={"current": 3, "total": 9})
    while not _marks(until):
        time.sleep(0.02)


@job("canvas.counted", atomic=True)
def counted(value: Any, name: str, pause_ms: int = 0) -> Any:
    """Count one effect, in one commit with the outcome."""
    _insert(name)
    time.sleep(pause_ms / 1000)
    return value


@job("canvas.counted_total", atomic=True)
def counted_total(values: Sequence[int], name: str) -> int:
    """Count one effect and add up."""
    _insert(name)
    return sum(values)


@job("canvas.dies", retry=RetryPolicy(max_attempts=2, first=timedelta(milliseconds=100)))
def dies(value: int, always: bool = False) -> int:
    """Kill its process, the first time or always."""
    if always or leave_a_mark(f"dies {value}") == 1:
        os.kill(os.getpid(), signal.SIGKILL)
    return value


class Odd(Exception):  # noqa: N818
    """An error that takes more than its sentence."""

    def __init__(self, said: str, *, loud: bool) -> None:
        super().__init__(said, loud)


@job("canvas.fails_oddly", retry=ONCE)
def fails_oddly(with_object: bool = False) -> None:
    """Fail with what does not travel well."""
    if with_object:
        raise ValueError(object())
    raise Odd("odd", loud=True)


@job("canvas.sleeps", timeout=timedelta(hours=1))
def sleeps(seconds: float) -> None:
    """Sleep."""
    time.sleep(seconds)


@shared_task(name="elsewhere.times")
def times(a: int, b: int) -> int:
    """Multiply, as a task of another package."""
    return a * b


@shared_task(name="elsewhere.turns", bind=True)
def turns(self: "Task[..., Any]", value: int, into: str = "one") -> Any:
    """Become jobs, as a task of another package."""
    others = {
        "one": plus.s(value, 5),
        "chain": chain(plus.s(value, 100), plus.s(1000)),
        "chord": chord([plus.s(value, 1), plus.s(value, 2)], total.s()),
        "job that turns too": swap.s(value),
        "boom": boom.s(value),
    }
    raise self.replace(others[into])


@shared_task(name="elsewhere.quiet", ignore_result=True)
def quiet(a: int) -> int:
    """Return a value that is not stored, as a task of another package."""
    return a


@shared_task(name="elsewhere.fails")
def fails(*_: object) -> None:
    """Fail, as a task of another package."""
    raise KeyError("elsewhere")


def leave_a_mark(name: str) -> int:
    """Leave a mark that outlives the job; return how many there are."""
    with transaction.atomic():
        _insert(name)
    return _marks(name)


def _marks(name: str) -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM canvas_marks WHERE name = %s", [name])
        return int(cursor.fetchall()[0][0])


def _insert(name: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("INSERT INTO canvas_marks (name) VALUES (%s)", [name])
