"""Makes a backup: dump, read back, put on the shelf, delete the old ones.  Called by a job type."""

import os
import re
import tempfile
import time
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Final

from django.conf import settings
from django.db import connection

from apps.jobs import Context
from apps.maintenance.backup.programs import APPLICATION, ProgramFailed, Programs, find_programs
from apps.maintenance.backup.shelf import Shelf

_WAIT_FOR_A_LOCK: Final = timedelta(minutes=5)  # a migration holds one; then better another time
_TABLE: Final = re.compile(rb"^\d+; \d+ \d+ TABLE DATA ", re.MULTILINE)


def make_backup(ctx: Context) -> dict[str, object]:
    """Write a backup of the whole database that pg_restore can read to its end; return what it holds.

    Raise Discard when no program of PostgreSQL can do it, ProgramFailed when one says why not.
    """
    began = time.monotonic()
    now, server = _ask_server()
    programs = find_programs(server)
    shelf = Shelf(Path(settings.BACKLINE_BACKUPS_DIR))
    if left := shelf.tidy():
        ctx.log.warning("Removed %d unfinished files of a backup that died.", left)
    _end_orphans()
    file = shelf.place_of(now)
    with shelf.adding(file) as part:
        _dump(ctx, programs, part)
        size, tables = part.stat().st_size, _read_back(ctx, programs, part)
    deleted = shelf.prune(now, timedelta(days=settings.BACKLINE_BACKUP_DAYS))
    seconds = round(time.monotonic() - began, 1)
    ctx.log.info("%s holds %d tables in %d bytes; %d old ones deleted.", file.name, tables, size, deleted)
    return {"file": file.name, "bytes": size, "tables": tables, "seconds": seconds, "deleted": deleted}


def _ask_server() -> tuple[datetime, int]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp(), current_setting('server_version_num')::int / 10000")
        now, major = cursor.fetchone()
    return now, major


def _end_orphans() -> None:
    """End the sessions of a pg_dump whose worker was killed: one backup runs at a time, and it is ours."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE application_name = %s AND datname = current_database() AND usename = current_user",
            [APPLICATION],
        )


def _dump(ctx: Context, programs: Programs, part: Path) -> None:
    programs.run(
        "pg_dump",
        "--format=custom",
        "--no-password",
        f"--lock-wait-timeout={_WAIT_FOR_A_LOCK // timedelta(milliseconds=1)}",
        f"--file={part}",
        watch=lambda: ctx.progress(part.stat().st_size, note="bytes written"),
    )


def _read_back(ctx: Context, programs: Programs, part: Path) -> int:
    """Read a backup to its end, since a list reads only its head; return how many tables' rows it holds."""
    size = part.stat().st_size
    watch = partial(ctx.progress, size, size, "bytes, being read back")
    programs.run("pg_restore", f"--file={os.devnull}", str(part), watch=watch)
    with tempfile.TemporaryFile() as listed:
        programs.run("pg_restore", "--list", str(part), watch=watch, output=listed)
        listed.seek(0)
        tables = len(_TABLE.findall(listed.read()))
    if not tables:
        raise ProgramFailed("pg_dump wrote a backup without a single table. Look at its role's rights.")
    return tables
