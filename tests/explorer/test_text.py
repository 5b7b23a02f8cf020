"""The numbers behind the view of text, against the records themselves."""

from pathlib import Path

import httpx
import numpy as np
import pytest

from rnnscope.corpora.annotate import annotate_part
from rnnscope.explorer.library import Library
from rnnscope.explorer.lines import lines_of
from rnnscope.explorer.tiles import (
    FULL_NATS,
    NONE,
    is_scattered,
    scale_of,
    site_tile,
    turned_tile,
    values_at,
)
from rnnscope.records.columns import build_columns
from rnnscope.records.corpus import Corpus, PartRows
from rnnscope.records.trace import Trace, write_trace


@pytest.fixture(scope="module")
def library(small_work: Path) -> Library:
    return Library(small_work)


@pytest.fixture(scope="module")
def tales(library: Library) -> Corpus:
    return library.corpus("tales")


def read(api: httpx.Client, where: str, **query: object) -> httpx.Response:
    return api.get(f"/api/text/tales/test/{where}", params={key: str(value) for key, value in query.items()})


def tile_of(answer: httpx.Response) -> np.ndarray:
    assert answer.status_code == 200, answer.text
    shape = int(answer.headers["x-steps"]), int(answer.headers["x-units"])
    return np.frombuffer(answer.content, np.int8).reshape(shape)


def defined_lines(rows: list[str], columns: int) -> list[str]:
    """Line after line by the definition, one character at a time."""
    lines = []
    for row in rows:
        line = ""
        for character in row:
            if character != "\n" and len(line) == columns:
                lines.append(line)
                line = ""
            line += character
            if character == "\n":
                lines.append(line)
                line = ""
        lines += [line] if line else []
    return lines


@pytest.mark.parametrize("columns", [8, 37, 400])
def test_lines_are_those_of_the_definition_and_leave_no_character_out(api, tales: Corpus, columns: int):
    part = tales.part("test")
    rows = [tales.text(start, start + part.row_chars) for start in part.starts]
    wanted = defined_lines(rows, columns)
    first = read(api, "lines", columns=columns, lines=500).json()
    assert first["total"] == len(wanted)
    got = [first] + [
        read(api, "lines", columns=columns, lines=500, first=at).json() for at in range(500, len(wanted), 500)
    ]
    assert [text for each in got for text in each["text"]] == wanted
    starts = lines_of(tales, "test", columns).starts
    places = [
        row * part.row_chars + step
        for each in got
        for row, step in zip(each["rows"], each["steps"], strict=True)
    ]
    assert places == starts.tolist()
    layout = np.frombuffer(read(api, "layout", columns=columns).content, "<u4")
    assert np.array_equal(layout, starts)


@pytest.mark.parametrize("columns", [8, 33])
def test_rows_share_no_line(tales: Corpus, columns: int):
    starts, chars = (100, 90, 3000, 5000), 333
    parts = tales.manifest.parts | {"test": PartRows(starts=starts, row_chars=chars)}
    of_rows = tales.manifest.model_copy(update={"parts": parts, "fingerprint": "of four rows"})
    laid = lines_of(Corpus(tales.folder, of_rows), "test", columns)
    rows = [tales.text(start, start + chars) for start in starts]
    wanted = defined_lines(rows, columns)
    stops = [laid.stop(line) for line in range(len(laid.starts))]
    together = "".join(rows)
    assert [together[a:b] for a, b in zip(laid.starts.tolist(), stops, strict=True)] == wanted
    assert set(range(0, 4 * chars, chars)) <= set(laid.starts.tolist())


def test_every_place_is_in_the_line_that_is_said(api, tales: Corpus):
    part = tales.part("test")
    for row, step in ((0, 0), (0, 8), (0, 1717), (part.rows - 1, part.row_chars - 1)):
        said = read(api, "line", columns=20, row=row, step=step).json()
        line = read(api, "lines", columns=20, first=said["line"], lines=1).json()
        assert (line["rows"][0], line["steps"][0] + said["column"]) == (row, step)
        assert said["column"] < len(line["text"][0])


