# pyright: reportOperatorIssue=false, reportArgumentType=false, reportCallIssue=false
"""A rule planted at one distance is found there and nowhere else; line lengths that are counted are told from
those that are not.
"""

from pathlib import Path

import numpy as np
import pytest

from rnnscope.analyses.long_range import LongRangeSettings, long_range
from rnnscope.corpora import build_corpus, text_file
from rnnscope.errors import ConfigError, RecordError
from rnnscope.figures import charts
from rnnscope.figures.save import render
from rnnscope.records.corpus import Corpus
from rnnscope.records.finding import Row
from rnnscope.records.surprisal import Surprisal, SurprisalManifest, write_surprisal
from rnnscope.settings import changed

NEAR, FAR = 30, 70


def corpus_of(folder: Path, text: str, name: str = "t.c", **settings) -> Corpus:
    (folder / name).write_bytes(text.encode())
    settings = {"split": "streams", "fractions": (0.4, 0.2, 0.4)} | settings
    return build_corpus(text_file(folder / name), None, folder, **settings)


def scored(folder: Path, corpus: Corpus, name: str, p_RT: np.ndarray) -> Surprisal:
    part = corpus.part("test")
    manifest = SurprisalManifest(
        predictor=name,
        corpus=corpus.name,
        corpus_fingerprint=corpus.manifest.fingerprint,
        part="test",
        rows=part.rows,
        row_chars=part.row_chars,
        mean_nats=1.0,
        error_rate=0.5,
    )
    return write_surprisal(folder / name, manifest, -np.log(p_RT), np.zeros(p_RT.shape, np.uint8))


def noise(corpus: Corpus, seed: int = 0) -> np.ndarray:
    part = corpus.part("test")
    return np.random.default_rng(seed).uniform(0.2, 0.8, (part.rows, part.row_chars))


def brackets() -> str:
    """Braces and brackets of two distances, in an order that has none."""
    draw = np.random.default_rng(1)
    pieces = [a + "x" * (n - 1) + b + "y;\n" for a, b in ("{}", "()") for n in (NEAR, FAR)]
    return "".join(pieces[index] for index in draw.integers(4, size=2000))


def distances_RT(corpus: Corpus, opener: str, closer: str) -> np.ndarray:
    """At every target that is the closer the distance to the last opener, in the row or before; else 0."""
    text, part = corpus.text(0, corpus.manifest.ids_chars), corpus.part("test")
    places = np.array(part.starts)[:, None] + 1 + np.arange(part.row_chars)
    by_place = [
        place - text.rfind(opener, 0, place) if text[place] == closer else 0 for place in range(len(text))
    ]
    return np.array(by_place)[places]


def rows_of(rows: list[Row], **wanted: object) -> list[Row]:
    return [row for row in rows if all(row[name] == value for name, value in wanted.items())]


@pytest.fixture(scope="module")
def planted(tmp_path_factory) -> tuple[Corpus, list[Surprisal]]:
    """A network that is sure of a } at distance 30 and guesses at 70, as it does of every ); an n-gram that
    guesses always.
    """
    folder = tmp_path_factory.mktemp("brackets")
    corpus = corpus_of(folder, brackets())
    network = noise(corpus)
    network[distances_RT(corpus, "{", "}") == NEAR] = 1.0
    return corpus, [
        scored(folder, corpus, "lstm-1x9-s0", network),
        scored(folder, corpus, "20-gram", noise(corpus, 1)),
    ]


def test_a_rule_that_holds_at_one_distance_is_found_there_and_nowhere_else(planted):
    corpus, surprisals = planted
    finding = long_range(surprisals, corpus, LongRangeSettings(pairs=("{ }", "( )")))
    closers, leads = finding.tables["closers"], finding.tables["leads"]
    [sure] = rows_of(closers, pair="{ }", bin="20-40", predictor="lstm-1x9-s0")
    assert sure["mean_p"] == 1.0 and sure["places"] > 100
    [lead] = rows_of(leads, pair="{ }", bin="20-40")
    assert lead["is_clear"] and lead["low"] < 0.5 < lead["high"] and lead["against"] == "20-gram"
    # the controls: the same braces further away, and the other pair at both distances
    for pair, name in (("{ }", "60-80"), ("( )", "20-40"), ("( )", "60-80")):
        [row] = rows_of(leads, pair=pair, bin=name)
        assert abs(row["lead"]) < 0.06 and row["low"] - 0.02 < 0 < row["high"] + 0.02
        for row in rows_of(closers, pair=pair, bin=name):
            assert row["low"] - 0.02 < 0.5 < row["high"] + 0.02 and row["high"] - row["low"] < 0.12


