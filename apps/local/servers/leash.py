"""Run one command and stop it in order when the owner of standard input is gone.

Started as a script, with nothing but the standard library:
    python -I -S leash.py STOP_SIGNAL GRACE_SECONDS ACCOUNT PID_FILE -- COMMAND...
ACCOUNT is `uid:gid` or `-`; PID_FILE receives the command's pid, or is `-`.
The owner holds the other end of standard input. When it closes it, or dies in whatever way, the
command gets STOP_SIGNAL, GRACE_SECONDS later its process group gets SIGKILL. SIGTERM, SIGINT and
SIGQUIT are passed on; SIGUSR1 kills at once. Should the leash itself be killed, the kernel sends
the command STOP_SIGNAL.
"""

from __future__ import annotations

import ctypes
import os
import select
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import NoReturn

_PASSED_ON = (signal.SIGTERM, signal.SIGINT, signal.SIGQUIT)
_PR_SET_PDEATHSIG = 1


def main(arguments: list[str]) -> NoReturn:
    """Run the command to its end and exit with its code (128 + n when signal n ended it)."""
    stop_name, grace, account, pid_file = arguments[:4]
    wakeup = _listen_to_signals()
    command = _start(arguments[5:], signal.Signals[stop_name], account)
    if pid_file != "-":
        _write_pid(pid_file, command.pid)
    _hold(command, wakeup, signal.Signals[stop_name], float(grace))
    _kill_group(command)  # what the command left behind in its group
    code = command.wait()
    sys.exit(code if code >= 0 else 128 - code)


def _listen_to_signals() -> int:
    """Turn signals into bytes on a pipe, so that one `select` waits for everything."""
    reader, writer = os.pipe()
    os.set_blocking(reader, False)
    os.set_blocking(writer, False)
    signal.set_wakeup_fd(writer)
    for number in (*_PASSED_ON, signal.SIGUSR1, signal.SIGCHLD):
        signal.signal(number, lambda *_: None)
    for number in (signal.SIGHUP, signal.SIGPIPE):
        signal.signal(number, signal.SIG_IGN)
    return reader


def _start(command: list[str], stop: signal.Signals, account: str) -> subprocess.Popen[bytes]:
    uid, gid = (int(part) for part in account.split(":")) if account != "-" else (None, None)
    owner = os.getpid()

    def die_with_the_leash() -> None:
        signal.signal(signal.SIGHUP, signal.SIG_DFL)
        if sys.platform == "linux":
            ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, int(stop))
            if os.getppid() != owner:
                os.kill(os.getpid(), signal.SIGKILL)

    # The leash has one thread, so code between fork and exec is safe here.
    return subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        start_new_session=True,
        preexec_fn=die_with_the_leash,  # noqa: PLW1509
        user=uid,
        group=gid,
        extra_groups=None if uid is None else [],
    )


def _write_pid(path: str, pid: int) -> None:
    fresh = Path(f"{path}.new")
    fresh.write_text(f"{pid}\n", "ascii")
    fresh.replace(path)


def _hold(command: subprocess.Popen[bytes], wakeup: int, stop: signal.Signals, grace: float) -> None:
    """Pass signals on until the command has ended; the end of standard input stops it."""
    owner_watched = [0]
    deadline: float | None = None
    while not _has_ended(command):
        patience = None if deadline is None else max(0.0, deadline - time.monotonic())
        ready, _, _ = select.select([wakeup, *owner_watched], [], [], patience)
        if wakeup in ready:
            _pass_on(os.read(wakeup, 64), command)
        if owner_watched and 0 in ready and not os.read(0, 64):
            owner_watched = []
            deadline = time.monotonic() + grace
            command.send_signal(stop)
        if deadline is not None and time.monotonic() >= deadline:
            _kill_group(command)
            deadline = None


def _has_ended(command: subprocess.Popen[bytes]) -> bool:
    """Look without reaping: until then the pid, which is also the group's id, stays taken."""
    return os.waitid(os.P_PID, command.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None


def _pass_on(numbers: bytes, command: subprocess.Popen[bytes]) -> None:
    for number in numbers:
        if number == signal.SIGUSR1:
            _kill_group(command)
        elif number in _PASSED_ON:
            os.kill(command.pid, number)


def _kill_group(command: subprocess.Popen[bytes]) -> None:
    try:
        os.killpg(command.pid, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        return


if __name__ == "__main__":
    main(sys.argv[1:])
