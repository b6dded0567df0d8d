"""A duty of the keeper that has much to do goes on for a while, and then the others have their turn."""

from collections.abc import Callable
from time import monotonic

_AT_A_STRETCH_S = 0.3


def at_a_stretch(look: Callable[[], tuple[int, bool]]) -> int:
    """Look again while there was more than one look takes; return how many rows all looks moved."""
    stop_at = monotonic() + _AT_A_STRETCH_S
    moved, has_more = look()
    while has_more and monotonic() < stop_at:
        more, has_more = look()
        moved += more
    return moved
