"""`dead_letters stop`: end a replay that is under way."""

from argparse import ArgumentParser, Namespace

from django.core.management.base import CommandError

from apps.jobs.operating import replay
from apps.jobs.shell.answer import Answer

HELP = "Stop a replay: jobs already queued run, the rest stay failed."


def arguments(parser: ArgumentParser) -> None:
    """Add its own arguments."""
    parser.add_argument("replay", type=int, help="the number of the replay")
    parser.add_argument("--reason", required=True, help="recorded in the audit log")


def run(options: Namespace) -> Answer:
    """Stop it."""
    try:
        record = replay.stop(options.replay, actor=None, reason=options.reason)
    except (replay.NotGoing, ValueError) as error:
        raise CommandError(str(error)) from error
    left = record.total - record.sent
    return Answer(
        {"replay": record.pk, "sent": record.sent, "left": left}, f"Stopped. {left} were not replayed."
    )
