"""What a word or a path on the command line means, and what comes out of it."""

import gzip
import hashlib
import io
import lzma
import os
import random
import sys
import threading
from pathlib import Path

import pytest

from rnnscope.corpora import folder, python_library, source_from, standard_input, text_file, war_and_peace
from rnnscope.corpora.known_texts import WAR_AND_PEACE_SHA256, _library_files
from rnnscope.corpora.reading import first_chars
from rnnscope.errors import ConfigError, CorpusError


def read(source, work: Path) -> bytes:
    with source.opened(work) as chunks:
        once, again = b"".join(chunks()), b"".join(chunks())
    assert once == again
    return once


def make_tree(root: Path) -> dict[str, bytes]:
    tree = {
        "b.c": b"int b;\n",
        "a/z.h": b"#define Z\n",
        "a.c": b"int a;",
        "a/notes.txt": b"prose\n",
        ".git/x.c": b"hidden\n",
        ".hidden.c": b"hidden\n",
        "A/q.c": b"int q;\n",
    }
    for name, content in tree.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(content)
    return tree


def test_a_file_reads_the_same_plain_and_packed(tmp_path):
    content = "naïve\r\ntext\n".encode() * 1000
    (tmp_path / "t.txt").write_bytes(content)
    (tmp_path / "t.txt.gz").write_bytes(gzip.compress(content))
    (tmp_path / "t.txt.xz").write_bytes(lzma.compress(content))
    for name in ("t.txt", "t.txt.gz", "t.txt.xz"):
        source = source_from(str(tmp_path / name))
        assert read(source, tmp_path) == content
        assert source.default_name == "t"


def test_a_folder_is_sorted_by_path_shuffled_and_joined_with_nothing_between(tmp_path):
    tree = make_tree(tmp_path)
    names = sorted(["b.c", "a/z.h", "a.c", "A/q.c"])
    random.Random(2015).shuffle(names)
    source = source_from(str(tmp_path), include=["*.c", "*.h"])
    assert read(source, tmp_path) == b"".join(tree[name] for name in names)
    assert source.facts["files"] == 4
    assert source.language == "c"
    assert read(folder(tmp_path, ["*.c", "*.h"], seed=3), tmp_path) != read(source, tmp_path)


def test_records_of_earlier_runs_are_not_part_of_a_folder(tmp_path):
    tree = make_tree(tmp_path)
    (tmp_path / "work" / "corpora").mkdir(parents=True)
    (tmp_path / "work" / "corpora" / "ids.c").write_bytes(b"ids")
    source = source_from(str(tmp_path), include=["*.c"], work=tmp_path / "work")
    assert len(read(source, tmp_path)) == sum(len(tree[name]) for name in ("a.c", "b.c", "A/q.c"))


def test_a_pattern_with_a_slash_matches_the_path(tmp_path):
    tree = make_tree(tmp_path)
    assert read(folder(tmp_path, ["a/*.txt"]), tmp_path) == tree["a/notes.txt"]


def test_a_folder_without_patterns_gives_every_file_that_is_not_hidden(tmp_path):
    make_tree(tmp_path)
    content = read(source_from(str(tmp_path)), tmp_path)
    assert b"prose" in content
    assert b"hidden" not in content


def test_the_library_is_code_without_tests_or_tables_and_the_same_each_time(tmp_path):
    content = read(python_library(200_000), tmp_path)
    assert len(content.decode()) == 200_000
    assert content == read(python_library(200_000), tmp_path)
    assert content != read(python_library(200_000, seed=1), tmp_path)
    assert read(python_library(300_000), tmp_path).startswith(content)
    whole = read(python_library(100_000_000), tmp_path).decode()
    assert len(whole) > 3_000_000
    assert "class ArgumentParser" in whole
    assert "name2codepoint = {" not in whole
    assert python_library().facts["python"] == ".".join(map(str, sys.version_info[:3]))


def test_library_files_are_neither_tests_nor_tables_nor_installed_packages():
    names = [name for name, _ in _library_files()]
    assert {"argparse.py", "json/decoder.py", "asyncio/base_events.py"} <= set(names)
    for part in ("test", "tests", "site-packages", "encodings", "idlelib", "lib2to3", "pydoc_data"):
        assert not [name for name in names if part in name.split("/")[:-1]]
    assert not [name for name in names if "_sysconfigdata" in name]


def test_standard_input_can_be_read_twice_and_leaves_no_file(tmp_path):
    source = source_from("-", stdin=io.BytesIO(b"from a pipe" * 1000))
    assert read(source, tmp_path / "work") == b"from a pipe" * 1000
    assert list((tmp_path / "work").iterdir()) == []


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
def test_a_named_pipe_is_a_file_too(tmp_path):
    os.mkfifo(tmp_path / "pipe.py")
    writer = threading.Thread(target=(tmp_path / "pipe.py").write_bytes, args=(b"x = 1\n" * 50_000,))
    writer.start()
    source = text_file(tmp_path / "pipe.py")
    assert read(source, tmp_path / "work") == b"x = 1\n" * 50_000
    writer.join()


