"""What Celery's own tools and Flower tell of a real worker, and that what they revoke does not run."""

import json
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import pytest

from apps.local.servers.ports import free_port
from apps.local.servers.postgres import PostgresServer
from apps.local.servers.valkey import ValkeyServer
from tests.acceptance.machine import Machine, started
from tests.ops.browser import Browser, is_up

RUNNING, CANCELLED = 3, 8
SECRET = "hunter2"
WORKER = f"w@{socket.gethostname()}"
A_SESSION = """
from django.contrib.auth.models import Permission
from django.test import Client
from apps.accounts.models import User
person = User.objects.create_user("viewer@example.com", "secret")
person.user_permissions.set(Permission.objects.filter(codename="view_worker"))
client = Client()
client.force_login(person)
print(client.cookies["sessionid"].value)
"""


@dataclass(frozen=True, slots=True)
class Watched:
    """A machine with one worker for one job at a time, and somebody who may look at its Flower."""

    machine: Machine
    flower: Browser

    @contextmanager
    def busy(self, times: int = 1) -> Iterator[tuple[list[str], str]]:
        """Have the worker in the first of some jobs; yield their ids and their arguments as shown."""
        let_go = self.machine.directory / str(uuid4())
        jobs = self.machine.enqueue("kinds.held", times, until=str(let_go), password=SECRET)
        self.machine.until(lambda: self.state(jobs[0]) == RUNNING, "it runs")
        try:
            yield jobs, f"until='{let_go}', password='***'"
        finally:
            let_go.touch()
        self.machine.until_ended(jobs)

    def state(self, job: str) -> int:
        """Return a job's state."""
        return int(self.machine.value("SELECT state FROM jobs_job WHERE id = %s", job))


@pytest.fixture(scope="module")
def watched(durable_postgres: PostgresServer) -> Iterator[Watched]:
    with started(durable_postgres, ValkeyServer) as machine:
        machine.keeper()
        port = free_port()
        machine.flower(port)
        machine.worker("w", 1)
        flower = Browser(port, f"sessionid={machine.program(A_SESSION).strip()}")
        machine.until(
            lambda: is_up(port) and WORKER in flower.get("/workers").body, "Flower hears the worker"
        )
        yield Watched(machine, flower)


def inspected(machine: Machine, *questions: str) -> dict[str, Any]:
    """Ask the only worker as `celery inspect` does; return its answers by question."""
    asked = ", ".join(f"{question!r}: look.{question}()" for question in questions)
    said = machine.program(
        "import json\nfrom celery import current_app as app\n"
        "look = app.control.inspect(timeout=30, limit=1)\n"
        f"print(json.dumps({{{asked}}}))\n"
    )
    return {question: answer[WORKER] for question, answer in json.loads(said).items()}


def inspected_until(machine: Machine, task: str) -> str:
    """Return what `celery inspect active` answers once a task runs."""
    answers: list[str] = []

    def runs() -> bool:
        answers.append(json.dumps(inspected(machine, "active", "reserved")))
        return task in answers[-1]

    machine.until(runs, "it runs")
    return answers[-1]


def test_inspect_tells_real_names_and_readable_arguments_without_secrets(watched: Watched) -> None:
    asked = ("ping", "active", "reserved", "registered", "stats")
    with watched.busy(times=2) as (jobs, shown):
        said = inspected(watched.machine, *asked)
    assert said["ping"] == {"ok": "pong"}
    for question, job in zip(("active", "reserved"), jobs, strict=True):
        [told] = said[question]
        assert (told["id"], told["name"], told["args"]) == (job, "kinds.held", shown)
    assert {"kinds.held", "kinds.add", "elsewhere.touch"} <= set(said["registered"])
    assert said["stats"]["pool"]["max-concurrency"] == 1
    assert said["stats"]["total"]["kinds.held"] >= 1
    assert SECRET not in json.dumps(said)


