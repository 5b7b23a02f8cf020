"""Work folder -> the records in it, by name. Knows no web and no network.

A name that comes from a request is looked up among the names that are there and never joined to a path; in a
command that a reader is shown it is quoted, for an address can be anyone's. What appears while the explorer
runs is found at the next request; a manifest is read once for every time that it is written.
"""

import shlex
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from rnnscope.errors import RecordError, did_you_mean
from rnnscope.models.sizing import has_units, why_no_gates
from rnnscope.records.corpus import PARTS, Corpus, CorpusManifest
from rnnscope.records.finding import Finding
from rnnscope.records.folder import MANIFEST, AnyManifest
from rnnscope.records.run import Run, RunManifest
from rnnscope.records.surprisal import Surprisal, SurprisalManifest
from rnnscope.records.trace import Trace, TraceManifest, share_made
from rnnscope.report.write import ORDER

Record = TypeVar("Record")
QUESTIONS = ("single_layer_gating", "units_without_a_role", "memory", "symbol_functions")
"""Those that `rnnscope question` answers."""
MOST_FINDING_BYTES = 50_000_000
"""A finding file that is larger is passed over: reading it would hold up every view."""
Stamp = tuple[int, int]
"""Time of the last change (ns) and bytes of a file."""


@dataclass(frozen=True)
class Library:
    """The records of one work folder."""

    work: Path
    promised: Callable[[Path], bool] = lambda folder: False
    """Whether a process was started that makes a record, though the disk may not show it yet."""
    _read: dict[Path, tuple[Stamp, object]] = field(default_factory=dict)

    def corpora(self) -> dict[str, Corpus]:
        """Name -> corpus, every one that is whole."""
        return {
            folder.name: Corpus(folder, manifest)
            for folder, manifest in self._whole(self.work / "corpora", CorpusManifest)
        }

    def runs(self, corpus: str) -> dict[str, Run]:
        """Name -> finished run on this corpus; none for a corpus that there is not."""
        if corpus not in self.corpora():
            return {}
        return {
            folder.name: Run(folder, manifest)
            for folder, manifest in self._whole(self.work / "runs" / corpus, RunManifest)
        }

    def traces(self, run: Run) -> dict[str, Trace]:
        """Part -> what the run's units did there, of the weights and the text that there are now."""
        found: dict[str, Trace] = {}
        corpus = self.corpora().get(run.manifest.corpus)
        for part in PARTS:
            folder = run.replay_folder(part, "trace")
            manifest = self._manifest(folder, TraceManifest)
            if manifest is None or corpus is None or manifest.parents.get("run") != run.manifest.fingerprint:
                continue
            if manifest.corpus_fingerprint == corpus.manifest.fingerprint:
                found[part] = Trace(folder, manifest)
        return found

    def surprisals(self, corpus: str, part: str) -> dict[str, Surprisal]:
        """Predictor -> its losses on a part of a corpus: runs, n-grams, runs inside a memory."""
        found: dict[str, Surprisal] = {}
        if part not in PARTS or corpus not in self.corpora():
            return found
        fingerprint = self.corpora()[corpus].manifest.fingerprint
        folders = [run.replay_folder(part, "surprisal") for run in self.runs(corpus).values()]
        counts = self.work / "counts" / corpus / "replays" / part
        folders += sorted(each for each in counts.glob("*-gram*") if not each.name.startswith("."))
        for folder in folders:
            manifest = self._manifest(folder, SurprisalManifest)
            if manifest and manifest.corpus_fingerprint == fingerprint:
                found[manifest.predictor] = Surprisal(folder, manifest)
        return found

    def findings(self, corpus: str) -> dict[str, Finding]:
        """Analysis -> finding on this corpus, read as a whole. None for a corpus that there is not."""
        if corpus not in self.corpora():
            return {}
        return {each.analysis: each for _, each in self._findings(self.work / "findings" / corpus)}

    def questions(self) -> dict[str, Finding]:
        """Name -> verdict on an open question, 'NAME-small' for a look at a small scale."""
        return dict(self._findings(self.work / "questions"))

    def corpus(self, name: str) -> Corpus:
        """Raises NotThere, with the names that there are."""
        return found_in(self.corpora(), name, "corpus", "rnnscope corpus build")

    def run(self, corpus: str, name: str) -> Run:
        """Raises NotThere."""
        return found_in(
            self.runs(self.corpus(corpus).name), name, "run", f"rnnscope train {shlex.quote(corpus)}"
        )

    def trace(self, corpus: str, run: str, part: str) -> Trace:
        """Raises NotThere, with the command that makes it or how much of it is made."""
        found = self.run(corpus, run)
        traces = self.traces(found)
        if checked_part(part) not in traces:
            raise self.untraced(corpus, found, part)
        return traces[part]

    def untraced(self, corpus: str, run: Run, part: str) -> "NotThere":
        """Why there is no trace of a part: a process makes it just now, nobody told one to, or there are no
        units."""
        if not has_units(run.manifest.cell):
            return NotThere(why_no_gates(run.name, run.manifest.cell), "")
        folder = run.replay_folder(part, "trace")
        share = share_made(folder)
        if share is None and self.promised(folder):
            share = 0.0
        if share is not None:
            making = Making(corpus, run.name, part, share)
            return NotThere(f"'{run.name}' is being traced on part '{part}'", "", making)
        command = f"rnnscope replay {shlex.quote(f'{corpus}/{run.name}')} --trace --part {part}"
        return NotThere(f"'{run.name}' is not traced on part '{part}'", command)

    def surprisal(self, corpus: str, predictor: str, part: str) -> Surprisal:
        """Raises NotThere, with the command that makes it."""
        checked_part(part)
        command = f"rnnscope replay {shlex.quote(f'{corpus}/{predictor}')} --part {part}"
        return found_in(self.surprisals(self.corpus(corpus).name, part), predictor, "losses of", command)

    def finding(self, corpus: str, analysis: str) -> Finding:
        """Raises NotThere, with the command that makes it."""
        command = f"rnnscope analyse {analysis} {shlex.quote(corpus)}" if analysis in ORDER else ""
        return found_in(self.findings(self.corpus(corpus).name), analysis, "finding", command)

    def question(self, name: str) -> Finding:
        """Raises NotThere, with the command that makes it."""
        command = f"rnnscope question {name} --scale full" if name in QUESTIONS else ""
        return found_in(self.questions(), name, "question", command)

    def said(self, command: str) -> str:
        """A command as it must be typed to work on this folder."""
        is_usual = self.work == Path("work") or not command or " --work " in command
        return command if is_usual else f"{command} --work {shlex.quote(str(self.work))}"

    def _findings(self, folder: Path) -> Iterator[tuple[str, Finding]]:
        """File name without its ending, finding."""
        for path in sorted(folder.glob("[!.]*.json")):
            finding = self._cached(path, lambda path=path: _finding(path))
            if isinstance(finding, Finding):
                yield path.stem, finding

    def _whole(self, parent: Path, kind: type[AnyManifest]) -> Iterator[tuple[Path, AnyManifest]]:
        for path in sorted(parent.glob(f"[!.]*/{MANIFEST}")):
            manifest = self._manifest(path.parent, kind)
            if manifest is not None:
                yield path.parent, manifest

    def _manifest(self, folder: Path, kind: type[AnyManifest]) -> AnyManifest | None:
        found = self._cached(folder / MANIFEST, lambda: kind.read(folder))
        return found if isinstance(found, kind) else None

    def _cached(self, path: Path, read) -> object:
        """What is in a file, read anew once it has changed; None for one that is not there or is broken."""
        try:
            status = path.stat()
        except OSError:
            return None
        stamp = (status.st_mtime_ns, status.st_size)
        known = self._read.get(path)
        if known is None or known[0] != stamp:
            try:
                known = (stamp, read())
            except (RecordError, OSError):
                known = (stamp, None)
            self._read[path] = known
        return known[1]


def _finding(path: Path) -> Finding:
    """Raises RecordError where it is none, or is larger than a page could hold."""
    if path.stat().st_size > MOST_FINDING_BYTES:
        raise RecordError(f"'{path}' has more than {MOST_FINDING_BYTES:,} bytes")
    return Finding.load(path)


@dataclass(frozen=True)
class Making:
    """A trace that a process makes just now."""

    corpus: str
    run: str
    part: str
    share: float
    """Made of it, 0 to 1."""


class NotThere(RecordError):
    """A record that a view wants and that is not in the work folder, or not yet."""

    def __init__(self, message: str, command: str, making: Making | None = None) -> None:
        super().__init__(message)
        self.command = command
        """What makes it; empty where nothing does, or something does already."""
        self.making = making


def found_in(records: dict[str, Record], name: str, what: str, command: str) -> Record:
    """Raises NotThere."""
    if name not in records:
        raise NotThere(f"no {what} '{name}' here; {did_you_mean(name, records)}", command)
    return records[name]


def checked_part(part: str) -> str:
    """Raises NotThere for what is no part of a corpus."""
    if part not in PARTS:
        raise NotThere(f"no part '{part}'; {did_you_mean(part, PARTS)}", "")
    return part
