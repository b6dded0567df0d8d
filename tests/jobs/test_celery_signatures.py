"""Each method of Celery's that is overridden here takes what Celery's takes, by position and by name."""

import inspect
from collections.abc import Iterator
from typing import Any

import pytest
from celery import Celery, Task
from celery.app.control import Control
from celery.canvas import Signature
from django_celery_results.backends.database import (  # type: ignore[import-untyped]  # it has no types
    DatabaseBackend,
)

from apps.jobs.canvas.canvas import JobSignature
from apps.jobs.celery_app import LedgerCelery
from apps.jobs.control import LedgerControl
from apps.jobs.results import LedgerBackend
from apps.jobs.task import JobTask

PAIRS: list[tuple[type, type]] = [
    (JobTask, Task),
    (JobSignature, Signature),
    (LedgerBackend, DatabaseBackend),
    (LedgerControl, Control),
    (LedgerCelery, Celery),
]
# Called by Celery itself only, or taking less: app.signature of nothing is no signature.
NOT_COMPARED = {"JobTask.bind", "JobTask.on_bound", "LedgerCelery.signature"}


def overridden() -> Iterator[tuple[str, Any, Any]]:
    for ours, celerys in PAIRS:
        for name in dir(ours):
            mine, theirs = (inspect.getattr_static(one, name, None) for one in (ours, celerys))
            if mine is theirs or (name.startswith("_") and name != "__init__"):
                continue
            if f"{ours.__name__}.{name}" in NOT_COMPARED:
                continue
            if inspect.isfunction(mine) and inspect.isfunction(theirs):
                yield f"{ours.__name__}.{name}", mine, theirs


@pytest.mark.parametrize(("mine", "theirs"), [pytest.param(m, t, id=name) for name, m, t in overridden()])
def test_overridden_method_takes_what_celerys_takes(mine: Any, theirs: Any) -> None:
    taken = inspect.signature(mine)
    positional, named = [], {}
    for name, parameter in inspect.signature(theirs).parameters.items():
        if parameter.kind is parameter.POSITIONAL_OR_KEYWORD:
            positional.append(name)
        elif parameter.kind is parameter.KEYWORD_ONLY:
            named[name] = name
    for count in range(1, len(positional) + 1):
        bound = taken.bind(*positional[:count], **{name: name for name in positional[count:]}, **named)
        for name, value in bound.arguments.items():
            assert isinstance(value, tuple | dict) or value == name or name == "self"


def test_methods_are_found() -> None:
    found = {name for name, _, _ in overridden()}
    assert {
        "JobTask.apply_async",
        "JobTask.retry",
        "JobSignature.__init__",
        "LedgerCelery.send_task",
    } <= found
    assert {"LedgerBackend.wait_for", "LedgerControl.revoke", "JobTask.update_state"} <= found
