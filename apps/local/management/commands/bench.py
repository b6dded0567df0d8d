"""manage.py bench: measure this machine."""

import json
from argparse import ArgumentParser
from statistics import median
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from apps.local.bench.rig import Rig

MEASURES = {"single": "apps.local.bench.single", "import": "apps.local.bench.order_lines"}


class Command(BaseCommand):
    help = "Measure jobs and imports on this machine, on servers of their own; medians of several rounds."
    requires_system_checks = []  # noqa: RUF012  # it brings its own database

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("names", nargs="*", metavar="NAME", help=f"one of: {', '.join(MEASURES)}")
        parser.add_argument("--rounds", type=int, default=3)
        parser.add_argument("--json", action="store_true", help="one JSON object a line")

    def handle(self, *args: Any, **options: Any) -> None:  # noqa: ARG002  # Django's signature
        names = options["names"] or list(MEASURES)
        if unknown := set(names) - set(MEASURES):
            raise CommandError(
                f"No measure is called {', '.join(unknown)}. There are: {', '.join(MEASURES)}."
            )
        for name in names:
            with Rig() as rig:
                rounds = [json.loads(rig.run("-m", MEASURES[name])) for _ in range(options["rounds"])]
            self._tell(name, _medians(rounds), as_json=options["json"])

    def _tell(self, name: str, figures: dict[str, float], *, as_json: bool) -> None:
        if as_json:
            self.stdout.write(json.dumps({"name": name, **figures}))
            return
        self.stdout.write(name)
        for word, value in figures.items():
            self.stdout.write(f"  {word.replace('_', ' '):24} {value:>12,}")


def _medians(rounds: list[dict[str, float]]) -> dict[str, float]:
    return {word: median(one[word] for one in rounds) for word in rounds[0]}
