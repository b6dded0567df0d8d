"""Random canvases end in the ledger as in plain Celery on Redis; the first that does not is made smaller."""

import json
import re
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, seed, settings

from apps.local.servers.postgres import PostgresServer
from apps.local.servers.valkey import ValkeyServer
from tests.acceptance.machine import started
from tests.canvases.shapes import Shape, jobs_of, shapes
from tests.canvases.sides import Side, both

pytestmark = [pytest.mark.acceptance, pytest.mark.xdist_group("acceptance")]

AT_ONCE = 10
ERRBACKS = {"note", "told"}

Sides = tuple[Side, Side]
Answer = dict[str, Any]


@pytest.fixture(scope="module")
def sides(durable_postgres: PostgresServer) -> Iterator[Sides]:
    with started(durable_postgres, ValkeyServer) as machine, both(machine) as sides:
        yield sides


def test_random_canvases_end_as_in_plain_celery(sides: Sides) -> None:
    _compare(sides, 60, 1)


@pytest.mark.chaos
@pytest.mark.parametrize("number", range(2, 7))
def test_many_random_canvases_end_as_in_plain_celery(sides: Sides, number: int) -> None:
    _compare(sides, 100, number)


def _compare(sides: Sides, count: int, number: int) -> None:
    drawn = _drawn(count, number)
    for start in range(0, count, AT_ONCE):
        some = drawn[start : start + AT_ONCE]
        for shape, (ours, theirs) in zip(some, _answers(sides, some), strict=True):
            if not _are_alike(shape, ours, theirs):
                pytest.fail(_story(sides, shape))


def _drawn(count: int, number: int) -> list[Shape]:
    """Draw different canvases, the same ones each time."""
    found: dict[str, Shape] = {}

    @seed(number)
    @settings(
        max_examples=count * 4,
        phases=[Phase.generate],
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(shapes())
    def keep(shape: Shape) -> None:
        found.setdefault(json.dumps(shape), shape)

    keep()
    assert len(found) >= count
    return list(found.values())[:count]


def _answers(sides: Sides, some: list[Shape]) -> Iterator[tuple[Answer, Answer]]:
    for side in sides:
        side.send(some)
    return zip(*[side.answers() for side in sides], strict=True)


def _story(sides: Sides, shape: Shape) -> str:
    """Return the smallest canvas found on which the sides still differ, with both answers."""
    smaller = next((one for one in _smaller(shape) if _differ(sides, one)), None)
    if smaller is not None:
        return _story(sides, smaller)
    [(ours, theirs)] = _answers(sides, [shape])
    return f"{json.dumps(shape)}\nledger {json.dumps(ours)}\nplain  {json.dumps(theirs)}"


def _differ(sides: Sides, shape: Shape) -> bool:
    [(ours, theirs)] = _answers(sides, [shape])
    return not _are_alike(shape, ours, theirs)


def _smaller(shape: Any) -> Iterator[Any]:
    """Yield the canvas with one part in place of the whole, left out, or made smaller."""
    if isinstance(shape, list):
        for n, part in enumerate(shape):
            if len(shape) > 1:
                yield [*shape[:n], *shape[n + 1 :]]
            yield from ([*shape[:n], one, *shape[n + 1 :]] for one in _smaller(part))
        return
    yield from shape.get("of", ())
    yield from (shape[name] for name in ("body", "into") if name in shape)
    for name, value in shape.items():
        if name in ("link", "err", "plain", "alone", "pipe", "lazy"):
            yield {key: kept for key, kept in shape.items() if key != name}
        elif name in ("of", "body", "into"):
            yield from (shape | {name: one} for one in _smaller(value))


def _are_alike(shape: Shape, ours: Answer, theirs: Answer) -> bool:
    """Say whether both sides ran the same tasks with the same arguments and ended alike.

    What plain Celery leaves waiting for ever after a failure, the ledger fails, and calls its errbacks.
    """
    bodies = jobs_of(shape)
    runs = [Counter(map(tuple, answer["runs"])) for answer in (ours, theirs)]
    if "waits" in theirs["end"] and "failed" in ours["end"]:
        return runs[1] <= runs[0] and {bodies[run[0]] for run in runs[0] - runs[1]} <= ERRBACKS
    if runs[0] != runs[1]:
        return False
    if "failed" in ours["end"] and "failed" in theirs["end"]:
        raised = {run[0] for run in runs[0] if bodies[run[0]] == "boom"}
        return {_culprit(ours["end"]), _culprit(theirs["end"])} <= raised
    return bool(ours["end"] == theirs["end"])


def _culprit(end: dict[str, str]) -> str:
    """Return the step whose error this is, also as the reason of a chord; of several, either may be told."""
    return re.sub(r".*ValueError\('(\d+)'\).*", r"\1", end["why"])
