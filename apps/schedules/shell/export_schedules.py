"""`schedules export`: write what schedules say to a file."""

from argparse import ArgumentParser, Namespace
from pathlib import Path

from django.core.management.base import CommandError

from apps.jobs.shell.answer import Answer
from apps.schedules.exchange import exported

HELP = "Export all schedules as JSON, sorted by name, to be reviewed and imported elsewhere."


def arguments(parser: ArgumentParser) -> None:
    """Take the file."""
    parser.add_argument("file", nargs="?", metavar="FILE", help="left out: the text is printed")


def run(options: Namespace) -> Answer:
    """Write the file, and the folder that it is to stand in; or print it."""
    text = exported()
    if options.file is None:
        return Answer({"text": text}, text.rstrip())
    file = Path(options.file)
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    except OSError as error:
        raise CommandError(f"{options.file} cannot be written: {error.strerror}.") from error
    return Answer({"file": options.file}, f"Exported to {options.file}.")
