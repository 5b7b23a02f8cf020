"""From a source to a corpus on disk, whole or not at all."""

import errno
import hashlib
import io
import json
import os
import subprocess
import sys
import threading
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import rnnscope.corpora.building as building
from rnnscope.corpora import build_corpus, folder, python_library, standard_input, text_file, war_and_peace
from rnnscope.corpora.reading import CHUNK_BYTES
from rnnscope.errors import ConfigError, CorpusError, RecordError
from rnnscope.records.corpus import PARTS, Corpus, find_corpus

TEXT = "Call me Ishmael. Some years ago—never mind how long precisely… “quoted”, naïve.\r\n" * 40


@pytest.fixture
def work(tmp_path: Path) -> Path:
    return tmp_path / "work"


def written(path: Path, content: bytes | str) -> Path:
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def left_on_disk(work: Path) -> list[str]:
    """Files in the work folder, but for the locks of builders."""
    return [str(path) for path in work.rglob("*") if path.is_file() and path.suffix != ".lock"]


def test_war_and_peace_has_the_symbols_and_parts_of_the_paper(war_and_peace_path, war_and_peace_bytes, work):
    corpus = build_corpus(war_and_peace(war_and_peace_path), None, work)
    assert (corpus.name, corpus.symbols) == ("war-and-peace", 87)
    assert [corpus.part(name).chars for name in PARTS] == [2_600_000, 320_000, 330_000]
    assert (corpus.manifest.alphabet_kind, corpus.manifest.split_kind) == ("bytes", "streams")
    assert corpus.codes[np.asarray(corpus.ids)].astype(np.uint8).tobytes() == war_and_peace_bytes
    test = corpus.part("test")
    assert corpus.targets(test).shape == (100, 3300)


def test_another_file_is_not_taken_for_war_and_peace(tmp_path, work):
    with pytest.raises(
        CorpusError, match=r"another text than 'war-and-peace': its sha256 is .* should be fb66ba99"
    ):
        build_corpus(war_and_peace(written(tmp_path / "w.txt", TEXT)), None, work)
    assert not work.exists()


def test_the_text_comes_back_from_the_ids_in_both_alphabets(tmp_path, work):
    source = text_file(written(tmp_path / "moby.txt", TEXT))
    chars = build_corpus(source, None, work)
    manifest = chars.manifest
    assert (chars.name, manifest.alphabet_kind, manifest.split_kind) == ("moby", "chars", "contiguous")
    assert chars.text(0, chars.manifest.ids_chars) == TEXT
    assert chars.symbols == len(set(TEXT))
    in_bytes = build_corpus(source, "moby-bytes", work, alphabet="bytes")
    assert in_bytes.text(0, in_bytes.manifest.ids_chars).encode("latin-1") == TEXT.encode()
    assert in_bytes.symbols == len(set(TEXT.encode()))
    assert find_corpus(work, "moby").manifest == chars.manifest


@settings(deadline=None, max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=st.text(st.characters(exclude_categories=["Cs"]), min_size=40), size=st.integers(1, 9))
def test_chunks_cut_anywhere_give_the_same_ids(text, size, tmp_path_factory):
    if len(set(text)) < 2:
        return
    content = text.encode()
    whole = standard_input(io.BytesIO(content))
    work = tmp_path_factory.mktemp("work")

    class InPieces:
        def __enter__(self):
            return lambda: iter([content[i : i + size] for i in range(0, len(content), size)])

        def __exit__(self, *_):
            return None

    pieces = replace(whole, opened=lambda work: InPieces())
    one, other = build_corpus(whole, "whole", work), build_corpus(pieces, "pieces", work)
    assert one.text(0, one.manifest.ids_chars) == text
    assert one.manifest.fingerprint == other.manifest.fingerprint
    assert np.array_equal(one.ids, other.ids)


def test_a_character_on_the_border_of_two_chunks_is_one_character(tmp_path, work):
    text = "a" * (CHUNK_BYTES - 1) + "é" + "b" * 100
    corpus = build_corpus(text_file(written(tmp_path / "t.txt", text)), None, work)
    assert corpus.text(CHUNK_BYTES - 2, CHUNK_BYTES + 2) == "aébb"