@pytest.mark.parametrize(("run", "layer", "site"), [("lstm", 2, "tanh_c"), ("lstm", 1, "c"), ("gru", 1, "h")])
def test_a_tile_is_the_trace_within_half_a_127th_of_its_scale(
    api, library: Library, run: str, layer: int, site: str
):
    trace = library.trace("tales", run, "test")
    whole = trace.site(f"layers.{layer - 1}.{site}").astype(np.float32)
    answer = read(api, f"units/{run}/tile", site=site, layer=layer, row=0, step=507, steps=30)
    scale = float(answer.headers["x-scale"])
    assert scale == (1.0 if site != "c" else np.abs(whole).max())
    assert np.abs(tile_of(answer) * scale / 127 - whole[0, 507:537]).max() <= scale / 254 * 1.001
    alone = read(api, f"units/{run}/tile", site=site, layer=layer, row=0, step=507, steps=30, only=3)
    np.testing.assert_array_equal(tile_of(alone)[:, 0], tile_of(answer)[:, 3])
    unit = read(api, f"units/{run}", site=site, layer=layer, unit=3, row=0, step=507, steps=30).json()
    assert unit["scale"] == scale
    np.testing.assert_array_equal(np.float32(unit["values"]), whole[0, 507:537, 3])


@pytest.mark.parametrize("dtype", ["float16", "float32", "int8"])
def test_windows_across_shards_are_the_site_itself_in_every_precision(tmp_path: Path, dtype: str):
    values = np.random.default_rng(0).uniform(-1, 1, (4, 50, 6)).astype(np.float32)
    facts = {"predictor": "p", "cell": "lstm", "corpus": "c", "corpus_fingerprint": "f", "part": "test"}
    facts |= {"rows": 4, "row_chars": 50, "dtype": dtype}
    pieces = [slice(0, 13), slice(13, 14), slice(14, 50)]
    made: Trace = write_trace(
        tmp_path / "trace",
        facts,
        lambda first, carried: (
            ({"layers.0.h": values[:, piece], "layers.0.c": 9 * values[:, piece]}, {}) for piece in pieces
        ),
    )
    for site in ("layers.0.h", "layers.0.c"):
        whole = made.site(site).astype(np.float32)
        np.testing.assert_array_equal(values_at(made, site, 2, 5, 44), whole[2, 5:44])
        tile = site_tile(made, site, 2, 5, 44)
        assert np.abs(tile.values_TH * tile.scale / 127 - whole[2, 5:44]).max() <= tile.scale / 254 * 1.001
        # from the columns it is the same, rounded twice
        columns = build_columns(made, site, tmp_path / "columns" / site)
        turned = turned_tile(columns, 2, 5, 44)
        assert turned.scale == tile.scale and turned.values_TH.shape == tile.values_TH.shape
        assert np.abs(turned.values_TH.astype(int) - tile.values_TH).max() <= 1
    assert is_scattered(made)
    assert scale_of(made, "layers.0.h") == 1 and 8 < scale_of(made, "layers.0.c") < 9.01


@pytest.mark.parametrize("run", ["lstm", "gru", "reader"])
def test_the_surprise_worked_out_from_the_trace_is_the_recorded_one(api, library: Library, tales, run: str):
    nats = library.surprisal("tales", run, "test").nats_RT
    part = tales.part("test")
    for row, step in ((0, 0), (0, 431), (part.rows - 1, part.row_chars - 1)):
        place = read(api, "at", row=row, step=step, run=run).json()
        start = part.starts[row] + step
        assert (place["read"]["text"], place["next"]["text"]) == tuple(tales.text(start, start + 2))
        assert place["nats"] == pytest.approx(float(nats[row, step]))
        assert place["nats_worked_out"] == pytest.approx(place["nats"], abs=0.02)
        shares = [each["probability"] for each in place["likeliest"]]
        assert len(shares) == 5 and shares == sorted(shares, reverse=True) and sum(shares) <= 1 + 1e-9
        true = [each for each in place["likeliest"] if each["is_true"]]
        assert bool(true) == (place["rank"] <= 5)
        assert all(each["symbol"] == place["next"] for each in true)


def test_the_likeliest_character_is_the_one_that_was_recorded(api, library: Library, tales: Corpus):
    recorded = library.surprisal("tales", "lstm", "test").likeliest_RT[0, :40]
    losses = read(api, "surprise/lstm", row=0, step=0, steps=40).json()
    assert losses["likeliest"] == [tales.alphabet.names[each] for each in recorded]
    for step in range(0, 40, 9):
        place = read(api, "at", row=0, step=step, run="lstm").json()
        assert place["likeliest"][0]["symbol"]["text"] == tales.alphabet.symbols[recorded[step]]


