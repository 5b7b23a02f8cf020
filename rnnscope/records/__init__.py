"""What each stage leaves on disk: Corpus, CountModel, Run, Surprisal, Trace, Columns, Ablation,
ContextLosses, Divergence, Finding. numpy, JSON and safetensors, no torch.
"""

from rnnscope.records.corpus import Alphabet, Corpus, PartRows, find_corpus
from rnnscope.records.finding import Excerpt, Finding
from rnnscope.records.run import Run, find_run
from rnnscope.records.surprisal import Surprisal
from rnnscope.records.trace import Trace

__all__ = [
    "Alphabet",
    "Corpus",
    "Excerpt",
    "Finding",
    "PartRows",
    "Run",
    "Surprisal",
    "Trace",
    "find_corpus",
    "find_run",
]
