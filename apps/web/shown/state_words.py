"""States in the words of the pages for people; the admin and the shell keep those of the ledger."""

from apps.jobs.states import State

_PLAIN = {State.READY: "waiting", State.QUEUED: "waiting", State.DEAD: "failed"}


def state_word(state: int) -> str:
    """Return the word for a state on a page for people."""
    return _PLAIN.get(State(state), str(State(state).label))
