"""An intervention changes what follows from it, and nothing else."""

import pytest
import torch
from torch import nn
from torch.nn.utils.rnn import pack_sequence

import rnnscope
from rnnscope.errors import ConfigError

pytestmark = pytest.mark.filterwarnings("ignore:LSTM with projections is not supported with oneDNN")


def lstm(**settings) -> nn.LSTM:
    torch.manual_seed(0)
    return nn.LSTM(3, 4, 2, **settings).eval()


def set_unit(unit: int, to: float, steps: range):
    def hook(value, at):
        if at.step in steps:
            value = value.clone()
            value[:, unit] = to
        return value

    return hook


def test_nothing_before_an_intervention_changes_and_all_that_follows_does():
    inputs = torch.randn(10, 2, 3, generator=torch.Generator().manual_seed(1))
    scope = rnnscope.attach(lstm())
    _, plain = scope.run_with_cache(inputs)
    _, changed = scope.run_with_hooks_and_cache(inputs, hooks=[("layers.0.f", set_unit(2, 0.0, range(4, 5)))])
    for name in plain:
        apart = (plain[name] - changed[name]).abs().amax((0, 2))
        assert apart[:4].max() < 1e-6, name
        assert name in ("layers.0.pre_f", "layers.0.i", "layers.0.pre_i") or apart[4:].max() > 1e-4, name
    assert (changed["layers.0.f"][:, 4, 2] == 0).all()
    # where nothing of the old cell state is kept, the new one is what is written
    written = changed["layers.0.i"] * changed["layers.0.g"]
    torch.testing.assert_close(changed["layers.0.c"][:, 4, 2], written[:, 4, 2])
    # of the same step, units that do not see the changed one are as they were
    others = [0, 1, 3]
    torch.testing.assert_close(changed["layers.0.c"][:, 4, others], plain["layers.0.c"][:, 4, others])


def test_a_change_before_the_squashing_passes_through_it():
    scope = rnnscope.attach(lstm())
    _, cache = scope.run_with_hooks_and_cache(
        torch.zeros(3, 1, 3), hooks=[("layers.*.pre_o", lambda value, at: torch.full_like(value, 100.0))]
    )
    assert (cache["layers.1.o"] == 1).all()
    torch.testing.assert_close(cache["layers.1.h"], cache["layers.1.tanh_c"])


def test_layers_under_an_intervention_are_untouched_to_the_last_bit():
    inputs = torch.randn(6, 2, 3, generator=torch.Generator().manual_seed(1))
    scope = rnnscope.attach(lstm())
    _, plain = scope.run_with_cache(inputs, names="layers.0.*")
    hooks = [("layers.1.c", lambda value, at: value + 1)]
    _, changed = scope.run_with_hooks_and_cache(inputs, hooks=hooks, names="layers.0.*")
    assert all(torch.equal(plain[name], changed[name]) for name in plain)


def test_hooks_at_one_site_are_called_in_order_at_every_step_backwards_where_time_is():
    seen = []
    scope = rnnscope.attach(lstm(bidirectional=True))
    hooks = [
        ("layers.1.reverse.h", lambda value, at: seen.append((at.name, at.step))),
        ("layers.1.reverse.h", lambda value, at: value * 0 + len(seen)),
    ]
    (output, _) = scope.run_with_hooks(torch.randn(3, 1, 3), hooks=hooks)
    assert seen == [("layers.1.reverse.h", step) for step in (2, 1, 0)]
    assert output[:, 0, 4:].tolist() == [[3.0] * 4, [2.0] * 4, [1.0] * 4]


def test_an_intervention_in_a_packed_batch_reaches_each_text_as_it_would_alone():
    texts = [torch.randn(n, 3, generator=torch.Generator().manual_seed(n)) for n in (2, 5, 3)]
    scope = rnnscope.attach(lstm(bidirectional=True))
    hooks = [("layers.*.c", set_unit(1, 0.5, range(1, 5)))]
    (output, state), cache = scope.run_with_hooks_and_cache(
        pack_sequence(texts, enforce_sorted=False), hooks=hooks
    )
    padded, _ = nn.utils.rnn.pad_packed_sequence(output, batch_first=True)
    for place, text in enumerate(texts):
        (alone, (h, c)), sites = scope.run_with_hooks_and_cache(text, hooks=hooks)
        torch.testing.assert_close(padded[place, : len(text)], alone)
        torch.testing.assert_close(state[0][:, place], h)
        torch.testing.assert_close(state[1][:, place], c)
        for name in sites:
            torch.testing.assert_close(cache[name][place, : len(text)], sites[name][0])
            assert (cache[name][place, len(text) :] == 0).all()


def test_projected_outputs_and_what_is_projected_are_sites_of_their_own():
    scope = rnnscope.attach(lstm(proj_size=2))
    _, cache = scope.run_with_hooks_and_cache(
        torch.randn(4, 1, 3), hooks=[("layers.1.m", lambda value, at: torch.zeros_like(value))]
    )
    assert (cache["layers.1.h"] == 0).all() and cache["layers.1.h"].shape == (1, 4, 2)
    assert (cache["layers.1.m"] == 0).all() and cache["layers.1.m"].shape == (1, 4, 4)


def test_gradients_reach_what_a_hook_brings_in():
    push = torch.zeros(4, requires_grad=True)
    output, _ = rnnscope.attach(lstm()).run_with_hooks(
        torch.zeros(5, 1, 3), hooks=[("layers.0.c", lambda value, at: value + push)], gradients=True
    )
    (gradient,) = torch.autograd.grad(output[-1].sum(), push)
    assert gradient.abs().min() > 0


@pytest.mark.parametrize(
    ("names", "hook", "message"),
    [
        ("layers.0.x", lambda value, at: None, "no site 'layers.0.x'"),
        (lambda name: False, lambda value, at: None, "fits no site"),
        ("layers.0.c", lambda value, at: value[:1], r"returned \(1, 4\); it must return \(2, 4\)"),
        ("layers.0.c", lambda value, at: 0.0, "returned float"),
    ],
)
def test_a_hook_that_cannot_be_is_refused_in_one_line(names, hook, message):
    with pytest.raises(ConfigError, match=message) as caught:
        rnnscope.attach(lstm()).run_with_hooks(torch.randn(3, 2, 3), hooks=[(names, hook)])
    assert "\n" not in str(caught.value)