def test_text_that_is_not_utf8_becomes_bytes_with_a_notice_that_says_where(tmp_path, work):
    content = b"caf\xc3\xa9 " * 30 + b"\xff" + b"caf\xe9 " * 30
    heard = []
    corpus = build_corpus(text_file(written(tmp_path / "t.txt", content)), None, work, notice=heard.append)
    assert corpus.manifest.alphabet_kind == "bytes"
    assert len(heard) == 1
    assert "not UTF-8 (byte 180)" in heard[0]
    with pytest.raises(CorpusError, match=r"not UTF-8 \(byte 180\).*--alphabet bytes"):
        build_corpus(text_file(tmp_path / "t.txt"), "other", work, alphabet="chars")


def test_utf8_that_ends_inside_a_character_is_not_utf8(tmp_path, work):
    corpus = build_corpus(text_file(written(tmp_path / "t.txt", TEXT.encode() + b"\xe2\x80")), None, work)
    assert corpus.manifest.alphabet_kind == "bytes"


def test_more_than_256_symbols_need_wider_ids(tmp_path, work):
    text = "".join(chr(0x4E00 + i % 300) for i in range(3000)) + "𝄞"
    corpus = build_corpus(text_file(written(tmp_path / "t.txt", text)), None, work)
    assert (corpus.ids.dtype, corpus.symbols) == (np.uint16, 301)
    assert corpus.text(0, 3001) == text


def test_the_manifest_says_where_the_text_is_from(tmp_path, work):
    path = written(tmp_path / "t.txt", TEXT)
    corpus = build_corpus(
        text_file(path), None, work, fractions=(0.5, 0.25, 0.25), command="rnnscope corpus build t.txt"
    )
    manifest = json.loads((corpus.folder / "manifest.json").read_text())
    assert manifest["source"] == {"kind": "file", "file": str(path)}
    assert manifest["text_sha256"] == hashlib.sha256(TEXT.encode()).hexdigest()
    assert manifest["text_bytes"] == len(TEXT.encode())
    assert manifest["fractions"] == [0.5, 0.25, 0.25]
    assert manifest["command"] == "rnnscope corpus build t.txt"


def test_the_fingerprint_follows_ids_alphabet_and_split_and_not_the_name(tmp_path, work):
    source = text_file(written(tmp_path / "t.txt", TEXT))
    same = [build_corpus(source, name, work).manifest.fingerprint for name in ("one", "two")]
    others = [
        build_corpus(source, "bytes", work, alphabet="bytes"),
        build_corpus(source, "streams", work, split="streams", fractions=(0.8, 0.1, 0.1)),
        build_corpus(source, "fractions", work, fractions=(0.8, 0.1, 0.1)),
        build_corpus(text_file(written(tmp_path / "u.txt", TEXT + "!")), "text", work),
    ]
    assert same[0] == same[1]
    assert len({same[0], *(corpus.manifest.fingerprint for corpus in others)}) == 5


def test_building_again_returns_what_is_there_untouched(tmp_path, work):
    source = text_file(written(tmp_path / "t.txt", TEXT))
    first = build_corpus(source, None, work)
    before = os.stat(first.folder / "ids.npy")
    again = build_corpus(source, None, work)
    assert again.manifest == first.manifest
    assert os.stat(first.folder / "ids.npy").st_ino == before.st_ino


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"alphabet": "bytes"}, "the same text with alphabet 'chars', and this one has 'bytes'"),
        ({"split": "streams"}, "the same text with split 'contiguous', and this one has 'streams'"),
        ({"fractions": (0.8, 0.1, 0.1)}, "with fractions 0.9,0.05,0.05, and this one has 0.8,0.1,0.1"),
        ({"language": "python"}, "with language 'prose', and this one has 'python'"),
    ],
)
def test_a_name_taken_by_another_corpus_of_the_same_text_says_what_differs(tmp_path, work, change, reason):
    source = text_file(written(tmp_path / "t.txt", TEXT * 3))
    build_corpus(source, None, work)
    with pytest.raises(RecordError, match=f"{reason}.*--name"):
        build_corpus(source, None, work, **change)
    assert build_corpus(source, "other", work, **change).name == "other"


