"""The tables of the ledger."""

from apps.jobs.models.action import Action
from apps.jobs.models.action_jobs import ActionJobs
from apps.jobs.models.alert import Alert
from apps.jobs.models.artifact import Artifact
from apps.jobs.models.attempt import Attempt
from apps.jobs.models.batch import Batch
from apps.jobs.models.bundle import Bundle
from apps.jobs.models.dead_letter import DeadLetter
from apps.jobs.models.duty import Duty
from apps.jobs.models.effect import Effect
from apps.jobs.models.job import Job
from apps.jobs.models.lane import Lane
from apps.jobs.models.lead import Lead
from apps.jobs.models.limit import Bucket, Slot
from apps.jobs.models.line_mark import LineMark
from apps.jobs.models.log_line import LogLine
from apps.jobs.models.pace import Pace
from apps.jobs.models.parked import Parked
from apps.jobs.models.pause import Pause
from apps.jobs.models.progress import Progress
from apps.jobs.models.queue import Queue
from apps.jobs.models.ready import Ready
from apps.jobs.models.replay import Replay, Replayed
from apps.jobs.models.rollup import RolledUp, Rollup
from apps.jobs.models.unique_key import UniqueKey
from apps.jobs.models.unserved import Unserved
from apps.jobs.models.unsettled import Unsettled
from apps.jobs.models.worker import Worker

__all__ = [
    "Action",
    "ActionJobs",
    "Alert",
    "Artifact",
    "Attempt",
    "Batch",
    "Bucket",
    "Bundle",
    "DeadLetter",
    "Duty",
    "Effect",
    "Job",
    "Lane",
    "Lead",
    "LineMark",
    "LogLine",
    "Pace",
    "Parked",
    "Pause",
    "Progress",
    "Queue",
    "Ready",
    "Replay",
    "Replayed",
    "RolledUp",
    "Rollup",
    "Slot",
    "UniqueKey",
    "Unserved",
    "Unsettled",
    "Worker",
]
