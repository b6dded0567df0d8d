"""A command made of subcommands, each a module with HELP, ``arguments`` and ``run``."""

from argparse import ArgumentParser, Namespace
from collections.abc import Mapping
from typing import Any, ClassVar, Protocol

from django.core.management.base import BaseCommand

from apps.jobs.shell.answer import Answer


class Subcommand(Protocol):
    """What a module of a subcommand has."""

    HELP: str

    def arguments(self, parser: ArgumentParser) -> None:
        """Add its own arguments."""

    def run(self, options: Namespace) -> Answer:
        """Do it; raise CommandError with what is wrong and how to mend it."""


class SubcommandsCommand(BaseCommand):
    """Print what the subcommand answers, as JSON if asked."""

    subcommands: ClassVar[Mapping[str, Subcommand]] = {}

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Give each subcommand a parser of its own."""
        parsers = parser.add_subparsers(dest="subcommand", required=True, metavar="SUBCOMMAND")
        for name, subcommand in self.subcommands.items():
            own = parsers.add_parser(name, help=subcommand.HELP, description=subcommand.HELP)
            subcommand.arguments(own)
            own.add_argument("--json", action="store_true", help="answer with one JSON object")

    def handle(self, *_: object, **options: Any) -> None:
        """Run the subcommand that was asked for."""
        asked = Namespace(**options)
        answer = self.subcommands[asked.subcommand].run(asked)
        self.stdout.write(answer.as_json() if asked.json else answer.text)
