"""How a record gets on disk whole or not at all; knows nothing of what is in it.

A record is a folder whose `manifest.json` is written last. New records are made in a hidden sibling folder
and renamed into place, so that a killed process leaves nothing that looks like a record.
"""

import contextlib
import errno
import json
import os
import re
import shutil
import tempfile
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

import numpy as np
from filelock import FileLock, Timeout
from pydantic import BaseModel, ConfigDict, ValidationError

from rnnscope.errors import ConfigError, RecordError

MANIFEST = "manifest.json"
AnyManifest = TypeVar("AnyManifest", bound="Manifest")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._=,+-]*")
_CANNOT_WRITE = {
    errno.ENOSPC: "the disk is full",
    errno.EDQUOT: "the disk quota is used up",
    errno.EFBIG: "the file would exceed this system's size limit",
    errno.EACCES: "no permission to write there",
    errno.EPERM: "no permission to write there",
    errno.EROFS: "the disk is read-only",
    errno.ENOTDIR: "a part of the path is a file",
    errno.EEXIST: "a part of the path is a file",
    errno.ENAMETOOLONG: "the name is too long",
}


class Manifest(BaseModel):
    """What every record says of itself; each kind of record adds its own fields."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    format_version: int = 1
    command: str = ""
    """The command line that makes this record again."""
    parents: dict[str, str] = {}
    """Name of the parent record -> its fingerprint."""
    machine: dict[str, str | int] = {}
    """What the machine decided: processor, threads, backend, versions. Never part of a fingerprint."""

    @classmethod
    def read(cls: type[AnyManifest], folder: Path) -> AnyManifest:
        """The manifest in `folder`. Raises RecordError where it is missing or unreadable."""
        try:
            return cls.model_validate_json((folder / MANIFEST).read_bytes())
        except FileNotFoundError:
            raise RecordError(f"no record at '{folder}' (it has no {MANIFEST})") from None
        except (ValidationError, OSError, UnicodeDecodeError) as error:
            reason = error.errors()[0]["msg"] if isinstance(error, ValidationError) else error
            raise RecordError(
                f"'{folder / MANIFEST}' is not a {cls.__name__}: {reason}; remove the folder and build it "
                f"again"
            ) from None

    def write(self, folder: Path) -> None:
        write_text(folder / MANIFEST, self.model_dump_json(indent=1) + "\n")


def is_whole(folder: Path) -> bool:
    """Whether `folder` holds a finished record."""
    return (folder / MANIFEST).is_file()


def checked_name(name: str, what: str) -> str:
    """`name` itself, if it can be a folder's name on any system. Raises ConfigError."""
    if not _NAME.fullmatch(name) or len(name) > 120:
        raise ConfigError(
            f"{what} name {name!r} cannot be used: start with a letter or digit, then letters, digits and . "
            f"_ = , + -"
        )
    return name


@contextlib.contextmanager
def explained(what: str) -> Iterator[None]:
    """Turns the operating system's refusals while writing `what` into one RecordError line."""
    try:
        yield
    except OSError as error:
        reason = _CANNOT_WRITE.get(error.errno or 0)
        if reason is None:
            raise
        raise RecordError(
            f"cannot write {what}: {reason}; free it or choose another folder with --work DIR"
        ) from error


@contextlib.contextmanager
def held(folder: Path, on_busy: Callable[[], None]) -> Iterator[None]:
    """Holds `folder`, which need not exist yet, for this process; the system frees what a killed one held.

    Where another process holds it, `on_busy` is called, which may raise, and then it is waited for.
    """
    with explained(f"'{folder}'"):
        folder.parent.mkdir(parents=True, exist_ok=True)
        lock = FileLock(_lock(folder))
        try:
            lock.acquire(timeout=0)
        except Timeout:
            on_busy()
            lock.acquire()
    try:
        yield
    finally:
        lock.release()


_asking = threading.Lock()


def is_held(folder: Path) -> bool:
    """Whether a process holds `folder` just now. Not for what is refused where another holds it: to find out
    is to hold it for a moment.
    """
    if not _lock(folder).is_file():
        return False
    lock = FileLock(_lock(folder))
    with _asking:  # two who ask at a time would take each other for the holder
        try:
            lock.acquire(timeout=0)
        except Timeout:
            return True
        except OSError:  # a disk that cannot be written to: nothing is made there
            return False
        lock.release()
    return False


def _lock(folder: Path) -> Path:
    return folder.parent / f".{folder.name}.lock"


@contextlib.contextmanager
def new_record(folder: Path) -> Iterator[Path]:
    """A hidden folder to fill (manifest last); renamed to `folder` at the end, removed if anything fails.

    An older record in `folder` is replaced. Raises RecordError on a full disk or a missing permission.
    """
    partial: Path | None = None
    with explained(f"'{folder}'"):
        try:
            folder.parent.mkdir(parents=True, exist_ok=True)
            partial = Path(tempfile.mkdtemp(prefix=f".{folder.name}.partial-", dir=folder.parent))
            partial.chmod(0o755)
            yield partial
            put_in_place(partial, folder)
        finally:
            if partial is not None:
                shutil.rmtree(partial, ignore_errors=True)


def put_in_place(partial: Path, folder: Path) -> None:
    """Renames a whole `partial` to `folder`, whatever is there, also where another process does the same
    just now. Raises RecordError where others keep getting in between, OSError where the disk refuses.
    """
    for attempt in range(10):
        try:
            with contextlib.suppress(FileNotFoundError):
                os.rename(folder, old := partial.with_name(f"{partial.name}.old{attempt}"))
                shutil.rmtree(old, ignore_errors=True)
            os.rename(partial, folder)
            return
        except OSError as error:
            if error.errno not in (errno.ENOTEMPTY, errno.EEXIST):
                raise
    raise RecordError(f"'{folder}' is written by another process over and over; stop one of the two")


def write_text(path: Path, text: str) -> None:
    """Writes `path` so that a reader sees the old file or the new one, never a part."""
    write_bytes(path, text.encode())


def write_bytes(path: Path, content: bytes) -> None:
    """Writes `path` so that a reader sees the old file or the new one, never a part."""
    with explained(f"'{path}'"):
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor, partial = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            os.chmod(partial, 0o644)
            os.replace(partial, path)
        except BaseException:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(partial)
            raise


def write_json(path: Path, value: object) -> None:
    write_text(path, json.dumps(value, indent=1, ensure_ascii=False, allow_nan=False) + "\n")


def save_array(path: Path, array: np.ndarray) -> None:
    """`np.save` through ordinary writes: a full disk is an error with its number, as it is not in `tofile` or
    a memory map.
    """
    array = np.ascontiguousarray(array)
    if array.dtype.hasobject:
        raise ValueError("arrays of Python objects are not saved: they would need pickle")
    with explained(f"'{path}'"), path.open("wb") as file:
        np.lib.format.write_array_header_1_0(file, np.lib.format.header_data_from_array_1_0(array))
        file.write(array.reshape(-1).view(np.uint8).data)


def load_array(path: Path) -> np.ndarray:
    """A memory-mapped array. Raises RecordError where the file is missing or broken."""
    try:
        return np.load(path, mmap_mode="r", allow_pickle=False)
    except (OSError, ValueError) as error:
        raise RecordError(
            f"array '{path}' cannot be read ({error}); remove its record and build it again"
        ) from None
