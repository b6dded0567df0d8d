"""maintenance.database_backup: what is on the shelf can be restored; what died on the way is not there."""

import os
import re
import shlex
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
import pytest
from django.conf import settings as django_settings
from django.db import connection
from pytest_django import Settings

from apps.jobs import enqueue
from apps.jobs.keeper import old_weeks
from apps.jobs.models import Job, LogLine
from apps.local.servers.locate import postgres_program
from apps.local.servers.postgres import PostgresServer
from apps.maintenance.backup.programs import APPLICATION, ProgramFailed, Programs, environment, find_programs
from apps.maintenance.backup.run import make_backup
from apps.maintenance.backup.shelf import Shelf
from tests.docs.blocks import ROOT, blocks
from tests.shop.lines import as_csv, sample
from tests.tasks.steps import attempted, begun, ran, result_of, why
from tests.transfers.steps import imported

pytestmark = pytest.mark.usefixtures("committed")

KIND = "maintenance.database_backup"
REAL = postgres_program().executable.parent
NOW = datetime(2026, 3, 1, 2, 30, tzinfo=UTC)


@pytest.fixture
def shelf(settings: Settings) -> Shelf:
    return Shelf(Path(settings.BACKLINE_BACKUPS_DIR))


@pytest.fixture
def programs(tmp_path: Path, settings: Settings) -> Path:
    """A directory of programs that pass everything on to the real ones, until a test rewrites one."""
    directory = tmp_path / "bin"
    directory.mkdir()
    for name in ("pg_dump", "pg_restore"):
        script(directory / name, f'exec {REAL / name} "$@"')
    settings.POSTGRES_PROGRAMS = [directory]
    return directory


def script(path: Path, body: str) -> None:
    """Write a program; it says the real one's version when asked."""
    real = shlex.quote(str(REAL / path.name))
    path.write_text(f'#!/bin/sh\nif [ "$1" = --version ]; then exec {real} --version; fi\n{body}\n')
    path.chmod(0o755)


def files(shelf: Shelf) -> list[str]:
    return sorted(path.name for path in shelf.directory.iterdir()) if shelf.directory.is_dir() else []


def test_a_backup_restored_elsewhere_holds_what_was_there(postgres: PostgresServer, shelf: Shelf) -> None:
    imported(as_csv(sample()))
    result = result_of(ran(KIND))
    file = shelf.directory / result["file"]
    _restore_as_documented(file)
    count = "SELECT count(*), sum(quantity * unit_price) FROM shop_orderline"
    with psycopg.connect(postgres.url("backline_restored")) as other, connection.cursor() as cursor:
        cursor.execute(count)
        assert other.execute(count).fetchone() == cursor.fetchone()
        kept = other.execute("SELECT count(*) FROM jobs_job WHERE kind = %s", [KIND]).fetchone()
    assert kept == (1,)
    assert (result["bytes"], file.stat().st_mode & 0o777) == (file.stat().st_size, 0o600)
    assert result["tables"] > 20
    _is_whole(postgres.url("backline_restored"))


def test_a_backup_in_which_a_week_leaves_the_table_of_jobs_is_restored_too(
    postgres: PostgresServer, shelf: Shelf
) -> None:
    week = old_weeks.weeks()[-1]
    assert old_weeks.detach(week)
    try:
        _restore_as_documented(shelf.directory / result_of(ran(KIND))["file"])
    finally:
        old_weeks.attach_again(week)
    _is_whole(postgres.url("backline_restored"))


def _restore_as_documented(file: Path) -> None:
    """Type what docs/examples.md says, for this file."""
    [block] = [block for block in blocks(ROOT / "docs" / "examples.md", "text") if "pg_restore" in block]
    typed = re.sub(r"\S+\.dump", shlex.quote(str(file)), block)
    subprocess.run(
        [REAL / "dropdb", "--if-exists", "backline_restored"], env=environment(), check=True, timeout=120
    )
    for line in typed.strip().splitlines():
        program, *arguments = shlex.split(line)
        done = subprocess.run(
            [REAL / program, *arguments], env=environment(), capture_output=True, text=True, timeout=120
        )
        assert (done.returncode, done.stderr) == (0, ""), line


def _is_whole(url: str) -> None:
    """Check that no migration is missing and that a job can be enqueued and relayed."""
    code = (
        "import django; django.setup()\n"
        "from apps.jobs import enqueue\nfrom django.core.management import call_command\n"
        "call_command('migrate', check_unapplied=True, verbosity=0)\nenqueue('maintenance.health_check')"
    )
    env = os.environ | {"DATABASE_URL": url, "DJANGO_SETTINGS_MODULE": "config.settings"}
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, env=env, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_the_password_stands_on_no_command_line_and_in_no_log(programs: Path, tmp_path: Path) -> None:
    for name in ("pg_dump", "pg_restore"):
        script(programs / name, f'echo "$0 $@" >> {tmp_path}/said; exec {REAL / name} "$@"')
    ran(KIND)
    password = django_settings.DATABASES["default"]["PASSWORD"]
    said = (tmp_path / "said").read_text()
    assert password
    assert said.count("pg_dump") == 1
    assert password not in said
    assert not LogLine.objects.filter(message__contains=password).exists()


