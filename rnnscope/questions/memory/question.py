"""The question of memory: its claim, its rule, and the networks that it wants."""

from rnnscope.models.sizing import matched_hidden
from rnnscope.questions.memory.deciding import decide
from rnnscope.questions.memory.measuring import PLAIN_LAYERS, hangs_on, measure, prepare
from rnnscope.questions.question import Question, Scale
from rnnscope.questions.text import Text
from rnnscope.studies.configs import train_config
from rnnscope.studies.grid import Budget, PlannedRun, planned_run

CLAIM = (
    "A language model with a memory makes at most half of those errors of a plain LSTM of the same size "
    "which some n-gram would not have made."
)
RULE = (
    "N-gram error: a character given less than 0.5 to which some n-gram of 1 to 9 characters gives more. "
    "Removed share: 1 less a memory's n-gram errors over the plain LSTM's of the same seed. In every setting "
    "the best memory has the lowest mean validation loss; effect: its removed share, averaged over settings "
    "for each seed, 95 % interval over seeds; above one half: yes, below: no, else undecided. Premise: in "
    "every setting its test loss is below the plain LSTM's (interval over seeds), else 'premise not met'. "
    "The smallest size of each text has the say."
)
TRAINED = {"attention": 2, "transformer": 2, "mlstm": 3}
"""Memories that are trained, and their layers."""
OF_LARGER = 1
"""Seeds of the sizes that are told beside."""


def networks(scale: Scale, text: Text, symbols: int) -> list[PlannedRun]:
    """The plain LSTM and every trained memory, matched in parameters, at every size and seed."""
    plans = []
    for place, units in enumerate(text.budgets):
        budget = Budget(units)
        for cell, layers in {"lstm": PLAIN_LAYERS, **TRAINED}.items():
            hidden = matched_hidden(cell, layers, symbols, budget.parameters(symbols))
            for seed in range(OF_LARGER if place else scale.seeds):
                config = train_config("fast", cell, layers, hidden, seed, {"epochs": text.epochs})
                plans.append(planned_run(config, symbols, budget=budget))
    return plans


MEMORY = Question(
    name="memory",
    title="Could a memory remove the errors that n-grams would not have made?",
    claim=CLAIM,
    rule=RULE,
    scales={
        "small": Scale(
            (Text("python-library", 1.0, (48,), 600_000),),
            seeds=2,
            planned=networks,
        ),
        "full": Scale(
            (
                Text("war-and-peace", 3.0, (128, 256)),
                Text("python-library", 2.0, (128, 256), 3_000_000),
            ),
            seeds=5,
            planned=networks,
        ),
    },
    version=1,
    measure=measure,
    decide=decide,
    prepare=prepare,
    hangs_on=hangs_on,
)
