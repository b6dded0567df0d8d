"""Look into a file before its import: its sender learns what to correct while the form is open."""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from apps.transfers.reading.bad_file import BadFile
from apps.transfers.reading.formats import HEAD_BYTES, Packing
from apps.transfers.reading.table import Table
from apps.transfers.reading.unpack import Unpacked

NO_ROWS: Final = "The file has column names but no rows. There is nothing to import."
_ROWS: Final = 20_000  # looked at
_BYTES: Final = 8 << 20  # unpacked, looked at
_BLOCK: Final = 256 << 10


def refuse_foreign_file(path: Path) -> None:
    """Raise BadFile for a file that is no table of text, or packed in a way that cannot be unpacked."""
    with Unpacked(path) as content:
        content.read(HEAD_BYTES)


def refuse_unreadable(path: Path, columns: Sequence[str], encoding: str) -> None:
    """Raise BadFile for a header, an encoding or a packing that is wrong within the first rows."""
    with Unpacked(path) as content:
        table = Table(content, columns, encoding=encoding)
        rows = 0
        for rows, _ in enumerate(table.rows, 1):
            if rows >= _ROWS or content.given > _BYTES:
                break
        if not rows:
            raise BadFile(NO_ROWS)
        while content.packing is not Packing.PLAIN and content.given < _BYTES and content.read(_BLOCK):
            pass  # a bomb is found before anything of it is imported
