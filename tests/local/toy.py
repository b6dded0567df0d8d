"""A project without Django that `up` can run: the supervisor is tested by itself, on real processes."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import psutil

from apps.local.supervise.demo import SAMPLE
from tests.local.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator

_ROOT = Path(__file__).resolve().parents[2]

_FILES = {
    "manage.py": """
import json, os, signal, sys, time
from pathlib import Path

command = sys.argv[1]
if command == "prepare":
    if os.environ.get("TOY_PREPARE") or Path("jobs/broken.py").exists():
        sys.exit("the toy database is broken")
    print(json.dumps({"applied": 3, "new_admin": False, "database": "1 toy"}))
elif command == "keeper":
    print("keeper toy ready", flush=True)
    if os.environ.get("TOY_STUBBORN"):
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    while True:
        time.sleep(0.1)
elif command == "import_orders":
    with Path("imports.txt").open("a") as file:
        file.write("once\\n")
    sys.exit(int(os.environ.get("TOY_IMPORT", "0")))
""",
    "config/__init__.py": """
import os
from celery import Celery

app = Celery("toy", broker=os.environ.get("CELERY_BROKER_URL") or os.environ["REDIS_URL"])
app.conf.broker_connection_retry_on_startup = True
app.conf.worker_soft_shutdown_timeout = 1.0
""",
    "config/asgi.py": """
async def application(scope, receive, send):
    if scope["type"] == "http":
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"yes"})
""",
    "run_up.py": """
import argparse, sys
from pathlib import Path
from apps.local.supervise.options import Options
from apps.local.supervise.processes import Process, processes
from apps.local.supervise.readiness import Answers, Says
from apps.local.supervise.screen import Screen
from apps.local.supervise.up import up

def two(plan):
    serve = (sys.executable, "-m", "http.server", "--bind", "127.0.0.1", str(plan.web_port))
    yield Process("web", serve, Answers(plan.web_port, "/page.txt"))
    yield Process("keeper", (sys.executable, "manage.py", "keeper"), Says("keeper toy ready"))

parser = argparse.ArgumentParser()
parser.add_argument("--for", dest="seconds", type=float)
parser.add_argument("--port", type=int)
parser.add_argument("--all", action="store_true")
given = parser.parse_args()
options = Options(Path.cwd(), given.port, True, given.seconds, workers=1)
sys.exit(up(options, Screen(sys.stdout), processes if given.all else two))
""",
    "page.txt": "yes",
    "clean.py": """
from pathlib import Path
from apps.local.clean import clean

clean(Path.cwd(), print)
""",
    str(SAMPLE): "Invoice\n536365\n",
}


class Toy:
    """A toy project, what runs in it, and what it said."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.output = directory / "output.txt"
        self._process: subprocess.Popen[bytes] | None = None
        for name, text in _FILES.items():
            path = directory / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text.lstrip())

    @contextmanager
    def up(self, *flags: str, **environment: str) -> Iterator[subprocess.Popen[bytes]]:
        """Run `up` in the background, and leave nothing behind."""
        with self.output.open("wb") as output:
            process = subprocess.Popen(
                [sys.executable, "run_up.py", *flags],
                cwd=self.directory,
                env=self._environment(environment),
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self._process = process
        with process:
            try:
                yield process
            except BaseException as error:
                error.add_note(self.output.read_text("utf-8"))
                raise
            finally:
                if process.poll() is None:
                    process.send_signal(signal.SIGTERM)
                    process.wait(60)

    def run(self, script: str) -> str:
        """Run a script of the project to its end and return what it said."""
        done = subprocess.run(
            [sys.executable, script],
            cwd=self.directory,
            env=self._environment({}),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=120,
            check=False,
        )
        return done.stdout

    def said(self, pattern: str) -> re.Match[str] | None:
        """Look for `pattern` in what `up` said so far."""
        return re.search(pattern, self.output.read_text("utf-8"))

    def wait_for(self, pattern: str, patience: float = 90.0) -> re.Match[str]:
        """Wait until `up` says `pattern`."""
        deadline = time.monotonic() + patience
        while (match := self.said(pattern)) is None:
            ended = self._process is None or self._process.poll() is not None
            if (ended and not self.said(pattern)) or time.monotonic() > deadline:
                raise AssertionError(f"{pattern!r} is not in:\n{self.output.read_text('utf-8')}")
            time.sleep(0.05)
        return match

    def processes(self, part: str = "") -> list[psutil.Process]:
        """Return what runs for this project and has `part` on its command line."""
        return [process for process in psutil.process_iter() if self._is_mine(process, part)]

    def wait_until_nothing_runs(self, patience: float) -> None:
        """Fail when a process of this project is still there after `patience` seconds."""
        wait_until(lambda: not self.processes(), patience)

    def _is_mine(self, process: psutil.Process, part: str) -> bool:
        try:
            if process.status() == psutil.STATUS_ZOMBIE:
                return False
            command = " ".join(process.cmdline())
            mine = process.cwd().startswith(str(self.directory)) or self._key() in process.cwd()
        except (psutil.NoSuchProcess, psutil.AccessDenied):
            return False
        return mine and part in command

    def _key(self) -> str:
        """Return what the homes of this project's servers have in their names."""
        return f"backline-{self.directory.name}-"

    def _environment(self, more: dict[str, str]) -> dict[str, str]:
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("DJANGO")}
        # The tests' Python may lie where only root can read it; see test_account for what drops from root.
        as_root = {"BACKLINE_RUN_AS_ROOT": "yes"}
        return {**inherited, "PYTHONPATH": str(_ROOT), "NO_COLOR": "1", **as_root, **more}