def test_a_name_taken_by_another_text_is_refused_and_the_old_one_stays(tmp_path, work):
    build_corpus(text_file(written(tmp_path / "t.txt", TEXT)), None, work)
    with pytest.raises(RecordError, match=r"the name 't' is taken by another text .*--name"):
        build_corpus(text_file(written(tmp_path / "t.txt", TEXT + "more")), None, work)
    assert find_corpus(work, "t").text(0, len(TEXT)) == TEXT


def test_a_corpus_whose_ids_were_cut_off_is_not_returned_as_whole(tmp_path, work):
    source = text_file(written(tmp_path / "t.txt", TEXT))
    ids = build_corpus(source, None, work).folder / "ids.npy"
    ids.write_bytes(ids.read_bytes()[:-10])
    with pytest.raises(RecordError, match="build it again"):
        build_corpus(source, None, work)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("", "is empty"),
        ("aaaaaaaaaaaaaaaaaaaaaaaaaaaaa", r"one symbol only \('a'\)"),
        ("ab", "too short to split: it has 2 characters"),
    ],
)
def test_texts_that_cannot_become_a_corpus_leave_nothing(tmp_path, work, content, reason):
    with pytest.raises(CorpusError, match=reason):
        build_corpus(text_file(written(tmp_path / "t.txt", content)), None, work)
    assert not work.exists()


@pytest.mark.parametrize(
    ("setting", "reason"),
    [
        ({"alphabet": "byte"}, "no alphabet 'byte'; did you mean 'bytes'"),
        ({"split": "stream"}, "no split 'stream'; did you mean 'streams'"),
        ({"language": "rust"}, "no language 'rust'"),
        ({"fractions": (0.9, 0.1, 0.1)}, "sum to 1.1"),
        ({"name": "../up"}, "cannot be used"),
    ],
)
def test_settings_that_cannot_be_used_are_refused_before_the_text_is_read(work, setting, reason):
    def opened(work):
        raise AssertionError("was read")

    source = replace(standard_input(), opened=opened)
    settings = {"name": None} | setting
    with pytest.raises(ConfigError, match=reason):
        build_corpus(source, settings.pop("name"), work, **settings)


def test_a_text_that_changes_between_the_passes_is_refused(work):
    texts = iter([b"abcab" * 100, b"abcba" * 100])
    source = standard_input(io.BytesIO(b""))

    class Changing:
        def __enter__(self):
            return lambda: iter([next(texts)])

        def __exit__(self, *_):
            return None

    with pytest.raises(CorpusError, match="changed while it was read"):
        build_corpus(replace(source, opened=lambda work: Changing()), None, work)
    assert left_on_disk(work) == []


def test_a_short_streams_text_and_a_short_source_are_noticed(tmp_path, work):
    (tmp_path / "src").mkdir()
    written(tmp_path / "src" / "a.txt", TEXT)
    heard = []
    source = folder(tmp_path / "src", chars=1_000_000)
    build_corpus(source, None, work, split="streams", fractions=(0.8, 0.1, 0.1), notice=heard.append)
    assert len(heard) == 2
    assert f"has {len(TEXT):,} characters, not the 1,000,000 asked for" in heard[0]
    assert "rows, not 100" in heard[1]


def test_a_full_disk_is_one_line_and_leaves_nothing(tmp_path, work, monkeypatch):
    source = text_file(written(tmp_path / "t.txt", TEXT))

    def full(descriptor):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(building.os, "fsync", full)
    with pytest.raises(RecordError, match="the disk is full"):
        build_corpus(source, None, work)
    assert left_on_disk(work) == []
    monkeypatch.undo()
    assert build_corpus(source, None, work).symbols == len(set(TEXT))


