"""A finding of long range, made up for the tests: the network's lead is the same at all distances."""

from rnnscope.records import Finding
from rnnscope.records.finding import Row

PREDICTORS = {"lstm-1x128-s0": 0.5, "20-gram": 0.3}


def finding() -> Finding:
    closers: list[Row] = [
        {"pair": pair, "bin": f"{low}-{low + 20}", "from_chars": low, "to_chars": low + 20, "places": 100}
        | {"predictor": name, "mean_p": p, "low": p - 0.05, "high": p + 0.05}
        for pair in ("{ }", "( )")
        for low in (0, 20, 40)
        for name, p in PREDICTORS.items()
    ]
    lines: list[Row] = [
        {"at": at, "bin": f"{low}-{low + 4}", "from_chars": low, "to_chars": low + 5, "places": 40 + low}
        | {"predictor": name, "mean_p": p, "low": p - 0.05, "high": p + 0.05}
        for at in ("line end", "space")
        for low in range(1, 60, 5)
        for name, p in PREDICTORS.items()
    ]
    published: list[Row] = [
        {**row, "predictor": "LSTM", "mean_p": 0.55} for row in closers if row["pair"] == "{ }"
    ]
    return Finding(
        analysis="long_range",
        corpus="c",
        title="How far back does what a predictor knows come from?",
        reading="The network leads by 0.2 at every distance.",
        tables={"closers": closers, "published": published, "lines": lines},
    )
