"""The keeper's duties, as data: what the leader does again and again, and how often.

Each is safe to run twice, at the same time, or to be cut off: what it does is fenced by the database.
"""

from collections.abc import Callable
from dataclasses import dataclass

from kombu import Producer

from apps.jobs import sql
from apps.jobs.enqueuing import keys
from apps.jobs.keeper import (
    batches,
    expiry,
    forget_old,
    partitions,
    prune_jobs,
    relay,
    release,
    rescue,
    rollups,
    shrink,
    strays,
)
from apps.jobs.operating import pause, replay
from apps.jobs.running import settle
from apps.jobs.transitions import lanes


@dataclass(frozen=True, slots=True)
class Duty:
    """Something the leader does again and again."""

    name: str
    every_s: float
    do: Callable[[], int]  # returns how many rows it moved
    busy_s: float | None = None  # how often instead, while it lately had something to do


def prompt(use: Callable[[Callable[[Producer], int]], int]) -> tuple[Duty, ...]:
    """Return the duties for which jobs wait; ``use`` calls with a connection to the broker."""
    fill_windows = relay.Relay()
    return (
        Duty("relay", 0.1, lambda: use(fill_windows), busy_s=0.01),
        Duty("republish", 1.0, lambda: use(relay.republish)),
        Duty("release", 0.5, release.release, busy_s=0.25),
        Duty("end batches", 0.5, batches.end_batches),
        Duty("rescue", 1.0, rescue.Rescue()),
        Duty("expire", 1.0, expiry.expire),
        Duty("recall", 1.0, pause.recall),
        Duty("resume", 0.5, pause.go_on),
        Duty("replay", 1.0, replay.go_on),
        Duty("free slots", 5.0, lambda: len(sql.run("free_slots", {}))),
        Duty("sweep bundles", 5.0, lambda: len(sql.run("sweep_bundles", {}))),
        *_added,
    )


def upkeep() -> tuple[Duty, ...]:
    """Return the duties that may take seconds, and for which no job waits."""
    return (
        Duty("make partitions", 3600.0, partitions.make_weeks_ahead),
        Duty("find strays", 5.0, strays.Strays()),
        Duty("forget lanes", 60.0, lanes.forget),
        Duty("prune keys", 5.0, keys.Prune()),
        Duty("prune jobs", 1.0, prune_jobs.PruneJobs()),
        Duty("forget old", 60.0, forget_old.ForgetOld()),
        Duty("shrink tables", 60.0, shrink.shrink),
        Duty("roll up", 20.0, rollups.RollUp()),
        Duty("merge roll-ups", 60.0, rollups.merge),
        *_added_upkeep,
    )


def settling() -> tuple[Duty, ...]:
    """Return the duty that enqueues the callbacks of a project: its code must not delay another duty."""
    return (Duty("settle", 0.5, settle.settle_ended, busy_s=0.25),)


def add(duty: Duty) -> None:
    """Give the leader a duty of an app above this one, when that app starts."""
    _added.append(duty)


def add_upkeep(duty: Duty) -> None:
    """Give the leader one that may take seconds."""
    _added_upkeep.append(duty)


_added: list[Duty] = []
_added_upkeep: list[Duty] = []
