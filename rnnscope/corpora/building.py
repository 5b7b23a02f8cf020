"""Source -> Corpus: two passes over the text, in a few megabytes of memory. Knows no kind of source.

The first pass sees which symbols there are and whether the text is UTF-8; the second writes the ids. Writes
are ordinary ones: a full disk is an error here and would be a crash in a memory map.
"""

import contextlib
import hashlib
import json
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, get_args

import numpy as np

from rnnscope.corpora.reading import Chunks
from rnnscope.corpora.sources import Source
from rnnscope.corpora.split import STREAM_ROWS, Fractions, checked_fractions, split_parts
from rnnscope.corpora.survey import CodePoints, Survey, survey_text
from rnnscope.errors import ConfigError, CorpusError, RecordError, did_you_mean
from rnnscope.records.corpus import AlphabetKind, Corpus, CorpusManifest, Language, SplitKind, ids_dtype
from rnnscope.records.folder import checked_name, held, is_whole, new_record, save_array

Notice = Callable[[str], None]


def build_corpus(
    source: Source,
    name: str | None,
    work: Path,
    *,
    alphabet: str | None = None,
    split: str | None = None,
    fractions: Fractions | None = None,
    language: str | None = None,
    command: str = "",
    notice: Notice = lambda line: None,
) -> Corpus:
    """The corpus of `source` in work/corpora/NAME; one that is already there is returned if it is the same.

    `alphabet` is 'bytes' or 'chars', `split` 'streams' or 'contiguous', `language` 'prose', 'python' or 'c';
    None takes the source's default. `notice` hears, in one line each, of what was chosen for want of better.
    Raises ConfigError for a setting that cannot be used, CorpusError for a text that cannot become a corpus,
    RecordError where the name is taken by another corpus or the disk refuses; nothing half-made is left then.
    """
    folder = work / "corpora" / checked_name(name or source.default_name, "corpus")
    _check_choice("alphabet", alphabet, get_args(AlphabetKind))
    _check_choice("split", split, get_args(SplitKind))
    _check_choice("language", language, get_args(Language))
    fractions = checked_fractions(fractions or source.fractions)
    with source.opened(work) as chunks:
        survey = survey_text(chunks)
        _check_text(source, survey)
        plan = _plan(source, survey, alphabet, notice) | {
            "name": folder.name,
            "language": language or source.language,
            "split_kind": split or source.split,
            "fractions": fractions,
            "command": command,
        }
        plan["parts"] = split_parts(plan["ids_chars"], plan["split_kind"], fractions)
        if is_whole(folder):
            return _same_corpus(folder, plan)
        with _only_builder(folder, notice):
            if is_whole(folder):  # another process has built it meanwhile
                return _same_corpus(folder, plan)
            _notice_rows(plan, notice)
            return _write(folder, plan, survey, chunks, source)


def _check_choice(what: str, value: str | None, choices: tuple[str, ...]) -> None:
    if value is not None and value not in choices:
        raise ConfigError(f"no {what} '{value}'; {did_you_mean(value, choices)}")


def _check_text(source: Source, survey: Survey) -> None:
    if survey.text_bytes == 0:
        raise CorpusError(f"{source.title} is empty; a corpus needs text")
    if source.sha256 is not None and survey.sha256 != source.sha256:
        raise CorpusError(
            f"{source.title} is another text than '{source.default_name}': "
            f"its sha256 is {survey.sha256} and should be {source.sha256}; {source.if_other}"
        )


def _plan(source: Source, survey: Survey, alphabet: str | None, notice: Notice) -> dict[str, Any]:
    """The manifest's fields that follow from the text and its alphabet."""
    kind = alphabet or source.alphabet
    if kind is None and survey.char_codes is None:
        notice(
            f"{source.title} is not UTF-8 (byte {survey.first_bad_byte:,}): symbols are bytes, not characters"
        )
    kind = kind or ("bytes" if survey.char_codes is None else "chars")
    codes = survey.byte_codes if kind == "bytes" else survey.char_codes
    if codes is None:
        raise CorpusError(
            f"{source.title} is not UTF-8 (byte {survey.first_bad_byte:,}), so its symbols cannot be "
            "characters; say --alphabet bytes"
        )
    if len(codes) < 2:
        raise CorpusError(
            f"{source.title} has one symbol only ({chr(codes[0])!r}); there is nothing to predict"
        )
    chars = survey.text_bytes if kind == "bytes" else survey.chars
    read = survey.chars or survey.text_bytes
    if source.most_chars and read < source.most_chars:
        notice(
            f"{source.title} has {read:,} characters, not the {source.most_chars:,} asked for: all are taken"
        )
    return {
        "source": source.facts,
        "text_sha256": survey.sha256,
        "text_bytes": survey.text_bytes,
        "ids_chars": chars,
        "alphabet_kind": kind,
        "symbols": len(codes),
    }


