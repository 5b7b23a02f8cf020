"""One network on a synthetic text -> what it learned of each symbol, what each of its units follows, and how
far its gates saturate. Knows no verdict.
"""

from collections.abc import Sequence

import numpy as np

from rnnscope.analyses.cell_roles import Hypothesis, UnitStates, associate, associated_rows
from rnnscope.corpora.synthetic import (
    SYMBOLS,
    PartStates,
    alphabet,
    event_classes,
    floor,
    part_states,
    states_of,
)
from rnnscope.counters import SaturationCounter, gate_sites
from rnnscope.estimate import FALSE_DISCOVERIES
from rnnscope.models.network import Network
from rnnscope.questions.question import MeasureJob
from rnnscope.records.corpus import Corpus, find_corpus
from rnnscope.records.finding import Row
from rnnscope.records.run import Run
from rnnscope.replay.counts import count_over
from rnnscope.replay.trace import rows_for
from rnnscope.scoring import Predictor
from rnnscope.studies.jobs import load, load_untrained
from rnnscope.studies.unit_states import in_half_precision, state_sites, texts_of

LEAST_COUNT = 0.1
"""Added to the count of every pair of characters, for the last character's predictions."""


def measured(job: MeasureJob, untrained_chars: int) -> list[Row]:
    """A row for the network, one for every symbol that has a function, one for every unit."""
    import torch

    torch.set_num_threads(1)
    run, corpus = Run.read(job.run), find_corpus(job.work, job.corpus)
    known, networks = part_states(corpus, "test"), (load(run), load_untrained(run))
    facts: Row = {
        "what": "network",
        "hidden": run.manifest.hidden,
        "symbols": known.settings.symbols,
        "is_control": known.settings.control,
        "floor_nats": float(known.floor_nats_RT.mean(dtype=np.float64)),
    }
    symbols = [] if known.settings.control else learned_rows(networks[0], corpus, known)
    roles = _roles(networks, run, corpus, known)
    shares = _saturated(networks, run, corpus, rows_for(corpus, "test", untrained_chars))
    units = _units(run)
    nothing: Row = {"track": None, "symbol": None, "has_role": False, "functions": 0}
    return [
        facts,
        *symbols,
        *(
            {"what": "unit", **unit, **roles.get(place, nothing), **shares[place]}
            for place, unit in enumerate(units)
        ),
    ]


def learned_rows(predictor: Predictor, corpus: Corpus, known: PartStates) -> list[Row]:
    """For every symbol of a functional text, over the test characters where its rule tells something of what
    comes next: nats of the event that it is about (`event_classes`) of the predictor, the exact distribution
    and the last character alone; `learned`, 1 where the predictor is at the exact distribution and 0 where it
    is no better than the last character; and the accuracy where the rule decides, beside the best there is.
    """
    symbols, part = known.settings.symbols, corpus.part("test")
    # ids are in the order of code points, distributions in that of the language's alphabet
    order_V = np.searchsorted(corpus.codes, [ord(each) for each in alphabet(symbols)])
    places_V = np.argsort(order_V)
    blocks = list(predictor.log_prob_blocks(corpus.inputs(part)))
    own_NV = np.concatenate(blocks).transpose(1, 0, 2).reshape(-1, corpus.symbols)[:, order_V]
    targets_N, inputs_N = (places_V[ids_RT.ravel()] for ids_RT in (corpus.targets(part), corpus.inputs(part)))
    exact = floor(known.latents_N, symbols, known.settings.seed)
    readers = {
        "nats": np.exp(own_NV, dtype=np.float64),
        "floor_nats": exact.probabilities_TV,
        "last_nats": _last_character(corpus, places_V)[inputs_N],
    }
    hits = {name: p_NV.argmax(axis=1) == targets_N for name, p_NV in readers.items()}
    rows: list[Row] = []
    for index, classes_V in enumerate(event_classes(symbols)):
        asked_N, decided_N = exact.asked_TS[:, index], exact.functional_TS[:, index]
        nats = {name: _nats(p_NV[asked_N], targets_N[asked_N], classes_V) for name, p_NV in readers.items()}
        rows.append(
            {"what": "symbol", "symbol": SYMBOLS[index].name, **nats}
            | {"learned": 1 - (nats["nats"] - nats["floor_nats"]) / (nats["last_nats"] - nats["floor_nats"])}
            | {"places": int(decided_N.sum()), "accuracy": float(hits["nats"][decided_N].mean())}
            | {"best_accuracy": float(hits["floor_nats"][decided_N].mean())}
        )
    return rows


