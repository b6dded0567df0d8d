"""Time-ordered ids (UUID version 7), made here so that PostgreSQL 16 and 17 work too.

The first 48 bits are milliseconds since 1970, so an id sorts by the time it was
made and finds its weekly partition by itself.
"""

import os
import secrets
import threading
import time
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)
_VERSION_7 = 7 << 76
_VARIANT = 2 << 62
_ADJUSTED = 10_000 * 4096  # ticks by which a clock may be set back without a break in the order
_AT_ONCE = 512  # ids for which chance is read in one go


_lock = threading.RLock()  # a signal handler may come here while this very thread holds it
_last = 0  # the newest tick of this process: milliseconds and 12 bits of their fraction


def new_id() -> uuid.UUID:
    """Make an id of this moment, greater than every id this process made before.

    RFC 9562 section 6.2, method 3: the 12 bits after the millisecond count quarters of a microsecond and move
    on by at least one, also while the clock stands still or is adjusted. A clock set back by more than
    ten seconds is followed: ids must not stay in the wrong week. 62 random bits follow the ticks.
    """
    global _last  # noqa: PLW0603  # one order for all threads of the process
    with _lock:
        tick = time.time_ns() * 4096 // 1_000_000
        if tick <= _last < tick + _ADJUSTED:
            tick = _last + 1
        _last = tick
    high = ((tick >> 12) << 80) | _VERSION_7 | ((tick & 4095) << 64)
    return uuid.UUID(int=high | _VARIANT | secrets.randbits(62))


def _renew_lock() -> None:
    global _lock  # noqa: PLW0603  # a thread may have held it at the moment of the fork
    _lock = threading.RLock()


os.register_at_fork(after_in_child=_renew_lock)


def ids_in_order() -> Iterator[str]:
    """Make ids for many rows at once, each greater than the one before, so that they sort as they were given.

    They come as 32 hexadecimal digits: an object for each would cost as much again. What follows the
    millisecond counts quarters of a microsecond, and two processes still have 62 bits of chance.
    """
    last = 0
    while True:
        chance = secrets.token_bytes(8 * _AT_ONCE)
        for start in range(0, len(chance), 8):
            last = max(last + 1, time.time_ns() * 4096 // 1_000_000)
            random = int.from_bytes(chance[start : start + 8]) >> 2
            yield f"{last >> 12:012x}7{last & 4095:03x}{_VARIANT | random:016x}"


def first_id_of(moment: datetime) -> uuid.UUID:
    """Return the lowest bit pattern an id made at this moment can have; only for comparing."""
    return uuid.UUID(int=((moment - _EPOCH) // _MILLISECOND) << 80)


def made_at(made_id: uuid.UUID) -> datetime:
    """Return the moment in which an id was made, to the millisecond."""
    return _EPOCH + (made_id.int >> 80) * _MILLISECOND
