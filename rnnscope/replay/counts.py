"""Network, Corpus -> counters: one pass over a text feeds them all, and no value is kept. Knows no
statistic.
"""

from collections.abc import Callable, Iterator, Sequence

import numpy as np

from rnnscope.counters import Counter
from rnnscope.errors import RecordError
from rnnscope.models.network import Network
from rnnscope.records.corpus import Corpus, PartRows

READ_CHARS = 2**20
"""Characters of the text that are in memory at a time."""


def count_over(
    network: Network,
    corpus: Corpus,
    part: str,
    counters: Sequence[Counter],
    rows: slice = slice(None),
    on_steps: Callable[[int], None] = lambda steps: None,
) -> list[Counter]:
    """The counters with these rows of the part added, each from a zero state to its end; those given stay as
    they are.

    Only the sites that some counter wants are recorded; where none wants any, nothing is run. Memory is that
    of a block of steps and of the counters, however long the rows. `on_steps` hears how many steps of every
    row are done. Raises ConfigError for a part or site that is not there, RecordError for a network whose
    activations are not finite.
    """
    sites = list(dict.fromkeys(site for counter in counters for site in counter.sites))
    of_these_rows, done = [counter.fresh() for counter in counters], 0
    for block in _blocks(network, corpus, corpus.part(part), rows, sites) if sites else ():
        for site, values_RtH in block.items():
            if not np.isfinite(values_RtH).all():
                raise RecordError(f"site '{site}' holds numbers that are not finite; train the run again")
        for counter in of_these_rows:
            counter.update(block)
        done += block[sites[0]].shape[1]
        on_steps(done)
    return [before.merge(new) for before, new in zip(counters, of_these_rows, strict=True)]


def _blocks(
    network: Network, corpus: Corpus, part: PartRows, rows: slice, sites: Sequence[str]
) -> Iterator[dict[str, np.ndarray]]:
    state, steps = None, max(1, READ_CHARS // len(part.starts[rows]))
    for start in range(0, part.row_chars, steps):
        inputs_RT = corpus.inputs(part, rows, slice(start, start + steps))
        for block, after in network.record_from(inputs_RT, sites, state):
            state = after
            yield block
