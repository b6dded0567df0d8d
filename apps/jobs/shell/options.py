"""Options that several subcommands share: which jobs, since when, why, and whether to go ahead."""

import json
import re
from argparse import ArgumentParser, ArgumentTypeError, Namespace
from collections.abc import Iterable
from datetime import datetime, timedelta
from uuid import UUID

from django.core.management.base import CommandError
from django.utils import timezone

from apps.jobs.operating.dead_letters import Filter
from apps.jobs.operating.job_filter import JobFilter
from apps.jobs.states import State

_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
_AGE = re.compile(r"(\d{1,6})([smhdw])")
_MOST_LISTED = 10_000


def moment(text: str) -> datetime:
    """Read an age such as 15m, 2h or 3d, or a date with or without a time."""
    if age := _AGE.fullmatch(text):
        return timezone.now() - timedelta(**{_UNITS[age[2]]: int(age[1])})
    try:
        read = datetime.fromisoformat(text)
    except ValueError:
        raise ArgumentTypeError(
            f"{text!r} is no age such as 15m, 2h, 3d and no date such as 2026-03-01T08:00"
        ) from None
    return read if read.tzinfo else timezone.make_aware(read)


def job_id(text: str) -> UUID:
    """Read the id of a job."""
    try:
        return UUID(text)
    except ValueError:
        raise ArgumentTypeError(f"{text!r} is no job id; `manage.py jobs list` shows them") from None


def state(text: str) -> State:
    """Read the name of a state."""
    named = {known.label: known for known in State}
    if text not in named:
        raise ArgumentTypeError(f"{text!r} is no state; use one of {', '.join(named)}")
    return named[text]


def how_many(text: str) -> int:
    """Read how many rows to list."""
    if not text.isdecimal() or not 1 <= int(text) <= _MOST_LISTED:
        raise ArgumentTypeError(f"{text!r} is no number from 1 to {_MOST_LISTED}")
    return int(text)


def json_object(text: str) -> dict[str, object]:
    """Read named arguments."""
    try:
        read = json.loads(text)
    except ValueError as error:
        raise ArgumentTypeError(f"{text[:80]!r} is no JSON ({error}); write '{{\"name\": 1}}'") from None
    if not isinstance(read, dict):
        raise ArgumentTypeError(f"{text[:80]!r} is no JSON object; name each argument: '{{\"name\": 1}}'")
    return read


def add_filter(parser: ArgumentParser) -> None:
    """Add what jobs and dead letters are both chosen by."""
    parser.add_argument("--kind", default="", help="of this job type")
    parser.add_argument("--tenant", help="of this tenant; '' means of none")
    parser.add_argument("--fingerprint", default="", help="that failed in this way")
    parser.add_argument("--since", type=moment, metavar="WHEN", help="an age such as 2h, or a date")
    parser.add_argument("--until", type=moment, metavar="WHEN", help="an age such as 2h, or a date")


def add_job_filter(parser: ArgumentParser) -> None:
    """Add what jobs are chosen by."""
    add_filter(parser)
    parser.add_argument("--queue", default="", help="in this queue")
    parser.add_argument(
        "--state", type=state, action="append", default=[], help="in this state; may be repeated"
    )


def add_going_ahead(parser: ArgumentParser, *, needs_reason: bool) -> None:
    """Add why, and whether to do it or only to count."""
    parser.add_argument("--reason", default="", required=needs_reason, help="recorded in the audit log")
    parser.add_argument("--yes", action="store_true", help="apply it; without --yes, only count")


def job_filter(options: Namespace, ids: Iterable[UUID] | None = None) -> JobFilter:
    """Return which jobs are meant."""
    return JobFilter(
        kind=options.kind,
        queue=options.queue,
        tenant=options.tenant,
        fingerprint=options.fingerprint,
        states=frozenset(options.state),
        since=options.since,
        until=options.until,
        ids=tuple(ids) if ids else None,
    )


def letter_filter(options: Namespace, ids: Iterable[UUID] | None = None) -> Filter:
    """Return which dead letters are meant; raise CommandError for more ids than one may name."""
    try:
        return Filter(
            kind=options.kind,
            fingerprint=options.fingerprint,
            tenant=options.tenant,
            since=options.since,
            until=options.until,
            discarded=options.discarded,
            ids=tuple(ids) if ids else None,
        )
    except ValueError as error:
        raise CommandError(str(error)) from error


def refuse_everything(chosen: JobFilter | Filter, everything: JobFilter | Filter) -> None:
    """Raise CommandError when nothing says which are meant: a forgotten filter must not change all."""
    if chosen == everything:
        raise CommandError("Give ids, or a filter such as --kind or --since.")
