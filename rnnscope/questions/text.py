"""Texts that questions ask about, and their corpora. Knows no question."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from rnnscope.corpora import build_corpus
from rnnscope.corpora.choosing import source_from
from rnnscope.corpora.known_texts import WAR_AND_PEACE_SHA256
from rnnscope.corpora.sources import PYTHON_LIBRARY, WAR_AND_PEACE
from rnnscope.corpora.synthetic import LANGUAGE_VERSION, SYNTHETIC
from rnnscope.errors import RecordError
from rnnscope.records.corpus import Corpus
from rnnscope.records.folder import is_whole
from rnnscope.studies.training import Listener
from rnnscope.studies.work import Work


@dataclass(frozen=True)
class Text:
    """A text that a question's networks are trained on."""

    source: str
    """As `rnnscope corpus build` takes it, and its corpus's name."""
    epochs: float
    budgets: tuple[int, ...] = ()
    """Sizes, each named by the one-layer LSTM of so many units."""
    chars: int | None = None
    """Of the embedded library or a synthetic text; another text is taken whole."""
    settings: Mapping[str, str | int] = field(default_factory=dict)
    """Of the source, as `--set` takes them."""
    name: str | None = None
    """Its corpus's, where that is not the source's."""
    seed: int | None = None
    """Of its networks, where every seed has a text of its own; None: all of the scale's seeds."""

    @property
    def corpus(self) -> str:
        usual = self.source if self.chars in (None, 3_000_000) else f"{self.source}-{self.chars // 1000}k"
        return self.name or usual


def corpus_of(text: Text, work: Work, command: str, listener: Listener) -> Corpus:
    """The text's corpus, built unless it is there. Raises RecordError where one of that name is of another
    text.
    """
    if is_whole(work.corpus(text.corpus)):
        return _checked(Corpus.read(work.corpus(text.corpus)), text)
    chars = text.chars if text.source in (PYTHON_LIBRARY, SYNTHETIC) else None
    return build_corpus(
        source_from(text.source, chars=chars, settings=text.settings),
        text.corpus,
        work.folder,
        command=command,
        notice=listener.notice,
    )


def _checked(corpus: Corpus, text: Text) -> Corpus:
    manifest = corpus.manifest
    if text.source == PYTHON_LIBRARY:
        is_meant = manifest.source["kind"] == PYTHON_LIBRARY and manifest.ids_chars == text.chars
    elif text.source == SYNTHETIC:
        facts = {"language_version": LANGUAGE_VERSION} | manifest.source
        wanted = {**text.settings, "chars": text.chars, "language_version": LANGUAGE_VERSION}
        is_meant = wanted.items() <= facts.items()
    else:
        is_meant = text.source != WAR_AND_PEACE or manifest.text_sha256 == WAR_AND_PEACE_SHA256
    if not is_meant:
        raise RecordError(
            f"corpus '{corpus.name}' is not the text that the question asks about; another --work would do"
        )
    return corpus
