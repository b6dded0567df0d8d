"""The job ledger. This is its door: what features and job types may use stands here.

It must stay importable before Django's models are loaded, since job types are.
"""

from apps.jobs.context import Context
from apps.jobs.declare import job
from apps.jobs.enqueue import enqueue, enqueue_many
from apps.jobs.origin import origin
from apps.jobs.outcomes import CancelRequested, Discard, EffectUnknown, LeaseLost, Snooze, TimedOut
from apps.jobs.retry import RetryPolicy
from apps.jobs.unique import Unique

__all__ = [
    "CancelRequested",
    "Context",
    "Discard",
    "EffectUnknown",
    "LeaseLost",
    "RetryPolicy",
    "Snooze",
    "TimedOut",
    "Unique",
    "enqueue",
    "enqueue_many",
    "job",
    "origin",
]
