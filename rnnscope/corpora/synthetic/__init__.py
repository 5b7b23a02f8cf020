"""Symbols with functions -> a text whose every latent state and whose loss floor are known exactly."""

from rnnscope.corpora.synthetic.floor import Floor, control_floor, event_classes, floor
from rnnscope.corpora.synthetic.generating import control_text, functional_text
from rnnscope.corpora.synthetic.language import LANGUAGE_VERSION, SYMBOLS, SyntheticSettings, alphabet
from rnnscope.corpora.synthetic.latents import STATES, Latents, LatentState, states_of
from rnnscope.corpora.synthetic.parsing import parse
from rnnscope.corpora.synthetic.source import (
    SYNTHETIC,
    SYNTHETIC_CHARS,
    PartStates,
    part_states,
    synthetic,
    synthetic_name,
)

__all__ = [
    "LANGUAGE_VERSION",
    "STATES",
    "SYMBOLS",
    "SYNTHETIC",
    "SYNTHETIC_CHARS",
    "Floor",
    "LatentState",
    "Latents",
    "PartStates",
    "SyntheticSettings",
    "alphabet",
    "control_floor",
    "control_text",
    "event_classes",
    "floor",
    "functional_text",
    "parse",
    "part_states",
    "states_of",
    "synthetic",
    "synthetic_name",
]
