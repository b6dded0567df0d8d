"""Apply migrations, sync schedules, make an admin when there is none; the last line is JSON."""

from __future__ import annotations

from django.conf import settings
from django.core.management.base import BaseCommand

from apps.local.supervise.prepare import prepare


class Command(BaseCommand):
    help = "Apply migrations, sync schedules, make an admin when there is none; the last line is JSON."

    def handle(self, *_: object, **__: object) -> None:
        self.stdout.write(prepare(settings.BASE_DIR).as_line())
