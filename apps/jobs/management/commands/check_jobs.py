"""manage.py check_jobs: say which stored jobs this release cannot read; run it before a deploy."""

import sys

from django.core.management.base import BaseCommand

from apps.jobs.operating.readable import unreadable


class Command(BaseCommand):
    help = "List waiting, running and dead jobs this release cannot read; exit code 1 if there are any."

    def handle(self, *_args: object, **_options: object) -> None:
        found = list(unreadable())
        for fault in found:
            self.stderr.write(str(fault))
        if found:
            sys.exit(1)
        self.stdout.write("This release can read every waiting, running and dead job.")
