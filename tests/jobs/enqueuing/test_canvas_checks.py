"""Options of steps and callbacks are refused in the call that stores them, not after its body has run."""

from collections.abc import Callable
from typing import Any

import pytest
from celery import Task, chain, chord, group, shared_task, signature

from apps.jobs.models import Attempt, Job
from apps.jobs.task import JobTask
from tests.jobs.canvas_steps import work
from tests.kinds.canvas import plus

pytestmark = pytest.mark.usefixtures("in_line")

WAIT_S = 0.5
CALLS: dict[str, Callable[[Any], object]] = {
    "link": lambda odd: plus.apply_async((1,), link=odd),
    "links": lambda odd: plus.apply_async((1,), link=[plus.s(), odd]),
    "link_error": lambda odd: plus.apply_async((1,), link_error=odd),
    "link of a link": lambda odd: plus.apply_async((1,), link=plus.s().set(link=odd)),
    "chain": lambda odd: chain(plus.s(1), plus.s(), odd).apply_async(),
    "body": lambda odd: chord([plus.s(1)], odd).apply_async(),
    "header of a later chord": lambda odd: chain(plus.s(1), chord([odd], plus.si(1))).apply_async(),
    "group in a chain": lambda odd: chain(plus.s(1), group(plus.s(), chain(plus.s(), odd))).apply_async(),
    "link of a body": lambda odd: chord([plus.s(1)], plus.si(1).set(link=odd)).apply_async(),
    "written signature": lambda odd: plus.apply_async((1,), link=dict(odd)),
}
ODD: dict[str, tuple[dict[str, Any], str]] = {
    "priority": ({"priority": 99_999}, "priority must be"),
    "queue": ({"queue": "\0"}, "queue must be"),
    "task_id": ({"task_id": "nope"}, "task_id 'nope' is not a version 7 UUID"),
    "countdown": ({"countdown": float("nan")}, "countdown nan is no number"),
    "expires": ({"expires": [5]}, "expires must be"),
    "time_limit": ({"time_limit": -1}, "time_limit must be"),
    "headers": ({"headers": [1]}, "headers must be a dict"),
    "routing_key": ({"routing_key": "x"}, "cannot keep routing_key"),
    "argsrepr": ({"argsrepr": "x"}, "cannot keep argsrepr"),
}


@shared_task(name="elsewhere.odd_options")
def elsewhere(value: object = None) -> object:
    """Return what it is given, as a task of another package."""
    return value


@shared_task(name="odd.becomes", base=JobTask, bind=True)
def becomes(self: "Task[..., Any]", how: str) -> Any:
    """Replace itself by what could not be enqueued."""
    odd = plus.s(1).set(priority=99_999)
    raise self.replace({"job": odd, "chain": plus.s(1) | odd, "group": group(plus.s(1), odd)}[how])


@pytest.mark.parametrize("where", CALLS)
def test_unfit_option_is_refused_at_any_depth(where: str) -> None:
    with pytest.raises(
        ValueError, match=r"could not be enqueued later: canvas\.plus: priority must be a whole"
    ):
        CALLS[where](plus.s().set(priority=99_999))
    assert not Job.objects.exists()


@pytest.mark.parametrize("option", ODD)
def test_every_option_of_a_callback_is_checked(option: str) -> None:
    odd, sentence = ODD[option]
    with pytest.raises((TypeError, ValueError), match=sentence):
        plus.apply_async((1,), link=plus.s().set(**odd))
    with pytest.raises((TypeError, ValueError), match=sentence):
        plus.enqueue_many([(1,)], link=plus.s().set(**odd))
    assert not Job.objects.exists()


def test_option_of_a_group_or_chain_is_checked_as_that_of_its_jobs() -> None:
    for canvas in (group(plus.s(), plus.s()), chain(plus.s(), plus.s())):
        with pytest.raises(ValueError, match="priority must be"):
            plus.apply_async((1,), link=canvas.set(priority=99_999))


def test_arguments_of_a_written_signature_are_a_list() -> None:
    written = dict(plus.s()) | {"args": "ab"}
    with pytest.raises(TypeError, match=r"canvas\.plus: args must be a list or tuple, not 'ab'"):
        plus.apply_async((1,), link=written)


@pytest.mark.parametrize("how", ["job", "chain", "group"])
def test_replacement_that_could_not_be_enqueued_fails_in_the_body(how: str) -> None:
    becomes.delay(how)
    work()
    assert {attempt.error_type for attempt in Attempt.objects.all()} == {"ValueError"}
    assert "priority must be" in Attempt.objects.first().message  # type: ignore[union-attr]  # there is one
    assert not Job.objects.filter(kind="canvas.plus").exists()


def test_options_that_fit_and_tasks_of_other_packages_are_left_alone() -> None:
    fit: dict[str, Any] = {"priority": 5, "countdown": 0.1, "time_limit": 5, "headers": {"a": 1}}
    last = chain(
        plus.s(1),
        plus.s().set(**fit, expires=60),
        chord([plus.s(), plus.s(1)], plus.si(3)),
        signature("canvas.plus"),
    )()
    work()
    assert last.get(WAIT_S) == 5
    plus.apply_async((1,), link=elsewhere.s().set(priority=99_999, task_id="any text"))
