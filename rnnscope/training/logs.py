"""log.jsonl and timing.jsonl of a run: appended line by line, cut back to a checkpoint. Knows no training."""

import json
import os
from pathlib import Path
from typing import IO

from rnnscope.errors import RecordError
from rnnscope.records.folder import explained


class RunLog:
    """Two files with one line each per logged step: what the config decides, and what the machine decides."""

    def __init__(self, folder: Path, sizes: tuple[int, int] = (0, 0)) -> None:
        """Opens both files, cut back to `sizes` bytes. Raises RecordError where they are shorter."""
        self.folder = folder
        self._files: list[IO[bytes]] = []
        for name, size in zip(("log.jsonl", "timing.jsonl"), sizes, strict=True):
            self._files.append(_cut(folder / name, size))

    def write(self, line: dict, timing: dict) -> None:
        """One line to each file. Raises RecordError where the disk refuses."""
        with explained(f"the log in '{self.folder}'"):
            for file, content in zip(self._files, (line, timing), strict=True):
                file.write(json.dumps(content, allow_nan=False).encode() + b"\n")
                file.flush()

    def sizes(self) -> tuple[int, int]:
        """Bytes of both files, safe on the disk."""
        with explained(f"the log in '{self.folder}'"):
            for file in self._files:
                os.fsync(file.fileno())
        log, timing = (file.tell() for file in self._files)
        return log, timing

    def close(self) -> None:
        for file in self._files:
            file.close()


def _cut(path: Path, size: int) -> IO[bytes]:
    with explained(f"'{path}'"):
        file = path.open("ab")
        if file.tell() < size:
            file.close()
            raise RecordError(f"'{path}' is shorter than its run's checkpoint says; remove the run's folder")
        file.truncate(size)
        file.seek(size)
        return file
