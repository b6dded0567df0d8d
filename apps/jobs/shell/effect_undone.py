"""`effects undone`: a person looked, and the effect did not take place."""

from argparse import ArgumentParser, Namespace

from django.core.management.base import CommandError

from apps.jobs.operating import unknown_effects
from apps.jobs.shell.answer import Answer

HELP = "Say that an unknown effect did not happen; its job tries it again when it is replayed."


def arguments(parser: ArgumentParser) -> None:
    """Add its own arguments."""
    parser.add_argument("key", help="of the effect, as its dead letter names it")
    parser.add_argument("--reason", required=True, help="how you know; recorded in the audit log")


def run(options: Namespace) -> Answer:
    """Write it down."""
    try:
        unknown_effects.did_not_happen(options.key, actor=None, reason=options.reason)
    except unknown_effects.NotOpen as error:
        raise CommandError(str(error)) from error
    return Answer({"key": options.key}, "Recorded. Now replay its job.")
