"""The embedded PostgreSQL lives through what happens to it on a laptop."""

from __future__ import annotations

import os
import socket
import stat
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import urlsplit

import psutil
import psycopg
import pytest

from apps.local.servers.errors import PortTakenError, ServerError
from apps.local.servers.ports import LOOPBACK, free_port
from apps.local.servers.postgres import PostgresServer
from apps.local.servers.running import is_gone_within
from tests.local.waiting import wait_until

Make = Callable[..., PostgresServer]


def ask(server: PostgresServer, question: str, database: str = "postgres") -> object:
    with psycopg.connect(server.url(database), autocommit=True) as connection:
        row = connection.execute(question).fetchone()
    assert row is not None
    return row[0]


def tell(server: PostgresServer, order: str) -> None:
    with psycopg.connect(server.url("postgres"), autocommit=True) as connection:
        connection.execute(order)


def test_it_starts_twice_without_harm_and_stops_twice_without_harm(make_postgres: Make) -> None:
    server = make_postgres().start()
    pid = server.pid
    assert server.start().pid == pid
    server.stop()
    server.stop()
    assert server.pid is None


def test_committed_rows_and_the_address_outlive_a_kill(make_postgres: Make) -> None:
    server = make_postgres().start()
    tell(server, "CREATE TABLE kept AS SELECT generate_series(1, 1000) AS n")
    address = server.url()
    for _ in range(3):
        server.kill()
        assert server.pid is None
        server.start()
    assert server.url() == address
    assert ask(server, "SELECT count(*) FROM kept") == 1000


def test_a_kill_in_the_middle_of_a_long_query_does_not_hinder_the_next_start(make_postgres: Make) -> None:
    server = make_postgres().start()
    tell(server, "CREATE TABLE busy AS SELECT generate_series(1, 100000) AS n")
    with psycopg.connect(server.url("postgres")) as connection, ThreadPoolExecutor(1) as pool:
        backend = psutil.Process(connection.info.backend_pid)
        query = pool.submit(connection.execute, "SELECT count(*) FROM busy a, busy b")
        wait_until(lambda: backend.cpu_times().user > 0.05)
        server.kill()
        server.start()
        assert ask(server, "SELECT count(*) FROM busy") == 100_000
        with pytest.raises(psycopg.OperationalError):
            query.result(20)
    assert is_gone_within(backend, 0.0)


def test_the_ledger_settings_are_in_force_and_only_loopback_is_served(make_postgres: Make) -> None:
    server = make_postgres().start()
    shown = {name: ask(server, f"SHOW {name}") for name in ("max_wal_size", "jit", "autovacuum_naptime")}
    assert shown == {"max_wal_size": "8GB", "jit": "off", "autovacuum_naptime": "15s"}
    assert ask(server, "SHOW listen_addresses") == LOOPBACK
    assert ask(server, "SHOW server_encoding") == "UTF8"
    assert server.pid is not None
    listening = {
        c.laddr.ip for c in psutil.Process(server.pid).net_connections("inet") if c.status == "LISTEN"
    }
    assert listening == {LOOPBACK}


def test_nobody_gets_in_without_the_password(make_postgres: Make) -> None:
    server = make_postgres().start()
    for password in ("", "wrong"):
        with pytest.raises(psycopg.OperationalError, match="password"):
            psycopg.connect(
                host=LOOPBACK, port=server.port, user="backline", password=password, dbname="postgres"
            )
    assert ask(server, "SELECT count(*) FROM pg_hba_file_rules WHERE auth_method <> 'scram-sha-256'") == 0


def test_passwords_and_data_are_for_their_owner_alone(make_postgres: Make) -> None:
    server = make_postgres().start()
    assert stat.S_IMODE((server.home / "password").stat().st_mode) == 0o600
    assert stat.S_IMODE(server.home.stat().st_mode) == 0o700
    assert stat.S_IMODE(server.directory.stat().st_mode) == 0o700
    assert not list(server.home.glob("*.pw"))


@pytest.mark.skipif(os.geteuid() != 0, reason="not root: only root hands over to another account")
def test_root_runs_the_server_as_an_unprivileged_account_and_widens_no_mode(
    make_postgres: Make, tmp_path: Path
) -> None:
    modes = {path: path.stat().st_mode for path in (tmp_path, *tmp_path.parents)}
    server = make_postgres().start()
    assert server.pid is not None
    assert psutil.Process(server.pid).uids().real != 0
    assert {path: path.stat().st_mode for path in modes} == modes
    assert (server.directory / "home").resolve() == server.home.resolve()


def test_two_databases_of_one_name_are_one(make_postgres: Make) -> None:
    server = make_postgres().start()
    assert server.create_database('we"ird') is True
    assert server.create_database('we"ird') is False
    assert ask(server, "SELECT current_database()", 'we"ird') == 'we"ird'


def test_a_second_starter_takes_over_the_running_server_and_leaves_it_to_its_owner(
    make_postgres: Make, said: list[str]
) -> None:
    owner = make_postgres().start()
    guest = make_postgres().start()
    assert guest.adopted
    assert guest.url() == owner.url()
    assert "already running" in said[-1]
    guest.stop()
    assert owner.pid is not None
    with pytest.raises(ServerError, match=f"already runs on .* port {owner.port}"):
        make_postgres(port=free_port()).start()


