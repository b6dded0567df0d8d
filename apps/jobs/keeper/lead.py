"""Who leads: the keeper whose session holds the leader's lock.

The lock goes with the session, so a dead leader frees it. A frozen one does not, nor does one whose machine
vanished from the network: a keeper that stands by ends a session that slept too long. Its holder, should it
wake up, finds the session gone and stands by; what it did meanwhile was fenced by the database.
"""

from apps.jobs import sql

_LOCK = 0x6B656570  # "keep"
_FROZEN_AFTER_S = 5.0  # a leader asks the database ten times a second; a silent broker keeps it for four


def leads() -> bool:
    """Take or still hold the leader's lock."""
    [(holds_it, *_)] = sql.run("lead", {"lock": _LOCK})
    return bool(holds_it)


def unseat_frozen() -> bool:
    """End the leader's session if it slept too long; say whether that was so."""
    return bool(sql.run("unseat", {"lock": _LOCK, "patience": _FROZEN_AFTER_S}))
