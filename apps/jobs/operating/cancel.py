"""Cancel jobs and run sleeping ones now, as a person asks: counted before, recorded in the same breath."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
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

    def one_batch(ids: Sequence[UUID]) -> Counter[State]:
        became = transitions.cancel_many(ids)
        details = {state.label: number for state, number in became.items()}
        _record("cancel", chosen, actor, (became.total(), reason, details))
        return became

    return _in_batches(cancellable(chosen), one_batch)


def retry_now(chosen: JobFilter, *, actor: Actor, reason: str = "") -> int:
    """Put sleeping jobs in line before their time; return how many slept."""

    def one_batch(ids: Sequence[UUID]) -> Counter[State]:
        woken = transitions.release_now(ids)
        _record("retry now", chosen, actor, (len(woken), reason, {}))
        return Counter({State.READY: len(woken)})

    return _in_batches(sleeping(chosen), one_batch).total()


def _in_batches(chosen: JobFilter, one_batch: Callable[[Sequence[UUID]], Counter[State]]) -> Counter[State]:
    became: Counter[State] = Counter()
    for ids in chosen.batches(AT_ONCE):
        with transaction.atomic():
            became += one_batch(ids)
    return became


def _record(verb: str, chosen: JobFilter, actor: Actor, came_of_it: tuple[int, str, dict[str, int]]) -> None:
    count, reason, details = came_of_it
    if count:
        actions.record(verb, chosen, actor=actor, count=count, reason=reason, details=details)
