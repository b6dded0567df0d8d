"""manage.py schedules sync: bring the schedules that job types declare into the database."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from apps.schedules.declared import sync


class Command(BaseCommand):
    help = "Bring the schedules that job types declare into the database; an admin's edit wins."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("action", choices=["sync"])

    def handle(self, *args: Any, **options: Any) -> None:  # noqa: ARG002  # Django's signature
        sentences = sync()
        for sentence in sentences:
            self.stdout.write(sentence)
        if not sentences:
            self.stdout.write("Schedules are as declared.")
