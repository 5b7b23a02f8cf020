"""Chunks -> Survey: which symbols a text has, in one pass. Knows no alphabet that was asked for."""

import codecs
import hashlib
from dataclasses import dataclass

import numpy as np

from rnnscope.corpora.reading import Chunks

_CODE_POINTS = 0x110000


@dataclass(frozen=True)
class Survey:
    """What the first pass over a text finds."""

    sha256: str
    text_bytes: int
    byte_codes: np.ndarray
    """Byte values that occur, ascending, uint32."""
    char_codes: np.ndarray | None
    """Code points that occur, ascending, uint32; None where the text is not UTF-8."""
    chars: int
    """Code points in all, 0 where the text is not UTF-8."""
    first_bad_byte: int | None
    """Where the text stops being UTF-8."""


def survey_text(chunks: Chunks) -> Survey:
    """One pass over a text of any size."""
    digest = hashlib.sha256()
    bytes_seen = np.zeros(256, dtype=np.int64)
    chars_seen = np.zeros(_CODE_POINTS, dtype=bool)
    decode = CodePoints()
    chars, first_bad_byte = 0, None
    for chunk in chunks():
        digest.update(chunk)
        bytes_seen += np.bincount(np.frombuffer(chunk, dtype=np.uint8), minlength=256)
        if first_bad_byte is None:
            try:
                codes = decode(chunk)
                chars += len(codes)
                chars_seen[codes] = True
            except UnicodeDecodeError:
                first_bad_byte = decode.bad_byte
    if first_bad_byte is None:
        try:
            decode(b"", final=True)
        except UnicodeDecodeError:
            first_bad_byte = decode.bad_byte
    is_utf8 = first_bad_byte is None
    return Survey(
        sha256=digest.hexdigest(),
        text_bytes=int(bytes_seen.sum()),
        byte_codes=np.flatnonzero(bytes_seen).astype(np.uint32),
        char_codes=np.flatnonzero(chars_seen).astype(np.uint32) if is_utf8 else None,
        chars=chars if is_utf8 else 0,
        first_bad_byte=first_bad_byte,
    )


class CodePoints:
    """Chunks of UTF-8, cut anywhere -> arrays of code points."""

    def __init__(self) -> None:
        self._decoder = codecs.getincrementaldecoder("utf-8")("strict")
        self._bytes_done = 0
        self.bad_byte: int | None = None

    def __call__(self, chunk: bytes, final: bool = False) -> np.ndarray:
        """Raises UnicodeDecodeError, and `bad_byte` is then its place in the whole text."""
        waiting = len(self._decoder.getstate()[0])
        if not waiting and chunk.isascii():
            self._bytes_done += len(chunk)
            return np.frombuffer(chunk, dtype=np.uint8)
        try:
            text = self._decoder.decode(chunk, final)
        except UnicodeDecodeError as error:
            self.bad_byte = self._bytes_done - waiting + error.start
            raise
        self._bytes_done += len(chunk)
        return np.frombuffer(text.encode("utf-32-le"), dtype="<u4")
