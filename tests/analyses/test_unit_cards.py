# pyright: reportOperatorIssue=false, reportArgumentType=false, reportReturnType=false
# pyright: reportAttributeAccessIssue=false, reportOptionalMemberAccess=false, reportCallIssue=false
"""Planted: units of known memory, symbols, values and neighbours, beside controls that have none of it."""

from collections.abc import Iterator

import numpy as np
import pytest

from rnnscope.analyses.unit_cards import OpenedRun, unit_cards
from rnnscope.analyses.unit_cards.choosing import chosen
from rnnscope.analyses.unit_cards.excerpts import AFTER_CHARS, BEFORE_CHARS, extreme
from rnnscope.analyses.unit_cards.measuring import MOST_CHARS
from rnnscope.analyses.unit_cards.wording import role_sentence

ROWS, CHARS, UNITS = 3, 6000, 8
SLOW, TWIN, STILL, SWITCH, FAST = 1, 2, 3, 4, 5
SLOW_CHARS = 30.0
SYMBOLS = ["newline", "space", "a", "b", "(", ")"]


def slow_noise(chars: float, seed: int) -> np.ndarray:
    """Noise whose autocorrelation falls to 1/e after `chars` steps (an AR(1) process), shape (R, T)."""
    generator, keep = np.random.default_rng(seed), np.exp(-1 / chars)
    values = np.empty((ROWS, CHARS))
    values[:, 0] = generator.normal(size=ROWS)
    for step in range(1, CHARS):
        values[:, step] = keep * values[:, step - 1] + np.sqrt(1 - keep**2) * generator.normal(size=ROWS)
    return values / 5


@pytest.fixture(scope="module")
def sites() -> dict[str, np.ndarray]:
    """Two layers; in the second: a slow unit, its mirror, one that never changes, one that switches between
    -0.95 and 0.95, a fast one; the rest is noise."""
    generator = np.random.default_rng(0)
    lower = np.tanh(generator.normal(size=(ROWS, CHARS, UNITS)) / 3)
    upper = np.tanh(generator.normal(size=(ROWS, CHARS, UNITS)) / 3)
    upper[..., SLOW] = slow_noise(SLOW_CHARS, 1)
    upper[..., TWIN] = -0.5 * upper[..., SLOW] + 0.01 * generator.normal(size=(ROWS, CHARS))
    upper[..., STILL] = 0.25
    upper[..., SWITCH] = np.where(generator.uniform(size=(ROWS, CHARS)) < 0.3, 0.95, -0.95)
    forget = np.full((ROWS, CHARS, UNITS), 0.5)
    forget[..., SLOW] = np.exp(-1 / SLOW_CHARS) ** generator.choice([0.5, 1.5], size=(ROWS, CHARS))
    forget[..., STILL] = 1.0
    forget[..., FAST] = 0.0
    return {
        "layers.0.tanh_c": lower,
        "layers.1.tanh_c": upper,
        "layers.0.f": np.full((ROWS, CHARS, UNITS), 0.9),
        "layers.1.f": forget,
        "layers.0.h": lower,
        "layers.1.h": 0.5 * upper,
    }


