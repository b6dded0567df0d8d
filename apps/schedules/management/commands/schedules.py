"""manage.py schedules: list, export, import, and bring in what job types declare."""

from typing import ClassVar

from apps.jobs.shell.command import SubcommandsCommand
from apps.schedules.shell import export_schedules, import_schedules, list_schedules, sync_declared


class Command(SubcommandsCommand):
    help = "List, export and import schedules; bring in those that job types declare."
    subcommands: ClassVar = {
        "sync": sync_declared,
        "list": list_schedules,
        "export": export_schedules,
        "import": import_schedules,
    }
