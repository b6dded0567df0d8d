"""Random canvases as plain data, and the same canvas made of either side's tasks.

A step is ``{"do": body, "id": number}``, with ``plain`` (a task of another package), ``alone`` (immutable),
``link``, ``err`` (errbacks) and ``into`` (the canvas that replaces it). A chain, group or chord is
``{"do": "chain", "of": [...]}``, a chord with ``body``.
"""

import operator
from collections.abc import Callable
from functools import reduce
from typing import Any

from celery import chain, chord, group
from hypothesis import strategies as st

Shape = dict[str, Any]
TaskOf = Callable[[str], Any]

MOST_DEEP = 4


def build(shape: Shape, task: TaskOf, prefix: str, first: object = None) -> Any:
    """Return the signature of a shape; ``prefix`` tells its records from those of others."""
    make = _MADE_OF.get(shape["do"])
    if make is not None:
        return make(shape, task, prefix)
    home = "plain" if shape.get("plain") else "job"
    options = {"into": shape["into"]} if "into" in shape else {}
    call = task(f"{home}.{shape['do']}").s(label=f"{prefix}/{shape['id']}", **options)
    if shape.get("alone"):
        call = call.set(immutable=True)
    for linked in shape.get("link", ()):
        call.link(build(linked, task, prefix))
    _link_errors(call, shape, task, prefix)
    return call


def _parts(shape: Shape, task: TaskOf, prefix: str) -> list[Any]:
    return [build(part, task, prefix) for part in shape["of"]]


def _chain(shape: Shape, task: TaskOf, prefix: str) -> Any:
    parts = _parts(shape, task, prefix)
    call = reduce(operator.or_, parts) if shape.get("pipe") else chain(*parts)
    _link_errors(call, shape, task, prefix)
    return call


def _group(shape: Shape, task: TaskOf, prefix: str) -> Any:
    parts = _parts(shape, task, prefix)
    return group(part for part in parts) if shape.get("lazy") else group(parts)


def _chord(shape: Shape, task: TaskOf, prefix: str) -> Any:
    call = chord(_parts(shape, task, prefix), build(shape["body"], task, prefix))
    _link_errors(call, shape, task, prefix)
    return call


def _link_errors(call: Any, shape: Shape, task: TaskOf, prefix: str) -> None:
    for errback in shape.get("err", ()):
        call.link_error(task(f"job.{errback['do']}").s(label=f"{prefix}/{errback['id']}"))


_MADE_OF = {"chain": _chain, "group": _group, "chord": _chord}


@st.composite
def shapes(draw: st.DrawFn) -> Shape:
    """Draw a canvas of at most four levels; its steps are numbered in the order in which they stand."""
    shape = draw(_canvases(MOST_DEEP))
    number(shape)
    return shape


def number(shape: Any, last: list[int] | None = None) -> None:
    """Give each step of a canvas its number."""
    last = [0] if last is None else last
    if isinstance(shape, list):
        for part in shape:
            number(part, last)
        return
    if shape["do"] not in _MADE_OF:
        last[0] += 1
        shape["id"] = last[0]
    for name in ("of", "body", "link", "err", "into"):
        if name in shape:
            number(shape[name], last)


def jobs_of(shape: Any) -> dict[str, str]:
    """Return the body of each step by its number."""
    if isinstance(shape, list):
        return {number: do for part in shape for number, do in jobs_of(part).items()}
    own = {str(shape["id"]): shape["do"]} if "id" in shape else {}
    inner = [jobs_of(shape[name]) for name in ("of", "body", "link", "err", "into") if name in shape]
    return {number: do for found in (own, *inner) for number, do in found.items()}


_FLAG = st.integers(0, 4).map(lambda drawn: drawn == 4)  # seldom


def _step(deep: int) -> st.SearchStrategy[Shape]:
    flags = {"plain": _FLAG, "alone": _FLAG}
    follow = {"link": st.lists(_bare("step"), max_size=1), "err": _errbacks()}
    kinds = [_bare("step"), _bare("step"), _bare("step", **flags, **follow), _bare("boom", **flags, **follow)]
    kinds.append(_bare("flaky", alone=_FLAG))
    if deep > 0:
        kinds.append(_bare("swap", **flags, **follow, into=st.deferred(lambda: _canvases(min(deep - 1, 1)))))
    return st.one_of(kinds)


def _errbacks() -> st.SearchStrategy[list[Shape]]:
    return st.lists(st.one_of(_bare("note"), _bare("told")), max_size=1)


def _canvases(deep: int) -> st.SearchStrategy[Shape]:
    if deep == 0:
        return _step(0)
    parts = st.deferred(lambda: _canvases(deep - 1))
    few = st.lists(parts, min_size=1, max_size=3)
    return st.one_of(
        _step(deep),
        _bare("chain", of=few, pipe=st.booleans(), err=_errbacks()),
        _bare("group", of=few),
        # flat: Redis sorts what a generator's parts nest by their random ids
        _bare("group", of=st.lists(_step(0), min_size=1, max_size=3), lazy=st.just(True)),
        _bare("chord", of=few, body=parts, err=_errbacks()),
    )


def _bare(do: str, **more: st.SearchStrategy[Any]) -> st.SearchStrategy[Shape]:
    drawn = st.fixed_dictionaries({"do": st.just(do), **more})
    return drawn.map(lambda shape: {name: value for name, value in shape.items() if value})