def test_a_revoked_task_of_another_package_does_not_run_and_a_revoked_job_is_cancelled_in_the_ledger(
    watched: Watched,
) -> None:
    never, done = watched.machine.directory / "never", watched.machine.directory / "done"
    with watched.busy():
        said = watched.machine.program(
            "from celery import current_app as app\n"
            "from tests.kinds.held import held, touch\n"
            f"never, done = touch.delay({str(never)!r}), touch.delay({str(done)!r})\n"
            f"job = held.delay({str(done)!r})\n"
            "app.control.revoke([never.id, job.id])\n"
            "print(never.id, job.id)\n"
        )
        foreign, job = said.split()
        # it hears what is said to all workers in order, so it has heard of the revoke when it answers
        assert foreign in inspected(watched.machine, "revoked")["revoked"]
        assert watched.state(job) == CANCELLED
    watched.machine.until(done.exists, "what was sent after it runs")
    assert not never.exists()
    query = "SELECT status FROM django_celery_results_taskresult WHERE task_id = %s"
    watched.machine.until(lambda: watched.machine.ask(query, foreign) == [("REVOKED",)], "its result says so")
    assert watched.machine.ask("SELECT started_at, state FROM jobs_job WHERE id = %s", job) == [
        (None, CANCELLED)
    ]


def test_flower_shows_real_names_states_and_readable_arguments_without_secrets(watched: Watched) -> None:
    def told(jobs: list[str]) -> list[tuple[object, ...]]:
        tasks = json.loads(watched.flower.get("/api/tasks").body)
        return [(task["name"], task["state"], task["args"]) for job in jobs if (task := tasks.get(job))]

    with watched.busy(times=2) as (jobs, shown):
        now = [("kinds.held", state, shown) for state in ("STARTED", "RECEIVED")]
        watched.machine.until(lambda: told(jobs) == now, "it shows one that runs and one that waits")
        page = watched.flower.get(f"/task/{jobs[0]}").body
        worker = watched.flower.get(f"/api/workers?refresh=true&workername={WORKER}").body
    [active] = json.loads(worker)[WORKER]["active"]
    assert (active["id"], active["name"], active["args"]) == (jobs[0], "kinds.held", shown)
    assert "kinds.held" in page
    assert "password=" in page
    ended = [("kinds.held", "SUCCESS", shown)] * 2
    watched.machine.until(lambda: told(jobs) == ended, "both succeeded")
    everything = [
        page,
        worker,
        watched.flower.get("/api/tasks").body,
        watched.flower.get(f"/worker/{WORKER}").body,
    ]
    assert not [text for text in everything if SECRET in text]


def test_no_secret_of_a_task_of_another_package_is_shown(watched: Watched) -> None:
    machine, until = watched.machine, watched.machine.directory / "logged in"
    said = machine.program(
        "from tests.kinds.held import login\n"
        f"more = {{'api_key': {SECRET!r}, 'dsn': {{'old': {SECRET!r}}}, 'at': 'amqp://me:{SECRET}@here//'}}\n"
        f"print(login.delay({str(until)!r}, {SECRET!r}, **more).id,\n"
        f"      login.delay({str(until)!r}, password={SECRET!r}, fails=True, **more).id)\n"
    )
    tasks = said.split()
    running = inspected_until(machine, tasks[0])
    until.touch()
    query = (
        "SELECT count(*) FROM django_celery_results_taskresult WHERE traceback IS NOT NULL AND task_id = %s"
    )
    machine.until(lambda: machine.value(query, tasks[1]) == 1, "both ended")

    def states() -> list[object]:
        known = json.loads(watched.flower.get("/api/tasks").body)
        return [known.get(task, {}).get("state") for task in tasks]

    machine.until(lambda: states() == ["SUCCESS", "FAILURE"], "Flower has heard of both")
    flower = [watched.flower.get(f"/task/{task}").body for task in tasks]
    flower.append(watched.flower.get("/api/tasks").body)
    admin = machine.program(
        "from django.test import Client\nfrom apps.accounts.models import User\n"
        "from django_celery_results.models import TaskResult\n"
        "client = Client(headers={'host': 'localhost'})\n"
        "client.force_login(User.objects.create_superuser('root@example.com', 'secret'))\n"
        "for pk in TaskResult.objects.filter(task_name='elsewhere.login').values_list('pk', flat=True):\n"
        "    print(client.get(f'/admin/django_celery_results/taskresult/{pk}/change/').content.decode())\n"
    )
    assert admin.count("redis://:***@here/0") == 1
    assert admin.count("cannot log in: password=***") >= 2
    assert admin.count("amqp://me:***@here//") == 2
    log = machine.words_of("w")
    assert [text for text in (running, *flower, admin, log) if SECRET in text] == []


