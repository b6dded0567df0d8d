"""Runs an import: chunk after chunk, each with its checkpoint in one transaction.

Called by job types. A kill anywhere costs at most the chunk in hand: rows, rejected
rows, counts and the place to go on are committed together or not at all.
"""

import hashlib
import resource
import time
from pathlib import Path
from typing import Final

from django.conf import settings
from django.db import transaction
from django.db.models.functions import Now

from apps.jobs import Context, Discard, storable
from apps.transfers import quotas, rejects, words
from apps.transfers.ahead import ahead
from apps.transfers.chunks import Chunk, chunks
from apps.transfers.examine import NO_ROWS
from apps.transfers.importer import Importer, Merged
from apps.transfers.models import Import, Upload
from apps.transfers.reading.bad_file import BadFile
from apps.transfers.reading.header import DELIMITERS
from apps.transfers.reading.table import Table
from apps.transfers.reading.unpack import Unpacked

CHUNK_ROWS: Final = 10_000  # 0.3 s of work: what a kill costs, and how often a person sees progress
MOST_REJECTED: Final = 100_000  # beyond it the file is not what its sender thinks


def run_import(
    ctx: Context, import_id: int, importer: Importer, *, chunk_rows: int = CHUNK_ROWS
) -> dict[str, object]:
    """Bring an import to its end, from where it stopped; return the result.

    A file that cannot be read is its sender's mistake and no dead job: the result's ``failed`` is the reason.
    """
    began = time.monotonic()
    run = Import.objects.select_related("upload").filter(pk=import_id).first()
    if run is None:
        raise Discard(f"There is no import {import_id}.")
    first_row, failed = run.rows_read, ""
    if run.finished_at is None:
        try:
            _read(ctx, run, importer, chunk_rows)
        except BadFile as error:
            failed = storable.clean(str(error))
            _remember(ctx, run, failed)
    seconds = time.monotonic() - began
    return {
        "message": run.message,
        "failed": failed,
        "rows_read": run.rows_read,
        "created": run.created,
        "updated": run.updated,
        "unchanged": run.unchanged,
        "rejected": run.rejected,
        "details": run.details,
        "totals": importer.totals(),
        "seconds": round(seconds, 3),  # of this attempt, and the rows it read
        "rows_per_second": round((run.rows_read - first_row) / seconds),
        "peak_memory_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
    }


def _read(ctx: Context, run: Import, importer: Importer, chunk_rows: int) -> None:
    path = _checked_file(run.upload)
    with Unpacked(path) as source:
        table = Table(source, importer.columns, encoding=run.encoding, one_line=importer.one_line)
        _say_header(ctx, run, table)
        parts = chunks(
            table, importer, after_row=run.last_row, size=chunk_rows, position=lambda: source.position
        )
        with ahead(parts) as ready:
            for chunk in ready:
                quotas.refuse_rows(run.upload.owner_id)  # not after the last: it was imported
                _merge(ctx, run, importer, chunk, read=chunk.position / source.size)
    if run.rows_read == 0:
        raise BadFile(NO_ROWS)
    _finish(ctx, run, importer)


def _checked_file(upload: Upload) -> Path:
    """Return the file, if it is what was handed in."""
    try:
        with upload.path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
    except FileNotFoundError:
        raise BadFile(f"{upload.name} is no longer stored. Upload it again.") from None
    if digest != upload.sha256:
        raise BadFile(f"{upload.name} is not what was sent: its checksum differs. Upload it again.")
    return upload.path


def _say_header(ctx: Context, run: Import, table: Table) -> None:
    header = table.header
    if run.last_row:
        ctx.log.info("Going on behind row %s of %s.", f"{run.last_row:,}", run.upload.name)
        return
    ctx.log.info("Reading %s: %s, delimiter %s.", run.upload.name, run.encoding, DELIMITERS[header.delimiter])
    if header.ignored:
        ctx.log.info("Columns that are not used: %s.", ", ".join(header.ignored[:50]))
    run.columns = list(header.columns)


def _merge(ctx: Context, run: Import, importer: Importer, chunk: Chunk, *, read: float) -> None:
    """Commit a chunk with its checkpoint."""
    with transaction.atomic():
        merged = importer.merge(run.pk, chunk.staged)
        faults = sorted([*chunk.faults, *merged.faults])
        rejects.store(run.pk, [(*fault, chunk.fields_of(fault[0])) for fault in faults])
        was_at = run.last_row
        _count(run, chunk, merged, len(faults))
        _save(run, was_at)
        ctx.checkpoint(
            {"row": run.last_row},
            done=run.rows_read,
            total=words.expected(run.rows_read, read),
            note=words.progress(run),
        )
    _refuse_a_long_file(run)
    if run.rejected > MOST_REJECTED:
        raise BadFile(
            f"More than {MOST_REJECTED:,} rows were rejected up to row {run.last_row:,}: the import stopped. "
            "Look at the reasons below: one correction may fix most of them. The valid rows were imported."
        )


def _refuse_a_long_file(run: Import) -> None:
    most = settings.BACKLINE_IMPORT_MAX_ROWS
    if most and run.last_row > most:
        raise BadFile(
            f"The file has more than {most:,} rows: the import stopped. Split it into several files. "
            "The rows before were imported."
        )


def _count(run: Import, chunk: Chunk, merged: Merged, rejected: int) -> None:
    run.last_row = chunk.last_row
    run.created += merged.created
    run.updated += merged.updated
    run.unchanged += merged.unchanged
    run.rejected += rejected
    run.rows_read += merged.created + merged.updated + merged.unchanged + rejected
    for table, counts in merged.details.items():
        so_far = run.details.setdefault(table, {})
        for what, count in counts.items():
            so_far[what] = so_far.get(what, 0) + count


def _save(run: Import, was_at: int) -> None:
    """Write the counts if nobody else went on with this import meanwhile."""
    names = ("last_row", "columns", "rows_read", "created", "updated", "unchanged", "rejected", "details")
    changed = Import.objects.filter(pk=run.pk, last_row=was_at, finished_at=None).update(
        **{name: getattr(run, name) for name in names}
    )
    if not changed:
        raise Discard("Another job goes on with this import.")


def _finish(ctx: Context, run: Import, importer: Importer) -> None:
    with transaction.atomic():
        importer.finish(run.pk)
        run.message = words.outcome(run, importer.title)
        Import.objects.filter(pk=run.pk).update(message=run.message, finished_at=Now())
        ctx.checkpoint({"row": run.last_row}, done=run.rows_read, total=run.rows_read, note=run.message)
    ctx.log.info("%s", run.message)


def _remember(ctx: Context, run: Import, message: str) -> None:
    """Keep the sentence that ends the import, unless this worker lost the job."""
    run.message = message
    ctx.log.warning("%s", message)
    with transaction.atomic():
        Import.objects.filter(pk=run.pk).update(message=message)
        ctx.checkpoint({"row": run.last_row}, done=run.rows_read, note=message)
