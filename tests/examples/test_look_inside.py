"""The worked notebook runs as it is, and its export is whole."""

import re
import warnings
from html.parser import HTMLParser
from pathlib import Path

import pytest

NOTEBOOK = Path(__file__).parents[2] / "examples" / "look_inside.ipynb"
pytestmark = [pytest.mark.slow, pytest.mark.timeout(400)]


class Frames(HTMLParser):
    """The attributes of a page's frames: its exporter writes them in an order of its own."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[dict[str, str | None]] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "iframe":
            self.found.append(dict(attrs))


def test_the_notebook_runs_and_its_export_shows_the_cache_and_the_finding_without_fetching_for_them(tmp_path):
    nbformat = pytest.importorskip("nbformat")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of Jupyter's own
        from nbclient import NotebookClient
        from nbconvert import HTMLExporter

        notebook = nbformat.read(NOTEBOOK, as_version=4)
        assert any(cell.get("outputs") for cell in notebook.cells), "it shows something before it is run"
        for cell in (each for each in notebook.cells if each.cell_type == "code"):
            cell.outputs = []
        NotebookClient(notebook, timeout=300, resources={"metadata": {"path": str(tmp_path)}}).execute()
        page, _ = HTMLExporter().from_notebook_node(notebook)
    frames = Frames(page).found
    assert [sorted(each) for each in frames] == [["loading", "sandbox", "srcdoc", "style", "title"]] * 2
    assert NOTEBOOK.stat().st_size < 300_000 and len(page) < 1_000_000
    for frame in frames:
        inside = frame["srcdoc"] or ""
        assert not frame["sandbox"] and len(inside) < 500_000
        assert "default-src" in inside and "<script" not in inside
        assert not re.search(r"""(?:src|href|srcset)=["'](?!data:|#)""", inside)
    assert "data:image/svg+xml;base64," in inside and "rnnscope analyse saturation argparse" in inside
