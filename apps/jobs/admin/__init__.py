"""The ledger in the Django admin: everything is seen; what operators do is asked first and recorded."""

from apps.jobs.admin.dead_letter import DeadLetterAdmin
from apps.jobs.admin.job import JobAdmin
from apps.jobs.admin.plain_result import PlainResultAdmin
from apps.jobs.admin.queue import QueueAdmin
from apps.jobs.admin.replay import ReplayAdmin
from apps.jobs.admin.stories import ActionAdmin, AttemptAdmin, LogLineAdmin
from apps.jobs.admin.working import BundleAdmin, DutyAdmin, WorkerAdmin

__all__ = [
    "ActionAdmin",
    "AttemptAdmin",
    "BundleAdmin",
    "DeadLetterAdmin",
    "DutyAdmin",
    "JobAdmin",
    "LogLineAdmin",
    "PlainResultAdmin",
    "QueueAdmin",
    "ReplayAdmin",
    "WorkerAdmin",
]
