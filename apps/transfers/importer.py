"""Importer: what a feature tells about the rows it takes. The job type brings the two together."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Protocol, TypeAlias

# A row's number, the column at fault, the cause in a few words, the reason in a sentence.
Fault: TypeAlias = tuple[int, str, str, str]


class Merged(Protocol):
    """What came of a chunk; created, updated, unchanged and faults account for each of its rows."""

    @property
    def created(self) -> int:
        """Return how many rows made something new."""
        ...

    @property
    def updated(self) -> int:
        """Return how many rows changed something that was there."""
        ...

    @property
    def unchanged(self) -> int:
        """Return how many rows said what was in the table."""
        ...

    @property
    def faults(self) -> Sequence[Fault]:
        """Return the rows that what is there rules out."""
        ...

    @property
    def details(self) -> Mapping[str, Mapping[str, int]]:
        """Return what else came about, by table: created and updated."""
        ...


class Importer(Protocol):
    """A feature's side of an import.

    ``check`` runs in a thread of its own: it must not touch the database.
    """

    @property
    def title(self) -> tuple[str, str]:
        """Return what one row is and what many are: "order line", "order lines"."""
        ...

    @property
    def columns(self) -> Sequence[str]:
        """Return the columns a file must have."""
        ...

    @property
    def one_line(self) -> bool:
        """Return whether no column takes a line break; then one hints at a lost quotation mark."""
        ...

    def check(self, rows: Iterable[tuple[int, Sequence[str]]]) -> tuple[list[str], Sequence[Fault]]:
        """Sort rows, given as number and the values of ``columns``, into text for ``merge`` and faults."""
        ...

    def merge(self, import_id: int, staged: list[str]) -> Merged:
        """Write a chunk's rows inside the caller's transaction; many imports may try at once."""
        ...

    def finish(self, import_id: int) -> None:
        """Drop what was kept only while the import ran."""
        ...

    def totals(self) -> dict[str, int]:
        """Count what is there now."""
        ...
