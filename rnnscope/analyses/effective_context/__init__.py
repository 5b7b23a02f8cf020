"""ContextLosses of many predictors -> Finding: how far back each of them sees."""

from rnnscope.analyses.effective_context.finding import effective_context
from rnnscope.analyses.effective_context.measuring import EffectiveContextSettings

__all__ = ["EffectiveContextSettings", "effective_context"]
