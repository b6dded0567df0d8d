"""manage.py chaos: break everything on purpose and count what was lost."""

import json
import random
from argparse import ArgumentParser
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from apps.local.chaos import report
from apps.local.chaos.faults.fault import Fault
from apps.local.chaos.faults.table import FAULTS
from apps.local.chaos.run import Runner
from apps.local.chaos.verdict import Verdict


class Command(BaseCommand):
    help = "Inject faults into a running Backline on servers of its own; a line a fault, and chaos.json."
    requires_system_checks = []  # noqa: RUF012  # it brings its own database

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "faults", nargs="*", metavar="FAULT", help="such as F01 F20; all of them without one"
        )
        parser.add_argument("--json", action="store_true", help="one JSON object a line")
        parser.add_argument("--seed", type=int, help="repeat a run's choices")
        parser.add_argument("--jobs", type=int, help="send so many jobs through each fault")
        parser.add_argument(
            "--celery", action="store_true", help="plain Celery through the same faults, beside ours"
        )
        parser.add_argument("--quick", action="store_true", help="leave throughput before and after out")
        parser.add_argument("--output", type=Path, default=Path("chaos.json"))

    def handle(self, *args: Any, **options: Any) -> None:  # noqa: ARG002  # Django's signature
        if unknown := set(options["faults"]) - FAULTS.keys():
            raise CommandError(
                f"No fault is called {', '.join(sorted(unknown))}. There are: {', '.join(FAULTS)}."
            )
        if not options["json"]:
            self.stdout.write(report.HEAD)
        verdicts = []
        for verdict in self._verdicts(**options):
            verdicts.append(verdict)
            self.stdout.write(json.dumps(verdict.as_dict()) if options["json"] else report.told(verdict))
            self.stdout.flush()
            report.write(options["output"], verdicts)
        if any(not one.is_sound for one in verdicts if one.system == "backline"):
            raise CommandError("An invariant was broken; the lines above say which.", returncode=1)

    def _verdicts(self, **options: Any) -> Iterator[Verdict]:
        """Yield ours, then those of plain Celery."""
        seed = options["seed"] if options["seed"] is not None else random.randrange(10_000)
        chosen = self._chosen(options["faults"])
        each = {"seed": seed, "jobs": options["jobs"], "measures": not options["quick"]}
        with Runner() as runner:
            for fault in chosen:
                yield runner.run(fault, **each)
            for fault in chosen:
                if options["celery"] and fault.celery:
                    yield runner.run(fault, celery=True, **each)

    def _chosen(self, codes: list[str]) -> list[Fault]:
        return [FAULTS[code] for code in (codes or FAULTS)]
