"""`up` brings everything up, keeps it up, and leaves nothing behind, however it ends."""

from __future__ import annotations

import io
import os
import signal
import socket
import urllib.error
import urllib.request
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from apps.local.servers.addresses import recorded
from apps.local.servers.ports import LOOPBACK, free_port, reserve_port
from apps.local.supervise.options import Options
from apps.local.supervise.screen import Screen
from apps.local.supervise.web_ports import plan_ports
from tests.local.toy import Toy
from tests.local.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator

BOX = "Ctrl-C stops everything"
CHILDREN = ("uvicorn", "celery -A config worker", "manage.py keeper", "config beat", "config flower")


@pytest.fixture
def toy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Toy]:
    toy = Toy(tmp_path_factory.mktemp(f"toy{os.getpid()}"))
    yield toy
    toy.run("clean.py")
    assert toy.processes() == []


def reads(address: str, what: bytes) -> bool:
    """Say whether a page answers with this; on a busy machine it may not answer yet."""
    try:
        return read(address) == what
    except urllib.error.URLError:
        return False


def read(address: str) -> bytes:
    with urllib.request.urlopen(address, timeout=10) as answer:
        return bytes(answer.read())


def test_it_comes_up_stops_by_itself_and_leaves_nothing_running(toy: Toy) -> None:
    with toy.up("--all", "--for", "8") as process:
        address = toy.wait_for(r"Backline +(http://\S+)").group(1)
        assert read(address) == b"yes"
        assert all(toy.processes(child) for child in CHILDREN)
        assert process.wait(60) == 0
    assert toy.processes() == []
    assert toy.said(r"PostgreSQL 1\d\S* ready \(\d+\.\d s\)")
    assert toy.said(r"everything stopped")
    assert (toy.directory / "imports.txt").read_text() == "once\n"
    assert not (toy.directory / ".backline" / "servers.json").exists()


def test_the_second_start_imports_nothing_again_and_keeps_its_addresses(toy: Toy) -> None:
    ports = []
    for _ in range(2):
        with toy.up("--for", "0") as process:
            assert process.wait(90) == 0
        ports.append((toy.directory / ".backline" / "postgres" / "port").read_text())
    assert (toy.directory / "imports.txt").read_text() == "once\n"
    assert ports[0] == ports[1]


def test_an_import_that_fails_is_told_and_tried_again_next_time(toy: Toy) -> None:
    with toy.up("--for", "0", TOY_IMPORT="3") as process:
        assert process.wait(90) == 1
    assert toy.said("sample import ended with code 3")
    with toy.up("--for", "0") as process:
        assert process.wait(90) == 0
    assert (toy.directory / "imports.txt").read_text() == "once\nonce\n"


def test_a_database_that_cannot_be_prepared_ends_the_start_with_its_reason(toy: Toy) -> None:
    with toy.up(TOY_PREPARE="broken") as process:
        assert process.wait(60) == 1
    assert toy.said("the toy database is broken")
    assert toy.said("database could not be prepared")
    assert toy.processes() == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_and_sigterm_stop_everything_in_order(toy: Toy, number: signal.Signals) -> None:
    with toy.up() as process:
        toy.wait_for(BOX)
        process.send_signal(number)
        assert process.wait(30) == 0
    assert toy.processes() == []
    assert toy.said("everything stopped")


def test_a_second_ctrl_c_stops_at_once_also_what_does_not_want_to(toy: Toy) -> None:
    with toy.up(TOY_STUBBORN="yes") as process:
        toy.wait_for(BOX)
        process.send_signal(signal.SIGINT)
        toy.wait_for("stopping")
        wait_until(lambda: not toy.processes("http.server"))
        assert process.poll() is None
        process.send_signal(signal.SIGINT)
        assert process.wait(8) == 0
    assert toy.processes() == []
    assert toy.said("stopped at once")


def test_nothing_stays_behind_when_the_supervisor_is_killed(toy: Toy) -> None:
    with toy.up("--all") as process:
        toy.wait_for(BOX)
        process.kill()
        toy.wait_until_nothing_runs(30)


def test_nothing_stays_behind_when_it_is_killed_while_coming_up(toy: Toy) -> None:
    with toy.up() as process:
        toy.wait_for("migrations")
        process.kill()
        toy.wait_until_nothing_runs(30)


def test_after_a_kill_the_next_start_waits_for_the_rest_and_comes_up(toy: Toy) -> None:
    with toy.up(TOY_STUBBORN="yes") as process:
        toy.wait_for(BOX)
        process.kill()
    with toy.up("--for", "0") as process:
        toy.wait_for("an earlier run was killed")
        assert process.wait(90) == 0


