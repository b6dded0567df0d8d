"""`schedules import`: let schedules say what a file says; look first."""

import json
from argparse import ArgumentParser, Namespace
from pathlib import Path

from django.core.management.base import CommandError

from apps.jobs.operating import actions
from apps.jobs.shell.answer import Answer
from apps.schedules.exchange import Difference, compare, take_over
from apps.schedules.versions import Change
from apps.schedules.wanted import BadDocument

HELP = "Import schedules from a file: it shows what would change; --yes changes it, all or nothing."


def arguments(parser: ArgumentParser) -> None:
    """Take the file and whether it is meant."""
    parser.add_argument("file", metavar="FILE", help="as schedules export wrote it, or edited since")
    parser.add_argument("--yes", action="store_true", help="apply it; without --yes, only show the changes")


def run(options: Namespace) -> Answer:
    """Show what would change, or change it."""
    try:
        text = Path(options.file).read_text(encoding="utf-8")
    except OSError as error:
        raise CommandError(f"{options.file} cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise CommandError(f"{options.file} is not UTF-8 text.") from error
    try:
        found = take_over(text, by=actions.name_of(None)) if options.yes else compare(text)
    except BadDocument as error:
        raise CommandError(f"{options.file}: nothing was changed.\n{error}") from error
    data = {"done": options.yes, "schedules": [_data(difference) for difference in found]}
    return Answer(data, _text(found, is_done=options.yes))


def _data(difference: Difference) -> dict[str, object]:
    changed = [change._asdict() for change in difference.changes]
    return {"name": difference.name, "new": difference.schedule_id is None, "changes": changed}


def _line(change: Change) -> str:
    was, now = (json.dumps(value, ensure_ascii=False) for value in (change.before, change.after))
    if change.before is None:
        return f"{change.what}: {now}"
    return f"{change.what}: {was} -> {now if change.after is not None else 'default'}"


def _text(found: list[Difference], *, is_done: bool) -> str:
    if not found:
        return "The schedules match the file."
    lines = []
    for difference in found:
        lines.append(f"{difference.name}{', new' if difference.schedule_id is None else ''}")
        lines += [f"  {_line(change)}" for change in difference.changes]
    done = "Done, all of it." if is_done else "Nothing was changed. Add --yes to change it."
    return "\n".join([*lines, done])