def test_a_character_has_the_colour_of_its_own_surprise_and_the_first_of_a_row_none(api, library: Library):
    nats = library.surprisal("tales", "4-gram", "test").nats_RT
    for first in (0, 10):
        tile = tile_of(read(api, "surprise/4-gram/tile", row=0, step=first, steps=20))[:, 0]
        wanted = np.rint(np.clip(nats[0, max(first - 1, 0) : first + 19] / FULL_NATS, 0, 1) * 127)
        assert len(tile) == 20
        np.testing.assert_array_equal(tile[1 if first == 0 else 0 :], wanted)
        assert first or tile[0] == NONE


@pytest.mark.parametrize("track", ["inside_quotes", "column"])
def test_tracks_are_those_of_the_annotation(api, tales: Corpus, track: str):
    wanted = annotate_part(tales, tales.part("test"))[track].astype(float)
    answer = read(api, "track/tile", track=track, row=0, step=603, steps=40)
    scale = float(answer.headers["x-scale"])
    assert scale == wanted.max()
    assert np.abs(tile_of(answer)[:, 0] * scale / 127 - wanted[0, 603:643]).max() <= scale / 254 * 1.001
    values = read(api, "track", track=track, row=0, step=603, steps=40).json()["values"]
    assert np.abs(np.array(values) - wanted[0, 603:643]).max() <= scale / 254 * 1.001


def test_a_text_is_found_after_a_place_and_from_the_start_again(api, tales: Corpus):
    part = tales.part("test")
    rows = [tales.text(start, start + part.row_chars) for start in part.starts]
    words = rows[0][1010:1022]
    first = next(row for row, text in enumerate(rows) if words in text)
    found = read(api, "find", text=words, row=0, step=0).json()
    assert (found["row"], found["step"]) == (first, rows[first].index(words))
    again = read(api, "find", text=words, row=part.rows - 1, step=part.row_chars - 1).json()
    assert again["is_from_start"] and rows[again["row"]][again["step"] :].startswith(words)
    missing = read(api, "find", text="no such words ✗", row=0, step=0)
    assert missing.status_code == 404 and missing.json()["command"] == ""


@pytest.mark.parametrize(
    ("where", "status", "said"),
    [
        ("lines?columns=7", 422, "columns"),
        ("lines?columns=80&lines=501", 422, "lines"),
        ("line?row=100000&step=0", 422, "row 100000 is beyond"),
        ("line?row=0&step=1000000", 422, "step 1000000 is beyond"),
        ("units/lstm/tile?site=tanh_c&layer=9&row=0&step=0", 422, "did you mean"),
        ("units/lstm/tile?site=tanhc&row=0&step=0", 422, "did you mean"),
        ("units/lstm/tile?site=h&row=0&step=0&steps=99999", 422, "steps"),
        ("units/lstm?site=h&unit=12&row=0&step=0", 422, "no unit 1.12: layer 1 has units 0 to 11"),
        ("units/nobody/tile?site=h&row=0&step=0", 404, "no run 'nobody'"),
        ("surprise/5-nn/tile?row=0&step=0", 404, "5-nn"),
        ("track/tile?track=colum&row=0&step=0", 422, "did you mean 'column'"),
        ("at?row=0&step=0&run=lstm&layer=3", 422, "no unit 3.0: the network has layers 1 to 2"),
        ("at?row=0&step=0&run=lstm&unit=12", 422, "no unit 1.12: layer 1 has units 0 to 11"),
    ],
)
def test_what_is_not_there_is_refused_in_one_line(api, where: str, status: int, said: str):
    answer = api.get(f"/api/text/tales/test/{where}")
    assert answer.status_code == status and said in answer.json()["error"]
    assert "\n" not in answer.json()["error"]


def test_a_part_without_a_trace_says_which_command_makes_it(api, small_work: Path):
    answer = api.get("/api/text/tales/validation/units/lstm/tile?site=h&row=0&step=0")
    assert answer.status_code == 404
    command = f"rnnscope replay tales/lstm --trace --part validation --work {small_work}"
    assert answer.json()["command"] == command
    lines = api.get("/api/text/tales/validation/lines").json()
    assert lines["total"] > 0


def test_tiles_are_described_as_bytes(api):
    paths = api.get("/api/openapi.json").json()["paths"]
    tiles = [path for path in paths if path.startswith("/api/text/") and path.endswith(("tile", "layout"))]
    assert len(tiles) == 4
    for path in tiles:
        content = paths[path]["get"]["responses"]["200"]["content"]
        assert list(content) == ["application/octet-stream"], path
