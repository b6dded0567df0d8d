"""A process of the rig: it may be killed, frozen and woken, and it dies with the harness."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

import psutil
from django.conf import settings

TALKATIVE = ("producer", "flooder")  # they answer line by line
# The kernel kills it when the harness ends, however that ends.
_TIED = """
import ctypes, os, signal, sys
ctypes.CDLL(None).prctl(1, signal.SIGKILL)
os.execv(sys.argv[1], sys.argv[1:])
"""


class Process:
    """One Python process in a group of its own."""

    def __init__(
        self, name: str, arguments: Sequence[str], environment: Mapping[str, str], log: Path
    ) -> None:
        self.name = name
        self.log = log
        with log.open("ab") as out:
            self._popen = subprocess.Popen(
                [sys.executable, "-I", "-S", "-c", _TIED, sys.executable, *arguments],
                cwd=settings.BASE_DIR,
                env=dict(environment),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE if name in TALKATIVE else out,
                stderr=out,
                start_new_session=True,
                text=True,
            )

    @property
    def pid(self) -> int:
        """Return the pid of the main process."""
        return self._popen.pid

    @property
    def is_alive(self) -> bool:
        """Say whether the main process runs."""
        return self._popen.poll() is None

    @property
    def exit_code(self) -> int | None:
        """Return how the main process ended; None while it runs."""
        return self._popen.poll()

    def pids(self) -> set[int]:
        """Return the pids of the main process and of all it started."""
        with suppress(psutil.NoSuchProcess):
            return {self.pid} | {child.pid for child in psutil.Process(self.pid).children(recursive=True)}
        return {self.pid}

    def kill(self) -> None:
        """Kill the process and everything it started."""
        self.signal_all(signal.SIGKILL)
        self._popen.wait()

    def kill_main(self) -> None:
        """Kill the main process only; what it started is orphaned."""
        with suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGKILL)
        self._popen.wait()

    def signal_main(self, number: signal.Signals) -> None:
        """Send a signal to the main process."""
        with suppress(ProcessLookupError):
            os.kill(self.pid, number)

    def signal_all(self, number: signal.Signals) -> None:
        """Send a signal to the whole group."""
        with suppress(ProcessLookupError):
            os.killpg(self.pid, number)

    def freeze(self) -> None:
        """Stop the whole group in its tracks."""
        self.signal_all(signal.SIGSTOP)

    def wake(self) -> None:
        """Let the group go on."""
        self.signal_all(signal.SIGCONT)

    def wait(self, patience: float) -> bool:
        """Wait for the main process to end; say whether it did."""
        try:
            self._popen.wait(patience)
        except subprocess.TimeoutExpired:
            return False
        return True

    def close(self) -> None:
        """Kill it if it still runs, and let go of its pipes."""
        self.wake()
        self.kill()
        for pipe in (self._popen.stdin, self._popen.stdout):
            if pipe is not None:
                with suppress(BrokenPipeError):
                    pipe.close()

    def tell(self, line: str) -> None:
        """Write a line to its standard input."""
        if self._popen.stdin is not None:
            with suppress(BrokenPipeError):  # it died; whoever waits for its answer sees that
                self._popen.stdin.write(line + "\n")
                self._popen.stdin.flush()

    def hear(self) -> str:
        """Read a line of its standard output; empty when it is gone."""
        return self._popen.stdout.readline() if self._popen.stdout is not None else ""


def alive(pids: set[int]) -> set[int]:
    """Return those that still run."""
    return {pid for pid in pids if psutil.pid_exists(pid) and _runs(pid)}


def gone(pids: set[int], patience: float) -> bool:
    """Wait until none of these processes is left; say whether that came."""
    give_up_at = time.monotonic() + patience
    while alive(pids) and time.monotonic() < give_up_at:
        time.sleep(0.05)
    return not alive(pids)


def _runs(pid: int) -> bool:
    try:
        return bool(psutil.Process(pid).status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False
