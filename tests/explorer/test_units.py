"""The gallery and the cards tell what the records tell, and say what is not known."""

import time
from pathlib import Path

import httpx
import numpy as np
import pytest

from rnnscope.analyses.unit_cards import unit_cards
from rnnscope.records.corpus import find_corpus
from rnnscope.records.finding import Finding
from rnnscope.records.run import find_run
from rnnscope.records.trace import Trace
from rnnscope.studies.unit_records import opened_run


def measured(api: httpx.Client, run: str, path: str = "") -> dict:
    """The answer once all of it is measured."""
    deadline = time.monotonic() + 60
    while True:
        answer = api.get(f"/api/units/tales/{run}{path}").json()
        if answer["measuring"]["is_over"] or time.monotonic() > deadline:
            assert answer["measuring"] == {"is_over": True, "share": 1.0, "failed": ""}
            return answer
        time.sleep(0.05)


def trace_of(work: Path, run: str) -> Trace:
    return Trace.read(find_run(work, f"tales/{run}").replay_folder("test", "trace"))


def test_roles_are_those_of_the_finding_with_all_their_controls(api: httpx.Client, small_work: Path):
    rows = Finding.load(small_work / "findings" / "tales" / "cell_roles.json").tables["roles"]
    of_lstm = {(row["layer"], row["unit"]): row for row in rows if row["run"] == "lstm"}
    answer = api.get("/api/units/tales/lstm").json()
    assert answer["roles"]["are_known"]
    assert len(answer["units"]) == len(of_lstm) == 24
    for unit in answer["units"]:
        row = of_lstm[unit["layer"], unit["unit"]]
        for name in ("track", "title", "score", "control_high", "untrained", "last_character", "is_clear"):
            assert unit[name] == row[name], name


def test_the_unit_wired_for_quotes_has_a_card_that_says_quotes_and_another_has_not(api: httpx.Client):
    wired, other = (measured(api, "reader", f"/1/{unit}") for unit in (2, 7))
    assert "follows inside quotes" in wired["heading"]
    assert wired["role"]["track"] == "inside_quotes" and wired["role"]["is_clear"]
    assert wired["role"]["score"] > 0.9 > wired["role"]["control_high"]
    assert "quotes" not in other["heading"]


@pytest.mark.parametrize("run", ["lstm", "gru"])
def test_numbers_of_the_gallery_are_those_of_the_trace(api: httpx.Client, small_work: Path, run: str):
    answer, trace = measured(api, run), trace_of(small_work, run)
    for unit in answer["units"][::5]:
        site = f"layers.{unit['layer'] - 1}.{answer['state']}"
        values = trace.site(site)[:, :, unit["unit"]].astype(np.float64)
        assert unit["mean"] == pytest.approx(values.mean(), abs=1e-6)
        assert unit["deviation"] == pytest.approx(values.std(), abs=1e-6)
        assert sum(unit["counts"]) == values.size == answer["text_chars"]
        assert unit["counts"] == np.histogram(values, 20, (-1, 1))[0].tolist()


def test_a_card_is_that_of_the_analysis(api: httpx.Client, small_work: Path):
    """Numbers, symbols, neighbours and excerpts, all worked out anew."""
    run, corpus = find_run(small_work, "tales/lstm"), find_corpus(small_work, "tales")
    findings = [
        Finding.load(small_work / "findings" / "tales" / f"{name}.json")
        for name in ("cell_roles", "saturation")
    ]
    roles, gates = findings[0].tables["roles"], findings[1].tables["gates"]
    opened = opened_run(run, corpus, trace_of(small_work, "lstm"), roles, gates)
    expected = unit_cards([opened], "tales", "test", only=[(2, 4)])
    card = measured(api, "lstm", "/2/4")
    (told,) = expected.tables["cards"]
    assert (card["heading"], card["sentence"]) == (told["heading"], told["sentence"])
    assert card["facts"] == {row["fact"]: row["value"] for row in expected.tables["facts"]}
    symbols = [(row["symbol"], row["logits"], row["weight"]) for row in expected.tables["symbols"]]
    shown = [(each["symbol"], each["logits"], each["weight"]) for each in card["raised"] + card["lowered"]]
    assert shown == symbols
    assert [(each.text, each.values, each.note) for each in expected.excerpts] == [
        (each["text"], each["values"], each["note"]) for each in card["excerpts"]
    ]
    correlations = np.corrcoef(
        np.concatenate(
            [trace_of(small_work, "lstm").site(f"layers.{layer}.tanh_c").reshape(-1, 12) for layer in (0, 1)],
            axis=1,
        ).T.astype(np.float64)
    )
    near = card["neighbours"][0]
    own = np.abs(np.delete(np.atleast_2d(correlations)[12 + 4], 12 + 4))
    assert abs(near["correlation"]) == pytest.approx(own.max(), abs=1e-4)


