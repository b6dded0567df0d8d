"""A stored callback keeps its named options, and is sent as JSON whatever its task prefers."""

from typing import Any

import pytest
from celery import chain, chord, group, shared_task
from celery.canvas import Signature

from apps.jobs.models import Job
from tests.jobs.canvas_steps import work
from tests.jobs.conftest import Inbox
from tests.jobs.steps import QUEUE
from tests.kinds.canvas import plus

pytestmark = pytest.mark.usefixtures("in_line")


@shared_task(name="elsewhere.pickling", serializer="pickle")
def pickling(value: object) -> object:
    """Return what it is given, as a task of another package that prefers pickle."""
    return value


def stored_options(link: Signature[Any]) -> dict[str, Any]:
    """Return the options with which a callback of a job is stored."""
    job_id = plus.apply_async((1, 2), link=link).id
    kept = Job.objects.get(id=job_id).options or {}
    [callback] = kept["then"]["callbacks"]
    options: dict[str, Any] = callback["options"]
    return options


def test_only_named_options_of_a_callback_are_stored() -> None:
    odd: dict[str, Any] = {"publisher": "x", "anything": "else"}
    link = plus.s(1).set(priority=4, queue="imports", **odd)
    kept = stored_options(link)
    assert {name: kept[name] for name in ("priority", "queue")} == {"priority": 4, "queue": "imports"}
    assert not {"publisher", "anything"} & set(kept)


@pytest.mark.parametrize(
    "call",
    [
        lambda odd: plus.apply_async((1, 2), link=odd),
        lambda odd: plus.apply_async((1, 2), link_error=odd),
        lambda odd: chain(plus.s(1, 2), odd).apply_async(),
        lambda odd: chain(plus.s(1, 2), group(plus.s(1), odd)).apply_async(),
        lambda odd: chord([plus.s(1, 2)], odd).apply_async(),
        lambda odd: plus.apply_async((1, 2), link=plus.s(1).on_error(odd)),
    ],
)
def test_a_step_that_asks_for_pickle_is_refused_when_it_is_called(call: Any) -> None:
    with pytest.raises(TypeError, match=r"elsewhere\.pickling with serializer='pickle'"):
        call(pickling.s().set(serializer="pickle"))
    assert not Job.objects.exists()


def test_a_task_that_prefers_pickle_is_sent_as_json(inbox: Inbox) -> None:
    plus.apply_async((1, 2), link=pickling.s())
    work()
    work()
    [message] = [raw for raw in inbox.raw(QUEUE) if raw["headers"]["task"] == "elsewhere.pickling"]
    assert message["content-type"] == "application/json"


def test_arguments_that_look_like_a_signature_are_kept_whole() -> None:
    order = {"task": "resize", "options": {"width": 300, "serializer": "odd"}}
    job_id = plus.apply_async((1, 2), link=pickling.s(order).set(serializer="json")).id
    [callback] = (Job.objects.get(id=job_id).options or {})["then"]["callbacks"]
    assert callback["args"] == [order]
