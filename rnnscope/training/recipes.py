"""Whole training configs by name. Knows no text and no torch."""

from collections.abc import Callable

from rnnscope.errors import ConfigError, did_you_mean
from rnnscope.models.sizing import ATTENTION, MLSTM, TRANSFORMER, ModelName
from rnnscope.recurrence.kinds import KINDS
from rnnscope.training.config import TrainConfig

HIDDEN_RATE = 0.03
"""Muon's learning rate, times the tensors that a cell carries, divided by the root of the layers.

RNN and GRU carry one, h, which their recurrent matrices act on at every step; an LSTM carries c besides,
which no matrix touches, and bears twice the rate. Muon's updates have singular values of about 1 whatever
the width, so that no rate falls with it. War and Peace, validation nats: RNN 1x531 after half an epoch 1.348
at 0.03, 1.353 at 0.05, 1.412 at 0.01; LSTM 1x512 after a quarter 1.350 at 0.05, 1.413 at 0.025; after four
epochs RNN 2x174 1.250 at 0.02, 1.273 at 0.03; RNN 3x139 1.243 at 0.015, 1.246 at 0.01, 1.287 at 0.03; GRU
3x79 1.202 at 0.017, 1.207 at 0.03; LSTM 3x68 1.201 at 0.035, 1.213 at 0.06.
"""
PLAIN_UPDATES = 2200
"""Updates up to which that is a plain cell's rate; a longer run's is less by the root of how much longer.

The recurrent matrix of a plain cell grows with rate times updates (largest eigenvalue 8 after 14,000 updates
at 0.03), and from some size on gradients grow through time until training falls apart. Lowest point of a
parabola through the validation losses of three rates: 0.018 after 6,500 updates (War and Peace, RNN 1x273),
0.010 after 14,000 (Linux kernel, RNN 1x275). RNN 3x144, kernel, 1.247 at 0.017 and 1.203 at 0.007. Small
ones lose by it on War and Peace: RNN 3x78 1.341 at 0.017, 1.352 at 0.010 (means of three seeds). Gated cells
keep theirs: LSTM 1x128, kernel, 1.156 at 0.06, 1.160 at 0.03; GRU 1x151, War and Peace, 1.224 at 0.03, 1.226
at 0.02.
"""
DECODER_RATE = 6.4
"""AdamW's learning rate of the decoder's matrix, times hidden units: a logit sums over all of them, and an
update moves each by the same size (RNN 1x531: 1.379 validation nats at 0.05, 1.348 at 0.0125)."""
MOST_DECODER_RATE = 0.1
BLOCK_ROWS = 512
"""Most rows of a block that Muon orthogonalises, times the gates of a cell: its work grows with them, and an
update of all gates so costs the same in every cell.

War and Peace, validation nats: LSTM 1x512 after a quarter of an epoch 1.324 with whole gates, 1.320 with
blocks of 128 rows, 1.326 with 64; GRU 1x300 after a half 1.297 and 1.298 (128); but RNN 1x531, with one
matrix alone, 1.345 and 1.358 (128), 1.349 (272). Two orthogonalising steps do in such blocks what three do:
LSTM 1x512 1.320 and 1.322, RNN 1x273 after one epoch 1.350 and 1.352.
"""

CONTEXT = {ATTENTION: 500, TRANSFORMER: 128}
"""Steps that a layer attends to, where none are given. War and Peace, half an epoch, 122,000 parameters:
transformer 2x82 with 128 1.466 validation nats, 3x67 with 256 1.460; an update takes 100 ms and 150 ms."""
RESIDUAL_RATE = 0.03
"""Muon's rate of the same models: mLSTM 3x67, 4 heads, 1.623 at 0.03 and 16 streams, 1.637 at 0.06 and 8."""
RESIDUAL: dict[str, object] = {"streams": 16, "window_chars": 128, "decoder_rate": 0.02, "block_rows": 512}
"""What the recipe of residual blocks (transformer, mLSTM) has of its own: longer windows, since no gradient
goes into what is remembered from before one, and a lower decoder rate, since what their decoder reads is
normed to length sqrt(H), and an LSTM's output is several times shorter.

War and Peace, 122,000 parameters, quarter of an epoch, nats on every third row of validation (LSTM 1x128:
1.492): transformer 3x67 1.595 with 8 streams, 1.630 with queries and keys normed too, 2x82 with 16 streams
1.624; mLSTM without feed-forward parts, 4 heads, 3x92 1.640 at 16 streams, 1.643 at 8. After half an epoch,
all of validation (LSTM 2x84: about 1.39): transformer 3x67 1.460, with 8 streams 1.475, with `hidden_rate`
0.015 1.512, with `input_rate` 0.015 1.489; mLSTM 3x63 1.465, 2x77 1.490. Few tries, one seed: neither recipe
is tuned to its end.
"""


