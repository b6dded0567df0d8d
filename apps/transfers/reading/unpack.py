"""Opens a file as a stream of bytes, unpacking gzip and xz with bounded memory and bounded output."""

import gzip
import io
import lzma
import zlib
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Final, Protocol, Self

from apps.transfers.reading.bad_file import BadFile
from apps.transfers.reading.formats import HEAD_BYTES, Packing, packing_of, refuse_foreign, refuse_packed

UNPACKED_MAX_BYTES: Final = 20 << 30
UNPACKED_MAX_RATIO: Final = 200  # real tables shrink to a tenth or a fiftieth
_ANY_RATIO_BYTES: Final = 4 << 20  # so much may come out of however few bytes
_XZ_MEMORY: Final = 72 << 20  # what `xz -9` needs to unpack; a crafted file may ask for 4 GB
_READ_BYTES: Final = 64 << 10


class _Readable(Protocol):
    def read(self, size: int, /) -> bytes: ...


class Unpacked:
    """The bytes of a table, however they are packed; knows how far into the file on disk it is."""

    def __init__(self, path: Path) -> None:
        """Open the file and look at what it is; close it by leaving the ``with`` block."""
        self._file: BinaryIO = path.open("rb")
        self._given = 0
        try:
            self.size = self._file.seek(0, io.SEEK_END)
            self._file.seek(0)
            self.packing = packing_of(self._file.read(HEAD_BYTES))
            self._file.seek(0)
            self._stream = self._open_stream()
        except BaseException:
            self._file.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()

    @property
    def position(self) -> int:
        """Return how many bytes of the file on disk were taken."""
        return self._file.tell()

    @property
    def given(self) -> int:
        """Return how many unpacked bytes were read."""
        return self._given

    def read(self, size: int) -> bytes:
        """Return up to so many unpacked bytes; none at the end."""
        try:
            data = self._stream.read(size)
        except EOFError as error:
            raise BadFile(
                f"The {self.packing.value} file ends too early, after {self._given:,} unpacked bytes: "
                "the transfer was cut off. Upload it again."
            ) from error
        except (lzma.LZMAError, zlib.error, gzip.BadGzipFile) as error:
            if "Memory usage limit" in str(error):
                raise BadFile(
                    f"Unpacking the file needs more than {_XZ_MEMORY >> 20} MB of memory. Pack it with xz -9."
                ) from error
            raise BadFile(
                f"The {self.packing.value} file is damaged after {self._given:,} unpacked bytes ({error}). "
                "Pack it again and upload it again."
            ) from error
        if self._given == 0 and self.packing is not Packing.PLAIN:
            refuse_packed(data)
            refuse_foreign(data)
        self._given += len(data)
        if self._given > _ANY_RATIO_BYTES and self._given > UNPACKED_MAX_RATIO * self.size:
            raise BadFile(
                f"The file unpacks to more than {UNPACKED_MAX_RATIO:,} times its size. Upload it unpacked."
            )
        if self._given > UNPACKED_MAX_BYTES:
            raise BadFile(
                f"The file unpacks to more than {UNPACKED_MAX_BYTES:,} bytes. Split it into several files."
            )
        return data

    def _open_stream(self) -> _Readable:
        if self.packing is Packing.GZIP:
            return gzip.GzipFile(fileobj=self._file, mode="rb")
        if self.packing is Packing.XZ:
            return _XzStream(self._file)
        return self._file


class _XzStream:
    """Unpacks xz like ``lzma.LZMAFile``, but with a limit on memory."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._rest = b""
        self._unpacker = self._new_unpacker()

    def read(self, size: int) -> bytes:
        """Return up to so many bytes; none at the end of the last stream in the file."""
        while True:
            if self._unpacker.eof and not self._next_stream():
                return b""
            packed = self._rest
            if self._unpacker.needs_input and not packed:
                packed = self._file.read(_READ_BYTES)
                if not packed:
                    raise EOFError
            self._rest = b""
            data = self._unpacker.decompress(packed, size)
            if data:
                return data

    def _next_stream(self) -> bool:
        """Go on with the stream that follows this one, past padding; say whether there is one."""
        rest = self._unpacker.unused_data.lstrip(b"\0")
        while not rest:
            block = self._file.read(_READ_BYTES)
            if not block:
                return False
            rest = block.lstrip(b"\0")
        self._rest = rest
        self._unpacker = self._new_unpacker()
        return True

    @staticmethod
    def _new_unpacker() -> lzma.LZMADecompressor:
        return lzma.LZMADecompressor(format=lzma.FORMAT_XZ, memlimit=_XZ_MEMORY)