def test_closers_are_counted_as_by_hand_and_those_opened_before_their_row_left_out(planted):
    corpus, surprisals = planted
    finding = long_range(surprisals, corpus)
    distance_RT = distances_RT(corpus, "{", "}")
    # an opener at the row's first input is seen, and the first target is one further on
    seen_RT = (distance_RT > 0) & (distance_RT <= np.arange(distance_RT.shape[1]) + 1)
    [summary] = finding.tables["pairs"]
    assert summary["closers"] == seen_RT.sum()
    assert summary["opener_before_row"] == ((distance_RT > 0) & ~seen_RT).sum() > 0
    assert any(f"{summary['opener_before_row']} closers are left out" in told for told in finding.caveats)
    counts = {row["bin"]: row["places"] for row in finding.tables["closers"]}
    assert counts["20-40"] == (seen_RT & (distance_RT == NEAR)).sum()
    assert counts["60-80"] == (seen_RT & (distance_RT == FAR)).sum()
    assert sum(counts.values()) == summary["closers"]
    # the means of a bin without closers are not known, and no number stands for them
    [empty] = rows_of(finding.tables["closers"], bin="0-20", predictor="20-gram")
    assert empty["places"] == 0 and empty["mean_p"] is None


def decaying(folder: Path, by_doubling: float) -> tuple[Corpus, list[Surprisal]]:
    draw = np.random.default_rng(5)
    text = "".join("{" + "x" * (n - 1) + "}\n" for n in draw.integers(64, 512, size=1500))
    corpus = corpus_of(folder, text)
    distance_RT = distances_RT(corpus, "{", "}")
    ngram = noise(corpus) * 0.6
    lead_RT = 0.15 + by_doubling * np.log2(np.maximum(distance_RT, 1) / 512)
    network = ngram + np.where(distance_RT > 0, lead_RT, 0) + draw.uniform(-0.04, 0.04, ngram.shape)
    assert 0 < network.min() and network.max() <= 1
    return corpus, [
        scored(folder, corpus, "gru-1x9-s0", network),
        scored(folder, corpus, "20-gram", ngram),
    ]


def test_a_lead_that_decays_with_distance_is_told_from_one_that_does_not(tmp_path):
    for name, planted_slope in (("decays", -0.03), ("stays", 0.0)):
        (tmp_path / name).mkdir()
        corpus, surprisals = decaying(tmp_path / name, planted_slope)
        finding = long_range(surprisals, corpus, paper="linux-kernel")
        [far] = finding.tables["far"]
        assert far["lead_change_per_doubling"] == pytest.approx(planted_slope, abs=0.006)
        assert far["change_high"] - far["change_low"] < 0.012
        assert far["change_is_clear"] == (name == "decays") and far["is_clear"]
        told = "The lead decays with distance" if name == "decays" else "No decay of the lead is to be seen"
        assert told in finding.reading
        distances = distances_RT(corpus, "{", "}")
        assert far["closers"] == (distances >= 60).sum() - finding.tables["pairs"][0]["opener_before_row"]
        # least squares over the paper's own bars
        assert far["published_change_per_doubling"] == pytest.approx(-0.045, abs=0.002)


