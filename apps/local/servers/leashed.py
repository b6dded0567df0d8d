"""Start a command on a leash: it ends in order when this process ends, however this process ends."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from apps.local.servers.privileges import Account

_IMMEDIATE_PATIENCE = 5.0
_LEASH = Path(__file__).with_name("leash.py")


@dataclass(frozen=True)
class Command:
    """What to run, as whom, where it writes, and how it is asked to stop."""

    arguments: Sequence[str | os.PathLike[str]]
    log: Path
    cwd: Path
    stop: signal.Signals = signal.SIGTERM
    grace: float = 20.0
    account: Account | None = None
    environment: Mapping[str, str] | None = None
    pid_file: Path | None = None
    # Open files that the leash holds too: a lock, or the lifeline of a server this command needs.
    holds: Sequence[int] = ()


class Leashed:
    """A running command and the leash that holds it."""

    def __init__(self, command: Command) -> None:
        owner = command.account
        handover = f"{owner.uid}:{owner.gid}" if owner is not None and owner.other else "-"
        settings = (command.stop.name, str(command.grace), handover, str(command.pid_file or "-"))
        descriptor = os.open(command.log, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        self._once = threading.Lock()
        try:
            self._leash = subprocess.Popen(
                [sys.executable, "-I", "-S", _LEASH, *settings, "--", *command.arguments],
                stdin=subprocess.PIPE,
                stdout=descriptor,
                stderr=descriptor,
                cwd=command.cwd,
                env=None if command.environment is None else dict(command.environment),
                start_new_session=True,
                pass_fds=tuple(command.holds),
            )
        finally:
            os.close(descriptor)

    @property
    def leash_pid(self) -> int:
        """Return the pid of the leash, not of the command."""
        return self._leash.pid

    @property
    def exit_code(self) -> int | None:
        """Return the command's exit code (128 + n after signal n), or None while it runs."""
        return self._leash.poll()

    @property
    def lifeline(self) -> int:
        """Return the file whose last copy, once closed, lets the command go; other leashes may hold it."""
        if self._leash.stdin is None:
            raise ValueError("a leash always has its standard input")
        return self._leash.stdin.fileno()

    def send(self, number: signal.Signals) -> None:
        """Pass SIGTERM, SIGINT or SIGQUIT on to the command."""
        self._leash.send_signal(number)

    def let_go(self) -> None:
        """Drop the lifeline: unless others hold it, the command is stopped, after its grace killed."""
        with self._once:
            if self._leash.stdin is not None and not self._leash.stdin.closed:
                self._leash.stdin.close()

    def end(self, stop: signal.Signals, immediate: signal.Signals, patience: float) -> None:
        """End the command: `stop` for `patience` seconds, then `immediate`, then SIGKILL for its group."""
        for number, seconds in ((stop, patience), (immediate, _IMMEDIATE_PATIENCE)):
            if seconds > 0 and number is not signal.SIGKILL:
                self.send(number)
                if self.wait(seconds) is not None:
                    return
        self.kill()
        self.wait()

    def kill(self) -> None:
        """Kill the command and its process group at once."""
        self._leash.send_signal(signal.SIGUSR1)

    def wait(self, timeout: float | None = None) -> int | None:
        """Wait for the end and return the exit code, or None when `timeout` passed first."""
        try:
            code = self._leash.wait(timeout)
        except subprocess.TimeoutExpired:
            return None
        self.let_go()
        return code
