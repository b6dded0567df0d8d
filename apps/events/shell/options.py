"""Options by which facts are chosen."""

from argparse import ArgumentParser, ArgumentTypeError, Namespace
from uuid import UUID

from apps.events.choosing import FactFilter
from apps.jobs.shell import options as shared


def fact_id(text: str) -> UUID:
    """Read the id of a fact."""
    try:
        return UUID(text)
    except ValueError:
        raise ArgumentTypeError(f"{text!r} is not an event id; `manage.py events list` shows them") from None


def add_fact_filter(parser: ArgumentParser) -> None:
    """Add what facts are chosen by."""
    parser.add_argument("--event", default="", metavar="NAME", help="such as schedules.missed")
    parser.add_argument("--since", type=shared.moment, metavar="WHEN", help="an age such as 2h, or a date")
    parser.add_argument("--until", type=shared.moment, metavar="WHEN", help="an age such as 2h, or a date")


def fact_filter(options: Namespace, ids: list[UUID] | None = None) -> FactFilter:
    """Return which facts are meant."""
    return FactFilter(
        name=options.event, since=options.since, until=options.until, ids=tuple(ids) if ids else None
    )
