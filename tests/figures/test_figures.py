"""Charts: each renders, tells the truth about what it leaves out, and keeps its colours."""

import math
import re

import planted_context
import planted_dynamics
import planted_errors
import planted_long_range
import planted_memory
import planted_oracles
import planted_questions
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rnnscope.errors import ConfigError
from rnnscope.figures import FAMILIES, charts, config, plain, save
from rnnscope.figures.figure import drawn_analyses
from rnnscope.figures.grid import with_sizes
from rnnscope.figures.loss_axis import ticks
from rnnscope.figures.paired import differences_from
from rnnscope.figures.save import render
from rnnscope.figures.thin import evenly, evenly_by
from rnnscope.records import Finding
from rnnscope.records.finding import Row


def test_every_registered_chart_renders_without_a_warning(planted, capfd, tmp_path):
    made = [
        *planted.small(),
        *planted_questions.findings(),
        *planted_memory.findings(),
        *planted_errors.findings(),
    ]
    made += [planted_long_range.finding(), planted_dynamics.finding(tmp_path), planted_oracles.finding()]
    findings = {finding.analysis: finding for finding in [*made, *planted_context.findings()]}
    drawn = set()
    for analysis in drawn_analyses():
        for figure in charts(findings[analysis]).values():
            picture = render(figure, "svg").decode()
            assert picture.startswith("<svg") and "NaN" not in picture
            drawn.add(figure.name)
    assert drawn >= {
        "losses",
        "differences",
        "contexts",
        "curves",
        "saturation-lstm",
        "saturation-gru",
        "best-flag",
        "units-graded",
        "layers",
        "units",
    }
    assert capfd.readouterr().err == ""


def test_a_grid_of_sizes_is_drawn_by_size_beside_what_was_published_and_one_size_is_not(planted, capfd):
    few, many = (
        next(f for f in made if f.analysis == "comparison") for made in (planted.small(), planted.large())
    )
    assert "sizes" not in charts(few) and "effects" not in charts(few)
    figures = charts(many)
    assert {row["whose"] for row in figures["sizes"].rows} == {"here", "published"}
    for name in ("sizes", "effects"):
        picture = render(figures[name], "svg").decode()
        assert picture.startswith("<svg") and "NaN" not in picture
    assert capfd.readouterr().err == ""


def test_a_line_goes_through_its_marks_whatever_the_sizes_and_through_the_middle_of_seeds_of_a_size():
    counts = {"lstm": (51_000, 134_000, 399_978), "rnn": (52_400, 133_100, 399_538)}
    rows: list[Row] = [
        {"model": f"{cell}-{n}-{seed}", "family": cell, "parameters": n + 100 * seed}
        | {"whose": "here", "depth": "1 layer", "test_nats": 1.4}
        for cell, of_cell in counts.items()
        for n in of_cell
        for seed in (0, 1)
    ]
    sized = {row["model"]: row["size"] for row in with_sizes(rows)}
    for cell, of_cell in counts.items():
        for n in of_cell:
            assert sized[f"{cell}-{n}-0"] == sized[f"{cell}-{n}-1"] == n + 50


def test_in_little_room_a_model_stands_above_its_bar_and_every_slice_is_drawn():
    figure = charts(planted_oracles.finding())["breakdown"]
    for width, anchor in ((720, "end"), (358, "start")):
        picture = render(figure, "svg", width_px=width).decode()
        assert len(re.findall(r'<path aria-label|<path d="M[^"]*h[^"]*v', picture)) >= len(figure.rows)
        for model in {str(row["bar"]) for row in figure.rows}:
            assert re.search(rf'text-anchor="{anchor}"[^>]*>{re.escape(model[:20])}', picture)


def test_an_unknown_analysis_has_no_charts(planted):
    assert charts(planted.unknown()) == {}


@pytest.mark.parametrize(
    "analysis",
    ["comparison", "model_map", "training_curves", "saturation", "cell_roles", "error_oracles"],
)
def test_empty_tables_and_missing_columns_give_no_figure_and_no_error(analysis):
    names = ("models", "differences", "contexts", "effects", "published", "places")
    names += ("points", "gates", "roles", "best", "slices", "oracles", "scaling")
    for row in ({}, {"model": "a", "run": None, "score": math.nan}):
        tables = {name: [dict(row)] for name in names}
        assert charts(Finding(analysis=analysis, corpus="c", title="t", reading="r", tables=tables)) == {}


def test_what_a_figure_leaves_out_is_said_and_what_it_draws_is_in_its_rows(planted):
    for finding in planted.large():
        for figure in charts(finding, most_rows=300).values():
            assert 0 < len(figure.rows) <= 300
            if figure.name not in ("differences", "contexts", "sizes", "effects", "map"):
                assert figure.note, figure.name


