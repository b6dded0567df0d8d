"""Run canvases that come as lines of JSON on one side, and answer with what became of each.

``python -m tests.canvases.driver plain`` or ``ledger``.
"""

import json
import re
import sys
import time
from collections.abc import Callable
from typing import Any

from celery import Celery
from celery.result import GroupResult

from tests.canvases.bodies import OPEN, RUNS, records
from tests.canvases.shapes import build

PATIENCE_S = 60.0
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def main(side: str) -> None:
    """Answer each line."""
    app, is_quiet = {"plain": _plain, "ledger": _ledger}[side]()
    for serial, line in enumerate(sys.stdin):
        shapes = json.loads(line)
        handles = [_start(app, shape, f"{side}{serial}.{n}") for n, shape in enumerate(shapes)]
        _wait(is_quiet)
        runs = [json.loads(run) for run in records().lrange(RUNS, 0, -1)]
        records().delete(RUNS)
        answers = [
            {"end": _end(handle), "runs": sorted(_of(f"{side}{serial}.{n}/", runs))}
            for n, handle in enumerate(handles)
        ]
        print(json.dumps(answers), flush=True)


def _of(prefix: str, runs: list[list[str]]) -> list[list[str]]:
    return [[label.removeprefix(prefix), value] for label, value in runs if label.startswith(prefix)]


def _start(app: Celery, shape: Any, prefix: str) -> Any:
    try:
        return build(shape, lambda name: app.tasks[name], prefix).apply_async()
    except Exception as error:  # noqa: BLE001  # any is an answer
        return error


def _end(handle: Any) -> object:
    """Return the value of a canvas, or the failure that its caller gets."""
    if isinstance(handle, Exception):
        return {"refused": type(handle).__name__, "why": str(handle)}
    if not handle.ready():
        return {"waits": "for ever"}
    try:
        # a group of Redis results that it waits for natively may block past any timeout
        ask = handle.join if isinstance(handle, GroupResult) else handle.get
        return {"value": ask(timeout=PATIENCE_S)}
    except Exception as error:  # noqa: BLE001  # any is an answer
        return {"failed": type(error).__name__, "why": _UUID.sub("ID", str(error))}


def _wait(is_quiet: Callable[[], bool]) -> None:
    give_up_at = time.monotonic() + PATIENCE_S
    while not is_quiet():
        if time.monotonic() > give_up_at:
            raise AssertionError("the canvases go on and on")
        time.sleep(0.01)


def _plain() -> tuple[Celery, Callable[[], bool]]:
    from tests.canvases.plain import app  # noqa: PLC0415  # one side has no Django

    app.loader.import_default_modules()
    app.finalize()
    return app, lambda: int(records().get(OPEN) or 0) == 0


def _ledger() -> tuple[Celery, Callable[[], bool]]:
    import django  # noqa: PLC0415  # the other side has none

    django.setup()
    from celery import current_app  # noqa: PLC0415
    from django.db import connection  # noqa: PLC0415

    current_app.loader.import_default_modules()

    def lives() -> bool:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT EXISTS (SELECT FROM jobs_job WHERE state NOT IN (6, 7, 8))"
                " OR EXISTS (SELECT FROM jobs_unsettled)"
            )
            return bool(cursor.fetchall()[0][0])

    def is_quiet() -> bool:
        return int(records().get(OPEN) or 0) == 0 and not lives() and int(records().get(OPEN) or 0) == 0

    return current_app, is_quiet


if __name__ == "__main__":
    main(sys.argv[1])
