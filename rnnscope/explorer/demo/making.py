"""Work folder of a study -> the demo's records, as they ship in records/.

    rnnscope corpus build war-and-peace
    rnnscope ngram war-and-peace --context 1-9,20
    rnnscope train war-and-peace --cell lstm --layers 1 --hidden 128 --set epochs=3 --seed 1
    rnnscope replay war-and-peace/lstm-1x128-e3-s1
    for name in error_oracles per_character comparison training_curves; do
      rnnscope analyse $name war-and-peace --models lstm-1x128-e3-s1; done
    python -m rnnscope.explorer.demo.making work lstm-1x128-e3-s1

The corpus is of War and Peace (Maude's translation, in the public domain): the whole training part, and rows
of the others as the whole text's split has them, so that what the network was not trained on stays apart. The
run is the whole text's, its fingerprint too; its manifest's parents name the text that it was trained on.
Losses are those of the whole text's rows; findings that need a whole text's n-gram are of it and say so.
"""

import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from rnnscope.corpora.excerpt import excerpt
from rnnscope.records.corpus import Corpus, find_corpus
from rnnscope.records.finding import Finding
from rnnscope.records.folder import write_text
from rnnscope.records.run import Run, find_run
from rnnscope.records.surprisal import Surprisal, write_surprisal
from rnnscope.scoring import error_rate
from rnnscope.studies.analysing import CONTEXTS

NAME = "war-and-peace-excerpt"
SHAPES = {"train": (100, 26_000), "validation": (1, 3200), "test": (20, 3200)}
"""Rows of each part and their characters: all of the training text, which tells the rare words, and as much
of the test part as can be traced while one waits."""
OF_THE_EXCERPT = ("saturation", "cell_roles")
OF_THE_WHOLE = ("error_oracles", "per_character", "comparison", "training_curves")
LIST = "files.json"
"""Names all other files of the records."""


def make(work: Path, reference: str, to: Path) -> None:
    """Writes the demo's corpus and run, with its losses, to `to`, which is made anew."""
    run = find_run(work, reference)
    whole = find_corpus(work, run.manifest.corpus)
    shutil.rmtree(to, ignore_errors=True)
    cut = excerpt(whole, NAME, SHAPES, to)
    folder = to / "runs" / NAME / run.name
    folder.mkdir(parents=True)
    for name in ("config.json", "weights.safetensors", "log.jsonl"):
        shutil.copyfile(run.folder / name, folder / name)
    facts = {"corpus": NAME, "corpus_fingerprint": cut.manifest.fingerprint}
    run.manifest.model_copy(update=facts).write(folder)
    _losses(
        Surprisal.read(run.replay_folder("test", "surprisal")),
        Run.read(folder).replay_folder("test", "surprisal"),
        cut,
    )


def make_ngrams(work: Path, whole: str, to: Path) -> None:
    """Leaves the losses of n-grams that were counted on the whole text, and no others: those that the
    breakdown of errors asks for, and the longest."""
    shutil.rmtree(to / "counts", ignore_errors=True)
    for context in CONTEXTS:
        name = f"{context}-gram"
        there = Surprisal.read(work / "counts" / whole / "replays" / "test" / name)
        _losses(there, to / "counts" / NAME / "replays" / "test" / name, find_corpus(to, NAME))


def _losses(whole: Surprisal, folder: Path, corpus: Corpus) -> None:
    """The losses on the rows of the excerpt, as a replay of it leaves them."""
    rows, chars = SHAPES["test"]
    nats_RT = whole.nats_RT[:rows, :chars]
    likeliest_RT = whole.likeliest_RT[:rows, :chars]
    facts = {
        "parents": whole.manifest.parents | {"corpus": corpus.manifest.fingerprint},
        "corpus": NAME,
        "corpus_fingerprint": corpus.manifest.fingerprint,
        "rows": rows,
        "row_chars": chars,
        "mean_nats": float(nats_RT.mean(dtype="float64")),
        "error_rate": error_rate(nats_RT),
    }
    write_surprisal(folder, whole.manifest.model_copy(update=facts), nats_RT, likeliest_RT)


def _findings(work: Path, whole: str, to: Path) -> None:
    """What was found on the whole text, told as such."""
    for analysis in OF_THE_WHOLE:
        path = work / "findings" / whole / f"{analysis}.json"
        if path.is_file():
            found = Finding.load(path)
            told = {
                "corpus": NAME,
                "caveats": [f"Of all of '{whole}', of which this text is a part.", *found.caveats],
            }
            found.model_copy(update=told).save(to / "findings" / NAME)


def _tidy(to: Path) -> None:
    """Leaves what is to ship: no traces, which are made again, and no locks."""
    for kind in ("trace", "untrained"):
        for folder in to.rglob(f"replays/*/{kind}"):
            shutil.rmtree(folder)
    for path in [each for each in to.rglob(".*") if each.is_file()]:
        path.unlink()
    names = sorted(str(path.relative_to(to)) for path in to.rglob("*") if path.is_file())
    write_text(to / LIST, json.dumps(names, indent=0) + "\n")


if __name__ == "__main__":
    source, destination = Path(sys.argv[1]).resolve(), Path(__file__).resolve().parent / "records"
    with tempfile.TemporaryDirectory() as somewhere:
        made = Path(somewhere) / "work"  # by this name, so that no finding's command tells of a folder
        make(source, sys.argv[2], made)
        for analysis in OF_THE_EXCERPT:
            command = [sys.executable, "-m", "rnnscope", "analyse", analysis, NAME]
            subprocess.run(command, cwd=somewhere, check=True)
        make_ngrams(source, find_run(source, sys.argv[2]).manifest.corpus, made)
        _findings(source, find_run(source, sys.argv[2]).manifest.corpus, made)
        _tidy(made)
        shutil.rmtree(destination, ignore_errors=True)
        shutil.copytree(made, destination)
