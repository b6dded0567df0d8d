"""Fault: why one row of a file cannot be an order line."""

from typing import NamedTuple


class Fault(NamedTuple):
    """One row's reason, for the person who sent the file."""

    row: int
    column: str
    cause: str  # a few words, the same for all rows with this fault
    reason: str  # a sentence: what it says, what was expected


class Refused(Exception):  # noqa: N818  # a value is refused; nothing broke
    """A value that its column cannot take."""

    def __init__(self, column: str, cause: str, reason: str) -> None:
        """Keep the parts; the row is known further up."""
        super().__init__(reason)
        self.column = column
        self.cause = cause
        self.reason = reason