def test_thinning_keeps_every_validation_that_it_has_room_for(planted):
    curves = next(finding for finding in planted.large() if finding.analysis == "training_curves")
    figure = charts(curves, most_rows=2000)["curves"]
    validations = [
        row for row in figure.rows if row.get("validation_nats") is not None and row["family"] != "n-gram"
    ]
    assert len(validations) == 36 * 12


def test_a_family_has_one_colour_in_every_figure_and_scheme(planted):
    for scheme in ("light", "dark"):
        palette = config(scheme)["range"]["category"]
        assert len(set(palette)) == len(palette) >= len(FAMILIES)
    scales = set()
    for finding in planted.small():
        for figure in charts(finding).values():
            found = re.findall(r"'domain': (\['LSTM'.*?\])", str(figure.spec(None, with_rows=False)))
            scales.update(found)
    assert scales == {str(list(FAMILIES))}


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_colours_stand_out_from_their_background(scheme):
    paper = {"light": "#ffffff", "dark": "#14171a"}[scheme]
    looks = config(scheme)
    for colour in looks["range"]["category"]:
        assert _contrast(colour, paper) >= 3
    for name in ("labelColor", "titleColor"):
        assert _contrast(looks["axis"][name], paper) >= 4.5


def test_bits_on_the_second_axis_are_nats_over_ln2(planted):
    picture = render(charts(planted.small()[0])["losses"], "svg").decode()
    places = {
        text: float(x)
        for x, text in re.findall(r'translate\(([\d.]+),[-\d.]+\)"[^>]*>(\d\.\d+)</text>', picture)
    }
    per_nat = (places["1.40"] - places["1.20"]) / 0.2
    assert (places["2.0"] - places["1.8"]) / 0.2 * (1 / math.log(2)) == pytest.approx(per_nat, rel=0.02)
    assert places["1.20"] + per_nat * (1.8 * math.log(2) - 1.2) == pytest.approx(places["1.8"], abs=1.5)


def test_hostile_names_render_as_text(planted):
    for finding in planted.hostile():
        for figure in charts(finding).values():
            picture = render(figure, "svg").decode()
            assert "<script" not in picture and "\x00" not in picture and "\u202e" not in picture


def test_pictures_are_saved_in_three_formats_and_no_other(planted, tmp_path):
    figure = charts(planted.small()[0])["differences"]
    starts = {".svg": b"<svg", ".png": b"\x89PNG", ".pdf": b"%PDF"}
    for ending, start in starts.items():
        assert save(figure, tmp_path / f"figure{ending}").read_bytes().startswith(start)
    with pytest.raises(ConfigError, match=r"no picture format '\.jpg'"):
        save(figure, tmp_path / "figure.jpg")
    assert not (tmp_path / "figure.jpg").exists()


def test_a_notebook_is_given_the_chart_itself(planted):
    bundle = charts(planted.small()[0])["losses"]._repr_mimebundle_()
    chart = next(value for kind, value in bundle.items() if "vegalite" in kind)
    assert chart["datasets"]["rows"] and chart["config"]


def test_a_pair_is_found_in_either_order_and_turned(planted):
    finding = planted.small()[0]
    rows = {
        str(row["model"]): [float(str(row[end])) for end in ("low", "nats", "high")]
        for row in differences_from(finding, "9-gram")
    }
    assert rows["lstm-1x128-s0"][1] == pytest.approx(-0.089)
    assert rows["rnn-1x272-s0"][1] == pytest.approx(0.058)
    assert all(low < nats < high for low, nats, high in rows.values())
    assert list(rows) == sorted(rows, key=lambda name: rows[name][1])


@given(st.integers(0, 300), st.integers(2, 50))
def test_even_steps_keep_first_and_last_and_never_exceed(total, most):
    rows: list[Row] = [{"i": i} for i in range(total)]
    kept = evenly(rows, most)
    assert len(kept) == min(total, most)
    assert not rows or (kept[0] == rows[0] and kept[-1] == rows[-1])


@given(st.lists(st.sampled_from("abc"), max_size=200), st.integers(3, 60))
def test_thinning_by_group_loses_no_group(groups, most):
    rows: list[Row] = [{"g": g} for g in groups]
    kept = evenly_by(rows, lambda row: row["g"], most)
    assert len(kept) <= max(most, 0)
    assert {row["g"] for row in kept} == set(groups)


@given(st.floats(-10, 10), st.floats(0.001, 10))
def test_ticks_are_few_and_within_the_axis(low, width):
    values = ticks((low, low + width))
    assert len(values) <= 7
    assert all(low - 1e-6 <= value <= low + width + 1e-6 for value in values)


@given(st.text(st.characters(codec=None, exclude_categories=())))
def test_plain_text_fits_any_file(text):
    shown = plain(text)
    assert len(shown) == len(text)
    shown.encode("utf-8")
    assert not set(shown) & set("\x00\r\u202e\u2066\u2028\ufeff")


def _contrast(one: str, other: str) -> float:
    """WCAG 2 contrast ratio."""
    light, dark = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def _luminance(colour: str) -> float:
    channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
