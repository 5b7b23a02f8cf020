"""No request that the API's own description allows, and none that it forbids, makes the explorer fail."""

import warnings
from collections import Counter
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
from hypothesis import HealthCheck, Phase, Verbosity, given, seed, settings

from rnnscope.explorer.app import create_app
from rnnscope.explorer.live import Networks

schemathesis = pytest.importorskip("schemathesis")
BASE = "http://127.0.0.1:8015"
EXAMPLES = 8
"""Of each operation and way of making them up."""
THERE = {
    "corpus": ["tales"],
    "run": ["lstm", "gru", "reader"],
    "beside": ["gru", "nobody"],
    "part": ["test", "test", "test", "test", "train"],
    "predictor": ["lstm", "20-gram", "reader"],
    "analysis": ["saturation", "cell_roles", "error_oracles"],
    "site": ["tanh_c", "h", "f", "layers.0.f"],
    "track": ["inside_quotes", "column", "", "", "line_length"],
    "pattern": ["", "the", "", "(a+)+b", "["],
    "row": [0, 0, 0, 0, 0, 1],
    "layer": [1, 1, 2, 3],
    "units": ["1.0", "1.5", "1.0", "1.5", "2.1", "1.12", "0.0"],
    "coloured": ["1.0", "1.3", "2.11", "1.12", "0.0"],
    "watch": ["1.0", "2.11", "1.12", "0.0"],
    "text": ["d", "\r\n", "“a” 界\x00", ""],
    "prime": ["the", "\r\n", "“a” 界\x00", ""],
    "oracle": ["", "2-gram"],
}
"""Values that are there, so that more than refusals is reached, and some that are nearly so."""
NEAR = {"step": 5600, "start": 5600, "stop": 60, "unit": 13, "chars": 40, "page": 3}
"""Numbers up to just beyond what there is, and little work where much may be asked for."""
KINDS = ["any", "there", "forbidden"]


@pytest.mark.slow
@pytest.mark.timeout(120)
@pytest.mark.parametrize("kind", KINDS)
def test_no_request_makes_the_explorer_fail(small_work: Path, kind: str):
    app = create_app(small_work, live=Networks())
    failed: list[str] = []
    answers: Counter[int] = Counter()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the fuzzer's own clients
        schema = schemathesis.openapi.from_asgi("/api/openapi.json", app, headers={"host": "127.0.0.1:8015"})
        for result in schema.get_all_operations():
            _try(result.ok(), kind, failed, answers)
    assert failed == []
    assert (answers[200] > sum(answers.values()) / 4) == (kind == "there"), answers


def _try(operation: Any, kind: str, failed: list[str], answers: Counter[int]) -> None:
    mode = (
        schemathesis.GenerationMode.NEGATIVE if kind == "forbidden" else schemathesis.GenerationMode.POSITIVE
    )
    if kind == "forbidden" and not (operation.path_parameters or operation.query or operation.body):
        return

    @seed(0)
    @settings(
        max_examples=EXAMPLES,
        database=None,
        deadline=None,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large],
        verbosity=Verbosity.quiet,
    )
    @given(case=operation.as_strategy(generation_mode=mode))
    def once(case: Any) -> None:
        if kind == "there":
            case.path_parameters, case.query, case.body = map(
                there, (case.path_parameters, case.query, case.body)
            )
        asked = f"{case.method} {unquote(case.formatted_path)} {case.query} {case.body}"[:600]
        try:
            response = case.call(base_url=BASE, timeout=60)
        except Exception as error:  # the app's own, which in-process calls are told
            failed.append(f"{asked}: {error!r}"[:1200])
            return
        answers[response.status_code] += 1
        if response.status_code >= 500:
            failed.append(f"{asked}: {response.status_code}")

    once()


def there(asked: Any, name: str = "") -> Any:
    """What was asked with, with names and numbers such as the work folder has."""
    if isinstance(asked, dict):
        near = {key: there(value, key) for key, value in asked.items()}
        if isinstance(near.get("start"), int) and isinstance(near.get("stop"), int):
            near["stop"] += near["start"] + 1
        return near
    if isinstance(asked, list):
        return [there(each, name) for each in asked[:3]]
    number = sum(map(ord, asked)) if isinstance(asked, str) else asked
    if name in NEAR and isinstance(number, int | float):
        return int(number % NEAR[name])
    if name in THERE and isinstance(number, int | float):
        return THERE[name][int(number % len(THERE[name]))]
    return asked
