"""Which questions there are."""

from rnnscope.errors import ConfigError, did_you_mean
from rnnscope.questions.memory import MEMORY
from rnnscope.questions.question import Question
from rnnscope.questions.single_layer_gating import SINGLE_LAYER_GATING
from rnnscope.questions.symbol_functions import SYMBOL_FUNCTIONS
from rnnscope.questions.units_without_a_role import UNITS_WITHOUT_A_ROLE

QUESTIONS: dict[str, Question] = {
    each.name: each for each in (SINGLE_LAYER_GATING, UNITS_WITHOUT_A_ROLE, MEMORY, SYMBOL_FUNCTIONS)
}


def question_named(name: str, scale: str) -> Question:
    """Raises ConfigError for a question or a scale that there is not."""
    if name not in QUESTIONS:
        raise ConfigError(f"no question '{name}'; {did_you_mean(name, QUESTIONS)}")
    question = QUESTIONS[name]
    if scale not in question.scales:
        raise ConfigError(f"no scale '{scale}'; {did_you_mean(scale, question.scales)}")
    return question
