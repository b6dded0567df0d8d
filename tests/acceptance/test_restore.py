"""The ledger goes back to a backup while its workers, keeper and beat live."""

import os
import subprocess
from pathlib import Path

import psycopg

from apps.local.servers.locate import postgres_program
from tests.acceptance.machine import Machine


def run_tool(name: str, *arguments: str) -> None:
    """Run a program of PostgreSQL."""
    program = Path(postgres_program().executable).with_name(name)
    done = subprocess.run([program, *arguments], env=os.environ, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def go_back_to(machine: Machine, dump: Path) -> None:
    """Restore a backup beside the database, end every session, and put it in the database's place."""
    with psycopg.connect(machine.postgres.url("postgres"), autocommit=True) as admin:
        admin.execute("CREATE DATABASE restored")
        restored = f"--dbname={machine.postgres.url('restored')}"
        run_tool("pg_restore", "--exit-on-error", "--single-transaction", "--no-owner", restored, str(dump))
        admin.execute("DROP DATABASE backline WITH (FORCE)")
        admin.execute("ALTER DATABASE restored RENAME TO backline")


def test_jobs_of_a_restored_backup_end_once_while_the_workers_live(machine: Machine) -> None:
    machine.keeper()
    machine.beat()
    first = machine.worker("first", 3)
    path, dump = machine.directory / "witness", machine.directory / "ledger.dump"
    [long] = machine.enqueue("kinds.witnessed", path=str(path), seconds=45)
    [short] = machine.enqueue("kinds.walk", steps=100, pause_ms=50)
    machine.until(lambda: path.exists() and len(machine.steps(short)) > 5, "both run")
    run_tool("pg_dump", "--format=custom", f"--file={dump}", machine.postgres.url())
    second = machine.worker("second", 3)
    later = machine.enqueue("kinds.add", 20, a=1)
    machine.until_ended([short, *later])
    before = dict(machine.ask("SELECT name, id FROM jobs_worker"))
    go_back_to(machine, dump)
    assert machine.value("SELECT count(*) FROM jobs_worker") == 1, "the second worker is not in the backup"
    registered = "SELECT count(*) FROM jobs_worker WHERE pid > 0 AND stopped_at IS NULL"
    machine.until(lambda: machine.value(registered) == 2, "both are registered", patience=90)
    third = machine.worker("third", 1)
    after = dict(machine.ask("SELECT name, id FROM jobs_worker"))
    assert before.items() <= after.items()
    assert len(set(after.values())) == 3
    machine.until_ended([long, short], patience=150)
    assert "overlap" not in path.read_text()
    assert machine.value("SELECT max(deaths) FROM jobs_job WHERE id = ANY(%s::uuid[])", [long, short]) == 0
    machine.until_ended(machine.enqueue("kinds.add", 20, a=1))
    assert [process.poll() for process in (first, second, third)] == [None] * 3