def test_a_busy_port_is_left_for_another_and_said_so(make_postgres: Make, said: list[str]) -> None:
    server = make_postgres().start()
    port = server.port
    server.stop()
    with socket.create_server((LOOPBACK, port)):
        other = make_postgres().start()
    assert other.port != port
    assert said == [f"port {port} is busy; PostgreSQL uses {other.port} instead"]


def test_a_busy_port_that_was_asked_for_is_an_error_with_its_mend(make_postgres: Make) -> None:
    with socket.create_server((LOOPBACK, 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(PortTakenError, match=f"cannot use port {port}.*Name another port"):
            make_postgres(port=port).start()


def test_a_port_lost_between_choosing_and_binding_is_chosen_again(
    make_postgres: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.create_server((LOOPBACK, 0)) as other:
        lost = other.getsockname()[1]
        offered = iter([lost])
        monkeypatch.setattr("apps.local.servers.server.free_port", lambda: next(offered, None) or free_port())
        server = make_postgres().start()
    assert server.port != lost
    assert next(offered, None) is None


def test_a_half_finished_initdb_is_done_again(make_postgres: Make) -> None:
    server = make_postgres().start()
    server.stop()
    half = server.home / "data.making-0badcafe"
    server.data.rename(half)
    (half / "PG_VERSION").unlink()
    server.start()
    assert ask(server, "SELECT 1") == 1
    assert not half.exists()


def test_a_data_directory_that_is_not_whole_is_told_and_left_alone(make_postgres: Make) -> None:
    server = make_postgres().start()
    server.stop()
    (server.data / "global" / "pg_control").rename(server.data / "kept")
    with pytest.raises(ServerError, match=r"not a complete PostgreSQL data directory.*backup"):
        server.start()
    assert (server.data / "kept").exists()


def test_data_of_another_major_version_is_told_with_its_mend(make_postgres: Make) -> None:
    server = make_postgres().start()
    server.stop()
    (server.data / "PG_VERSION").write_text("16\n")
    with pytest.raises(ServerError, match=r"made by PostgreSQL 16, but .* is installed.*pg_upgrade"):
        server.start()


def test_a_stale_pid_file_of_a_dead_process_does_not_hinder(make_postgres: Make) -> None:
    server = make_postgres().start()
    server.kill()
    assert (server.data / "postmaster.pid").exists()
    assert server.start().pid is not None


def test_a_stale_pid_file_that_names_a_living_stranger_does_not_hinder_nor_hurt(make_postgres: Make) -> None:
    server = make_postgres().start()
    server.kill()
    pid_file = server.data / "postmaster.pid"
    user = server.account.uid if server.account.other else None
    with subprocess.Popen(["sleep", "60"], user=user) as stranger:
        lines = pid_file.read_text().splitlines()
        pid_file.write_text("\n".join([str(stranger.pid), *lines[1:]]) + "\n")
        server.start()
        server.kill()
        assert stranger.poll() is None
        stranger.kill()


def test_a_lost_password_is_told_at_once(make_postgres: Make) -> None:
    server = make_postgres().start()
    server.stop()
    (server.home / "password").write_text("another")
    with pytest.raises(ServerError, match=r"password in .* is not the one"):
        server.start()
    assert server.pid is None


def test_a_path_too_long_for_a_socket_still_gets_a_server(tmp_path: Path, make_postgres: Make) -> None:
    server = make_postgres("d" * 100).start()
    assert ask(server, "SELECT 1") == 1


def test_a_hostile_path_is_only_a_path(make_postgres: Make) -> None:
    server = make_postgres('it\'s "a" \\path; ü').start()
    assert ask(server, "SELECT 1") == 1


OWNER = """
import sys, time
from pathlib import Path
from apps.local.servers.postgres import PostgresServer
from apps.local.servers.running import is_gone_within
from tests.local.waiting import wait_until
server = PostgresServer(Path(sys.argv[1]), settings={"fsync": "off"}).start()
print(server.pid, flush=True)
time.sleep(600)
"""


def test_the_server_ends_when_its_owner_is_killed(make_postgres: Make) -> None:
    server = make_postgres()
    owner = subprocess.Popen(
        [sys.executable, "-c", OWNER, server.directory], stdout=subprocess.PIPE, text=True, cwd=Path.cwd()
    )
    assert owner.stdout is not None
    with owner:
        postmaster = psutil.Process(int(owner.stdout.readline()))
        owner.kill()
        postmaster.wait(20)
    assert server.start().pid is not None


def test_many_starts_at_once_make_one_server(make_postgres: Make) -> None:
    servers = [make_postgres() for _ in range(4)]
    with ThreadPoolExecutor(4) as pool:
        pids = {server.pid for server in pool.map(PostgresServer.start, servers)}
    assert len(pids) == 1


def test_the_password_survives_a_url(make_postgres: Make) -> None:
    server = make_postgres().start()
    assert urlsplit(server.url("a b/c")).path == "/a%20b%2Fc"
    assert urlsplit(server.url()).password == server.password
