"""One process of `manage.py up`: started on a leash, probed, started again with backoff when it dies."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from apps.local.servers.leashed import Command, Leashed
from apps.local.supervise.logs import log_path, start_log

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from apps.local.servers.privileges import Account
    from apps.local.supervise.processes import Process

_FIRST_PAUSE = 0.5
_LONGEST_PAUSE = 30.0
_HEALTHY_AFTER = 60.0


@dataclass(frozen=True)
class Surroundings:
    """What every child gets: the project, the environment, where logs go, and what its leash holds."""

    project: Path
    logs: Path
    environment: Mapping[str, str]
    holds: Callable[[], Sequence[int]]
    account: Account | None = None  # who runs it, where that is not the caller


class Child:
    """A process that is kept running until it is let go."""

    def __init__(self, process: Process, surroundings: Surroundings) -> None:
        self.process = process
        self.name = process.name
        self.log = log_path(surroundings.logs, process.name)
        self.ready = False
        self._surroundings = surroundings
        self._leashed: Leashed | None = None
        self._started_at = 0.0
        self._pause = _FIRST_PAUSE
        self._start_again_at = 0.0
        self._restarting = False

    def start(self) -> None:
        """Start the process now."""
        around = self._surroundings
        start_log(self.log)
        self.ready = False
        self._started_at = time.monotonic()
        self._leashed = Leashed(
            Command(
                arguments=self.process.command,
                log=self.log,
                cwd=around.project,
                grace=self.process.grace,
                environment={**around.environment, **self.process.environment},
                holds=around.holds(),
                account=around.account,
            )
        )

    @property
    def seconds(self) -> float:
        """Return how long the process has been running."""
        return time.monotonic() - self._started_at

    @property
    def ended(self) -> bool:
        """Tell whether the process does not run now."""
        return self._leashed is None or self._leashed.exit_code is not None

    def becomes_ready(self) -> bool:
        """Ask the probe unless it has said yes before."""
        self.ready = self.ready or (not self.ended and self.process.ready(self.log))
        return self.ready

    def look(self) -> str | None:
        """Start again what died when its pause is over; return the sentence that tells of a death."""
        if self._restarting and self.ended:
            self._restarting = False
            self.wait(1.0)
            self.start()
        if self._leashed is not None and self._leashed.exit_code is not None:
            return self._bury(self._leashed.exit_code)
        if self._leashed is None and time.monotonic() >= self._start_again_at:
            self.start()
        return None

    def restart(self) -> None:
        """Ask the process to stop; the look that finds it ended starts it again at once."""
        self._restarting = True
        self.let_go()

    def let_go(self) -> None:
        """Ask the process to stop; its leash kills it when its grace is over."""
        if self._leashed is not None:
            self._leashed.let_go()

    def kill(self) -> None:
        """Kill the process and its group at once."""
        if self._leashed is not None and self._leashed.exit_code is None:
            self._leashed.kill()

    def wait(self, timeout: float) -> bool:
        """Wait for the end; return whether it came."""
        return self._leashed is None or self._leashed.wait(timeout) is not None

    def _bury(self, code: int) -> str:
        if self.seconds >= _HEALTHY_AFTER:
            self._pause = _FIRST_PAUSE
        pause, self._pause = self._pause, min(self._pause * 2, _LONGEST_PAUSE)
        self.wait(1.0)
        self._leashed, self._start_again_at = None, time.monotonic() + pause
        how = f"was killed by signal {code - 128}" if code > 128 else f"ended with code {code}"
        return f"{self.name} {how} after {self.seconds:.0f} s; it starts again in {pause:.1f} s"
