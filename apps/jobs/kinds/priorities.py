"""Priorities: whole numbers, the smallest first; a job that waits grows older, and age wins over them."""

_PRIORITIES = range(-1000, 1001)  # a thousand steps are a week of age


def priority_of(kind: str, given: object) -> int:
    """Return a priority; raise ValueError for a value that is not a whole number in the range."""
    if not isinstance(given, int) or given not in _PRIORITIES:
        raise ValueError(
            f"{kind}: priority must be a whole number from {_PRIORITIES[0]} to {_PRIORITIES[-1]},"
            f" the smallest first, not {given!r}."
        )
    return int(given)