def test_a_slope_is_that_of_least_squares(tmp_path):
    corpus, surprisals = decaying(tmp_path, -0.03)
    distance_RT = distances_RT(corpus, "{", "}")
    is_far = (distance_RT >= 60) & (distance_RT <= np.arange(distance_RT.shape[1]) + 1)
    lead_RT = np.exp(-surprisals[0].nats_RT) - np.exp(-surprisals[1].nats_RT)
    by_hand = np.polyfit(np.log2(distance_RT[is_far]), lead_RT[is_far], 1)[0]
    [far] = long_range(surprisals, corpus).tables["far"]
    assert far["lead_change_per_doubling"] == pytest.approx(by_hand, abs=1e-6)
    assert far["lead"] == pytest.approx(lead_RT[is_far].mean(), abs=1e-6)


def test_a_longer_closer_has_the_product_of_its_characters(tmp_path):
    corpus = corpus_of(tmp_path, "a /* bcd */ e\n" * 3000)
    part, p_RT = corpus.part("test"), noise(corpus)
    targets = [corpus.text(start + 1, start + 1 + part.row_chars) for start in part.starts]
    expected = [
        p_RT[row, place] * p_RT[row, place + 1]
        for row, text in enumerate(targets)
        for place in range(len(text) - 1)
        if text.startswith("*/", place)
        and "/*" in corpus.text(part.starts[row], part.starts[row] + 1 + place)
    ]
    finding = long_range([scored(tmp_path, corpus, "x", p_RT)], corpus, LongRangeSettings(pairs=("/* */",)))
    [row] = rows_of(finding.tables["closers"], bin="0-20")
    assert row["places"] == len(expected)
    assert row["mean_p"] == pytest.approx(np.mean(expected), abs=1e-6)


