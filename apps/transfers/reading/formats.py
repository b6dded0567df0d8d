"""Tells what a file is by its first bytes; its name is only what somebody called it."""

import re
from enum import Enum
from typing import Final

from apps.transfers.reading.bad_file import BadFile

HEAD_BYTES: Final = 512


class Packing(Enum):
    """How the text of a file is packed."""

    PLAIN = "plain"
    GZIP = "gzip"
    XZ = "xz"


_PACKINGS: Final = {b"\x1f\x8b": Packing.GZIP, b"\xfd7zXZ\x00": Packing.XZ}

_FOREIGN: Final = {
    b"PK\x03\x04": "a ZIP archive or an Excel workbook (.xlsx)",
    b"PK\x05\x06": "an empty ZIP archive",
    b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1": "an old Excel workbook (.xls)",
    b"%PDF-": "a PDF document",
    b"BZh": "packed with bzip2",
    b"\x28\xb5\x2f\xfd": "packed with Zstandard",
    b"7z\xbc\xaf\x27\x1c": "a 7-Zip archive",
    b"Rar!\x1a\x07": "a RAR archive",
    b"PAR1": "a Parquet file",
    b"SQLite format 3\x00": "an SQLite database",
    b"\x89PNG\r\n\x1a\n": "a PNG image",
    b"\xff\xd8\xff": "a JPEG image",
    b"GIF8": "a GIF image",
    b"\x7fELF": "a program",
    b"MZ\x90\x00": "a program",
    b"{\\rtf": "a Rich Text document",
}
_BEGINNINGS: Final = (
    (re.compile(rb"<[!?/a-z]"), "a web page or XML document (some programs name one .xls or .csv)"),
    (re.compile(rb"[\[{]\s*[\[{\"]"), "a JSON document"),
    (re.compile(rb"mime-version:"), "a web archive (.mht)"),
    (re.compile(rb"id;p[^\r\n]{0,40}[\r\n]+[a-z]{1,2};[a-z]"), "a SYLK spreadsheet (.slk)"),
)


def packing_of(head: bytes) -> Packing:
    """Return how the file is packed, or refuse a file that is no table of text."""
    for magic, packing in _PACKINGS.items():
        if head.startswith(magic):
            return packing
    refuse_foreign(head)
    return Packing.PLAIN


def refuse_foreign(head: bytes) -> None:
    """Refuse content that is known to be something else than text, or nothing at all."""
    if not head:
        raise BadFile("The file is empty. Expected a CSV file whose first row names the columns.")
    for magic, what in _FOREIGN.items():
        if head.startswith(magic):
            raise _foreign(what)
    if head[257:262] == b"ustar":
        raise _foreign("a tar archive")
    text = head.translate(None, b"\0").lstrip(b"\xef\xbb\xbf\xff\xfe \t\r\n").lower()  # UTF-16 too
    for beginning, what in _BEGINNINGS:
        if beginning.match(text):
            raise _foreign(what)


def refuse_packed(head: bytes) -> None:
    """Refuse content that is packed once more inside a packed file."""
    if head.startswith(tuple(_PACKINGS)):
        raise BadFile(
            "The file is packed twice (.gz or .xz in .gz or .xz). Unpack it once and upload it again."
        )


def _foreign(what: str) -> BadFile:
    return BadFile(f"The file is {what}, not CSV. Save the table as CSV (it may be packed as .gz or .xz).")
