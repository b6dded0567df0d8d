"""Turns bytes into lines of text, strictly: a byte that does not belong is told, never replaced."""

import codecs
import io
from collections.abc import Iterator
from itertools import chain
from typing import Final, Protocol

from apps.transfers.reading.bad_file import BadFile

LONGEST_LINE: Final = 1 << 20  # characters; beyond it a file is no table
_BLOCK_BYTES: Final = 256 << 10
_NAMES: Final = {"utf-8": "UTF-8", "cp1252": "Windows-1252", "utf-16": "UTF-16"}
_MARK: Final = "\ufeff"
_UTF32_MARKS: Final = (codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)
_UTF16_MARKS: Final = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


class ByteSource(Protocol):
    """What bytes are read from."""

    def read(self, size: int, /) -> bytes:
        """Return up to so many bytes; none at the end."""
        ...


def lines(source: ByteSource, encoding: str) -> Iterator[str]:
    """Yield the lines, each with its ending (LF, CR LF or CR), as a CSV reader wants them."""
    return chain.from_iterable(_whole_lines(_blocks(source, encoding)))


def _whole_lines(blocks: Iterator[str]) -> Iterator[io.StringIO]:
    """Cut the text behind the last line ending of each block; StringIO splits the rest at C speed."""
    carry = ""
    for block in blocks:
        text = carry + block
        end = max(text.rfind("\n"), text.rfind("\r", 0, -1)) + 1
        carry = text[end:]
        if end:
            yield io.StringIO(text[:end], newline="")
        if len(carry) > LONGEST_LINE:
            raise BadFile(
                f"A line is longer than {LONGEST_LINE:,} characters: this is no table of rows. "
                "Save the table as CSV, one row a line."
            )
    if carry:
        yield io.StringIO(carry, newline="")


def _blocks(source: ByteSource, encoding: str) -> Iterator[str]:
    data = source.read(_BLOCK_BYTES)
    decoder = codecs.getincrementaldecoder(_codec(data[:4], encoding))()
    taken = 0
    while True:
        try:
            text = decoder.decode(data, final=not data)
        except UnicodeDecodeError as error:
            yield _good_part(error).removeprefix("" if taken else _MARK)
            offset = taken + len(data) - len(error.object) + error.start
            raise _undecodable(encoding, offset, error.object[error.start]) from error
        if text:
            if not taken:
                _refuse_second_mark(text)
            yield text
        if not data:
            return
        taken += len(data)
        data = source.read(_BLOCK_BYTES)


def _refuse_second_mark(text: str) -> None:
    if text.startswith(_MARK):
        raise BadFile(
            "The file begins with two byte order marks. Save it again as UTF-8, or remove the second mark."
        )
    if text.startswith(_MARK.encode().decode("cp1252")):
        raise BadFile(
            "The file was converted to UTF-8 twice: it begins with ï»¿. Save the original as UTF-8."
        )


def _good_part(error: UnicodeDecodeError) -> str:
    """Return the text before the fault; the object of the error lacks a byte order mark of UTF-8."""
    codec = "cp1252" if error.encoding == "charmap" else error.encoding
    return error.object[: error.start].decode(codec)


def _codec(head: bytes, encoding: str) -> str:
    """Choose the decoder by the first bytes: a byte order mark is not part of the text."""
    if head in _UTF32_MARKS:
        raise BadFile("The file is UTF-32. Save it as UTF-8.")
    looks_utf16 = head.startswith(_UTF16_MARKS) or _alternates(head)
    if b"\0" in head and not looks_utf16:
        raise BadFile("The file begins with binary data: it is not a table of text. Save the table as CSV.")
    if looks_utf16 != (encoding == "utf-16"):
        raise _wrong_choice(encoding, "UTF-16 (Excel calls it Unicode text)" if looks_utf16 else "UTF-8")
    if encoding == "cp1252" and head.startswith(codecs.BOM_UTF8):
        raise _wrong_choice(encoding, "UTF-8")
    if encoding == "utf-16" and not head.startswith(_UTF16_MARKS):
        return "utf-16-be" if head.startswith(b"\0") else "utf-16-le"
    return "utf-8-sig" if encoding == "utf-8" else encoding


def _alternates(head: bytes) -> bool:
    """Say whether every second byte is NUL, as in Latin text that is written as UTF-16 without a mark."""
    first, second = head[::2], head[1::2]
    return len(head) > 1 and (any(first), any(second)) in ((True, False), (False, True))


def _wrong_choice(encoding: str, likely: str) -> BadFile:
    return BadFile(
        f"The file is not {_NAMES[encoding]}: it looks like {likely}. "
        f"Choose the encoding {likely.partition(' ')[0]} and upload it again."
    )


def _undecodable(encoding: str, offset: int, byte: int) -> BadFile:
    other = "Windows-1252 or UTF-16" if encoding == "utf-8" else "UTF-8"
    return BadFile(
        f"The file is not {_NAMES[encoding]}: byte {offset + 1:,} (0x{byte:02X}) does not belong there. "
        f"Choose another encoding, such as {other}, and upload it again."
    )