def lines_of(folder: Path) -> tuple[Corpus, list[Surprisal]]:
    """Lines of 60 characters and short ones, ended by \\r\\n; who counts is sure of the ends of the long."""
    draw = np.random.default_rng(3)
    lengths = np.where(draw.random(1500) < 0.3, draw.integers(1, 20, 1500), 60)
    corpus = corpus_of(folder, "".join(" x" * (n // 2) + "y" * (n % 2) + "\r\n" for n in lengths), "t.txt")
    part, counts, flat = corpus.part("test"), noise(corpus), noise(corpus, 1)
    for row, start in enumerate(part.starts):
        text = corpus.text(start, start + part.row_chars + 1)
        for step in range(part.row_chars):
            if text[step + 1] == "\r" and (step - text.rfind("\n", 0, step + 1)) == 60:
                counts[row, step] = 0.9
            if text[step + 1] == "\n":
                counts[row, step] = flat[row, step] = 1.0
    return corpus, [scored(folder, corpus, "counts", counts), scored(folder, corpus, "9-gram", flat)]


def test_who_counts_the_line_is_told_from_who_does_not(tmp_path):
    corpus, surprisals = lines_of(tmp_path)
    finding = long_range(surprisals, corpus)
    counts, flat = rows_of(finding.tables["counting"], at="line end")
    assert counts["usual_from_chars"] == 60 and counts["short_to_chars"] == 30
    assert counts["usual_mean_p"] == pytest.approx(0.9) and counts["low"] > 0.3
    assert flat["low"] < 0 < flat["high"] and flat["lead_low"] > 0.3
    assert "so counts follows the length of the line better than 9-gram" in finding.reading
    # the control: spaces tell nothing
    for row in rows_of(finding.tables["counting"], at="space"):
        assert row["rise"] is None or row["low"] < 0 < row["high"]
    turned = long_range(surprisals[::-1], corpus)
    assert "9-gram is not seen to follow the length of the line better than counts" in turned.reading


def test_line_ends_are_counted_once_and_only_in_lines_that_begin_in_the_row(tmp_path):
    corpus, surprisals = lines_of(tmp_path)
    part = corpus.part("test")
    expected = 0
    for start in part.starts:
        text = corpus.text(start, start + part.row_chars + 1)
        first = min(place for place in (text.find("\r"), text.find("\n")) if place >= 0)
        expected += text.count("\r", first + 1)
    finding = long_range(surprisals, corpus)
    assert finding.tables["counting"][0]["places"] == expected


def test_a_corpus_without_the_closer_has_one_reading_and_no_figure(tmp_path):
    corpus = corpus_of(tmp_path, "no such thing here " * 2000, "t.txt")
    finding = long_range([scored(tmp_path, corpus, "lstm", noise(corpus))], corpus)
    assert finding.reading.startswith('Nothing closes in this part (" ", “ ”, ( )), so there is no distance')
    assert "Too few line ends" in finding.reading and "nan" not in finding.reading
    assert set(finding.tables) == {"pairs"}
    assert charts(finding) == {}


def test_one_predictor_alone_has_means_and_no_lead(planted):
    corpus, surprisals = planted
    finding = long_range(surprisals[:1], corpus)
    assert "leads" not in finding.tables and "far" not in finding.tables
    assert rows_of(finding.tables["closers"], bin="20-40")[0]["mean_p"] == 1.0
    assert "closing-distance" in charts(finding)


def test_a_text_too_short_for_an_interval_says_so(tmp_path):
    corpus = corpus_of(tmp_path, brackets()[:4000], split="contiguous")
    part = corpus.part("test")
    assert part.rows == 1 and part.row_chars < 2000
    surprisals = [scored(tmp_path, corpus, name, noise(corpus, seed)) for seed, name in enumerate("ab")]
    finding = long_range(surprisals, corpus, LongRangeSettings(least_places=2))
    assert "text too short for an interval" in finding.reading and "nan" not in finding.reading
    for figure in charts(finding).values():
        assert "NaN" not in render(figure, "svg").decode()


def test_the_paper_stands_beside_the_pair_and_bins_that_it_has(planted, capfd):
    corpus, surprisals = planted
    of_pairs = LongRangeSettings(pairs=("{ }", "( )"))
    finding = long_range(surprisals, corpus, of_pairs, paper="linux-kernel")
    assert {row["pair"] for row in finding.tables["published"]} == {"{ }"}
    [row] = rows_of(finding.tables["leads"], pair="{ }", bin="40-60")
    assert row["published_lead"] == pytest.approx(0.326)
    assert "published" not in long_range(surprisals, corpus, of_pairs).tables
    others = long_range(surprisals, corpus, LongRangeSettings(bins=(20, 50, 100)), paper="linux-kernel")
    assert {row["bin"] for row in others.tables["published"]} == {"0-20"}
    figures = charts(finding)
    assert {row["whose"] for row in figures["closing-distance"].rows} == {"here", "published"}
    for figure in figures.values():
        picture = render(figure, "svg").decode()
        assert picture.startswith("<svg") and "NaN" not in picture
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize(
    ("field", "text", "value"),
    [
        ("pairs", "{ }, /* */, tags", ("{ }", "/* */", "tags")),
        ("pairs", '" ",{  }, { }', ('" "', "{ }")),
        ("bins", "10,20,400", (10, 20, 400)),
        ("far_chars", "100", 100),
    ],
)
def test_settings_are_read_from_text(field, text, value):
    assert getattr(changed(LongRangeSettings(), {field: text}), field) == value


@pytest.mark.parametrize(
    ("field", "text"),
    [
        ("pairs", "{ }, ["),
        ("pairs", ""),
        ("bins", "40,20"),
        ("bins", "0,20"),
        ("far_chars", "0"),
        ("bins", "x"),
    ],
)
def test_a_setting_that_cannot_be_used_is_refused_in_one_line(field, text):
    with pytest.raises(ConfigError) as refused:
        changed(LongRangeSettings(), {field: text})
    assert "\n" not in str(refused.value)


def test_predictors_of_another_text_are_refused(planted, tmp_path):
    _, surprisals = planted
    other = corpus_of(tmp_path, brackets()[1:])
    with pytest.raises(RecordError, match="another text"):
        long_range(surprisals, other)
    with pytest.raises(RecordError, match="no predictor's losses"):
        long_range([], other)


def test_empty_tables_and_missing_columns_give_no_figure_and_no_error(planted):
    corpus, surprisals = planted
    finding = long_range(surprisals, corpus)
    for row in ({}, {"pair": "{ }", "mean_p": None, "at": "space"}, {"predictor": "a", "mean_p": 0.5}):
        tables = {name: [dict(row)] for name in finding.tables}
        assert charts(finding.model_copy(update={"tables": tables})) == {}
