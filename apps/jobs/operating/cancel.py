"""Cancel jobs and run sleeping ones now, as a person asks: counted before, recorded in the same breath."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple
from uuid import UUID

from django.db import transaction

from apps.jobs import transitions
from apps.jobs.operating import actions
from apps.jobs.operating.actions import Actor
from apps.jobs.operating.job_filter import JobFilter
from apps.jobs.states import SLEEPING, WAITING, State

AT_ONCE = 1000  # a transaction: what runs must not wait long for its row


def only(chosen: JobFilter, states: frozenset[State]) -> JobFilter:
    """Narrow to these states; a filter by others fits nothing then."""
    kept = chosen.states & states if chosen.states else states
    return replace(chosen, states=kept) if kept else replace(chosen, ids=())


def cancellable(chosen: JobFilter) -> JobFilter:
    """Narrow a filter to what has not ended."""
    return only(chosen, WAITING | {State.RUNNING})


def sleeping(chosen: JobFilter) -> JobFilter:
    """Narrow a filter to what sleeps; to what waits for a batch only where it was named."""
    return replace(only(chosen, SLEEPING), but_batches=chosen.ids is None)


def cancel(chosen: JobFilter, *, actor: Actor, reason: str = "") -> Counter[State]:
    """Cancel what waits at once and ask what runs to stop; count in which state they are now.

    Each thousand is a transaction with its own entry in the audit log, so that what was done is known
    whatever comes in between.
    """
    asked = _Asked("cancel", chosen, actor, reason)
    return _in_batches(asked, cancellable(chosen), transitions.cancel_each)


def retry_now(chosen: JobFilter, *, actor: Actor, reason: str = "") -> int:
    """Put sleeping jobs in line before their time; return how many slept."""

    def one_batch(ids: Sequence[UUID]) -> dict[UUID, State]:
        return dict.fromkeys(transitions.release_now(ids), State.READY)

    return _in_batches(_Asked("retry now", chosen, actor, reason), sleeping(chosen), one_batch).total()


class _Asked(NamedTuple):
    """What a person asks for."""

    verb: str
    chosen: JobFilter
    actor: Actor
    reason: str

    def record(self, became: Mapping[UUID, State]) -> None:
        """Write down one batch, with its jobs unless the filter names the only one."""
        counts = Counter(became.values())
        entry = actions.record(
            self.verb,
            self.chosen,
            actor=self.actor,
            count=len(became),
            reason=self.reason,
            details={state.label: number for state, number in counts.items()},
        )
        if self.chosen.ids is None or len(self.chosen.ids) > 1:
            actions.keep_jobs(entry, became)


def _in_batches(
    asked: _Asked, chosen: JobFilter, one_batch: Callable[[Sequence[UUID]], Mapping[UUID, State]]
) -> Counter[State]:
    total: Counter[State] = Counter()
    for ids in chosen.batches(AT_ONCE):
        with transaction.atomic():
            if became := one_batch(ids):
                asked.record(became)
        total.update(became.values())
    return total