def test_a_child_that_dies_starts_again_and_the_run_was_not_well(toy: Toy) -> None:
    with toy.up("--for", "6") as process:
        toy.wait_for(BOX)
        (keeper,) = [p for p in toy.processes("manage.py keeper") if "leash.py" not in " ".join(p.cmdline())]
        keeper.kill()
        toy.wait_for(r"keeper was killed by signal 9 after \d+ s; it starts again in 0.5 s")
        toy.wait_for(r"keeper +keeper toy ready")
        assert process.wait(60) == 1


def test_a_server_that_dies_starts_again_at_the_same_address(toy: Toy) -> None:
    with toy.up() as process:
        toy.wait_for(BOX)
        addresses = (toy.directory / ".backline" / "servers.json").read_text()
        for server in toy.processes("postgres -D"):
            if "leash.py" not in " ".join(server.cmdline()):
                server.kill()
        toy.wait_for(r"PostgreSQL died; it starts again(?s:.)*PostgreSQL \S+ ready")
        assert (toy.directory / ".backline" / "servers.json").read_text() == addresses
        process.send_signal(signal.SIGINT)
        assert process.wait(30) == 0


def test_a_second_up_names_the_first_and_leaves_it_alone(toy: Toy) -> None:
    with toy.up() as process:
        address = toy.wait_for(r"Backline +(http://\S+)").group(1)
        second = toy.run("run_up.py")
        assert f"already runs here: pid {process.pid}, {address}" in second
        wait_until(lambda: reads(f"{address}page.txt", b"yes"))


def test_two_projects_that_start_at_the_same_moment_take_different_ports(toy: Toy) -> None:
    other = Toy(Path(f"{toy.directory}-other"))
    with toy.up() as _, other.up() as _:
        addresses = {each.wait_for(r"Backline +(http://\S+)").group(1) for each in (toy, other)}
        assert len(addresses) == 2
        assert not any(each.said("ended with code") for each in (toy, other))
    other.run("clean.py")
    assert other.processes() == []


def test_a_reserved_port_is_free_again_when_its_reservation_is_closed() -> None:
    port, reservation = reserve_port(free_port())
    with reservation:
        second, other = reserve_port(port)
        other.close()
        assert second != port
    third, again = reserve_port(port)
    again.close()
    assert third == port


def test_asked_port_is_not_given_to_flower_too() -> None:
    with ExitStack() as reserved:
        plan = plan_ports(Options(Path(), 5555, False, None, workers=1), Screen(io.StringIO()), reserved)
    assert plan.flower_port != plan.web_port


def test_a_busy_port_is_told_and_the_next_one_taken_unless_it_was_asked_for(toy: Toy) -> None:
    port = free_port()
    with socket.create_server((LOOPBACK, port)), toy.up("--port", str(port)) as process:
        assert process.wait(30) == 1
        assert toy.said(f"Port {port} is busy")
    assert toy.processes() == []


def test_clean_stops_a_running_project_and_removes_what_it_made(toy: Toy) -> None:
    with toy.up() as process:
        toy.wait_for(BOX)
        home = (toy.directory / ".backline" / "postgres" / "home").resolve()
        said = toy.run("clean.py")
        assert process.wait(5) == 0
    assert f"stopped manage.py up, pid {process.pid}" in said
    assert f"removed {toy.directory / '.backline'}" in said
    assert not (toy.directory / ".backline").exists()
    assert not home.exists() or os.geteuid() != 0
    assert toy.processes() == []


def test_addresses_of_the_environment_replace_the_embedded_servers_and_are_shown_masked(toy: Toy) -> None:
    other = Toy(Path(f"{toy.directory}-servers"))
    with other.up() as _:
        other.wait_for(BOX)
        addresses = recorded(other.directory)
        with toy.up("--for", "0", **addresses) as process:
            assert process.wait(90) == 0
    assert toy.said(r"DATABASE_URL is set: postgresql://backline:\*\*\*@127")
    assert toy.said(r"REDIS_URL is set: redis://:\*\*\*@127")
    for address in addresses.values():
        assert address not in toy.output.read_text()
    assert not (toy.directory / ".backline" / "postgres").exists()
    other.run("clean.py")


def test_changed_code_restarts_the_processes_and_broken_code_leaves_them_alone(toy: Toy) -> None:
    def keepers() -> set[int]:
        return {process.pid for process in toy.processes("manage.py keeper")}

    with toy.up() as process:
        toy.wait_for(BOX)
        before = keepers()
        (toy.directory / "jobs").mkdir()
        (toy.directory / "jobs" / "broken.py").write_text("broken")
        toy.wait_for("The changed code does not start")
        assert toy.said("the toy database is broken")
        assert keepers() == before
        (toy.directory / "jobs" / "broken.py").rename(toy.directory / "jobs" / "right.py")
        toy.wait_for(r"jobs/broken.py and 1 more changed; restarting")
        wait_until(lambda: bool(keepers()) and not keepers() & before)
        process.send_signal(signal.SIGINT)
        assert process.wait(30) == 0
    assert not toy.said("starts again in")
