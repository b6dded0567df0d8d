"""A message that nobody can read becomes a dead letter with what it held: somebody meant something by it.

What it carried of ours is not lost with it, since the ledger sends that again.
"""

import logging
from collections import deque
from time import monotonic
from traceback import format_exception

from django.db import DatabaseError, InterfaceError

from apps.jobs import storable, transitions
from apps.jobs.transitions import Trouble

log = logging.getLogger("backline.worker")

KIND = "message.unreadable"

_LONGEST = 10_000  # of what is shown of each part
_MOST, _WHILE_S = 20, 60.0  # letters of one process: who sends a million broken messages needs no million

_kept_at: deque[float] = deque(maxlen=_MOST)


def keep(
    why: str, *, kind: str = KIND, queue: str = "", error: BaseException | None = None, **parts: object
) -> None:
    """Write a message down as a dead letter, and why nobody can read it; past twenty a minute only log it.

    ``parts`` is what there is of it, such as its headers and its body.
    """
    shown = {name: _shown(part) for name, part in parts.items()}
    log.error("a message was dropped: %s (%.500s)", why, shown, exc_info=error)
    if len(_kept_at) == _MOST and monotonic() - _kept_at[0] < _WHILE_S:
        return
    _kept_at.append(monotonic())
    name = type(error).__name__ if error else "UnreadableMessage"
    story = Trouble(
        message=storable.clean(f"{why} Nothing can run it: find who sent it, then discard this."),
        error_type=name,
        traceback=storable.clean("".join(format_exception(error))[:_LONGEST]) if error else "",
        fingerprint=f"{name} in a message",
    )
    try:
        transitions.write_off(kind, queue[:200], shown, story)
    except (DatabaseError, InterfaceError) as away:
        log.warning("the database is away (%s); the log alone tells of this message", away)


def _shown(part: object) -> str:
    try:
        part = part[:_LONGEST] if isinstance(part, str | bytes) else part
        text = part if isinstance(part, str) else repr(part)
    except Exception as error:  # noqa: BLE001  # a part that cannot even be shown must not end the worker
        text = f"cannot be shown: {type(error).__name__}"
    return storable.clean(text[:_LONGEST])
