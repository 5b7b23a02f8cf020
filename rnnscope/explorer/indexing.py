"""Trace, site -> its Columns, made in the background when they are first asked for. Knows no view.

Where the work folder cannot be written, they are made in a temporary folder, which goes with the process.
"""

import shutil
import tempfile
import threading
import weakref
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from rnnscope.errors import RecordError
from rnnscope.records.columns import Columns, build_columns, columns_folder, find_columns, fingerprint
from rnnscope.records.trace import Trace

MOST_HELD = 64
"""Columns that are kept open; to open them again takes milliseconds."""
Key = tuple[Path, str, str]
"""Folder and fingerprint of a trace, site."""


@dataclass
class Making:
    """Columns that are being made."""

    share: float = 0.0
    is_over: threading.Event = field(default_factory=threading.Event)
    columns: Columns | None = None
    error: RecordError | None = None


class Indexes:
    """The columns of one explorer. Any thread may ask."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._turn = threading.Lock()
        self._making: dict[Key, Making] = {}
        self._temporary: Path | None = None

    def ready(self, trace: Trace, site: str) -> Columns:
        """Waits until they are made. Raises RecordError for a site that the trace does not have, or where no
        folder can be written."""
        making = self._asked(trace, site)
        making.is_over.wait()
        if making.error is not None:
            raise making.error
        assert making.columns is not None
        return making.columns

    def at_hand(self, trace: Trace, site: str) -> Columns | None:
        """None while they are being made, which begins with this, and where they cannot be made."""
        making = self._asked(trace, site)
        return making.columns if making.is_over.is_set() else None

    def share(self, trace: Trace, site: str) -> float:
        """How much of them is made, 0 to 1; starts nothing."""
        with self._lock:
            making = self._making.get(_key(trace, site))
        if making is not None:
            return 1.0 if making.is_over.is_set() else min(making.share, 0.999)
        return 1.0 if find_columns(trace, site, columns_folder(trace, site)) else 0.0

    def _asked(self, trace: Trace, site: str) -> Making:
        key = _key(trace, site)
        with self._lock:
            known = self._making.get(key)
            if known is not None and (known.error is None or not known.is_over.is_set()):
                return known
            while len(self._making) >= MOST_HELD:
                self._making.pop(next(iter(self._making)))
            making = self._making[key] = Making()
        # a daemon: Ctrl-C ends the explorer at once, and what is half made is never taken for whole
        threading.Thread(target=self._make, args=(trace, site, making), daemon=True).start()
        return making

    def _make(self, trace: Trace, site: str, making: Making) -> None:
        def told(share: float) -> None:
            making.share = share

        try:
            known = find_columns(trace, site, columns_folder(trace, site))
            if known is None:
                with self._turn:  # one after the other: each fills memory for itself
                    known = self._made(trace, site, told)
            making.columns = known
        except RecordError as error:
            making.error = error
        except Exception as error:  # a waiting request must hear of it
            making.error = RecordError(f"the index of '{site}' could not be made: {error}")
            raise
        finally:
            making.is_over.set()

    def _made(self, trace: Trace, site: str, told: Callable[[float], None]) -> Columns:
        try:
            return build_columns(trace, site, columns_folder(trace, site), told)
        except RecordError:
            if self._temporary is None:
                self._temporary = Path(tempfile.mkdtemp(prefix="rnnscope-"))
                weakref.finalize(self, shutil.rmtree, self._temporary, ignore_errors=True)
            return build_columns(trace, site, columns_folder(trace, site, self._temporary), told)


def _key(trace: Trace, site: str) -> Key:
    return trace.folder, fingerprint(trace), site
