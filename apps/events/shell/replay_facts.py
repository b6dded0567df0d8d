"""`events replay`: count first, then give facts to one listener."""

from argparse import ArgumentParser, Namespace

from django.core.management.base import CommandError

from apps.events.choosing import FactFilter
from apps.events.replay import count, replay
from apps.events.shell.options import add_fact_filter, fact_filter, fact_id
from apps.jobs import registry
from apps.jobs.shell import options as shared
from apps.jobs.shell.answer import Answer, safe
from apps.lib import words

HELP = "Replay events to one listener: those it has not received, or with --again all."


def arguments(parser: ArgumentParser) -> None:
    """Add its own arguments."""
    parser.add_argument("ids", nargs="*", type=fact_id, metavar="ID")
    add_fact_filter(parser)
    parser.add_argument("--to", required=True, metavar="KIND", help="the job type that receives the events")
    parser.add_argument("--again", action="store_true", help="also those it already received")
    shared.add_going_ahead(parser, needs_reason=True)


def run(options: Namespace) -> Answer:
    """Replay them, or count them first."""
    try:
        chosen = fact_filter(options, options.ids)
        if chosen == FactFilter():
            raise CommandError("Give ids, or a filter such as --event or --since.")
        if not options.yes:
            would = count(chosen, to=options.to, again=options.again)
            text = f"{words.count(would, 'event')} would be sent to {options.to}: {chosen}."
            nothing = " Nothing was done. Add --yes to do it."
            return Answer({"would_replay": would, "done": False}, text + nothing)
        done = replay(chosen, to=options.to, actor=None, reason=options.reason, again=options.again)
    except (registry.UnknownKind, ValueError) as error:
        raise CommandError(str(error)) from error
    lines = [f"{words.count(done.given, 'event')} sent to {options.to}.", *map(safe, done.reasons)]
    if done.unfit:
        lines[0] += (
            f" Left out, because fields the listener needs are missing: {words.count(done.unfit, 'event')}."
        )
    data = {"given": done.given, "unfit": done.unfit, "reasons": done.reasons, "done": True}
    return Answer(data, "\n".join(lines))
