"""`effects happened`: a person looked, and the effect took place."""

import json
from argparse import ArgumentParser, Namespace

from django.core.management.base import CommandError

from apps.jobs.operating import unknown_effects
from apps.jobs.shell.answer import Answer

HELP = "Say that an unknown effect did happen; its job gets the receipt when it is replayed."


def arguments(parser: ArgumentParser) -> None:
    """Add its own arguments."""
    parser.add_argument("key", help="of the effect, as its dead letter names it")
    parser.add_argument("--receipt", default="null", help="what the effect would have returned, as JSON")
    parser.add_argument("--reason", required=True, help="how you know; recorded in the audit log")


def run(options: Namespace) -> Answer:
    """Write it down."""
    try:
        receipt = json.loads(options.receipt)
        unknown_effects.happened(options.key, receipt=receipt, actor=None, reason=options.reason)
    except json.JSONDecodeError as error:
        raise CommandError(
            f"The receipt is not JSON: {error}. A text stands in quotes: '\"abc\"'."
        ) from error
    except unknown_effects.NotOpen as error:
        raise CommandError(str(error)) from error
    return Answer({"key": options.key, "receipt": receipt}, "Recorded. Now replay its job.")