def _nats(p_NV: np.ndarray, targets_N: np.ndarray, classes_V: np.ndarray) -> float:
    """Mean surprisal of which class of characters comes."""
    of_class_VC = (classes_V[:, None] == np.arange(classes_V.max() + 1)).astype(np.float64)
    p_N = (p_NV @ of_class_VC)[np.arange(len(p_NV)), classes_V[targets_N]]
    return float(-np.log(np.maximum(p_N, 1e-12)).mean())


def _last_character(corpus: Corpus, places_V: np.ndarray) -> np.ndarray:
    """P(next | last character), (V, V), from the train part."""
    part, count = corpus.part("train"), len(places_V)
    before, after = (places_V[ids.ravel()] for ids in (corpus.inputs(part), corpus.targets(part)))
    pairs = np.bincount(before * count + after, minlength=count * count).reshape(count, count) + LEAST_COUNT
    return pairs / pairs.sum(axis=1, keepdims=True)


def _units(run: Run) -> list[Row]:
    layers, hidden = run.manifest.layers, run.manifest.hidden
    return [{"layer": layer + 1, "unit": unit} for layer in range(layers) for unit in range(hidden)]


def _roles(networks: Sequence[Network], run: Run, corpus: Corpus, known: PartStates) -> dict[int, Row]:
    """Place of a unit -> its role, its score in every latent state, and in how many symbols it is clear of
    all controls; nothing where the text has no symbols.
    """
    inputs_RT = corpus.inputs(corpus.part("test"))
    states = states_of(known.settings.symbols)
    hypotheses = [
        Hypothesis(s.name, s.title, s.kind == "flag", s.of(known.latents_N).reshape(inputs_RT.shape))
        for s in states
    ]
    sites, before = (
        in_half_precision(
            network.record_blocks(inputs_RT, state_sites(run.manifest.cell, run.manifest.layers))
        )
        for network in networks
    )
    found = UnitStates(run.name, run.manifest.cell, sites, texts_of(corpus, "test", len(inputs_RT)), before)
    usable = [each for each in hypotheses if each.is_usable]
    if not usable:
        return {}
    symbol_of = {state.name: state.symbol for state in states}
    beside = associate(found, usable)
    _, roles = associated_rows(found, beside)
    controls_K = np.maximum(beside.untrained_2K[1], beside.last_2K[1])
    highest_KU = np.maximum(np.nanmax(beside.shifted_SKU, axis=0), controls_K[:, None])
    clear_KU = (beside.q_KU < FALSE_DISCOVERIES) & (beside.scored_KU > highest_KU)
    return {
        place: {
            "track": role["track"],
            "symbol": symbol_of[str(role["track"])],
            "has_role": role["is_clear"],
            "functions": len(
                {
                    symbol_of[h.name]
                    for h, is_clear in zip(usable, clear_KU[:, place], strict=True)
                    if is_clear
                }
            ),
            **{f"score_{h.name}": round(float(beside.scored_KU[k, place]), 3) for k, h in enumerate(usable)},
        }
        for place, role in enumerate(roles)
    }


def _saturated(networks: Sequence[Network], run: Run, corpus: Corpus, untrained_rows: int) -> list[Row]:
    """Of every unit the share of steps in which each gate is saturated, and that of its gate for which it is
    highest, trained and before training.
    """
    cell, layers = run.manifest.cell, run.manifest.layers
    sites = gate_sites(cell, layers)
    shares = []
    for network, rows in zip(networks, (slice(None), slice(untrained_rows)), strict=True):
        (counter,) = count_over(network, corpus, "test", [SaturationCounter(sites)], rows)
        by_site = {site: left_H + right_H for site, (left_H, right_H) in counter.result().items()}
        gates = list(dict.fromkeys(site.rpartition(".")[2] for site in sites))
        shares.append(
            {gate: np.concatenate([by_site[f"layers.{n}.{gate}"] for n in range(layers)]) for gate in gates}
        )
    whole_U, before_U = (np.max(list(each.values()), axis=0) for each in shares)
    found: list[Row] = []
    for place in range(len(whole_U)):
        row: Row = {"saturated": float(whole_U[place]), "untrained": float(before_U[place])}
        row |= {f"saturated_{gate}": round(float(share_U[place]), 4) for gate, share_U in shares[0].items()}
        found.append(row)
    return found
