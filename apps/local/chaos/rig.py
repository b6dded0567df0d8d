"""Real servers, two workers, two keepers and a producer in a directory of their own, gone after the trial."""

import os
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import psycopg
import redis
from django.conf import settings

from apps.local.chaos import clocks, commands, sink
from apps.local.chaos.cables import Cable, Cables
from apps.local.chaos.clocks import MovablePostgres, OwnClocks, ServerClock
from apps.local.chaos.process import Process
from apps.local.servers.postgres import PostgresServer
from apps.local.servers.valkey import ValkeyServer

PATIENCE_S = 60.0
WORKERS = ("worker0", "worker1")
KEEPERS = ("keeper0", "keeper1")
_WITH_CLOCKS = ("worker", "beat")
_SQL = Path(__file__).with_name("sql")


class NotInTime(RuntimeError):  # noqa: N818
    """Something a trial waited for did not come."""


class CannotRun(RuntimeError):  # noqa: N818
    """This machine lacks what the fault needs; the message says what."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What a rig is made of."""

    is_celery: bool = False  # the reference column: plain Celery, no ledger
    is_cabled: bool = False  # every process reaches its servers through cables of its own
    clock_rate: float | None = None  # PostgreSQL's clock runs so fast; it and those of workers and beats move
    concurrency: int = 2
    pool: str = "prefork"
    environment: dict[str, str] = field(default_factory=dict)
    environment_of: dict[str, dict[str, str]] = field(default_factory=dict)  # by process


