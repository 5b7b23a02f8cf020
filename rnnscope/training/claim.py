"""A run's folder: whose it is, and that only one process trains in it. Knows no training."""

from contextlib import AbstractContextManager
from pathlib import Path

from rnnscope.errors import ConfigError, RecordError
from rnnscope.records.corpus import Corpus
from rnnscope.records.folder import explained, held, is_whole
from rnnscope.records.run import Run
from rnnscope.settings import as_text
from rnnscope.training.config import TrainConfig


def alone(folder: Path) -> AbstractContextManager[None]:
    """Holds the run for this process. Raises RecordError where another one makes it."""

    def refuse() -> None:
        raise RecordError(
            f"run '{folder.name}' is being made by another process; wait for it or choose another name"
        )

    return held(folder, refuse)


def check_folder(folder: Path, config: TrainConfig, corpus: Corpus, resume: str) -> None:
    """Writes the config where there is none. Raises ConfigError or RecordError for another run's folder."""
    path = folder / "config.json"
    if is_whole(folder) and Run.read(folder).is_adopted:
        raise ConfigError(
            f"run '{folder.name}' is a network that was trained elsewhere; choose another name or remove "
            f"'{folder}'"
        )
    if not path.is_file():
        if resume == "only":
            raise RecordError(
                f"no run '{folder.name}' to go on with in '{folder.parent}'; leave out --resume"
            )
        with explained(f"'{folder}'"):
            folder.mkdir(exist_ok=True)
        config.write(path)
        return
    there = TrainConfig.load(path).model_dump()
    for name, asked in config.model_dump().items():
        if there[name] != asked:
            raise ConfigError(
                f"run '{folder.name}' has {name}={as_text(there[name])}, and this asks for "
                f"{name}={as_text(asked)}; choose another name or remove '{folder}'"
            )
    if is_whole(folder):
        check_corpus(folder, Run.read(folder).manifest.corpus_fingerprint, corpus)


def check_corpus(folder: Path, fingerprint: str, corpus: Corpus) -> None:
    """Raises RecordError where the run was made on a text with another fingerprint."""
    if fingerprint != corpus.manifest.fingerprint:
        raise RecordError(
            f"run '{folder.name}' was trained on another text than '{corpus.name}' is now; choose another "
            f"name or remove '{folder}'"
        )
