"""`dead_letters replays`: who replayed what, and what came of it."""

from argparse import ArgumentParser, Namespace

from apps.jobs.models.replay import Replay
from apps.jobs.shell import options as shared
from apps.jobs.shell.answer import Answer, table

HELP = "List replays, the last one first: who, why, how many, and what came of them."
_FIELDS = (
    "id",
    "asked_at",
    "stage",
    "total",
    "sent",
    "ended_well",
    "died_again",
    "skipped",
    "held",
    "actor_name",
    "reason",
)


def arguments(parser: ArgumentParser) -> None:
    """Add its own arguments."""
    parser.add_argument("--limit", type=shared.how_many, default=20, help="how many at most (20)")


def run(options: Namespace) -> Answer:
    """List them."""
    rows = list(Replay.objects.order_by("-id").values(*_FIELDS, "stopped_because", "filter")[: options.limit])
    text = (
        table(_FIELDS, ([row[name] for name in _FIELDS] for row in rows))
        if rows
        else "Nothing was replayed yet."
    )
    return Answer({"replays": rows}, text)
