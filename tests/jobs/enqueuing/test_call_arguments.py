"""Arguments of a call are a list or tuple and a dict, and Celery's options may be given by position."""

from collections.abc import Callable
from typing import Any

import pytest
from celery import current_app
from django.db import connection

from apps.jobs.models import Job
from apps.lib.ids import new_id
from tests.jobs.canvas_steps import work
from tests.kinds.add import add
from tests.kinds.canvas import plus

pytestmark = pytest.mark.usefixtures("in_line")

WAIT_S = 0.5
ODD_ARGS: list[Any] = ["ab", {"a": 1}, {1}, b"ab", range(2), 5, iter((1, 2))]
ODD_KWARGS: list[Any] = [[("a", 1)], "ab", {5}, {5: 1}, {None: 1}]
CALLS: list[Callable[..., object]] = [
    plus.apply_async,
    add.apply_async,
    lambda *call: current_app.send_task("canvas.plus", *call),
    lambda args, kwargs: plus.signature(args, kwargs).apply_async(),
    plus.apply_async_on_commit,
]


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("args", ODD_ARGS, ids=lambda args: type(args).__name__)
def test_args_that_are_no_list_are_refused_with_the_way_out(
    call: Callable[..., object], args: object
) -> None:
    with pytest.raises(TypeError, match=r"args must be a list or tuple, not .*write \(x,\)"):
        call(args, {})
    assert not Job.objects.exists()


@pytest.mark.parametrize("call", [plus.apply_async, add.apply_async, CALLS[2]])
@pytest.mark.parametrize("kwargs", ODD_KWARGS, ids=repr)
def test_kwargs_that_name_nothing_are_refused(call: Callable[..., object], kwargs: object) -> None:
    with pytest.raises(TypeError, match=r"kwargs must be a dict|[Kk]eywords? .*strings?|unexpected|argument"):
        call((), kwargs)
    assert not Job.objects.exists()
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")  # the caller's transaction is whole


@pytest.mark.parametrize("item", ["ab", {1}, 5, None, b"ab", {5: 1}], ids=repr)
def test_item_of_many_that_is_no_arguments_is_refused_by_its_place(item: Any) -> None:
    with pytest.raises(TypeError, match=r"Item 1: .*Nothing was enqueued"):
        plus.enqueue_many([(1,), item])
    assert not Job.objects.exists()


def test_options_may_be_given_by_position_as_in_celery() -> None:
    task_id = str(new_id())
    handle = plus.apply_async((1, 2), {}, task_id, None, plus.s(10), plus.s(), "shown")
    assert handle.id == task_id
    assert Job.objects.get().options["request"] == {"shadow": "shown"}  # type: ignore[index]  # it has some
    assert set(Job.objects.get().options["then"]) == {"callbacks", "errbacks"}  # type: ignore[index]
    work()
    assert set(Job.objects.values_list("result", flat=True)) == {3, 13}


def test_options_of_send_task_may_be_given_by_position_as_in_celery() -> None:
    task_id = str(new_id())
    handle: Any = current_app.send_task("canvas.plus", (1, 2), None, 0, None, task_id)
    work()
    assert (handle.id, handle.get(WAIT_S)) == (task_id, 3)
    with pytest.raises(TypeError, match="by position"):
        current_app.send_task("canvas.plus", *range(40))
