"""Servers, a keeper and workers of their own for one measurement, gone after it."""

import os
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Self

import psycopg
from django.conf import settings

from apps.local.servers.postgres import PostgresServer
from apps.local.servers.valkey import ValkeyServer

_PATIENCE_S = 60.0
_WORKERS = 2
_CONCURRENCY = 1
_QUEUES = "default,imports,maintenance"


class Rig:
    """A whole Backline in a directory of its own, with durable servers as in production."""

    def __enter__(self) -> Self:
        """Bring everything up and wait for the workers."""
        self._stack = ExitStack()
        directory = Path(self._stack.enter_context(tempfile.TemporaryDirectory(prefix="backline-bench-")))
        self._logs = directory
        self.postgres = PostgresServer(directory / "pg")
        self.valkey = ValkeyServer(directory / "valkey")
        for server in (self.postgres, self.valkey):
            server.start()
            self._stack.callback(server.remove)
        self.postgres.create_database("backline")
        self.run("manage.py", "migrate", "--verbosity", "0")
        self._start("keeper", "manage.py", "keeper")
        for number in range(_WORKERS):
            where = ("-n", f"bench{number}@%h", "-c", str(_CONCURRENCY), "-Q", _QUEUES)
            self._start(f"worker{number}", "-m", "celery", "-A", "config", "worker", *where)
        self._await_workers()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End every process and server."""
        self._stack.close()

    def run(self, *arguments: str) -> str:
        """Run Python on this rig and return what it printed; raise with its last words when it fails."""
        done = subprocess.run(
            [sys.executable, *arguments],
            cwd=settings.BASE_DIR,
            env=self._environment,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise RuntimeError(f"{' '.join(arguments)} ended with {done.returncode}:\n{done.stderr[-2000:]}")
        return done.stdout

    @property
    def _environment(self) -> dict[str, str]:
        broker = self.valkey.process()
        return os.environ | {
            "DATABASE_URL": self.postgres.url(),
            "REDIS_URL": self.valkey.url(),
            "CELERY_BROKER_URL": self.valkey.url(),
            "BACKLINE_UPLOADS_DIR": str(self._logs / "uploads"),
            "BACKLINE_JOB_MODULES": "tasks,apps.local.bench.kinds",
            "BACKLINE_QUEUES": "default,imports,maintenance,bench",
            "BACKLINE_LOG_LEVEL": "WARNING",
            "BENCH_BROKER_PID": str(broker.pid if broker else ""),
            "BENCH_BARE_BROKER": self.valkey.url(database=1),
        }

    def _start(self, name: str, *arguments: str) -> None:
        log = self._stack.enter_context((self._logs / f"{name}.log").open("ab"))
        process = subprocess.Popen(
            [sys.executable, *arguments], cwd=settings.BASE_DIR, env=self._environment, stdout=log, stderr=log
        )
        self._stack.callback(process.wait)
        self._stack.callback(process.terminate)

    def _await_workers(self) -> None:
        give_up_at = time.monotonic() + _PATIENCE_S
        with psycopg.connect(self.postgres.url(), autocommit=True) as connection:
            while time.monotonic() < give_up_at:
                row = connection.execute("SELECT count(*) FROM jobs_worker").fetchone()
                if row and row[0] >= _WORKERS:
                    return
                time.sleep(0.1)
        raise RuntimeError(f"No {_WORKERS} workers within {_PATIENCE_S:.0f} s.")
