"""List problems on this machine and how to fix them; exit code 1 if there are any."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from django.conf import settings
from django.core.management.base import BaseCommand

from apps.local.doctor.checks import examine, is_well
from apps.local.doctor.report import as_json, as_text

if TYPE_CHECKING:
    from argparse import ArgumentParser


class Command(BaseCommand):
    help = "List problems on this machine and how to fix them; exit code 1 if there are any."
    requires_system_checks = []  # noqa: RUF012 - what they would say is asked here, one by one

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--json", action="store_true", help="print one JSON object")

    def handle(self, *_: object, json: bool, **__: object) -> None:
        findings = examine(settings.BASE_DIR)
        self.stdout.write(as_json(findings) if json else as_text(findings))
        sys.exit(0 if is_well(findings) else 1)
