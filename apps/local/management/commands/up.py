"""Bring up the servers, the pages, workers, keeper, beat and Flower, until Ctrl-C."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from django.conf import settings
from django.core.management.base import BaseCommand

from apps.local.supervise.options import Options
from apps.local.supervise.screen import Screen
from apps.local.supervise.up import up

if TYPE_CHECKING:
    from argparse import ArgumentParser


class Command(BaseCommand):
    help = "Bring up the servers, the pages, workers, keeper, beat and Flower, until Ctrl-C."
    requires_system_checks = []  # noqa: RUF012 - `prepare` runs them, once the servers are up

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--port", type=int, help="port of the pages (usually 8000, or the next free)")
        parser.add_argument("--workers", type=int, default=2, help="how many workers to run (default: 2)")
        parser.add_argument("--no-demo", action="store_true", help="do not import the bundled sample")
        parser.add_argument(
            "--for",
            type=float,
            dest="seconds",
            metavar="SECONDS",
            help="stop by itself so long after the box",
        )

    def handle(
        self,
        *_: object,
        port: int | None,
        workers: int,
        no_demo: bool,
        seconds: float | None,
        **__: object,
    ) -> None:
        options = Options(settings.BASE_DIR, port, not no_demo, seconds, workers)
        sys.exit(up(options, Screen(sys.stdout)))
