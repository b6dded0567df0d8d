"""Both sides on servers of their own: a worker and a driver each, and questions to the two drivers."""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

from tests.acceptance.machine import ROOT, Machine, kill_group
from tests.canvases.shapes import Shape

_QUIET = ("--loglevel", "WARNING")
# processes: in threads, plain Celery's chords fail now and then by its flag "never call get() within a task"
_PLAIN = ("--pool", "prefork", "--without-gossip", "--without-mingle", "--without-heartbeat")


class Side:
    """One driver, which answers what became of canvases."""

    def __init__(self, name: str, environment: dict[str, str], log: Any) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.canvases.driver", name],
            cwd=ROOT,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
            start_new_session=True,
        )

    def send(self, shapes: list[Shape]) -> None:
        """Start canvases."""
        assert self._process.stdin
        self._process.stdin.write(json.dumps(shapes) + "\n")
        self._process.stdin.flush()

    def answers(self) -> list[Any]:
        """Return what became of them."""
        assert self._process.stdout
        line = self._process.stdout.readline()
        assert line, "the driver ended: see its log"
        return list(json.loads(line))

    def end(self) -> None:
        """End the driver."""
        assert self._process.stdin
        assert self._process.stdout
        kill_group(self._process)  # type: ignore[arg-type]  # of texts
        self._process.stdin.close()
        self._process.stdout.close()


@contextmanager
def both(machine: Machine) -> Iterator[tuple[Side, Side]]:
    """Yield the ledger's side and plain Celery's, with a worker each."""
    server = machine.broker.url().rsplit("/", 1)[0]
    machine.more_environment["CANVAS_RECORDS"] = f"{server}/10"
    machine.keeper()
    machine.worker("ledger", 4, "--pool", "threads", *_QUIET)
    plain = machine.environment | {
        "CANVAS_BROKER": f"{server}/11",
        "CANVAS_BACKEND": f"{server}/12",
        "CANVAS_RECORDS": f"{server}/13",
    }
    plain.pop("DJANGO_SETTINGS_MODULE")
    with (machine.directory / "plain.out").open("ab") as log:
        command = ["-m", "celery", "-A", "tests.canvases.plain", "worker", "-c", "4", *_PLAIN, *_QUIET]
        worker = subprocess.Popen(
            [sys.executable, *command], cwd=ROOT, env=plain, stdout=log, stderr=log, start_new_session=True
        )
        with ExitStack() as ends:
            ends.callback(kill_group, worker)
            ours = Side("ledger", machine.environment, log)
            ends.callback(ours.end)
            theirs = Side("plain", plain, log)
            ends.callback(theirs.end)
            yield ours, theirs