def _notice_rows(plan: dict[str, Any], notice: Notice) -> None:
    rows = plan["parts"]["train"].rows
    if plan["split_kind"] == "streams" and rows < STREAM_ROWS:
        notice(f"the text is short: its 'streams' split has {rows} rows, not {STREAM_ROWS}")


def _same_corpus(folder: Path, plan: dict[str, Any]) -> Corpus:
    """The corpus in `folder` if it is what `plan` would make. Raises RecordError if not, or if damaged."""
    corpus = Corpus.read(folder)
    there = corpus.manifest
    elsewise = f"give this one another name with --name, or remove '{folder}'"
    if there.text_sha256 != plan["text_sha256"]:
        raise RecordError(
            f"the name '{folder.name}' is taken by another text ({_described(there.source)}; this one: "
            f"{_described(plan['source'])}); {elsewise}"
        )
    for field, label in _COMPARED.items():
        is_, wanted = getattr(there, field), plan[field]
        if is_ != wanted:
            raise RecordError(
                f"the name '{folder.name}' is taken by the same text with {label} {_said(is_)}, "
                f"and this one has {_said(wanted)}; {elsewise}"
            )
    if corpus.ids.shape != (there.ids_chars,) or corpus.codes.shape != (there.symbols,):
        raise RecordError(
            f"corpus '{folder}' is damaged: its arrays do not fit its manifest; remove it and build it again"
        )
    return corpus


_COMPARED = {
    "alphabet_kind": "alphabet",
    "split_kind": "split",
    "fractions": "fractions",
    "language": "language",
}


def _said(value: object) -> str:
    return ",".join(f"{number:g}" for number in value) if isinstance(value, tuple) else f"'{value}'"


def _described(facts: dict[str, str | int | list[str]]) -> str:
    return ", ".join(
        f"{key} {' '.join(value) if isinstance(value, list) else value}" for key, value in facts.items()
    )


@contextlib.contextmanager
def _only_builder(folder: Path, notice: Notice) -> Iterator[None]:
    """Waits until no other process builds this corpus, and clears what a killed builder left."""
    with held(folder, lambda: notice(f"another process is building '{folder}'; waiting for it")):
        for abandoned in folder.parent.glob(f".{folder.name}.partial-????????"):
            shutil.rmtree(abandoned, ignore_errors=True)
        yield


def _write(folder: Path, plan: dict[str, Any], survey: Survey, chunks: Chunks, source: Source) -> Corpus:
    codes = survey.byte_codes if plan["alphabet_kind"] == "bytes" else survey.char_codes
    assert codes is not None  # _plan has refused
    with new_record(folder) as partial:
        save_array(partial / "alphabet.npy", codes)
        ids_sha256 = _write_ids(partial / "ids.npy", plan, survey, codes, chunks, source)
        fingerprint = fingerprint_of(ids_sha256, codes, plan)
        CorpusManifest(**plan, fingerprint=fingerprint).write(partial)
    return Corpus.read(folder)


def _write_ids(
    path: Path, plan: dict[str, Any], survey: Survey, codes: np.ndarray, chunks: Chunks, source: Source
) -> str:
    """Writes the ids by chunks; gives their sha256. Raises CorpusError where the text has changed."""
    dtype = ids_dtype(len(codes))
    table = np.zeros(int(codes[-1]) + 1, dtype=dtype)
    table[codes] = np.arange(len(codes), dtype=dtype)
    text_digest, ids_digest = hashlib.sha256(), hashlib.sha256()
    header = {
        "descr": np.lib.format.dtype_to_descr(dtype),
        "fortran_order": False,
        "shape": (plan["ids_chars"],),
    }
    with path.open("wb") as file:
        np.lib.format.write_array_header_1_0(file, header)
        for chunk, chunk_codes in _coded(chunks, plan["alphabet_kind"], source):
            text_digest.update(chunk)
            try:
                ids = table[chunk_codes]
            except IndexError:
                raise _changed(source) from None
            ids_digest.update(ids.data)
            file.write(ids.data)
        file.flush()
        os.fsync(file.fileno())
    if text_digest.hexdigest() != survey.sha256:
        raise _changed(source)
    return ids_digest.hexdigest()


def _coded(chunks: Chunks, kind: AlphabetKind, source: Source) -> Iterator[tuple[bytes, np.ndarray]]:
    decode = CodePoints()
    for chunk in chunks():
        if kind == "bytes":
            yield chunk, np.frombuffer(chunk, dtype=np.uint8)
            continue
        try:
            yield chunk, decode(chunk)
        except UnicodeDecodeError:
            raise _changed(source) from None


def _changed(source: Source) -> CorpusError:
    return CorpusError(
        f"{source.title} changed while it was read; build the corpus when nothing writes to it"
    )


def fingerprint_of(ids_sha256: str, codes: np.ndarray, plan: dict[str, Any]) -> str:
    """sha256 over ids, alphabet and split."""
    parts = {name: part.model_dump() for name, part in plan["parts"].items()}
    facts = [ids_sha256, plan["alphabet_kind"], codes.tolist(), plan["split_kind"], parts]
    return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()
