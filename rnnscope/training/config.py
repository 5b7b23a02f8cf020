"""TrainConfig: all that decides how a network is trained, and nothing that the machine decides."""

from collections.abc import Mapping
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from rnnscope.errors import ConfigError, RecordError
from rnnscope.models.sizing import (
    ATTENTION,
    LOOKING_BACK,
    MLSTM,
    TRANSFORMER,
    WINDOW,
    AttentionConfig,
    MatrixMemoryConfig,
    ModelConfig,
    ModelName,
    NetworkConfig,
    TransformerConfig,
    WindowConfig,
)
from rnnscope.records.finding import Scalar
from rnnscope.records.folder import write_text
from rnnscope.settings import changed, first_error

WITHOUT_WEIGHT = frozenset({"log_steps", "milestones", "milestone_epochs"})
"""Settings that no trained weight hangs on: what is written down on the way."""


class TrainConfig(BaseModel):
    """A whole training recipe for one network; recipes.py makes them."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    recipe: str
    """Which recipe this began as; settings may have changed since."""

    cell: ModelName
    """A recurrent cell; 'window' for an n-NN, which sees the last characters alone; or 'attention',
    'transformer' or 'mlstm', models with a memory of many steps."""
    context: int = Field(default=0, ge=0, le=5000)
    """For 'window': N, the characters that it sees. For 'attention' and 'transformer': W, steps that a layer
    attends to. 0 for all others, which see all."""
    layers: int = Field(ge=1)
    hidden: int = Field(ge=1)
    """H, units of every layer."""
    dropout: float = Field(ge=0, lt=1)
    """Share of units dropped, on the inputs of layers 2 and up and on the top output."""
    seed: int = Field(ge=0, lt=2**63)
    """Decides initial weights, stream offsets, zeroed states and dropout masks."""

    init: Literal["uniform", "orthogonal"]
    """How weights start: see models/initial.py."""
    init_range: float = Field(gt=0)
    """For 'uniform': U[-init_range, init_range]."""
    forget_bias: float
    """For 'orthogonal': bias of the gate that keeps: an LSTM's forget gate, a GRU's update gate."""

    epochs: float = Field(gt=0)
    """Times that the train part is read."""
    streams: int = Field(ge=1)
    """B, places of the text that are read side by side."""
    window_chars: int = Field(ge=1)
    """T, characters of each stream between two updates; gradients reach no further back."""
    redraws_offset: bool
    """Whether every epoch cuts the text into streams at a new place; its states then start from zero."""
    zero_state_probability: float = Field(ge=0, le=1)
    """Chance, per stream and window, to start from the zero state: it makes networks that start well."""

    optimiser: Literal["muon", "rmsprop"]
    """'muon': Muon on hidden-to-hidden matrices and AdamW elsewhere; 'rmsprop': RMSProp on everything."""
    hidden_rate: float = Field(gt=0)
    """Learning rate of matrices that read hidden units: recurrent, and input ones of layers 2 and up."""
    hidden_rate_updates: int | None = Field(default=None, ge=1)
    """Updates of the longest run that `hidden_rate` is for: one k times as long has it divided by the root of
    k; none: it is for runs of any length."""
    input_rate: float = Field(gt=0)
    """Learning rate of the one-hot input matrix."""
    decoder_rate: float = Field(gt=0)
    """Learning rate of the decoder's matrix."""
    bias_rate: float = Field(gt=0)
    """Learning rate of all biases."""
    momentum: float = Field(ge=0, lt=1)
    """Muon's, Nesterov's way."""
    block_rows: int = Field(ge=16)
    """Most rows of a gate's matrix that Muon orthogonalises together."""
    newton_schulz_steps: int = Field(ge=2, le=5)
    """Muon's steps towards the nearest orthogonal matrix."""
    adam_beta1: float = Field(ge=0, lt=1)
    """AdamW's memory of gradients."""
    adam_beta2: float = Field(ge=0, lt=1)
    """AdamW's memory of squared gradients."""
    rmsprop_decay: float = Field(ge=0, lt=1)
    """RMSProp's memory of squared gradients."""
    epsilon: float = Field(gt=0)
    """What AdamW and RMSProp add to the root of the squared gradients."""
    clip_norm: float | None = Field(gt=0)
    """Largest norm of the whole gradient of the mean loss; none: no limit."""
    clip_element: float | None = Field(gt=0)
    """Largest size of an element of the gradient of the loss summed over a window's steps, averaged over
    streams (char-rnn clips that sum); none: no limit."""

    schedule: Literal["linear", "stepped"]
    """'linear': down to zero at the end; 'stepped': constant, then a factor at each epoch."""
    warmup_share: float = Field(ge=0, lt=1)
    """Share of all steps over which rates rise from zero."""
    decay_after_epochs: int = Field(ge=1)
    """For 'stepped': at the end of this epoch and of every later one rates are multiplied."""
    decay_per_epoch: float = Field(gt=0, le=1)
    """For 'stepped': by this."""

    precision: Literal["auto", "bfloat16", "float32"]
    """Of matrix products in training; 'auto': bfloat16 where the machine is quicker with it. Weights, updates
    and every evaluation are float32."""

    least_validations: int = Field(ge=1)
    """Validations spread over the run; at least one each epoch is made anyway."""
    patience_epochs: float | None = Field(gt=0)
    """The run ends early after so many epochs without a better validation; none: never."""
    log_steps: int = Field(ge=1)
    """Steps from one line of the log to the next."""
    milestones: int = Field(default=0, ge=0, le=10_000)
    """Weights kept on the way, at so many steps, evenly spread in the step's logarithm: see
    schedule.py."""
    milestone_epochs: float = Field(default=3.0, gt=0)
    """The last of them is after so many epochs, or at the end if that is sooner."""

    @model_validator(mode="after")
    def _is_one_kind(self) -> "TrainConfig":
        if self.cell not in LOOKING_BACK:
            if self.context:
                takes = " or ".join(LOOKING_BACK)
                raise ValueError(f"context {self.context} is for --cell {takes}; {self.cell} has none")
            return self
        if not self.context:
            if self.cell == WINDOW:
                raise ValueError("an n-NN needs a context of 1 or more, the characters that it sees")
            raise ValueError(
                f"--cell {self.cell} needs a context of 1 or more, the steps that a layer attends to"
            )
        if self.cell == WINDOW and (self.layers != 1 or self.dropout):
            raise ValueError("an n-NN has one layer and no dropout")
        return self

    def network(self, symbols: int) -> ModelConfig:
        """The network's shape for an alphabet."""
        if self.cell == WINDOW:
            return WindowConfig(context=self.context, hidden=self.hidden, symbols=symbols)
        size = {
            "layers": self.layers,
            "hidden": self.hidden,
            "symbols": symbols,
            "dropout": self.dropout,
        }
        if self.cell == ATTENTION:
            return AttentionConfig(**size, context=self.context)
        if self.cell == TRANSFORMER:
            return TransformerConfig(**size, context=self.context)
        return MatrixMemoryConfig(**size) if self.cell == MLSTM else NetworkConfig(cell=self.cell, **size)

    def hidden_rate_over(self, updates: int) -> float:
        """`hidden_rate` as it is in a run of so many updates."""
        longest = self.hidden_rate_updates
        return self.hidden_rate * (1.0 if longest is None else min(1.0, longest / max(1, updates)) ** 0.5)

    def all_but_seed(self) -> dict[str, Scalar]:
        """Every setting that trained weights hang on, the seed aside: runs alike in them are seeds of one
        network.
        """
        settings: dict[str, Scalar] = self.model_dump(mode="json")
        return {name: value for name, value in settings.items() if name not in {*WITHOUT_WEIGHT, "seed"}}

    def write(self, path: Path) -> None:
        write_text(path, self.model_dump_json(indent=1) + "\n")

    @classmethod
    def load(cls, path: Path) -> "TrainConfig":
        """Raises RecordError where the file is missing or is no config."""
        try:
            return cls.model_validate_json(path.read_bytes())
        except FileNotFoundError:
            raise RecordError(f"no training config at '{path}'") from None
        except (ValidationError, OSError) as error:
            reason = first_error(error) if isinstance(error, ValidationError) else error
            raise RecordError(f"'{path}' is not a training config: {reason}; remove its run") from None


def with_settings(config: TrainConfig, settings: Mapping[str, object]) -> TrainConfig:
    """`config` with some fields replaced (`settings.changed`). Raises ConfigError that names the field."""
    if "recipe" in settings:
        raise ConfigError("setting 'recipe' names where a config comes from; choose one with --recipe")
    return changed(config, settings)
