"""Laws that networks claim, one helper each: `from laws import assert_permutation_invariant`.

`model(features (N, P, F), mask (N, P))` may return any tensor with one row per jet. The invariances
are tested in double precision, in evaluation mode, on a copy.
"""

import copy

import torch
from torch import Tensor, nn


def particles(
    n_jets: int = 6, n_slots: int = 9, n_features: int = 3, seed: int = 0
) -> tuple[Tensor, Tensor]:
    """Jets with 2 to `n_slots` random particles: features (N, P, F), the first in (0, 1); mask."""
    generator = torch.Generator().manual_seed(seed)
    features = torch.randn(n_jets, n_slots, n_features, generator=generator)
    features[..., 0] = features[..., 0].sigmoid()
    number = torch.randint(2, n_slots + 1, (n_jets, 1), generator=generator)
    mask = torch.arange(n_slots) < number
    return features * mask.unsqueeze(-1), mask


def _exact(model: nn.Module):
    model = copy.deepcopy(model).double().eval()

    @torch.no_grad()
    def call(features: Tensor, mask: Tensor) -> Tensor:
        return model(features.double(), mask)

    return call


def _assert_same(got: Tensor, expected: Tensor, what: str, tolerance: float = 1e-9) -> None:
    assert torch.isfinite(expected).all(), "the output itself is not finite"
    change = (got - expected).abs().max().item()
    assert change <= tolerance, f"{what} changed the output by {change:.2g}"


def assert_permutation_invariant(model: nn.Module, features: Tensor, mask: Tensor) -> None:
    """The order of the particles of a jet means nothing, padding between them included."""
    call = _exact(model)
    order = torch.stack([torch.randperm(mask.shape[1]) for _ in range(len(mask))])  # (N, P)
    shuffled = features.gather(1, order.unsqueeze(-1).expand_as(features))
    _assert_same(call(shuffled, mask.gather(1, order)), call(features, mask), "a permutation")


def assert_padding_invariant(
    model: nn.Module, features: Tensor, mask: Tensor, garbage: float = 1e3
) -> None:
    """Neither more padding nor what stands in the padded slots changes anything."""
    call = _exact(model)
    expected = call(features, mask)
    dirty = torch.where(mask.unsqueeze(-1), features, garbage)
    _assert_same(call(dirty, mask), expected, f"{garbage} in the padded slots")
    longer = torch.cat([dirty, torch.full_like(dirty, garbage)], 1)  # (N, P, F) → (N, 2P, F)
    more = torch.cat([mask, torch.zeros_like(mask)], 1)
    _assert_same(call(longer, more), expected, "more padding")


def assert_gradients_reach_every_parameter(
    model: nn.Module, features: Tensor, mask: Tensor
) -> None:
    """No layer is dead or disconnected: each parameter has a finite gradient that is not all 0."""
    model = copy.deepcopy(model).train()
    output = model(features, mask)
    (output * torch.randn_like(output)).sum().backward()
    for name, parameter in model.named_parameters():
        assert parameter.grad is not None, f"{name} is not connected to the output"
        assert torch.isfinite(parameter.grad).all(), f"the gradient of {name} is not finite"
        assert parameter.grad.abs().max() > 0, f"the gradient of {name} is zero everywhere"


def assert_save_load_round_trip(make_model, features: Tensor, mask: Tensor, path) -> None:
    """Weights written and read into a fresh model give the same outputs, bit for bit."""
    from hepml_lite.networks import load_weights, save_weights

    trained, fresh = make_model().eval(), make_model().eval()
    with torch.no_grad():
        for parameter in trained.parameters():
            parameter.add_(0.1 * torch.randn_like(parameter))
        expected = trained(features, mask)
        assert not torch.equal(fresh(features, mask), expected), "the test itself tests nothing"
        load_weights(fresh, save_weights(trained, path))
        assert torch.equal(fresh(features, mask), expected), "the weights came back changed"


def assert_infrared_collinear_safe(model: nn.Module, features: Tensor, mask: Tensor) -> None:
    """features[..., 0] is the energy fraction z: z → 0 drops out, a collinear split is not seen."""
    call = _exact(model)
    features = features.double()
    expected = call(features, mask)
    new = torch.randn_like(features[:, :1])  # (N, 1, F): one particle more, in any direction
    longer = torch.cat([mask, torch.ones_like(mask[:, :1])], 1)  # (N, P + 1)
    new[..., 0] = 1e-9
    _assert_same(call(torch.cat([features, new], 1), longer), expected, "a soft particle", 1e-6)
    split = features.clone()
    split[:, 0, 0] *= 0.3
    twin = split[:, :1].clone()
    twin[..., 0] *= 0.7 / 0.3
    _assert_same(call(torch.cat([split, twin], 1), longer), expected, "a collinear split", 1e-6)
