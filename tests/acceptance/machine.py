"""One whole Backline on servers of its own: real worker, keeper and beat processes that a test may kill."""

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from pathlib import Path
from typing import Any

import psycopg
import redis

from apps.local.servers.postgres import PostgresServer
from apps.local.servers.rabbitmq import RabbitServer
from apps.local.servers.valkey import ValkeyServer

ROOT = Path(__file__).resolve().parent.parent.parent
PATIENCE_S = 60.0
MIGRATED = "migrated"  # the database of which every machine gets a copy


class Machine:
    """Servers, processes, and questions to the ledger; everything it started ends with it."""

    def __init__(
        self,
        directory: Path,
        postgres: PostgresServer,
        broker: type[ValkeyServer | RabbitServer] = ValkeyServer,
    ) -> None:
        """Live in a directory, on a PostgreSQL that other machines had before and will have after."""
        self.directory = directory
        self.postgres = postgres
        self.broker = broker(directory / "broker")
        self.more_environment: dict[str, str] = {}
        self._processes: list[subprocess.Popen[bytes]] = []

    def start(self) -> None:
        """Bring up the servers with a database as it is after the migrations."""
        self.postgres.start()
        self.broker.start()
        if self.postgres.create_database(MIGRATED):
            self._migrate()
        with psycopg.connect(self.postgres.url("postgres"), autocommit=True) as connection:
            connection.execute("DROP DATABASE IF EXISTS backline WITH (FORCE)")
            connection.execute(f"CREATE DATABASE backline TEMPLATE {MIGRATED}")

    def stop(self) -> None:
        """End every process and server."""
        for process in self._processes:
            kill_group(process)
        self.broker.remove()

    def _migrate(self) -> None:
        self.manage("migrate", "--verbosity", "0", DATABASE_URL=self.postgres.url(MIGRATED))
        with psycopg.connect(self.postgres.url(MIGRATED), autocommit=True) as connection:
            connection.execute(
                "CREATE TABLE steps_walked (job_id uuid, step int, by_pid int DEFAULT pg_backend_pid())"
            )

    @property
    def environment(self) -> dict[str, str]:
        """Return what a process of this machine finds in its environment."""
        ours = {
            "DATABASE_URL": self.postgres.url(),
            "CELERY_BROKER_URL": self.broker.url(),
            "BACKLINE_UPLOADS_DIR": str(self.directory / "uploads"),
            "BACKLINE_JOB_MODULES": "tasks,tests.kinds",
            "DJANGO_SETTINGS_MODULE": "config.settings",
            "PYTHONWARNINGS": "default",
        }
        return os.environ | ours | self.more_environment

    def manage(self, *arguments: str, **environment: str) -> str:
        """Run a command of the project and return what it printed."""
        command = [sys.executable, "manage.py", *arguments]
        env = self.environment | environment
        done = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True)
        assert done.returncode == 0, f"{arguments}: {done.stdout}\n{done.stderr}"
        return done.stdout

    def enqueue(self, kind: str, times: int = 1, **arguments: object) -> list[str]:
        """Enqueue jobs as a program would, each in a transaction of its own; return their ids."""
        return self.enqueue_each(kind, [arguments] * times)

    def enqueue_each(self, kind: str, arguments: list[dict[str, object]]) -> list[str]:
        """Enqueue a job for each of these arguments, in their order."""
        return self.program(
            "from apps.jobs import enqueue\n"
            f"for arguments in {arguments!r}: print(enqueue({kind!r}, **arguments))\n"
        ).split()

    def program(self, code: str) -> str:
        """Run a program that uses the project, Django being ready; return what it printed."""
        command = [sys.executable, "-c", f"import django; django.setup()\n{code}"]
        done = subprocess.run(command, cwd=ROOT, env=self.environment, capture_output=True, text=True)
        assert done.returncode == 0, f"{done.stderr}\n{self.last_words()}"
        return done.stdout

    def worker(self, name: str = "w", concurrency: int = 2, *options: str) -> subprocess.Popen[bytes]:
        """Start a worker and wait until it has signed on."""
        before = self.value("SELECT count(*) FROM jobs_worker")
        process = self.spawn_worker(name, concurrency, *options)
        self.until(lambda: self.value("SELECT count(*) FROM jobs_worker") > before, "the worker signs on")
        return process

    def spawn_worker(self, name: str = "w", concurrency: int = 2, *options: str) -> subprocess.Popen[bytes]:
        """Start a worker."""
        arguments = ["-m", "celery", "-A", "config", "worker", "-n", f"{name}@%h", "-c", str(concurrency)]
        return self.spawn(name, [*arguments, *options])

    def keeper(self, name: str = "keeper") -> subprocess.Popen[bytes]:
        """Start a keeper."""
        return self.spawn(name, ["manage.py", "keeper"])

    def beat(self, name: str = "beat") -> subprocess.Popen[bytes]:
        """Start a beat."""
        return self.spawn(name, ["-m", "celery", "-A", "config", "beat"])

    def flower(self, port: int, name: str = "flower") -> subprocess.Popen[bytes]:
        """Start Flower."""
        return self.spawn(name, ["-m", "celery", "-A", "config", "flower", f"--port={port}"])

    def ask(self, query: str, *values: object) -> list[tuple[Any, ...]]:
        """Ask the database over a connection of one's own."""
        with psycopg.connect(self.postgres.url(), autocommit=True, connect_timeout=5) as connection:
            cursor = connection.execute(query, values or None)
            return cursor.fetchall() if cursor.description else []

    def value(self, query: str, *values: object) -> Any:  # whatever the query says
        """Ask for one value."""
        return self.ask(query, *values)[0][0]

    def refused_commands(self) -> list[str]:
        """Return the commands that the broker refused to its user, who may only run queues."""
        if not isinstance(self.broker, ValkeyServer) or self.broker.process() is None:
            return []
        with redis.Redis.from_url(self.broker.operator_url(), decode_responses=True) as operator:
            return [str(entry["object"]) for entry in operator.acl_log() if entry["reason"] == "command"]

    def make_broker_forget(self) -> None:
        """Have the broker lose every message: RabbitMQ by a crash, since ours are not on its disk."""
        if isinstance(self.broker, ValkeyServer):
            redis.Redis.from_url(self.broker.operator_url()).flushall()
        else:
            self.broker.kill()
            self.broker.start()

    @contextmanager
    def database_takes_no_writes(self) -> Iterator[None]:
        """Let every new transaction be read-only meanwhile, as on a standby."""
        self._let_transactions_write("SET default_transaction_read_only = on")
        try:
            yield
        finally:
            self._let_transactions_write("RESET default_transaction_read_only")

    @contextmanager
    def database_has_no_connection_left(self) -> Iterator[None]:
        """Have every connection taken meanwhile, by others than the processes of this machine."""
        end_ours = (
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE datname = 'backline' AND application_name <> 'hoarder' AND pid <> pg_backend_pid()"
        )
        with psycopg.connect(self.postgres.url(), autocommit=True) as admin, ExitStack() as taken:
            self._take_connections(taken)
            while admin.execute(end_ours).fetchall():
                self._take_connections(taken)
            yield

    def until(self, condition: Callable[[], bool], what: str, patience: float = PATIENCE_S) -> None:
        """Wait for a condition; fail with the processes' last words."""
        give_up_at = time.monotonic() + patience
        while time.monotonic() < give_up_at:
            with suppress(psycopg.OperationalError):
                if condition():
                    return
            time.sleep(0.05)
        raise AssertionError(f"not within {patience} s: {what}\n{self.last_words()}")

    def until_ended(self, ids: list[str], state: int = 6, patience: float = PATIENCE_S) -> None:
        """Wait until these jobs ended in a state."""
        query = "SELECT count(*) FROM jobs_job WHERE id = ANY(%s::uuid[]) AND state = %s"
        self.until(lambda: self.value(query, ids, state) == len(ids), f"{len(ids)} jobs in {state}", patience)

    def steps(self, job_id: str) -> list[int]:
        """Return the steps a walk has committed, in order."""
        query = "SELECT step FROM steps_walked WHERE job_id = %s ORDER BY step"
        return [step for (step,) in self.ask(query, job_id)]

    def words_of(self, name: str) -> str:
        """Return what a process has written so far."""
        return (self.directory / f"{name}.out").read_text(errors="replace")

    def last_words(self) -> str:
        """Return the ends of the processes' logs and the live jobs."""
        logs = "\n".join(
            f"--- {log.name}\n{log.read_text(errors='replace')[-3000:]}"
            for log in sorted(self.directory.glob("*.out"))
        )
        with suppress(psycopg.OperationalError):
            logs += f"\n{self.ask('SELECT id, kind, state, attempt, worker_id FROM jobs_job LIMIT 20')}"
        return logs

    def _let_transactions_write(self, setting: str) -> None:
        writes = "-c default_transaction_read_only=off"
        with psycopg.connect(self.postgres.url(), autocommit=True, options=writes) as connection:
            connection.execute(f"ALTER SYSTEM {setting}")
            connection.execute("SELECT pg_reload_conf()")

    def _take_connections(self, taken: ExitStack) -> None:
        """Connect until PostgreSQL refuses."""
        with suppress(psycopg.OperationalError):
            while True:
                url = self.postgres.url()
                taken.enter_context(closing(psycopg.connect(url, application_name="hoarder")))

    def spawn(self, name: str, arguments: list[str]) -> subprocess.Popen[bytes]:
        """Start a process of Python's with these arguments; what it writes goes to a file of its name."""
        with (self.directory / f"{name}.out").open("ab") as out:
            process = subprocess.Popen(
                [sys.executable, *arguments],
                cwd=ROOT,
                env=self.environment,
                stdout=out,
                stderr=out,
                start_new_session=True,
            )
        self._processes.append(process)
        return process


@contextmanager
def started(postgres: PostgresServer, broker: type[ValkeyServer | RabbitServer]) -> Iterator[Machine]:
    """Have a machine with servers up and no process yet; it is killed and removed in the end."""
    with tempfile.TemporaryDirectory(prefix="backline-machine-") as directory:
        machine = Machine(Path(directory), postgres, broker)
        try:
            machine.start()
            yield machine
        finally:
            machine.stop()


def kill_group(process: subprocess.Popen[bytes]) -> None:
    """Kill a process and everything it started with SIGKILL, and wait until it is gone."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
