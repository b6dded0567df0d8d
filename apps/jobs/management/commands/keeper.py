"""manage.py keeper: do what keeps the ledger moving."""

import signal
from typing import Any

from django.core.management.base import BaseCommand

from apps.jobs.keeper.keeper import Keeper


class Command(BaseCommand):
    help = (
        "Relay, release, rescue and re-publish jobs. Run as many as you like; one leads, the others stand by."
    )

    def handle(self, *args: Any, **options: Any) -> None:  # noqa: ARG002  # Django's signature
        keeper = Keeper()
        for signum in (signal.SIGTERM, signal.SIGINT):
            signal.signal(signum, lambda *_: keeper.stop())
        self.stdout.write(f"keeper {keeper.name} ready")
        keeper.run()
        self.stdout.write(f"keeper {keeper.name} stopped")
