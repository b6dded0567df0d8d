"""A whole Backline with its web process, for a real browser."""

import json
import subprocess
import sys
import urllib.error
import urllib.request
from contextlib import closing
from dataclasses import dataclass
from socket import socket

from tests.acceptance.machine import ROOT, Machine

PASSWORD = "correct horse battery"
OWNER = "tom@aldervale.example"
NEWCOMER = "priya@aldervale.example"
ADMIN = "ada@aldervale.example"

# Somebody with a job in each state, and somebody with none. Priya's jobs would stand in the same line.
SEED = f"""
import django, json
django.setup()
from apps.accounts.models import User
from django.utils.timezone import now
from apps.jobs import transitions
from apps.jobs.models import Job, LogLine
from apps.jobs.states import State
from tests.jobs import steps
User.objects.create_user({NEWCOMER!r}, {PASSWORD!r}, first_name="Priya", last_name="Shah")
User.objects.create_superuser({ADMIN!r}, {PASSWORD!r}, first_name="Ada")
tom = User.objects.create_user({OWNER!r}, {PASSWORD!r}, first_name="Tom", last_name="Okafor", is_staff=True)
steps.QUEUE = "nowhere"
ids = {{}}
for state in reversed(State):
    ids[state.label] = str(steps.job_in(state).id)
trouble = steps.Trouble("m" * 900, "ValueError", "t" * 900, "p" * 300)
long = steps.running(kind="k" * 300, args={{"words": "w" * 3000}})
transitions.bury(long, trouble, {{"traceback": "t" * 900}})
LogLine.objects.create(job_id=long.id, attempt=1, at=now(), level="info", message="o" * 900)
ids["dead, long names"] = str(long.id)
Job.objects.update(owner=tom, subject="Stock take, \\u202eevil\\u202c <b>bold</b> " + "x" * 90)
print(json.dumps(ids))
"""

RUN = f"""
import django
django.setup()
from datetime import timedelta
from django.utils.timezone import now
from apps.accounts.models import User
from apps.jobs.models import Worker
from tests.jobs import steps
tom = User.objects.get(email={OWNER!r})
worker = steps.a_worker()
Worker.objects.filter(id=worker).update(heartbeat_at=now() + timedelta(days=1))
print(steps.running(worker, owner_id=tom.pk, subject="watched.csv", queue="nowhere").id)
"""

SUCCEED = """
import django, sys
django.setup()
from django.utils.timezone import now
from apps.jobs import transitions
from apps.jobs.models import Job, LogLine
job = Job.objects.get(pk=sys.argv[1])
LogLine.objects.create(job_id=job.pk, attempt=1, at=now(), level="info", message="the last line")
assert transitions.succeed(transitions.held(job.pk, job.lease), None)
"""


@dataclass(frozen=True, slots=True)
class Page:
    """A page by name, with who looks at it."""

    name: str
    path: str
    email: str | None


class Site(Machine):
    """A machine with web, worker, keeper and people."""

    def start(self) -> None:
        """Bring everything up and wait until the first page answers."""
        super().start()
        self.port = _free_port()
        self.states: dict[str, str] = json.loads(self.python(SEED))
        self.keeper()
        self.worker("w", 1)
        serve = ["-m", "apps.web.timed_uvicorn", "config.asgi:application", "--port", str(self.port)]
        self.spawn("web", [*serve, "--timeout-graceful-shutdown", "1"])
        self.until(self._answers, "the web process answers")

    @property
    def url(self) -> str:
        """Return where the site is."""
        return f"http://127.0.0.1:{self.port}"

    def python(self, code: str, *words: str) -> str:
        """Run a piece of Python on this machine and return what it printed."""
        command = [sys.executable, "-c", code, *words]
        done = subprocess.run(command, cwd=ROOT, env=self.environment, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def a_running_job(self) -> str:
        """Start a job that only this test moves, whose worker is never silent; return its id."""
        return self.python(RUN).strip()

    def succeeds(self, job_id: str) -> None:
        """Let a running job write a last line and succeed."""
        self.python(SUCCEED, job_id)

    def speaks(self, job_id: str, done: int) -> None:
        """Let a job say how far it got of a hundred."""
        self.ask(
            "INSERT INTO jobs_progress AS p (job_id, attempt, done, total, note, updated_at)"
            " VALUES (%s, 1, %s, 100, '', clock_timestamp())"
            " ON CONFLICT (job_id) DO UPDATE SET done = excluded.done, updated_at = excluded.updated_at",
            job_id,
            done,
        )

    def pages(self) -> list[Page]:
        """Return every page a person can reach, in every state a job can be in."""
        return [
            Page("login", "/login/", None),
            Page("not found", "/no/such/page/", OWNER),
            Page("home", "/", OWNER),
            Page("empty home", "/", NEWCOMER),
            Page("imports", "/imports/", OWNER),
            Page("time zone", "/time-zone/", OWNER),
            Page("newsletter", "/newsletter/", OWNER),
            Page("cancel", f"/jobs/{self.states['queued']}/cancel/", OWNER),
            Page("log", f"/jobs/{self.states['succeeded']}/log/", OWNER),
            *(Page(state, f"/jobs/{job_id}/", OWNER) for state, job_id in self.states.items()),
        ]

    def _answers(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.url}/login/", timeout=5) as answer:
                return bool(answer.status == 200)
        except (urllib.error.URLError, TimeoutError):
            return False


def _free_port() -> int:
    with closing(socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