def fast(
    cell: ModelName = "lstm",
    layers: int = 1,
    hidden: int = 128,
    *,
    context: int = 0,
    epochs: float | int = 2.0,
    dropout: float = 0.0,
    seed: int = 0,
) -> TrainConfig:
    """Two epochs, not fifty: Muon on hidden-to-hidden matrices, high AdamW rates elsewhere, down to zero.

    Most of what it gains over Adam comes from the rates of input matrix and decoder. States are zeroed at
    random because training otherwise meets the zero state once an epoch, and networks then fall into bad
    states from it and stay there.
    """
    # what is no recurrent cell carries nothing that its hidden-to-hidden matrices act on again
    kind = KINDS.get("lstm" if cell == ATTENTION else cell)
    carried, stacked = (len(kind.state), kind.stacked) if kind else (1, 1)
    is_plain = kind is not None and stacked == 1
    config = TrainConfig(
        recipe="fast",
        cell=cell,
        context=context or CONTEXT.get(cell, 0),
        layers=layers,
        hidden=hidden,
        dropout=dropout,
        seed=seed,
        init="orthogonal",
        init_range=0.08,
        forget_bias=1.0,
        epochs=epochs,
        streams=32,
        window_chars=50,
        redraws_offset=True,
        zero_state_probability=0.01,
        optimiser="muon",
        hidden_rate=HIDDEN_RATE * carried / max(1, layers) ** 0.5,
        hidden_rate_updates=PLAIN_UPDATES if is_plain else None,
        input_rate=0.05,
        decoder_rate=min(MOST_DECODER_RATE, DECODER_RATE / max(1, hidden)),
        bias_rate=0.02,
        momentum=0.9,
        block_rows=BLOCK_ROWS // stacked,
        newton_schulz_steps=2,
        adam_beta1=0.9,
        adam_beta2=0.99,
        rmsprop_decay=0.95,
        epsilon=1e-8,
        clip_norm=1.0,
        clip_element=None,
        schedule="linear",
        warmup_share=0.02,
        decay_after_epochs=10,
        decay_per_epoch=1.0,
        precision="auto",
        least_validations=5,
        patience_epochs=None,
        log_steps=10,
    )
    if cell not in (TRANSFORMER, MLSTM):
        return config
    return config.model_copy(update=RESIDUAL | {"hidden_rate": RESIDUAL_RATE})


def paper_2015(
    cell: ModelName = "lstm",
    layers: int = 1,
    hidden: int = 128,
    *,
    context: int = 0,
    epochs: float | int = 50.0,
    dropout: float = 0.0,
    seed: int = 0,
) -> TrainConfig:
    """The recipe of Karpathy, Johnson, Li 2015, section 3.3; what it leaves open as in char-rnn, June 2015.

    The paper: U[-0.08, 0.08], RMSProp 2e-3 with decay 0.95, 100 streams x 100 steps, 50 epochs, rates times
    0.95 after each epoch from the tenth on, early stopping on validation, dropout chosen per model. char-rnn:
    gradients clipped to +-5 element by element, states carried along each row and never reset, not even
    between epochs.
    """
    return TrainConfig(
        recipe="paper-2015",
        cell=cell,
        context=context or CONTEXT.get(cell, 0),
        layers=layers,
        hidden=hidden,
        dropout=dropout,
        seed=seed,
        init="uniform",
        init_range=0.08,
        forget_bias=0.0,
        epochs=epochs,
        streams=100,
        window_chars=100,
        redraws_offset=False,
        zero_state_probability=0.0,
        optimiser="rmsprop",
        hidden_rate=2e-3,
        input_rate=2e-3,
        decoder_rate=2e-3,
        bias_rate=2e-3,
        momentum=0.0,
        block_rows=128,
        newton_schulz_steps=3,
        adam_beta1=0.9,
        adam_beta2=0.99,
        rmsprop_decay=0.95,
        epsilon=1e-8,
        clip_norm=None,
        clip_element=5.0,
        schedule="stepped",
        warmup_share=0.0,
        decay_after_epochs=10,
        decay_per_epoch=0.95,
        precision="float32",
        least_validations=5,
        patience_epochs=10.0,
        log_steps=10,
    )


RECIPES: dict[str, Callable[..., TrainConfig]] = {"fast": fast, "paper-2015": paper_2015}


def recipe_named(name: str) -> Callable[..., TrainConfig]:
    """Raises ConfigError for a recipe that there is not."""
    if name not in RECIPES:
        raise ConfigError(f"no recipe '{name}'; {did_you_mean(name, RECIPES)}")
    return RECIPES[name]
