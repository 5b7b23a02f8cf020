"""Corpus -> a corpus of some of its rows, with the same alphabet. Knows no source."""

import hashlib
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from rnnscope.corpora.building import fingerprint_of
from rnnscope.errors import ConfigError
from rnnscope.records.corpus import PARTS, Corpus, CorpusManifest, PartRows
from rnnscope.records.folder import new_record, save_array


def excerpt(corpus: Corpus, name: str, shapes: Mapping[str, tuple[int, int]], work: Path) -> Corpus:
    """The first rows of every part, each cut to so many characters, as `shapes[part]` says of both: corpus
    `name` in `work`.

    A row that a network read whole is read in the excerpt with the same losses. Raises ConfigError for more
    rows or characters than there are, RecordError where the disk refuses.
    """
    pieces, parts, at = [], {}, 0
    for part in PARTS:
        of, (count, row_chars) = corpus.part(part), shapes[part]
        if not 1 <= count <= of.rows or not 1 <= row_chars <= of.row_chars:
            raise ConfigError(
                f"no {count} rows of {row_chars} characters in the {part} part of '{corpus.name}'"
            )
        starts = []
        for start in of.starts[:count]:
            pieces.append(corpus.ids[start : start + row_chars + 1])  # and the last target
            starts.append(at)
            at += row_chars + 1
        parts[part] = PartRows(starts=tuple(starts), row_chars=row_chars)
    ids = np.concatenate(pieces)
    text = corpus.alphabet.decode(ids)
    content = text.encode("latin-1" if corpus.manifest.alphabet_kind == "bytes" else "utf-8", "surrogatepass")
    plan = corpus.manifest.model_dump() | {
        "name": name,
        "source": {
            "kind": "excerpt",
            "of": corpus.name,
            "rows": [f"{part} {shapes[part][0]}" for part in PARTS],
        },
        "text_sha256": hashlib.sha256(content).hexdigest(),
        "text_bytes": len(content),
        "ids_chars": len(ids),
        "parts": parts,
        "command": "",
        "parents": {corpus.name: corpus.manifest.fingerprint},
    }
    plan["fingerprint"] = fingerprint_of(hashlib.sha256(ids.tobytes()).hexdigest(), corpus.codes, plan)
    folder = work / "corpora" / name
    with new_record(folder) as partial:
        save_array(partial / "alphabet.npy", corpus.codes)
        save_array(partial / "ids.npy", ids)
        CorpusManifest(**plan).write(partial)
    return Corpus.read(folder)
