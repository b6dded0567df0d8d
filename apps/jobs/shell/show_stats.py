"""`jobs stats`: how many jobs of each kind were enqueued and how they ended, from the roll-ups."""

from argparse import ArgumentParser, Namespace
from datetime import datetime, timedelta

from django.core.management.base import CommandError
from django.utils import timezone

from apps.jobs import registry
from apps.jobs.operating import throughput
from apps.jobs.operating.throughput import Totals
from apps.jobs.shell import options as shared
from apps.jobs.shell.answer import Answer, table
from apps.lib import words

HELP = "Show how many jobs of each kind were enqueued, how they ended, and how long they took."
_HEADS = ("kind", "enqueued", "succeeded", "dead", "cancelled", "failed attempts", "waited", "ran", "slowest")


def arguments(parser: ArgumentParser) -> None:
    """Add its own arguments."""
    parser.add_argument("--kind", default="", help="of this job type")
    parser.add_argument(
        "--since", type=shared.moment, default="1h", metavar="WHEN", help="an age such as 2h, or a date (1h)"
    )


def run(options: Namespace) -> Answer:
    """Show them."""
    since: datetime = options.since
    if since > timezone.now():
        raise CommandError(f"--since {since:%Y-%m-%d %H:%M:%S} has not come yet.")
    found = throughput.totals(since=since, kind=options.kind)
    if options.kind and not found:  # one that is gone from the code may still have numbers
        _refuse_unknown(options.kind)
    text = table(_HEADS, (_row(totals) for totals in found)) if found else "Nothing happened since then."
    return Answer({"since": since, "kinds": [_data(totals) for totals in found]}, text)


def _refuse_unknown(kind: str) -> None:
    """Raise CommandError for a kind that there is not."""
    try:
        registry.get(kind)
    except registry.UnknownKind as error:
        raise CommandError(str(error)) from error


def _row(totals: Totals) -> tuple[object, ...]:
    spans = (totals.mean_wait, totals.mean_run, totals.slowest)
    counts = (totals.enqueued, totals.succeeded, totals.dead, totals.cancelled, totals.failed_attempts)
    return (totals.kind, *counts, *("" if span is None else words.span(span) for span in spans))


def _data(totals: Totals) -> dict[str, object]:
    return {
        "kind": totals.kind,
        "enqueued": totals.enqueued,
        "succeeded": totals.succeeded,
        "dead": totals.dead,
        "cancelled": totals.cancelled,
        "failed_attempts": totals.failed_attempts,
        "mean_wait_s": _seconds(totals.mean_wait),
        "mean_run_s": _seconds(totals.mean_run),
        "slowest_s": _seconds(totals.slowest),
    }


def _seconds(span: timedelta | None) -> float | None:
    return None if span is None else span.total_seconds()