class Rig:
    """A whole Backline (or plain Celery) that may be broken."""

    def __init__(self, plan: Plan | None = None) -> None:
        self.plan = plan or Plan()
        self.processes: dict[str, Process] = {}
        self._ever: list[Process] = []
        self._cables: dict[tuple[str, str], Cable] = {}
        self._preload = clocks.library() if self.plan.clock_rate else None
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        """Bring the servers up with a migrated database; no process yet."""
        try:
            self._open()
        except BaseException:
            self._stack.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End every process and server."""
        self._stack.close()

    @property
    def names(self) -> tuple[str, ...]:
        """Return the processes that run when all is well."""
        return ("producer", *WORKERS) if self.plan.is_celery else ("producer", *KEEPERS, *WORKERS)

    def cable(self, name: str, server: str) -> Cable:
        """Return the cable from a process to ``postgres`` or ``broker``."""
        return self._cables[name, server]

    def need_clocks(self) -> None:
        """Raise CannotRun where clocks have to be moved and nothing on this machine can."""
        if self.plan.clock_rate and self._preload is None:
            raise CannotRun(clocks.MISSING)

    @property
    def clock(self) -> ServerClock:
        """Return PostgreSQL's clock, for a fault to move; ``now`` says what it shows."""
        if not isinstance(self.postgres, MovablePostgres):
            raise CannotRun(clocks.MISSING)
        return self.postgres.clock

    def now(self) -> datetime:
        """Return what PostgreSQL's clock shows."""
        moment: datetime = self.value("SELECT clock_timestamp()")
        return moment

    def start(self, name: str) -> Process:
        """Start a process that is not there, or is there no more."""
        arguments = commands.arguments(
            name,
            is_celery=self.plan.is_celery,
            concurrency=self.plan.concurrency,
            pool=self.plan.pool,
            has_own_clock=self._has_own_clock(name),
        )
        process = Process(name, arguments, self._environment(name), self.directory / f"{name}.log")
        self.processes[name] = process
        self._ever.append(process)
        return process

    def restore(self) -> None:
        """Fix the cables and start every process that is missing, as a supervisor would."""
        for cable in self._cables.values():
            cable.mend()
        self.postgres.start()
        self.valkey.start()
        for name in self.names:
            if name not in self.processes or not self.processes[name].is_alive:
                self.start(name)
            self.processes[name].wake()

    def ask(self, query: str, *values: object) -> list[tuple[Any, ...]]:
        """Ask the database directly, over a connection of one's own."""
        with psycopg.connect(self.postgres.url(), autocommit=True, connect_timeout=5) as connection:
            cursor = connection.execute(query, values or None)
            return cursor.fetchall() if cursor.description else []

    def value(self, query: str, *values: object) -> Any:  # whatever the query says
        """Ask for one value."""
        return self.ask(query, *values)[0][0]

    def broker(self) -> "redis.Redis":
        """Return a client of the broker."""
        return redis.Redis.from_url(self.valkey.operator_url(), socket_timeout=10)

    @property
    def queue(self) -> str:
        """Return the broker's key of the queue."""
        return "default" if self.plan.is_celery else "backline:default"

    def until(self, condition: Callable[[], bool], what: str, patience: float = PATIENCE_S) -> float:
        """Wait for a condition and return how long that took; servers may be away meanwhile."""
        began = time.monotonic()
        while time.monotonic() < began + patience:
            with suppress(psycopg.OperationalError, redis.RedisError):
                if condition():
                    return time.monotonic() - began
            time.sleep(0.03)
        raise NotInTime(f"not within {patience:.0f} s: {what}")

    def workers(self) -> list[Process]:
        """Return the workers."""
        return [self.processes[name] for name in WORKERS]

    def logs(self, *prefixes: str) -> str:
        """Return what processes whose names begin so have logged."""
        return "\n".join(
            path.read_text(errors="replace")
            for path in sorted(self.directory.glob("*.log"))
            if path.name.startswith(prefixes)
        )

    def _open(self) -> None:
        self.directory = Path(
            self._stack.enter_context(tempfile.TemporaryDirectory(prefix="backline-chaos-"))
        )
        self.sink = sink.Sink(self.directory / "sink")
        self.crash_points = self.directory / "crash"
        self.crash_points.mkdir()
        self.own_clocks = OwnClocks(self.directory, self._preload or Path())
        self.postgres, self.valkey = self._postgres(), ValkeyServer(self.directory / "valkey")
        self._stack.callback(self._sweep)
        for server in (self.postgres, self.valkey):
            server.start()
            self._stack.callback(server.remove)
        self._lines = Cables()
        self._stack.callback(self._lines.close)
        self._stack.callback(self._end_all)
        self.postgres.create_database("backline")
        self._make_tables()

    def _make_tables(self) -> None:
        if not self.plan.is_celery:
            migrate = Process(
                "migrate",
                ["manage.py", "migrate", "--verbosity", "0"],
                self._environment("migrate"),
                self.directory / "migrate.log",
            )
            self._ever.append(migrate)
            if not migrate.wait(PATIENCE_S * 2) or migrate.exit_code:
                raise NotInTime(f"the database was not migrated:\n{self.logs('migrate')[-2000:]}")
            self.ask((_SQL / "history.sql").read_text(encoding="utf-8"))
        self.ask((_SQL / "witness.sql").read_text(encoding="utf-8"))

    def _end_all(self) -> None:
        for process in self._ever:
            process.close()

    def _postgres(self) -> PostgresServer:
        place = self.directory / "pg"
        if self._preload is None or self.plan.clock_rate is None:
            return PostgresServer(place)
        return MovablePostgres(place, self._preload, self.plan.clock_rate)

    def _has_own_clock(self, name: str) -> bool:
        return self._preload is not None and name.startswith(_WITH_CLOCKS)

    def _sweep(self) -> None:
        """Remove what moved clocks leave behind, once everybody is gone."""
        if isinstance(self.postgres, MovablePostgres):
            clocks.sweep(self.postgres.pids | {process.pid for process in self._ever})

    def _environment(self, name: str) -> dict[str, str]:
        database, broker = self.postgres.url(), self.valkey.url()
        if self.plan.is_cabled:
            database = database.replace(f":{self.postgres.port}/", f":{self._laid(name, 'postgres')}/")
            broker = broker.replace(f":{self.valkey.port}/", f":{self._laid(name, 'broker')}/")
        return (
            os.environ
            | {
                "DATABASE_URL": database,
                "REDIS_URL": broker,
                "CELERY_BROKER_URL": broker,
                # plain Celery has to stay plain: with Django it would find our job types
                "DJANGO_SETTINGS_MODULE": "" if self.plan.is_celery else "config.settings",
                "BACKLINE_JOB_MODULES": "apps.local.chaos.kinds",
                "BACKLINE_LOG_LEVEL": "WARNING",
                "BACKLINE_UPLOADS_DIR": str(self.directory / "uploads"),
                "PYTHONPATH": str(settings.BASE_DIR),
                "BACKLINE_CRASH_POINTS": str(self.crash_points),
                sink.DIRECTORY: str(self.sink.directory),
            }
            | (self.own_clocks.environment(name) if self._has_own_clock(name) else {})
            | self.plan.environment
            | self.plan.environment_of.get(name, {})
        )

    def _laid(self, name: str, server: str) -> int:
        if (name, server) not in self._cables:
            known = self.postgres if server == "postgres" else self.valkey
            self._cables[name, server] = self._lines.lay(lambda: known.port)
        return self._cables[name, server].port
