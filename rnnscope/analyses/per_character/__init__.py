"""Surprisal of a network and of an n-gram, Corpus -> Finding: which characters each predicts better, and
which of them make the difference in loss.
"""

from rnnscope.analyses.per_character.finding import PerCharacterSettings, per_character

__all__ = ["PerCharacterSettings", "per_character"]
