"""What a fault is."""

from collections.abc import Callable
from dataclasses import dataclass, field

from apps.local.chaos.rescues import Rescue
from apps.local.chaos.rig import Plan
from apps.local.chaos.trial import Load, Trial


@dataclass(frozen=True, slots=True)
class Fault:
    """One line of the table: what happens in the middle of a load, and what the trial needs for it."""

    code: str
    title: str
    inject: Callable[
        [Trial], None
    ]  # returns when the fault is over; what it killed is started again after it
    load: Load = field(default_factory=Load)
    plan: Plan = field(default_factory=Plan)
    celery: bool = False  # plain Celery goes through it too
    rescue: Rescue | None = None  # what is promised to the jobs of whom it kills
    repeats: bool = False  # somebody may lose a claim, so that plain jobs may be executed again
    stale: int = 0  # so many writes at least of workers that lost their lease have to be refused
