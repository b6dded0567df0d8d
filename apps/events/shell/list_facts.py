"""`events list`: facts that fit, the latest first."""

from argparse import ArgumentParser, Namespace

from apps.events.models import Fact
from apps.events.shell.options import add_fact_filter, fact_filter
from apps.jobs.kinds import arguments as job_arguments
from apps.jobs.shell import options as shared
from apps.jobs.shell.answer import Answer, table

HELP = "List events, the latest first."
_FIELDS = ("id", "event", "emitted_at", "data")


def arguments(parser: ArgumentParser) -> None:
    """Add its own arguments."""
    add_fact_filter(parser)
    parser.add_argument("--limit", type=shared.how_many, default=20, help="how many at most (20)")


def run(options: Namespace) -> Answer:
    """List them."""
    facts = list(fact_filter(options).facts().order_by("-id")[: options.limit])
    rows = [[fact.pk, fact.name, fact.emitted_at, job_arguments.shown(fact.data)] for fact in facts]
    data = [_said(fact) for fact in facts]
    return Answer({"facts": data}, table(_FIELDS, rows) if rows else "No event matches.")


def _said(fact: Fact) -> dict[str, object]:
    return {
        "id": str(fact.pk),
        "event": fact.name,
        "emitted_at": fact.emitted_at,
        "data": job_arguments.masked(fact.data),
    }