def test_flower_shows_no_password_of_the_broker(watched: Watched) -> None:
    secret = str(urlsplit(watched.machine.broker.url()).password)
    assert watched.flower.get("/api/workers?refresh=true").status == 200
    said = json.loads(watched.flower.get(f"/api/workers?workername={WORKER}").body)[WORKER]
    assert said["conf"]["CELERY_BROKER_URL"].startswith("redis://:***@")
    for page in ("/api/workers", f"/worker/{WORKER}", "/broker", "/workers"):
        answer = watched.flower.get(page)
        assert answer.status == 200, page
        assert secret not in answer.body, page


def test_flower_shows_each_job_that_failed_and_counts_it(watched: Watched) -> None:
    machine, flower = watched.machine, watched.flower
    before = counted(flower)
    machine.program(
        "from apps.jobs import enqueue_many\n"
        "enqueue_many('kinds.fail', [{'how': 'discard'}] * 5 + [{'how': 'value error'}] * 3)\n"
    )
    dead = "SELECT count(*) FROM jobs_job WHERE kind = 'kinds.fail' AND state = 7"
    machine.until(lambda: machine.value(dead) == 8, "all are dead")
    expected = {"task-failed": 8, "task-retried": 3, "task-succeeded": 0}
    machine.until(lambda: counted(flower, before) == expected, f"{expected}: {counted(flower, before)}")
    ids = {str(job) for (job,) in machine.ask("SELECT id FROM jobs_job WHERE kind = 'kinds.fail'")}
    tasks = json.loads(flower.get("/api/tasks?limit=1000").body)
    shown = {task_id: tasks[task_id] for task_id in ids}
    assert {task["state"] for task in shown.values()} == {"FAILURE"}
    assert {task["name"] for task in shown.values()} == {"kinds.fail"}
    assert {task["args"] for task in shown.values()} == {"how='discard'", "how='value error'"}
    assert any("There is no row 7" in task["exception"] for task in shown.values())
    assert all("Traceback" in task["traceback"] for task in shown.values())


def test_flower_shows_jobs_that_ended_before_their_message_arrived_as_revoked(watched: Watched) -> None:
    machine = watched.machine
    with watched.busy():
        cancelled, expired = machine.program(
            "from uuid import UUID\nfrom apps.jobs import transitions\n"
            "from tests.kinds.held import held\n"
            "jobs = held.delay('/'), held.apply_async(('/',), expires=5)\n"
            "transitions.cancel(UUID(jobs[0].id))\n"
            "print(*(job.id for job in jobs))\n"
        ).split()
        machine.until(lambda: watched.state(expired) == CANCELLED, "it expires")

    def shown() -> list[dict[str, Any]]:
        tasks = json.loads(watched.flower.get("/api/tasks?limit=1000").body)
        return [tasks.get(job, {}) for job in (cancelled, expired)]

    machine.until(lambda: [task.get("state") for task in shown()] == ["REVOKED"] * 2, "both are revoked")
    query = "SELECT extract(epoch FROM finished_at)::float8 FROM jobs_job WHERE id = %s"
    for job, task in zip((cancelled, expired), shown(), strict=True):
        assert task["revoked"] == pytest.approx(machine.value(query, job), abs=0.01), "the ledger's time"


def counted(flower: Browser, before: dict[str, int] | None = None) -> dict[str, int]:
    """Return how many events of failing jobs Flower has counted, since before."""
    found = dict.fromkeys(("task-failed", "task-retried", "task-succeeded"), 0)
    for line in flower.get("/metrics").body.splitlines():
        for event in found:
            if line.startswith("flower_events_total{") and f'"{event}"' in line and '"kinds.fail"' in line:
                found[event] += int(float(line.rpartition(" ")[2]))
    return {event: count - (before or {}).get(event, 0) for event, count in found.items()}
