"""The ledger in the Django admin: everything can be seen, one thing can be done (cancel)."""

from apps.jobs.admin.job import JobAdmin
from apps.jobs.admin.stories import AttemptAdmin, DeadLetterAdmin, LogLineAdmin
from apps.jobs.admin.working import BundleAdmin, DutyAdmin, WorkerAdmin

__all__ = [
    "AttemptAdmin",
    "BundleAdmin",
    "DeadLetterAdmin",
    "DutyAdmin",
    "JobAdmin",
    "LogLineAdmin",
    "WorkerAdmin",
]
