"""manage.py import_orders: bring a file of order lines into the shop, by a job like any other."""

import json
from argparse import ArgumentParser
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from django.contrib.auth import get_user_model
from django.core.management.base import BaseCommand, CommandError

from apps.jobs import origin
from apps.jobs.models import Job
from apps.jobs.states import State
from apps.lib.log_lines import one_line
from apps.transfers.imports import start_import
from apps.transfers.models import Import
from apps.transfers.models.import_ import Encoding
from apps.transfers.reading.bad_file import BadFile
from apps.transfers.uploads import store_upload
from apps.transfers.watch import follow, listens, nobody_listens, why_not

if TYPE_CHECKING:
    from uuid import UUID

KIND = "imports.order_lines"
QUEUE = "imports"
TOTALS = {
    "order_lines": "order lines",
    "customers": "customers with a number",
    "products": "products",
    "other_stock_codes": "other stock codes",
    "orders": "orders",
    "cancellations": "of them cancellations",
    "cancelled_lines": "lines of cancellations",
}


class Command(BaseCommand):
    help = "Import a CSV file of order lines (also .csv.gz, .csv.xz); a worker does it."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument("--wait", action="store_true", help="wait for the end, with a progress bar")
        parser.add_argument("--encoding", choices=Encoding.values, default=Encoding.UTF_8.value)
        parser.add_argument("--owner", metavar="EMAIL", help="the user whose import it is")
        parser.add_argument("--json", action="store_true", help="print one JSON object")

    def handle(self, *args: Any, **options: Any) -> None:  # noqa: ARG002  # Django's signature
        run = self._start(options["file"], options["encoding"], options["owner"])
        if not options["wait"]:
            self._tell_started(run, as_json=options["json"])
            return
        try:
            job = follow(cast("UUID", run.job_id), warn=self._warn, bar=not options["json"])
        except KeyboardInterrupt:
            raise CommandError(
                f"Stopped waiting. The import continues as job {run.job_id}.", returncode=130
            ) from None
        report = _report(job)
        if options["json"]:
            self.stdout.write(json.dumps(report))
        if job.state != State.SUCCEEDED or report["result"]["failed"]:
            raise CommandError(one_line(f"The import did not succeed. {report['message']}"))
        if not options["json"]:
            self._tell(report)

    def _start(self, path: Path, encoding: str, owner_email: str | None) -> Import:
        owner = None
        if owner_email:
            owner = get_user_model().objects.filter(email__iexact=owner_email).first()
            if owner is None:
                raise CommandError(f"There is no user {owner_email}.")
        try:
            with path.open("rb") as file:
                upload = store_upload(file, name=path.name, owner=owner)
        except BadFile as error:
            raise CommandError(one_line(str(error))) from error
        except OSError as error:
            raise CommandError(f"{path} cannot be read: {error.strerror}.") from error
        with origin(trigger="shell"):
            return start_import(upload, kind=KIND, encoding=encoding)

    def _tell_started(self, run: Import, *, as_json: bool) -> None:
        if as_json:
            self.stdout.write(json.dumps({"import": run.pk, "job": str(run.job_id)}))
        else:
            self.stdout.write(f"Import {run.pk} is job {run.job_id}.")
        if not listens(QUEUE):
            self._warn(nobody_listens(QUEUE))

    def _tell(self, report: dict[str, Any]) -> None:
        result = report["result"]
        self.stdout.write(one_line(result["message"]))
        counts = {"created": "new", "unchanged": "unchanged", "rejected": "rejected"}
        for name, words in counts.items():
            self.stdout.write(f"{result[name]:>12,} {words}")
        self.stdout.write("In the shop now:")
        for name, words in TOTALS.items():
            self.stdout.write(f"{result['totals'][name]:>12,} {words}")
        self.stdout.write(
            f"{report['rows_per_second']:,} rows/s from request to end ({report['seconds']} s), "
            f"peak memory of the worker {result['peak_memory_mb']} MB"
        )

    def _warn(self, message: str) -> None:
        self.stderr.write(self.style.WARNING(message))


def _report(job: Job) -> dict[str, Any]:
    result = job.result or {}
    seconds = (job.finished_at - job.enqueued_at).total_seconds() if job.finished_at else 0.0
    return {
        "job": str(job.pk),
        "state": "failed" if result.get("failed") else State(job.state).label,
        "attempts": job.attempt,
        "seconds": round(seconds, 2),
        "rows_per_second": round(result.get("rows_read", 0) / seconds) if seconds else 0,
        "result": result,
        "message": result.get("message") or why_not(job),
    }
