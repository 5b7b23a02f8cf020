"""docs/pictures/figure1.png: Figure 1 of the 2015 paper beside the networks here, from the committed finding.

python docs/pictures/figure1.py
"""

from pathlib import Path

from rnnscope.figures import charts, save
from rnnscope.records import Finding

HERE = Path(__file__)


def main() -> None:
    found = Finding.load(HERE.parents[2] / "results" / "war-and-peace" / "comparison.json")
    save(charts(found)["sizes"], HERE.with_suffix(".png"))


if __name__ == "__main__":
    main()
