"""`effects list`: outside effects of which nobody knows whether they happened."""

from argparse import ArgumentParser, Namespace
from typing import Any

from apps.jobs.operating import unknown_effects
from apps.jobs.shell.answer import Answer

HELP = "List outside effects that ended jobs started without a known outcome."
MOST = 100


def arguments(parser: ArgumentParser) -> None:
    """Add its own arguments."""
    parser.add_argument("--limit", type=int, default=MOST, help=f"so many at most (default: {MOST})")


def run(options: Namespace) -> Answer:
    """List them, the oldest first."""
    found: list[dict[str, Any]] = [
        {"key": effect.key, "job": str(effect.job_id), "started_at": effect.started_at.isoformat()}
        for effect in unknown_effects.open_ones()[: options.limit]
    ]
    lines = [f"{effect['started_at']}  job {effect['job']}  {effect['key']}" for effect in found]
    return Answer({"effects": found}, "\n".join(lines) or "Every effect that was begun has ended.")