@pytest.mark.parametrize("limit", range(8))
@pytest.mark.parametrize("size", [1, 2, 3, 50])
def test_a_cut_text_is_never_cut_inside_a_character(limit, size):
    text = "aé€𝄞b\n"
    content = text.encode()
    chunks = [content[i : i + size] for i in range(0, len(content), size)]
    assert b"".join(first_chars(chunks, limit)).decode() == text[:limit]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("war & peace.txt", "war-peace"),
        ("linux.tar.c.gz", "linux.tar"),
        ("--x--.txt", "x"),
        ("日本語.txt", "text"),
    ],
)
def test_a_default_name_can_be_a_folder_anywhere(tmp_path, name, expected):
    (tmp_path / name).write_bytes(b"")
    assert text_file(tmp_path / name).default_name == expected


@pytest.mark.parametrize(
    ("name", "language"), [("a.py", "python"), ("a.H", "c"), ("a.cpp.xz", "c"), ("a.txt", "prose")]
)
def test_the_ending_of_a_file_says_its_language(name, language):
    assert text_file(Path(name)).language == language


def test_what_is_neither_word_nor_path_is_one_clear_line(tmp_path):
    with pytest.raises(ConfigError, match=r"no file or folder 'war-and-paece'.*did you mean 'war-and-peace'"):
        source_from("war-and-paece")
    with pytest.raises(ConfigError, match="no file or folder"):
        source_from("a\0b")
    with pytest.raises(ConfigError, match="a corpus has no name or path"):
        source_from("")


def test_an_option_that_a_source_does_not_have_is_refused(tmp_path):
    (tmp_path / "t.txt").write_bytes(b"text")
    with pytest.raises(ConfigError, match="--file is for war-and-peace only"):
        source_from("python-library", file=tmp_path / "t.txt")
    with pytest.raises(ConfigError, match=r"--include is for folder only, and '.*t.txt' is a file"):
        source_from(str(tmp_path / "t.txt"), include=["*.c"])
    with pytest.raises(ConfigError, match="--chars is for python-library, folder, synthetic only"):
        source_from("-", chars=100)
    with pytest.raises(ConfigError, match="--chars 0 is not a positive number"):
        source_from("python-library", chars=0)


def test_a_folder_with_no_match_says_what_to_say(tmp_path):
    make_tree(tmp_path)
    with pytest.raises(CorpusError, match=r"no file below '.*' matches \*\.rs"):
        source_from(str(tmp_path), include=["*.rs"])


def test_files_that_cannot_be_read_are_one_clear_line(tmp_path):
    (tmp_path / "cut.xz").write_bytes(lzma.compress(os.urandom(5000))[:2000])
    (tmp_path / "cut.gz").write_bytes(gzip.compress(os.urandom(5000))[:2000])
    (tmp_path / "not.xz").write_bytes(b"plain text")
    (tmp_path / "not.gz").write_bytes(b"plain text")
    for name in ("cut.xz", "cut.gz", "not.xz", "not.gz"):
        with pytest.raises(CorpusError, match=f"{name}' cannot be unpacked"):
            read(text_file(tmp_path / name), tmp_path)
    with pytest.raises(CorpusError, match="is a folder, and a file is needed"):
        read(war_and_peace(tmp_path), tmp_path)
    with pytest.raises(CorpusError, match=r"no file '.*gone.txt'"):
        read(war_and_peace(tmp_path / "gone.txt"), tmp_path)


@pytest.mark.skipif(not Path("/proc/self/mem").exists(), reason="needs a file that opens and cannot be read")
def test_a_file_that_opens_and_cannot_be_read_is_one_clear_line(tmp_path):
    with pytest.raises(CorpusError, match="'/proc/self/mem' cannot be read: Input/output error"):
        read(text_file(Path("/proc/self/mem")), tmp_path)


@pytest.mark.skipif(not hasattr(os, "getuid") or os.getuid() == 0, reason="root may read everything")
def test_a_file_without_permission_is_one_clear_line(tmp_path):
    (tmp_path / "t.txt").write_bytes(b"text")
    (tmp_path / "t.txt").chmod(0)
    with pytest.raises(CorpusError, match="Permission denied"):
        read(text_file(tmp_path / "t.txt"), tmp_path)


def test_a_download_that_fails_says_what_would_do(tmp_path, monkeypatch):
    import pooch

    def fail(url, known_hash, path):
        assert known_hash == f"sha256:{WAR_AND_PEACE_SHA256}"
        raise ConnectionError("no route\nto host")

    monkeypatch.setattr(pooch, "retrieve", fail)
    with pytest.raises(
        CorpusError, match=r"cannot be downloaded \(no route to host\).*--file PATH"
    ) as caught:
        read(war_and_peace(), tmp_path)
    assert "\n" not in str(caught.value)


def test_a_downloaded_file_is_kept_and_read_from_the_cache(tmp_path, monkeypatch):
    import pooch

    asked = []
    monkeypatch.setattr(pooch, "retrieve", lambda url, known, path: asked.append(path) or make_file(path))

    def make_file(folder):
        (folder / "text").write_bytes(b"text")
        return str(folder / "text")

    assert read(war_and_peace(cache=tmp_path), tmp_path) == b"text"
    assert asked == [tmp_path]


def test_standard_input_is_the_process_own_by_default(monkeypatch, tmp_path):
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"typed")))
    assert read(standard_input(), tmp_path) == b"typed"


def test_war_and_peace_is_known_by_the_hash_of_its_text(war_and_peace_bytes):
    assert hashlib.sha256(war_and_peace_bytes).hexdigest() == WAR_AND_PEACE_SHA256
