"""Surprisal, Corpus -> Finding: what would remove a model's errors, in the paper's order and in any; and each
error with its text.
"""

from rnnscope.analyses.error_oracles.error_text import ErrorText
from rnnscope.analyses.error_oracles.finding import error_oracles
from rnnscope.analyses.error_oracles.listing import check_name, list_errors
from rnnscope.analyses.error_oracles.oracles import Oracle, built_in_oracles
from rnnscope.analyses.error_oracles.settings import OracleSettings
from rnnscope.analyses.error_oracles.words import PartText

__all__ = [
    "ErrorText",
    "Oracle",
    "OracleSettings",
    "PartText",
    "built_in_oracles",
    "check_name",
    "error_oracles",
    "list_errors",
]
