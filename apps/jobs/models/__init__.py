"""The tables of the ledger."""

from apps.jobs.models.attempt import Attempt
from apps.jobs.models.bundle import Bundle
from apps.jobs.models.dead_letter import DeadLetter
from apps.jobs.models.duty import Duty
from apps.jobs.models.job import Job
from apps.jobs.models.log_line import LogLine
from apps.jobs.models.progress import Progress
from apps.jobs.models.ready import Ready
from apps.jobs.models.worker import Worker

__all__ = ["Attempt", "Bundle", "DeadLetter", "Duty", "Job", "LogLine", "Progress", "Ready", "Worker"]
