"""A real worker tells a monitor over HTTP how it is and what it did."""

import re
import urllib.error
import urllib.request

import pytest

from apps.local.servers.ports import free_port
from tests.acceptance.machine import Machine, kill_group

DEAD = 7
PATIENCE_S = 10  # two heartbeats, the least that the settings allow


def ask(port: int, path: str) -> tuple[int, str]:
    """Ask for a page; 0 is no answer."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=30) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as refusal:
        with refusal:
            return refusal.code, refusal.read().decode()
    except urllib.error.URLError as silence:
        return 0, str(silence.reason)


def metrics(port: int) -> dict[str, float]:
    """Return the samples of this worker by name and outcome."""
    text = ask(port, "/metrics")[1]
    samples = re.findall(
        r'^backline_(\w+)\{worker="w@[^"]+"(?:,outcome="([^"]+)")?\} (\S+)$', text, re.MULTILINE
    )
    return {f"{name} {outcome}".strip(): float(value) for name, outcome, value in samples}


def test_a_worker_is_well_while_the_ledger_hears_of_it_and_its_counts_move_with_its_jobs(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    machine.keeper()  # the worker's silence is not its business yet
    port = free_port()
    monkeypatch.setenv("BACKLINE_WORKER_HTTP", str(port))
    monkeypatch.setenv("BACKLINE_DEAD_AFTER_S", str(PATIENCE_S))
    machine.worker("w", 2)
    machine.until(lambda: ask(port, "/healthz") == (200, "well\n"), "it is well")
    before = metrics(port)
    assert (before["jobs_total succeeded"], before["processes"], before["jobs_running"]) == (0, 2, 0)

    let_go = machine.directory / "let go"
    [running] = machine.enqueue("kinds.held", until=str(let_go))
    machine.until(lambda: metrics(port)["jobs_running"] == 1, "it is in a job")
    machine.until_ended(machine.enqueue("kinds.add", 10, a=1))
    machine.until_ended(machine.enqueue("kinds.fail", how="discard"), DEAD)
    machine.until(lambda: metrics(port)["jobs_total dead"] == 1, "the dead one is counted")
    assert metrics(port)["jobs_total succeeded"] == 10

    machine.postgres.kill()
    try:
        machine.until(lambda: ask(port, "/healthz")[0] == 503, "its silence is noticed")
        assert re.fullmatch(
            r"The ledger has not heard of this worker for \d+ s\.\n", ask(port, "/healthz")[1]
        )
        assert metrics(port)["heartbeat_age_seconds"] >= PATIENCE_S
    finally:
        machine.postgres.start()
    machine.until(lambda: ask(port, "/healthz") == (200, "well\n"), "it is well again")
    let_go.touch()
    machine.until_ended([running])
    machine.until(lambda: metrics(port)["jobs_total succeeded"] == 11, "the held one is counted")
    machine.until(lambda: metrics(port)["jobs_running"] == 0, "it is in no job any more")
    assert metrics(port)["busy_seconds_total"] > 0


def test_worker_and_keeper_answer_with_what_keeps_jobs_from_starting(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    ports = free_port(), free_port()
    monkeypatch.setenv("BACKLINE_WORKER_HTTP", str(ports[0]))
    machine.worker("w", 1, "-Q", "default")
    monkeypatch.setenv("BACKLINE_KEEPER_HTTP", str(ports[1]))
    keeper = machine.keeper()
    machine.beat()

    def both(status: int, word: str) -> None:
        machine.until(
            lambda: all(
                answer[0] == status and word in answer[1]
                for answer in (ask(port, "/alerts") for port in ports)
            ),
            f"both answer {status} {word}",
        )

    both(200, "no alerts")
    [job] = machine.program(
        "from tests.kinds.add import add\nprint(add.apply_async((1,), queue='imports').id)"
    ).split()
    both(503, "No live worker takes from queue imports. 1 job waits.")
    assert all(
        'backline_alert_jobs{reason="no worker",queue="imports",kind=""} 1\n' in ask(port, "/metrics")[1]
        for port in ports
    )
    assert ask(ports[0], "/healthz") == (200, "well\n")
    monkeypatch.delenv("BACKLINE_WORKER_HTTP")
    machine.worker("v", 1, "-Q", "imports")
    machine.until_ended([job])
    both(200, "no alerts")

    kill_group(keeper)
    machine.until(
        lambda: "No keeper is running" in ask(ports[0], "/alerts")[1], "the worker misses the keeper"
    )
    machine.keeper("second")
    both(200, "no alerts")
    with machine.database_has_no_connection_left():
        both(503, "raise max_connections")
    both(200, "no alerts")
    machine.postgres.kill()
    try:
        machine.until(lambda: "The database does not answer" in ask(ports[0], "/alerts")[1], "it says so")
        assert 'backline_alert{reason="database"' in ask(ports[0], "/metrics")[1]
        assert "backline_processes{" in ask(ports[0], "/metrics")[1]
    finally:
        machine.postgres.start()
    both(200, "no alerts")
