"""`schedules sync`: bring the schedules that job types declare into the database."""

from argparse import ArgumentParser, Namespace

from apps.jobs.shell.answer import Answer
from apps.schedules.declared import sync
from apps.schedules.from_settings import bring_in

HELP = "Bring the schedules that job types declare into the database; an admin's edit wins."


def arguments(parser: ArgumentParser) -> None:
    """Take none."""


def run(options: Namespace) -> Answer:  # noqa: ARG001  # as every subcommand
    """Bring them in; twice changes nothing more."""
    sentences = [*sync(), *bring_in()]
    return Answer({"changes": sentences}, "\n".join(sentences) or "Schedules are as declared.")
