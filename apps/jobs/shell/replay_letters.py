"""`dead_letters replay`: count first, then put them in line again, carefully if asked."""

from argparse import ArgumentParser, Namespace

from django.core.management.base import CommandError

from apps.jobs import registry
from apps.jobs.operating import dead_letters, replay, replay_keys
from apps.jobs.operating.dead_letters import Filter
from apps.jobs.operating.replay import Pace
from apps.jobs.shell import options as shared
from apps.jobs.shell.answer import Answer
from apps.jobs.shell.letter_options import add_letter_filter

HELP = "Replay dead letters: those named, or with --yes all that match a filter."


def arguments(parser: ArgumentParser) -> None:
    """Add its own arguments."""
    parser.add_argument("ids", nargs="*", type=shared.job_id, metavar="ID")
    add_letter_filter(parser)
    parser.add_argument(
        "--args", dest="named", type=shared.json_object, metavar="JSON", help="other arguments, for one job"
    )
    parser.add_argument(
        "--canary",
        type=int,
        default=0,
        metavar="N",
        help="run this many first; continue only if they succeed",
    )
    parser.add_argument("--per-minute", type=int, metavar="N", help="no faster than this")
    parser.add_argument(
        "--stop-at",
        type=int,
        default=20,
        metavar="PERCENT",
        help="stop if more than this percentage fail again (20)",
    )
    shared.add_going_ahead(parser, needs_reason=True)


def run(options: Namespace) -> Answer:
    """Replay them, or count them first."""
    chosen = shared.letter_filter(options, options.ids)
    shared.refuse_everything(chosen, Filter(discarded=options.discarded))
    if not options.ids and not options.yes:
        count = dead_letters.count(chosen)
        return Answer(
            {"would_replay": count, "done": False},
            f"{count} match: {chosen}. Nothing was changed. Add --yes to replay them, "
            "and perhaps --canary 5 to try a few first.",
        )
    try:
        pace = Pace(canary=options.canary, per_minute=options.per_minute, stop_at_percent=options.stop_at)
        started = replay.replay(chosen, actor=None, reason=options.reason, pace=pace, args=options.named)
    except (replay.NothingToReplay, registry.UnknownKind, TypeError, ValueError) as error:
        raise CommandError(str(error)) from error
    return Answer(
        {
            "replay": started.pk,
            "total": started.total,
            "sent": started.sent,
            "held": started.held,
            "done": True,
        },
        f"Replay {started.pk}: {started.sent} of {started.total} queued again.{replay_keys.told(started)} "
        "`manage.py dead_letters replays` shows its progress.",
    )
