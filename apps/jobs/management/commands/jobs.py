"""manage.py jobs: list, show, count, enqueue, cancel and retry jobs."""

from typing import ClassVar

from apps.jobs.shell import cancel_jobs, enqueue_job, list_jobs, retry_jobs, show_job, show_stats
from apps.jobs.shell.command import SubcommandsCommand


class Command(SubcommandsCommand):
    help = "List, show, count, enqueue, cancel, retry jobs. Changes are recorded as shell:<login>."
    subcommands: ClassVar = {
        "list": list_jobs,
        "show": show_job,
        "stats": show_stats,
        "enqueue": enqueue_job,
        "cancel": cancel_jobs,
        "retry": retry_jobs,
    }