def opened(sites: dict[str, np.ndarray], block: int = 700, dtype: str = "float16", **changes) -> OpenedRun:
    def blocks(names: list[str]) -> Iterator[dict[str, np.ndarray]]:
        for start in range(0, CHARS, block):
            yield {name: sites[name][:, start : start + block].astype(dtype) for name in names}

    decoder_VH = np.random.default_rng(5).normal(0, 0.1, (len(SYMBOLS), UNITS)).astype(np.float32)
    decoder_VH[4, SWITCH], decoder_VH[5, SWITCH] = 3.0, -2.0
    fields = {
        "run": "net",
        "reference": "tales/net",
        "cell": "lstm",
        "layers": 2,
        "units": UNITS,
        "state": "tanh_c",
        "texts": ["ab (a)\n" * (CHARS // 7) + "a" * (CHARS % 7)] * ROWS,
        "starts": [1000, 10_000, 20_000],
        "blocks": blocks,
        "decoder_VH": decoder_VH,
        "symbols": SYMBOLS,
    }
    return OpenedRun(**(fields | changes))


@pytest.fixture(scope="module")
def units(sites) -> dict[tuple[int, int], dict]:
    finding = unit_cards([opened(sites)], "tales", "test")
    return {(row["layer"], row["unit"]): row for row in finding.tables["units"]}


def test_the_slow_unit_is_slow_by_its_gate_and_by_its_values_and_the_others_are_not(units):
    slow = units[2, SLOW]
    assert slow["kept_chars"] == pytest.approx(SLOW_CHARS, rel=0.05)
    assert slow["value_chars"] == pytest.approx(SLOW_CHARS, rel=0.25)
    for unit in (0, FAST, SWITCH):
        assert units[2, unit]["value_chars"] < 1
    assert units[2, 0]["kept_chars"] == pytest.approx(1 / np.log(2), rel=1e-3)
    assert units[1, 0]["kept_chars"] == pytest.approx(-1 / np.log(0.9), rel=0.01)
    assert units[2, FAST]["kept_chars"] < 0.2
    # what never changes has no memory to measure; what its gate keeps is told as far as can be known
    assert np.isnan(units[2, STILL]["value_chars"]) and units[2, STILL]["kept_chars"] == MOST_CHARS


def test_the_planted_symbols_are_named_with_their_logits_and_lower_layers_have_none(units, sites):
    switch, decoder_VH = units[2, SWITCH], opened(sites).decoder_VH
    assert (switch["promotes"], switch["suppresses"]) == ("(", ")")
    deviation = sites["layers.1.h"][..., SWITCH].std()  # of the output, not of tanh(c)
    expected = (decoder_VH[4, SWITCH] - decoder_VH[:, SWITCH].mean()) * deviation
    assert switch["promotes_logits"] == pytest.approx(expected, rel=1e-3)
    assert units[2, 0]["promotes_logits"] < switch["promotes_logits"] / 5
    assert units[2, STILL]["promotes_logits"] == pytest.approx(0, abs=1e-6)
    assert all(units[1, unit]["promotes"] is None for unit in range(UNITS))


def test_the_planted_distribution_is_in_the_histogram_and_its_ends(units):
    switch = units[2, SWITCH]
    thousandths = [int(word) for word in switch["histogram"].split()]
    assert len(thousandths) == 20 and sum(thousandths) == pytest.approx(1000, abs=10)
    assert thousandths[0] == pytest.approx(700, abs=10) and thousandths[-1] == pytest.approx(300, abs=10)
    assert switch["near_plus_1_share"] == pytest.approx(0.3, abs=0.01)
    assert units[2, 0]["near_plus_1_share"] == pytest.approx(0, abs=1e-3)
    still = [int(word) for word in units[2, STILL]["histogram"].split()]
    assert still[12] == 1000


def test_the_mirrored_unit_is_the_nearest_and_noise_has_no_neighbour(units):
    slow, twin = units[2, SLOW], units[2, TWIN]
    assert (slow["nearest"], twin["nearest"]) == (f"2.{TWIN}", f"2.{SLOW}")
    assert slow["nearest_correlation"] < -0.95
    assert abs(units[1, 0]["nearest_correlation"]) < 0.1
    assert units[2, STILL]["nearest_correlation"] == 0


def test_blocks_groups_and_thinning_do_not_decide_the_numbers(units, sites, monkeypatch):
    from rnnscope.analyses.unit_cards import measuring
    from rnnscope.analyses.unit_cards import opened as opened_module

    monkeypatch.setattr(opened_module, "GROUP_NUMBERS", 3 * ROWS * CHARS)
    monkeypatch.setattr(measuring, "MOST_PRODUCTS", ROWS * CHARS * (2 * UNITS) ** 2 / 3)
    finding = unit_cards([opened(sites, block=113)], "tales", "test")
    for row in finding.tables["units"]:
        whole = units[row["layer"], row["unit"]]
        for name in ("mean", "deviation", "kept_chars", "value_chars"):
            np.testing.assert_allclose(row[name], whole[name], rtol=1e-4, atol=1e-6)
        if row["layer"] == 2:
            assert row["promotes_logits"] == pytest.approx(whole["promotes_logits"], rel=1e-4, abs=1e-9)
        assert row["histogram"] == whole["histogram"]
        assert abs(row["nearest_correlation"] - whole["nearest_correlation"]) < 0.1
    by_place = {(row["layer"], row["unit"]): row for row in finding.tables["units"]}
    assert by_place[2, SLOW]["nearest"] == f"2.{TWIN}"


def test_z_keeps_in_a_gru_and_overwrites_in_the_one_of_2015_and_a_plain_network_has_no_gate(sites):
    made = {name.replace("tanh_c", "h").replace(".f", ".z"): value for name, value in sites.items()}
    made |= {"layers.1.h": sites["layers.1.tanh_c"], "layers.0.h": sites["layers.0.tanh_c"]}
    kept = {}
    for cell in ("gru", "gru-2015", "rnn"):
        finding = unit_cards([opened(made, cell=cell, state="h")], "tales", "test")
        kept[cell] = finding.tables["units"][0]["kept_chars"]
    assert kept["gru"] == pytest.approx(-1 / np.log(0.9), rel=0.01)
    assert kept["gru-2015"] == pytest.approx(-1 / np.log(0.1), rel=0.01)
    assert np.isnan(kept["rnn"])


def role(unit: int, track: str, score: float, is_clear: bool, layer: int = 2) -> dict:
    row = {"run": "net", "layer": layer, "unit": unit, "track": track, "kind": "flag", "score": score}
    return row | {"control_high": 0.55, "last_character": 0.6, "is_clear": is_clear}


def test_cards_are_the_best_roles_the_largest_effects_and_controls_without_a_role(sites):
    roles = [role(unit, "in_quotes", 0.95 - unit / 100, True) for unit in range(3)]
    roles += [role(7, "in_comment", 0.7, True)]
    roles += [role(unit, "in_quotes", 0.5, False) for unit in (3, 4, 5, 6)]
    roles += [role(unit, "in_quotes", 0.5, False, layer=1) for unit in range(UNITS)]
    held = [{"layer": 1, "unit": unit, "change_nats": 0.3 if unit == 6 else 0.01} for unit in range(UNITS)]
    run = opened(sites, roles=roles, ablation=held, titles={"in_quotes": "inside quotes"})
    why = chosen(run, seed=0)
    # the best of every track before the second of another
    assert list(why)[:4] == [(2, 0), (2, 7), (2, 1), (2, 2)]
    assert why[1, 6] == "large effect when held still"
    controls = [place for place, reason in why.items() if reason.startswith("control")]
    clear = {(2, 0), (2, 1), (2, 2), (2, 7)}
    assert len(controls) == 3 and not clear & set(controls)
    assert list(chosen(run, seed=0)) == list(why) and set(chosen(run, seed=1)) != set(why)
    finding = unit_cards([run], "tales", "test")
    cards = {(row["layer"], row["unit"]): row for row in finding.tables["cards"]}
    assert set(cards) == set(why)
    assert cards[2, 0]["heading"] == "Unit 0 of layer 2: follows inside quotes"
    assert cards[controls[0]]["heading"].endswith("no clear role")
    facts = {(row["layer"], row["unit"], row["fact"]): row["value"] for row in finding.tables["facts"]}
    assert facts[1, 6, "held at its mean"].startswith("+0.3000 nats")
    assert facts[1, 6, "output"] == "none of its own: only layer 2 reaches the output"
    assert facts[2, 0, "held at its mean"] == "not measured: rnnscope ablate tales/net"
    shown = {(row["layer"], row["unit"]) for row in finding.tables["symbols"]}
    assert shown == {place for place in why if place[0] == 2}


def test_columns_that_a_role_may_have_are_told_and_none_is_needed(sites):
    run = opened(sites)
    bare = role_sentence(run, {"track": "x", "is_clear": True, "score": 0.9})
    assert bare == "score 0.900 on text not used to choose it."
    more = role(0, "x", 0.9, True) | {"low": 0.88, "high": 0.92, "q": 0.004, "untrained": 0.61, "bits": 0.2}
    told = role_sentence(run, more)
    for words in ("AUC 0.900 (95 % 0.880 to 0.920)", "an untrained network 0.610", "q 0.004", "0.200 bits"):
        assert words in told
    assert "rnnscope study tales" in role_sentence(run, None)


def test_excerpts_show_where_the_unit_is_high_low_and_changing(sites):
    finding = unit_cards([opened(sites)], "tales", "test", only=[(2, SLOW), (2, STILL)])
    slow = [each for each in finding.excerpts if each.unit == SLOW]
    values = sites["layers.1.tanh_c"][..., SLOW]
    high, low = np.quantile(values, [0.998, 0.002])
    for excerpt in slow:
        assert len(excerpt.text) == len(excerpt.values) <= BEFORE_CHARS + AFTER_CHARS + 1
        if excerpt.title.endswith("highest"):
            assert max(excerpt.values) >= high - 0.01
        if excerpt.title.endswith("lowest"):
            assert min(excerpt.values) <= low + 0.01
        # the place named is the place shown
        place = int(excerpt.note.rpartition(" ")[2].replace(",", ""))
        row = max(r for r, start in enumerate((1000, 10_000, 20_000)) if start <= place)
        step = place - (1000, 10_000, 20_000)[row]
        said = float(excerpt.note.partition(" at ")[0].split()[-1].replace("−", "-"))
        assert said == pytest.approx(values[row, step], abs=0.01)
    assert {each.title.rpartition(": ")[2] for each in slow} == {"highest", "lowest", "changes most"}
    # a unit that is the same everywhere is high nowhere
    assert not [each for each in finding.excerpts if each.unit == STILL]


def test_places_are_apart_and_drawn_from_all_that_are_equally_extreme():
    score = np.zeros((2, 5000))
    score[:, 100:4900] = 1.0
    places = [extreme(score, 3, np.random.default_rng(seed)) for seed in range(20)]
    for three in places:
        assert len(three) == 3 and all(score.ravel()[at] == 1 for at in three)
        assert min(np.diff(sorted(three))) > BEFORE_CHARS + AFTER_CHARS
    assert max(at for three in places for at in three) > 9000 and min(map(min, places)) < 1000
    assert extreme(np.ones((2, 100)), 3, np.random.default_rng(0)) == []


def test_a_unit_that_never_moves_is_told_wherever_it_stands(sites):
    still = sites | {"layers.0.tanh_c": sites["layers.0.tanh_c"].copy()}
    still["layers.0.tanh_c"][..., 0] = 1.0
    rows = unit_cards([opened(still)], "tales", "test").tables["units"]
    assert len(rows) == 2 * UNITS and rows[0]["nearest_correlation"] == 0


def test_a_network_of_one_unit_and_no_network_at_all_are_told(sites):
    lone = {name: value[..., :1] for name, value in sites.items() if name.startswith("layers.0")}
    run = opened(lone, layers=1, units=1, decoder_VH=np.ones((len(SYMBOLS), 1), np.float32))
    finding = unit_cards([run], "tales", "test")
    assert finding.tables["units"][0]["nearest"] is None
    assert unit_cards([], "tales", "test").reading == "No network was opened."
