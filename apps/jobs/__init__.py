"""The job ledger. This is its door: what features and job types may use stands here.

It must stay importable before Django's models are loaded, since job types are.
"""

from apps.jobs.declare import job
from apps.jobs.enqueuing.batch import batch
from apps.jobs.enqueuing.enqueue import enqueue, enqueue_many
from apps.jobs.enqueuing.quotas import QuotaExceeded
from apps.jobs.kinds.retry import RetryPolicy
from apps.jobs.kinds.unique import Unique
from apps.jobs.origin import origin
from apps.jobs.outcomes import CancelRequested, Discard, EffectUnknown, LeaseLost, Snooze, TimedOut
from apps.jobs.running.context import Context

__all__ = [
    "CancelRequested",
    "Context",
    "Discard",
    "EffectUnknown",
    "LeaseLost",
    "QuotaExceeded",
    "RetryPolicy",
    "Snooze",
    "TimedOut",
    "Unique",
    "batch",
    "enqueue",
    "enqueue_many",
    "job",
    "origin",
]
