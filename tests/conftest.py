"""Real servers for the whole session: PostgreSQL and Valkey from their wheels, on free ports."""

import signal
import tempfile
from collections.abc import Iterator
from pathlib import Path

import dj_database_url
import pytest
from celery import current_app
from django.conf import settings
from django.db import connections

from apps.local.servers.postgres import PostgresServer
from apps.local.servers.valkey import ValkeyServer
from config import celery_app
from tests.missing_programs import pytest_terminal_summary  # noqa: F401  # a hook

# A test's database may forget what it said when the machine loses power.
FORGETFUL = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "shared_buffers": "128MB",
}


def pytest_configure() -> None:
    """Heed SIGINT, also where a background shell has it ignored: the processes we start inherit that."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.hookimpl(tryfirst=True)
def pytest_report_to_serializable(report: pytest.CollectReport | pytest.TestReport) -> None:
    """Let a test log half a surrogate pair: its report has to travel between xdist's processes."""
    report.sections = [(name, text.encode(errors="replace").decode()) for name, text in report.sections]


@pytest.fixture(scope="session")
def server_directory() -> Iterator[Path]:
    """Return a directory for servers; short, since a socket's path must be."""
    with tempfile.TemporaryDirectory(prefix="backline-test-") as directory:
        yield Path(directory)


@pytest.fixture(scope="session")
def postgres(server_directory: Path) -> Iterator[PostgresServer]:
    """Return the session's PostgreSQL."""
    server = PostgresServer(server_directory / "pg", settings=FORGETFUL)
    with server:
        yield server
    server.remove()


@pytest.fixture(scope="session")
def durable_postgres() -> Iterator[PostgresServer]:
    """Return a PostgreSQL as in production, which every test may kill: making one takes long."""
    with tempfile.TemporaryDirectory(prefix="backline-durable-") as directory:
        server = PostgresServer(Path(directory) / "pg")
        yield server
        server.remove()


@pytest.fixture(scope="session")
def valkey(server_directory: Path) -> Iterator[ValkeyServer]:
    """Return the session's Valkey, known to Celery as its broker."""
    server = ValkeyServer(server_directory / "valkey")
    with server:
        settings.CELERY_BROKER_URL = server.url()
        current_app.conf.update(broker_url=server.url())
        celery_app._after_fork()  # type: ignore[attr-defined]  # a pool that a test opened leads elsewhere
        yield server
    server.remove()


@pytest.fixture(scope="session")
def django_db_modify_db_settings(postgres: PostgresServer) -> None:
    """Point Django at the session's PostgreSQL before pytest-django creates the test database."""
    url = dj_database_url.parse(postgres.url("postgres"))
    for known in (settings.DATABASES["default"], connections["default"].settings_dict):
        for name in ("HOST", "PORT", "USER", "PASSWORD", "NAME"):
            known[name] = url[name]
