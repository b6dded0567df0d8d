"""A chord is counted by the parts that report to it, whatever its header is made of."""

from collections.abc import Callable
from typing import Any

import pytest
from celery import chain, chord, group
from django_celery_results.models import ChordCounter  # type: ignore[attr-defined]  # not in the stubs

from apps.jobs import job
from apps.jobs.states import State
from tests.jobs.canvas_steps import states_of, work
from tests.kinds.canvas import flaky, plus, swap

pytestmark = pytest.mark.usefixtures("in_line")

WAIT_S = 0.5  # nothing runs while a test asks


@job("canvas.shown")
def shown(value: Any = None) -> Any:
    """Return what the header gave."""
    return value


def two() -> Any:
    return group(plus.si(2, 2), plus.si(3, 3))


SHAPES: dict[str, tuple[Callable[[], Any], Any]] = {
    "group ends the only part": (lambda: chord([plus.si(1, 1) | two()], shown.s()), [[4, 6]]),
    "group ends the last part": (
        lambda: chord([plus.si(9, 9), plus.si(1, 1) | two()], shown.s()),
        [18, [4, 6]],
    ),
    "group ends the first part": (
        lambda: chord([plus.si(1, 1) | two(), plus.si(9, 9)], shown.s()),
        [[4, 6], 18],
    ),
    "group of a chain and a group": (
        lambda: group(plus.s(1, 1), chain(plus.s(3, 3), group(plus.s(4), plus.s(5)))) | shown.s(),
        [2, [10, 11]],
    ),
    "group is the body of a part": (lambda: chord([chord([plus.si(1, 1)], two())], shown.s()), [[4, 6]]),
    "group in a group in a part": (
        lambda: chord(
            [plus.s(1, 1) | group(chain(plus.s(1), group(plus.s(2), plus.s(3))), plus.s(4))], shown.s()
        ),
        [[[5, 6], 6]],
    ),
    "two groups end two parts": (
        lambda: chord([plus.si(0) | two(), plus.si(0) | two()], shown.s()),
        [[4, 6], [4, 6]],
    ),
    "single member": (lambda: chord([chain(plus.si(1), group(plus.s(1)))], shown.s()), [3]),
    "generator": (lambda: chord((plus.si(n) | two() for n in range(2)), shown.s()), [4, 6, 4, 6]),
    "retried part before a group": (lambda: chord([flaky.s(1) | two()], shown.s()), [[4, 6]]),
    "replaced part before a group": (lambda: chord([swap.s(1) | two()], shown.s()), [[4, 6]]),
    "part replaced by a group": (lambda: chord([swap.s(1, into="one"), plus.si(1)], shown.s()), [6, 2]),
    "chain of chords": (
        lambda: chord([plus.si(1) | two()], shown.s()) | chord([shown.s() | two()], shown.s()),
        [[4, 6]],
    ),
    "nothing but empty groups": (lambda: chord([chain(group())], shown.s()), [[]]),
}


@pytest.mark.parametrize("shape", SHAPES)
def test_chord_body_runs_once_with_all_results(shape: str) -> None:
    make, value = SHAPES[shape]
    result = make().apply_async()
    work()
    assert result.get(WAIT_S) == value
    assert set(states_of("canvas.shown")) == {State.SUCCEEDED}
    assert not ChordCounter.objects.exists()


def test_chord_body_waits_for_every_task_of_a_group_that_ends_a_part() -> None:
    chord([plus.si(1, 1) | two()], shown.s()).apply_async()
    assert ChordCounter.objects.get().count == 2


def test_header_is_read_only_for_the_last_part(monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[str] = []
    whole = ChordCounter.group_result

    def counted(counter: ChordCounter, app: Any = None) -> Any:
        read.append(counter.group_id)
        return whole(counter, app)

    monkeypatch.setattr(ChordCounter, "group_result", counted)
    body = chord([plus.s(number, number) for number in range(5)], shown.s()).apply_async()
    work()
    assert body.get(WAIT_S) == [0, 2, 4, 6, 8]
    assert len(read) == 1
