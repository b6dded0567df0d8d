"""manage.py bench: measure this machine."""

import json
from argparse import ArgumentParser
from pathlib import Path
from statistics import median
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from apps.local.bench import peers
from apps.local.bench.measures import COMPARED, LONG, MEASURES, REFERENCE
from apps.local.bench.rig import Rig

Figures = dict[str, float]


class Command(BaseCommand):
    help = "Measure jobs and imports on this machine, on servers of their own; medians of several rounds."
    requires_system_checks = []  # noqa: RUF012  # it brings its own database

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("names", nargs="*", metavar="NAME", help=f"one of: {', '.join(MEASURES)}")
        parser.add_argument("--rounds", type=int, default=3)
        parser.add_argument("--json", action="store_true", help="one JSON object a line")
        parser.add_argument(
            "--peers", type=Path, metavar="DIR", help="other job systems beside ours: see docs/bench.md"
        )

    def handle(self, *args: Any, **options: Any) -> None:  # noqa: ARG002  # Django's signature
        names = _chosen(options["names"])
        directory = options["peers"]
        if directory is not None and not (directory / "run.py").is_file():
            raise CommandError(f"{directory} has no run.py. Name a directory of peers, or leave --peers out.")
        with Rig() as rig:
            figures = _measured(rig, names, options["rounds"])
            reference = figures.get(REFERENCE, {}).get("end_to_end_per_s")
            for name in names:
                self._tell(name, _beside(figures[name], reference), as_json=options["json"])
            for peer in peers.measured(rig, directory.resolve()) if directory else ():
                name = str(peer.pop("name"))
                self._tell(name, _beside(peer, reference), as_json=options["json"])  # type: ignore[arg-type]  # or an error's text

    def _tell(self, name: str, figures: Figures, *, as_json: bool) -> None:
        if as_json:
            self.stdout.write(json.dumps({"name": name, **figures}))
            return
        self.stdout.write(name)
        for word, value in figures.items():
            self.stdout.write(f"  {word.replace('_', ' '):24} {value:>12,}")


def _chosen(names: list[str]) -> list[str]:
    if unknown := set(names) - set(MEASURES):
        raise CommandError(f"No measure is called {', '.join(unknown)}. There are: {', '.join(MEASURES)}.")
    chosen = names or [name for name in MEASURES if name not in LONG]
    if REFERENCE not in chosen and set(chosen) & set(COMPARED):
        chosen = [*chosen, REFERENCE]
    return chosen


def _measured(rig: Rig, names: list[str], rounds: int) -> dict[str, Figures]:
    """Return the medians of several rounds, in each of which every measure has its turn."""
    found: dict[str, list[Figures]] = {name: [] for name in names}
    for _ in range(rounds):
        for name in names:
            if name not in LONG or not found[name]:
                found[name].append(json.loads(rig.run("-m", MEASURES[name])))
    return {name: _medians(figures) for name, figures in found.items()}


def _medians(rounds: list[Figures]) -> Figures:
    return {word: median(one[word] for one in rounds) for word in rounds[0]}


def _beside(figures: Figures, reference: float | None) -> Figures:
    if reference and "end_to_end_per_s" in figures:
        return figures | {"ratio_to_celery": round(figures["end_to_end_per_s"] / reference, 2)}
    return figures
