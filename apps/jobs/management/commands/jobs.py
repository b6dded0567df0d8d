"""manage.py jobs: list, show, enqueue, cancel and retry jobs."""

from typing import ClassVar

from apps.jobs.shell import cancel_jobs, enqueue_job, list_jobs, retry_jobs, show_job
from apps.jobs.shell.command import SubcommandsCommand


class Command(SubcommandsCommand):
    help = "List, show, enqueue, cancel and retry jobs. What is changed is written down as shell:<login>."
    subcommands: ClassVar = {
        "list": list_jobs,
        "show": show_job,
        "enqueue": enqueue_job,
        "cancel": cancel_jobs,
        "retry": retry_jobs,
    }
