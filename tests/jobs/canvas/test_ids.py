"""Signatures that Celery gave an id, and signatures that are called twice."""

from typing import Any

import pytest
from celery import Signature, chain, chord, group
from celery.result import AsyncResult
from django.db import transaction

from apps.jobs.models import Job
from apps.lib.ids import new_id
from tests.jobs.canvas_steps import work
from tests.kinds.canvas import boom, plus, total

pytestmark = pytest.mark.usefixtures("in_line")

WAIT_S = 0.5

bare: Any = plus  # a task in place of a signature


class TestFrozenTwice:
    def test_second_call_is_the_same_job_and_leaves_the_transaction_whole(self) -> None:
        call = plus.s(1, 2)
        call.freeze()
        with transaction.atomic():
            first, second = call.delay(), call.delay()
            other = plus.delay(5, 5)
        work()
        assert first.id == second.id
        assert (first.get(WAIT_S), other.get(WAIT_S), Job.objects.count()) == (3, 10, 2)

    def test_second_call_after_the_end_is_the_same_job(self) -> None:
        call = plus.s(1, 2)
        call.freeze()
        call.delay()
        work()
        assert call.delay().get(WAIT_S) == 3

    def test_other_arguments_are_refused_before_anything_is_written(self) -> None:
        call = plus.s(1)
        call.freeze()
        with transaction.atomic():
            call.delay(5)
            with pytest.raises(ValueError, match="is that of another call"):
                call.delay(6)
        assert Job.objects.get().args == {"a": 5, "b": 1}

    def test_another_kind_under_the_same_id_is_refused(self) -> None:
        chosen = str(new_id())
        plus.apply_async((1,), task_id=chosen)
        with pytest.raises(ValueError, match="is that of another call"):
            total.apply_async(([1],), task_id=chosen)

    def test_message_that_came_twice_is_one_job(self) -> None:
        parts = group(plus.s(1, 1), plus.s(2, 2))
        parts.freeze()
        for part in (*parts.tasks, *parts.tasks):
            part.apply_async()
        assert Job.objects.count() == 2


class TestRandomIds:
    @pytest.mark.parametrize(
        ("make", "value"),
        [
            (lambda: chain(plus.s(1, 1), chord([bare, plus.s(5)], total.s())), 10),
            (lambda: chord([chord([plus.s(1), bare], total.s(), args=(1,))], total.s()), 4),
            (lambda: chain(plus.s(1, 1), Signature("canvas.plus"), plus.s(1)), 4),
            (lambda: group(Signature("canvas.plus", args=(1,)), plus.si(2)) | total.s(), 5),
            (lambda: chain(plus.s(1, 1), group(bare, bare), total.s()), 6),
        ],
        ids=[
            "bare part",
            "bare inner part",
            "named step",
            "named part",
            "bare tasks in a group",
        ],
    )
    def test_bare_and_named_tasks_are_steps_like_others(self, make: Any, value: int) -> None:
        result = make().apply_async()
        work()
        assert result.get(WAIT_S) == value

    def test_failure_of_a_bare_task_reaches_who_waits(self) -> None:
        result: Any = chord([plus.si(1), boom], total.s())()
        work()
        with pytest.raises(ValueError, match="boom"):
            result.get(WAIT_S)
        assert result.state == "FAILURE"

    def test_id_that_celery_gave_answers_for_the_job_also_before_its_end(self) -> None:
        call = Signature("canvas.plus", args=(1,))
        given = call.freeze().id
        call.apply_async()
        assert AsyncResult(given).state == "PENDING"
        work()
        assert AsyncResult(given).get(WAIT_S) == 2