def test_the_text_at_an_excerpts_place_is_the_excerpts(api: httpx.Client, small_work: Path):
    corpus, trace = find_corpus(small_work, "tales"), trace_of(small_work, "lstm")
    part = corpus.part("test")
    seen = 0
    for unit in range(12):
        for each in api.get(f"/api/units/tales/lstm/1/{unit}").json()["excerpts"]:
            start = part.starts[each["row"]]
            first, length = each["first_step"], len(each["text"])
            assert corpus.text(start + first, start + first + length) == each["text"]
            value = float(trace.site("layers.0.tanh_c")[each["row"], each["step"], unit])
            assert each["values"][each["step"] - first] == pytest.approx(value, abs=0.0051)
            assert f"character {start + each['step']:,}" in each["note"]
            seen += 1
    assert seen >= 24


def test_gates_of_a_card_stand_beside_the_layers_median(api: httpx.Client, small_work: Path):
    card = api.get("/api/units/tales/lstm/1/3").json()
    values = trace_of(small_work, "lstm").site("layers.0.f").astype(np.float32)
    open_H = (values > 0.9).mean(axis=(0, 1))
    (forget,) = [gate for gate in card["gates"] if gate["gate"] == "forget"]
    assert forget["site"] == "f"
    assert forget["open"] == pytest.approx(open_H[3], abs=0.01)
    assert forget["median_open"] == pytest.approx(np.median(open_H), abs=0.01)


def test_without_findings_the_command_is_told_and_all_else_is_shown(work_copy: Path, served):
    for path in (work_copy / "findings" / "tales").glob("*.json"):
        path.unlink()
    with served(work_copy) as base, httpx.Client(base_url=base, trust_env=False, timeout=30) as api:
        answer, card = measured(api, "gru"), measured(api, "gru", "/1/3")
    assert not answer["roles"]["are_known"]
    assert answer["roles"]["command"] == "rnnscope analyse cell_roles tales --models gru"
    assert all(unit["score"] is None and unit["value_chars"] for unit in answer["units"])
    assert card["role"] is None and card["roles_command"] == answer["roles"]["command"]
    assert card["gates_from"] == "trace" and len(card["gates"]) == 2
    assert card["excerpts"] and card["values"] and card["raised"] and card["lowered"]
    assert card["held"] is None and card["ablation_command"] == "rnnscope ablate tales/gru"


def test_the_command_for_roles_keeps_those_that_there_are(work_copy: Path, served):
    path = work_copy / "findings" / "tales" / "cell_roles.json"
    finding = Finding.load(path)
    parents = {name: of for name, of in finding.parents.items() if name != "tales/gru"}
    finding.model_copy(update={"parents": parents}).save(path.parent)
    with served(work_copy) as base, httpx.Client(base_url=base, trust_env=False, timeout=30) as api:
        roles = api.get("/api/units/tales/gru").json()["roles"]
    assert not roles["are_known"]
    assert roles["command"] == "rnnscope analyse cell_roles tales --models lstm,reader,gru"


@pytest.mark.parametrize(
    ("path", "status", "words"),
    [
        ("tales/lstm/1/12", 404, "units 0 to 11"),
        ("tales/lstm/3/0", 404, "layers 1 to 2"),
        ("tales/lstm/0/0", 422, "layer"),
        ("tales/lstm/1/x", 422, "unit"),
        ("tales/none", 404, "no run"),
        ("none/lstm", 404, "no corpus"),
        ("tales/lstm?part=train", 404, "is not traced on part"),
        ("tales/lstm?part=none", 404, "no part"),
    ],
)
def test_what_is_not_there_is_refused_in_one_line(api: httpx.Client, path: str, status: int, words: str):
    answer = api.get(f"/api/units/{path}")
    assert answer.status_code == status
    assert words in answer.json()["error"] and "\n" not in answer.json()["error"]
