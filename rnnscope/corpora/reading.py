"""Files -> chunks of bytes, unpacked on the way, read as often as asked. Knows no corpus and no alphabet."""

import contextlib
import gzip
import lzma
import stat
import tempfile
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import IO, Protocol, runtime_checkable

import numpy as np

from rnnscope.errors import CorpusError
from rnnscope.records.folder import explained

Chunks = Callable[[], Iterator[bytes]]
"""A text that can be read again from its start."""


@runtime_checkable
class ByteStream(Protocol):
    """What can be read once, such as standard input."""

    def read(self, size: int, /) -> bytes: ...


CHUNK_BYTES = 1 << 20
PACKED = {".gz": gzip.open, ".xz": lzma.open}


@contextlib.contextmanager
def readable(path: Path | str) -> Iterator[None]:
    """Turns what the system or an unpacker says while `path` is read into one CorpusError line."""
    try:
        yield
    except FileNotFoundError:
        raise CorpusError(f"no file '{path}'") from None
    except IsADirectoryError:
        raise CorpusError(f"'{path}' is a folder, and a file is needed") from None
    except (EOFError, zlib.error, lzma.LZMAError, gzip.BadGzipFile) as error:
        raise CorpusError(
            f"'{path}' cannot be unpacked ({error}); it is cut off or not what its ending says"
        ) from None
    except OSError as error:
        raise CorpusError(f"'{path}' cannot be read: {error.strerror or error}") from None


def file_chunks(path: Path) -> Iterator[bytes]:
    """The bytes of a file, unpacked where its name ends in .gz or .xz. Raises CorpusError."""
    with readable(path):
        unpack = PACKED.get(path.suffix.lower())
        with unpack(path, "rb") if unpack else path.open("rb") as file:
            while chunk := file.read(CHUNK_BYTES):
                yield chunk


def joined_chunks(paths: Sequence[Path]) -> Iterator[bytes]:
    """File after file with nothing between. Raises CorpusError."""
    for path in paths:
        with readable(path), path.open("rb") as file:
            while chunk := file.read(CHUNK_BYTES):
                yield chunk


def first_chars(chunks: Iterable[bytes], limit: int | None) -> Iterator[bytes]:
    """The first `limit` characters of a UTF-8 text, never a part of one; all of it where `limit` is None."""
    left = limit
    for chunk in chunks:
        if left is None:
            yield chunk
            continue
        # every byte but 10xxxxxx begins a character
        begins = np.flatnonzero((np.frombuffer(chunk, dtype=np.uint8) & 0xC0) != 0x80)
        if len(begins) > left:
            yield chunk[: begins[left]]
            return
        left -= len(begins)
        yield chunk


def is_pipe(path: Path) -> bool:
    """Whether `path` can be read but once (a pipe, a socket, a terminal)."""
    with readable(path):
        mode = path.stat().st_mode
    return stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode) or stat.S_ISCHR(mode)


@contextlib.contextmanager
def spooled(file: ByteStream, what: str, folder: Path) -> Iterator[Chunks]:
    """A stream that can be read but once, copied to a nameless file in `folder`, gone with the process."""
    with explained(f"'{folder}'"):
        folder.mkdir(parents=True, exist_ok=True)
        spool = tempfile.TemporaryFile(dir=folder)
    with spool:
        _copy(file, spool, what, folder)

        def chunks() -> Iterator[bytes]:
            spool.seek(0)
            while chunk := spool.read(CHUNK_BYTES):
                yield chunk

        yield chunks


def _copy(file: ByteStream, spool: IO[bytes], what: str, folder: Path) -> None:
    while True:
        with readable(what):
            chunk = file.read(CHUNK_BYTES)
        if not chunk:
            break
        with explained(f"'{folder}'"):
            spool.write(chunk)
    with explained(f"'{folder}'"):
        spool.flush()
