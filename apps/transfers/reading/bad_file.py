"""BadFile: the file as a whole cannot be read, or not any further."""

from typing import Self


class BadFile(Exception):  # noqa: N818  # it speaks of the file, not of us
    """Say where, what and how to mend it, in a sentence for the person who sent the file."""

    def at_row(self, row: int) -> Self:
        """Return the same with the spreadsheet row in front."""
        return type(self)(f"Row {row:,}: {self}")