def test_two_runs_leave_two_backups_or_the_later_one(shelf: Shelf) -> None:
    names = {result_of(ran(KIND))["file"] for _ in range(2)}
    assert files(shelf) == sorted(names)


def test_a_dump_that_fails_leaves_nothing_and_says_why(programs: Path, shelf: Shelf) -> None:
    script(programs / "pg_dump", "echo half; echo 'pg_dump: error: no space left' >&2; exit 1")
    job_id = enqueue(KIND)
    assert [attempted(job_id) for _ in range(3)] == ["retrying", "retrying", "dead"]
    assert "pg_dump ended with code 1: pg_dump: error: no space left" in why(job_id)
    assert files(shelf) == []


def test_a_dump_that_was_cut_short_is_found_out(programs: Path, shelf: Shelf) -> None:
    cut = 'for word in "$@"; do case $word in --file=*) truncate -s -50 "${word#--file=}";; esac; done'
    script(programs / "pg_dump", f'{REAL / "pg_dump"} "$@" && {cut}')
    with pytest.raises(ProgramFailed, match="pg_restore ended with code"):
        make_backup(begun(KIND))
    assert files(shelf) == []


def test_what_a_killed_run_left_is_removed_and_its_session_ended(
    shelf: Shelf, postgres: PostgresServer
) -> None:
    shelf.tidy()
    (shelf.directory / ".backup-20260101T000000Z.dump.part").write_bytes(b"half")
    name = django_settings.DATABASES["default"]["NAME"]
    with psycopg.connect(postgres.url(name), application_name=APPLICATION) as orphan:
        result = result_of(ran(KIND))
        with pytest.raises(psycopg.OperationalError):
            orphan.execute("SELECT 1")
    assert files(shelf) == [result["file"]]


def test_a_program_is_ended_when_its_job_is_to_stop(programs: Path, tmp_path: Path) -> None:
    script(programs / "pg_dump", f"echo $$ > {tmp_path}/pid; exec sleep 60")

    def stop() -> None:
        if (tmp_path / "pid").exists():
            raise InterruptedError

    with pytest.raises(InterruptedError):
        Programs(programs).run("pg_dump", watch=stop)
    assert not Path(f"/proc/{(tmp_path / 'pid').read_text().strip()}").exists()


def test_without_programs_it_dies_at_once_and_says_how_to_mend_it(settings: Settings, tmp_path: Path) -> None:
    settings.POSTGRES_PROGRAMS = [tmp_path / "nothing"]
    job_id = enqueue(KIND)
    assert attempted(job_id) == "dead"
    assert "There is no pg_dump and pg_restore of PostgreSQL 1" in why(job_id)
    assert "BACKLINE_PG_BIN" in why(job_id)


def test_programs_that_are_older_than_the_server_are_passed_over(programs: Path, settings: Settings) -> None:
    old = programs.parent / "old"
    old.mkdir()
    for name in ("pg_dump", "pg_restore"):
        (old / name).write_text(f"#!/bin/sh\necho '{name} (PostgreSQL) 9.6.24'\n")
        (old / name).chmod(0o755)
    settings.POSTGRES_PROGRAMS = [old, programs]
    assert find_programs(16).directory == programs


def test_backups_go_after_their_days_but_never_the_latest(shelf: Shelf) -> None:
    shelf.tidy()
    for days in (40, 20, 15, 13):
        shelf.place_of(NOW - timedelta(days=days)).touch()
    (shelf.directory / "notes.txt").touch()
    assert shelf.prune(NOW, timedelta(days=14)) == 3
    assert files(shelf) == ["backup-20260216T023000Z.dump", "notes.txt"]
    assert shelf.prune(NOW + timedelta(days=99), timedelta(days=14)) == 0


def test_a_run_deletes_what_is_too_old(shelf: Shelf, settings: Settings) -> None:
    settings.BACKLINE_BACKUP_DAYS = 3
    shelf.tidy()
    shelf.place_of(datetime(2020, 1, 1, tzinfo=UTC)).touch()
    job = ran(KIND)
    assert result_of(job)["deleted"] == 1
    assert files(shelf) == [result_of(job)["file"]]
    assert Job.objects.filter(kind=KIND).count() == 1
