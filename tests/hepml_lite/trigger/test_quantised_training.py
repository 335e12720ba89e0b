"""Quantisation-aware training: its numbers are those of the integer network, and it learns."""

import numpy as np
import pytest
import torch

from hepml_lite.trigger.emulation.integer_network import RESULT
from hepml_lite.trigger.fixed_point import FixedPoint
from hepml_lite.trigger.quantised.quantised_training import QuantisedEncoder, fake_quantised


@pytest.mark.parametrize("rounding", ["TRN", "RND", "RND_CONV"])
@pytest.mark.parametrize("overflow", ["SAT", "WRAP"])
def test_torch_rounds_as_numpy_does(rounding, overflow):
    kind = FixedPoint(6, 3, True, rounding, overflow)
    x = np.arange(-400, 400) / 64
    ours = fake_quantised(torch.tensor(x), kind).numpy()
    np.testing.assert_array_equal(ours, kind.quantise(x))


def test_the_trained_network_is_the_integer_network():
    torch.manual_seed(1)
    encoder = QuantisedEncoder()
    x = np.random.default_rng(1).normal(0, 8, (2000, 57)).astype(np.float32)  # the same ties
    optimiser = torch.optim.Adam(encoder.parameters(), 3e-3)
    for _ in range(20):
        batch = torch.tensor(x[:500], dtype=torch.float32)
        loss = ((encoder(batch) - batch[:, :8] / 4) ** 2).mean()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    with torch.no_grad():
        learned = encoder(torch.tensor(x, dtype=torch.float32)).numpy()
    np.testing.assert_array_equal(encoder.whole()(x), learned)
    assert np.unique(learned).size > 20


def test_it_learns_where_rounding_afterwards_cannot():
    """Gradients pass through the roundings: the loss falls well below that of the start."""
    torch.manual_seed(2)
    encoder = QuantisedEncoder((6, 16, 8, 2))
    x = torch.tensor(np.random.default_rng(2).normal(0, 3, (4000, 6)), dtype=torch.float32)
    target = torch.stack([x[:, 0].abs(), x[:, 1] - x[:, 2]], dim=1)
    optimiser = torch.optim.Adam(encoder.parameters(), 1e-2)
    losses = []
    for _ in range(300):
        loss = ((encoder(x) - target) ** 2).mean()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        losses.append(float(loss.detach()))
    assert losses[-1] < 0.15 * losses[0]


def test_saturated_numbers_have_no_slope():
    x = torch.tensor([0.3, 100.0, -100.0], requires_grad=True)
    fake_quantised(x, RESULT).sum().backward()
    assert x.grad is not None
    assert x.grad.tolist() == [1.0, 0.0, 0.0]


def test_a_rounding_without_a_version_for_training_is_refused():
    with pytest.raises(ValueError, match="RND_INF"):
        fake_quantised(torch.ones(1), FixedPoint(6, 3, rounding="RND_INF"))