_LIMITED = """
import resource
import sys
from pathlib import Path
from rnnscope.corpora import build_corpus, source_from
from rnnscope.errors import RnnscopeError
resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))
try:
    build_corpus(source_from(sys.argv[1]), "t", Path(sys.argv[2]))
except RnnscopeError as error:
    print(error)
"""


@pytest.mark.parametrize("source", ["file", "-"])
def test_a_write_that_the_system_cuts_off_is_one_line_and_leaves_nothing(tmp_path, work, source):
    path = written(tmp_path / "t.txt", TEXT * 20)
    command = [sys.executable, "-c", _LIMITED, "-" if source == "-" else str(path), str(work)]
    with path.open("rb") as stdin:
        done = subprocess.run(command, stdin=stdin, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert "file would exceed this system's size limit" in done.stdout
    assert done.stdout.count("\n") == 1
    assert left_on_disk(work) == []


def test_what_a_killed_builder_left_is_cleared_by_the_next(tmp_path, work):
    left = work / "corpora" / ".t.partial-abcd_123"
    left.mkdir(parents=True)
    written(left / "ids.npy", b"half")
    build_corpus(text_file(written(tmp_path / "t.txt", TEXT)), None, work)
    assert not left.exists()


def test_a_work_folder_that_is_a_file_is_one_line(tmp_path):
    source = text_file(written(tmp_path / "t.txt", TEXT))
    with pytest.raises(RecordError, match="a part of the path is a file"):
        build_corpus(source, None, tmp_path / "t.txt")


def test_two_builders_at_once_make_one_corpus(tmp_path, work):
    source = text_file(written(tmp_path / "t.txt", TEXT * 50))
    results: list[Corpus | Exception] = []

    def build():
        try:
            results.append(build_corpus(source, None, work))
        except Exception as error:
            results.append(error)

    builders = [threading.Thread(target=build) for _ in range(4)]
    for builder in builders:
        builder.start()
    for builder in builders:
        builder.join()
    manifests = [result.manifest for result in results if isinstance(result, Corpus)]
    assert len(manifests) == 4, results
    assert all(manifest == manifests[0] for manifest in manifests)


def test_the_library_is_a_corpus_of_python(work):
    corpus = build_corpus(python_library(100_000), None, work)
    manifest = corpus.manifest
    assert (corpus.name, manifest.language, manifest.alphabet_kind) == ("python-library", "python", "chars")
    assert (manifest.ids_chars, manifest.split_kind) == (100_000, "contiguous")
    assert manifest.source["python"] == ".".join(map(str, sys.version_info[:3]))


def test_corpora_need_no_torch():
    code = "import sys, rnnscope.corpora; sys.exit('torch' in sys.modules or 'pooch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], timeout=60).returncode == 0


_MEASURED = """
import sys
from pathlib import Path
from rnnscope.corpora import build_corpus, source_from
corpus = build_corpus(source_from(sys.argv[1]), None, Path(sys.argv[2]))
# not getrusage: its peak is never below that of the process that started this one
status = dict(line.split(":", 1) for line in open("/proc/self/status"))
print(corpus.manifest.ids_chars, corpus.symbols, int(status["VmHWM"].split()[0]) * 1024)
"""


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/status").is_file(), reason="peak memory is read from /proc")
@pytest.mark.parametrize("alphabet", ["ascii", "wide"])
def test_memory_does_not_grow_with_the_text(tmp_path, work, alphabet):
    block = (TEXT if alphabet == "wide" else TEXT.encode("ascii", "ignore").decode()) * 300
    content, copies = block.encode(), -(-330_000_000 // len(block.encode()))
    with (tmp_path / "large.txt").open("wb") as file:
        for _ in range(copies):
            file.write(content)
    command = [sys.executable, "-c", _MEASURED, str(tmp_path / "large.txt"), str(work)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    (tmp_path / "large.txt").unlink()
    assert done.returncode == 0, done.stderr
    chars, _, peak_bytes = map(int, done.stdout.split())
    assert chars == copies * len(block)
    assert peak_bytes < 200_000_000
    (work / "corpora" / "large" / "ids.npy").unlink()
