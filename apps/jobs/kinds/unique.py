"""Unique: the promise of a kind that there is one job at a time.  ``keys`` keeps it."""

from dataclasses import dataclass
from datetime import timedelta

from apps.jobs.states import ENDED, State

_ALIVE = frozenset(State) - ENDED


@dataclass(frozen=True, slots=True, kw_only=True)
class Unique:
    """Of these jobs there is one at a time: another call is answered with the job that is there.

    ``by`` names the arguments that count, all of them by default. ``within`` counts from the enqueue: later
    calls make a job of their own. ``states`` are those in which a job holds its key: by default while it has
    not ended, and with ``within`` also after it succeeded.
    """

    by: tuple[str, ...] | None = None
    within: timedelta | None = None
    states: frozenset[State] | None = None

    def __post_init__(self) -> None:
        if self.within is not None and self.within <= timedelta():
            raise ValueError(f"within must be longer than nothing, not {self.within!r}.")
        if self.within is None and self.held_in & ENDED:
            raise ValueError("unique also against jobs that ended needs within: how long they count.")

    @property
    def held_in(self) -> frozenset[State]:
        """Return the states in which a job holds its key."""
        if self.states is not None:
            return frozenset(map(State, self.states))
        return _ALIVE if self.within is None else _ALIVE | {State.SUCCEEDED}
