# pyright: reportArgumentType=false, reportOperatorIssue=false
"""The rules on measurements made up so that the verdict is known."""

import pytest
from planted_questions import gated, symbols, units

from rnnscope.questions import single_layer_gating, symbol_functions, units_without_a_role


@pytest.mark.parametrize(
    ("single", "first", "upper", "verdict"),
    [
        (0.35, 0.1, 0.4, "yes"),
        (0.12, 0.1, 0.4, "no"),
        (0.25, 0.1, 0.4, "undecided"),
        (0.35, 0.4, 0.4, "premise not met"),
    ],
)
def test_the_single_layer_is_judged_by_where_it_lies(single: float, first: float, upper: float, verdict: str):
    decision = single_layer_gating.decide(gated(single, first, upper))
    assert decision.verdict == verdict
    assert decision.effect == pytest.approx(single - (first + upper) / 2, abs=0.01)
    assert decision.low < decision.effect < decision.high


def test_a_network_above_the_papers_loss_is_named():
    good = gated(0.3, 0.1, 0.4)
    assert any("reaches the paper's loss" in each for each in single_layer_gating.decide(good).caveats)
    bad = [m.model_copy(update={"test_nats": 1.6}) if m.cell == "gru" and m.layers == 1 else m for m in good]
    told = " ".join(single_layer_gating.decide(bad).caveats)
    assert "gru with 1 layers at 64" in told and "lstm" not in told.partition("Not trained")[2]


@pytest.mark.parametrize(
    ("memory", "constant", "lost", "verdict"),
    [
        ((0.2, 0.5), (3.0, 9.0), (0.008, 0.01), "yes"),
        ((0.6, 0.5), (3.0, 9.0), (0.008, 0.01), "no"),
        ((0.2, 0.5), (9.0, 3.0), (0.008, 0.01), "no"),
        ((0.2, 0.5), (3.0, 9.0), (0.001, 0.01), "no"),
        ((0.5, 0.5), (3.0, 9.0), (0.008, 0.01), "undecided"),
    ],
)
def test_units_without_a_role_are_judged_by_all_three_parts(memory, constant, lost, verdict: str):
    decision = units_without_a_role.decide(units(memory, constant, lost))
    assert decision.verdict == verdict
    assert decision.effect == pytest.approx(memory[0] - memory[1], abs=0.03)


def test_networks_with_too_few_units_on_a_side_do_not_count_and_are_named():
    few = units((0.2, 0.5), (3.0, 9.0), (0.008, 0.01), having=4)
    assert units_without_a_role.decide(few).verdict == "undecided"
    some = units((0.2, 0.5), (3.0, 9.0), (0.008, 0.01)) + [
        each.model_copy(update={"seed": 9, "run": "few"}) for each in few[:1]
    ]
    decision = units_without_a_role.decide(some)
    assert decision.verdict == "yes" and any("war-and-peace/few" in each for each in decision.caveats)


def test_part_three_holds_means_over_settings_against_half_and_not_ratios_of_settings():
    """One setting far below half and one far above it: together below."""
    far = units((0.2, 0.5), (3.0, 9.0), (0.004, 0.020))
    near = [
        each.model_copy(update={"cell": "gru"}) for each in units((0.2, 0.5), (3.0, 9.0), (0.0019, 0.002))
    ]
    decision = units_without_a_role.decide([*far, *near])
    assert decision.verdict == "no" and "part 3 is against it" in decision.reading
    assert units_without_a_role.decide(near).verdict == "yes"


def test_a_setting_that_lacks_a_seed_does_not_pass_for_a_difference_between_seeds():
    low = units((0.49, 0.5), (3.0, 9.0), (0.008, 0.01))
    high = [each.model_copy(update={"cell": "gru"}) for each in units((0.1, 0.5), (3.0, 9.0), (0.008, 0.01))]
    whole, lacking = (units_without_a_role.decide(each) for each in ([*low, *high], [*low, *high[1:]]))
    assert lacking.effect == pytest.approx(whole.effect, abs=0.01)
    assert lacking.high - lacking.low < 3 * (whole.high - whole.low)


@pytest.mark.parametrize(
    ("special", "saturated", "learned", "verdict"),
    [
        ((0.08, 0.0), (0.04, 0.0), 0.9, "yes"),
        ((0.08, 0.08), (0.04, 0.0), 0.9, "undecided"),
        ((0.08, 0.0), (0.0, 0.04), 0.9, "no"),
        ((0.0, 0.08), (0.04, 0.0), 0.9, "no"),
        ((0.08, 0.0), (0.02, 0.02), 0.9, "undecided"),
        ((0.08, 0.0), (0.04, 0.0), 0.4, "premise not met"),
    ],
)
def test_functions_are_judged_by_both_slopes_less_the_controls(special, saturated, learned, verdict: str):
    decision = symbol_functions.decide(symbols(special, saturated, learned))
    assert decision.verdict == verdict
    assert decision.effect == pytest.approx(special[0] - special[1], abs=0.005)
    assert decision.low < decision.effect < decision.high


def test_what_the_figure_of_functions_draws_is_the_shares_and_every_unit_with_its_states():
    tables = symbol_functions.decide(symbols((0.08, 0.0), (0.04, 0.0))).tables
    shares = {
        (row["what"], row["side"], row["cell"], row["symbols"]): row["share"] for row in tables["curves"]
    }
    assert shares["specialised", "functional", "lstm", 8] == pytest.approx(0.64, abs=0.03)
    assert shares["specialised", "control", "gru", 8] == pytest.approx(0.0, abs=0.03)
    assert shares["saturated", "functional", "gru", 0] == shares["saturated", "control", "gru", 0]
    assert {row["state"] for row in tables["units"]} == {"toggle_on", "column"}
    assert len(tables["units"]) == 2 * 200 * 2 and len(tables["networks"]) == 50
    row = tables["sharing"][-1]
    assert (row["symbols"], row["symbols_with_units"], row["symbols_without"]) == (8, 2, 6)


def test_the_step_from_no_symbol_to_the_first_is_no_slope_of_specialised_units():
    decision = symbol_functions.decide(symbols((0.0, 0.0), (0.04, 0.0), step=0.5))
    parts = {row["part"]: float(row["low"] or 0) for row in decision.tables["parts"]}
    assert parts["specialised from S = 0, functional less control"] > 0.03
    assert decision.verdict == "undecided" and abs(decision.effect) < 0.01
