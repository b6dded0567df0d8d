"""`dead_letters discard`: count first, then give them up."""

from argparse import ArgumentParser, Namespace

from django.core.management.base import CommandError

from apps.jobs.operating import dead_letters
from apps.jobs.operating.dead_letters import Filter
from apps.jobs.shell import options as shared
from apps.jobs.shell.answer import Answer

HELP = "Discard dead letters: those named, or with --yes all that match a filter. Error history is kept."


def arguments(parser: ArgumentParser) -> None:
    """Add its own arguments."""
    parser.add_argument("ids", nargs="*", type=shared.job_id, metavar="ID")
    shared.add_filter(parser)
    shared.add_going_ahead(parser, needs_reason=True)
    parser.set_defaults(discarded=False)


def run(options: Namespace) -> Answer:
    """Give them up, or count them first."""
    chosen = shared.letter_filter(options, options.ids)
    shared.refuse_everything(chosen, Filter())
    if not options.ids and not options.yes:
        count = dead_letters.count(chosen)
        return Answer(
            {"would_discard": count, "done": False},
            f"{count} match: {chosen}. Nothing was changed. Add --yes to discard them.",
        )
    try:
        count = dead_letters.discard(chosen, actor=None, reason=options.reason)
    except ValueError as error:
        raise CommandError(str(error)) from error
    return Answer({"discarded": count, "done": True}, f"Discarded: {count}.")
