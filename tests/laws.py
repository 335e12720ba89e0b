"""Laws that networks claim, one helper each: `from laws import assert_permutation_invariant`.

`model(features (N, P, F), mask (N, P))` may return any tensor with one row per jet. The invariances
are tested in double precision, in evaluation mode unless they say otherwise, on a copy. Networks of
the landscape need none of this in their own tests: networks/test_laws_of_all.py tests them all.
"""

import copy
from collections.abc import Callable

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


def measured_jets(n_jets: int = 6, n_slots: int = 12, fewest: int = 2) -> tuple[Tensor, Tensor]:
    """Jets around one axis: constituents (N, P, 3), pT [GeV], eta and phi; mask (N, P)."""
    mask = torch.arange(n_slots) < torch.randint(fewest, n_slots + 1, (n_jets, 1))
    pt = 1 / torch.rand(n_jets, n_slots).clamp(min=0.01)
    eta, phi = 0.5 + 0.3 * torch.randn(2, n_jets, n_slots)
    return torch.stack([pt, eta, phi], -1) * mask.unsqueeze(-1), mask


def marked(n_jets: int = 256) -> tuple[Tensor, Tensor, Tensor]:
    """Particles with labels that are easy to learn: 1 where the sum of feature 1 is positive."""
    features, mask = particles(n_jets)
    return features, mask, (features[..., 1].sum(1) > 0).long()


def widened(n_jets: int = 128) -> tuple[Tensor, Tensor, Tensor]:
    """Constituents with labels that are easy to learn: jets of label 1 are twice as wide."""
    (features, mask), labels = measured_jets(n_jets), torch.arange(n_jets) % 2
    features[..., 1:] *= (1 + labels)[:, None, None]
    return features, mask, labels


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


def _longer(features: Tensor, mask: Tensor, garbage: float) -> tuple[Tensor, Tensor]:
    """Twice the slots, `garbage` in all that are padded: features (N, 2 P, F), mask (N, 2 P)."""
    dirty = torch.where(mask.unsqueeze(-1), features, garbage)
    more = torch.full_like(dirty, garbage)
    return torch.cat([dirty, more], 1), torch.cat([mask, torch.zeros_like(mask)], 1)


def assert_padding_invariant(
    model: nn.Module, features: Tensor, mask: Tensor, garbage: float = 1e3
) -> None:
    """Neither more padding nor what stands in the padded slots changes anything.

    Nor does a longer jet in the same batch: a network may leave out slots that no jet needs, and
    then that jet alone decides how much padding the others have.
    """
    call = _exact(model)
    expected = call(features, mask)
    longer, more = _longer(features, mask, garbage)
    dirty = longer[:, : mask.shape[1]]
    _assert_same(call(dirty, mask), expected, f"{garbage} in the padded slots")
    _assert_same(call(longer, more), expected, "more padding")
    alone = [call(longer[k : k + 1], more[k : k + 1]) for k in range(len(mask))]
    _assert_same(torch.cat(alone), expected, "the other jets of the batch")


def assert_padding_stays_out_of_training(
    model: nn.Module, features: Tensor, mask: Tensor, garbage: float = 9.0
) -> None:
    """Padding enters neither the outputs of a batch nor the running averages that it leaves."""
    seen = []
    for data in ((features, mask), _longer(features, mask, garbage)):
        net = copy.deepcopy(model).double().train()
        for module in net.modules():
            module.train(not isinstance(module, nn.Dropout))
        seen.append([net(data[0].double(), data[1]), *net.buffers()])
    torch.testing.assert_close(*seen, msg=lambda text: f"padding changed the training: {text}")


def assert_finite_for_few_particles(model: nn.Module, features: Tensor, mask: Tensor) -> None:
    """Jets of 0, 1 or 2 particles, or one empty among others: finite outputs and gradients."""
    few = [mask & (mask.cumsum(1) <= number) for number in range(3)]
    for real in (*few, mask & (torch.arange(len(mask)) > 0).unsqueeze(1)):
        model.zero_grad()
        output = model(features, real)
        output.sum().backward()
        gradients = [p.grad for p in model.parameters() if p.grad is not None]
        for tensor in (output, *gradients, *model.buffers()):
            assert torch.isfinite(tensor).all(), f"not finite for {real.sum(1).tolist()} particles"
    assert model(features[:0], mask[:0]).shape == (0, *output.shape[1:])


def assert_gradients_reach_every_parameter(model: nn.Module, *inputs: Tensor) -> None:
    """No layer is dead or disconnected: each parameter has a finite gradient that is not all 0."""
    model = copy.deepcopy(model).train()
    output = model(*inputs)
    (output * torch.randn_like(output)).sum().backward()
    for name, parameter in model.named_parameters():
        assert parameter.grad is not None, f"{name} is not connected to the output"
        assert torch.isfinite(parameter.grad).all(), f"the gradient of {name} is not finite"
        assert parameter.grad.abs().max() > 0, f"the gradient of {name} is zero everywhere"


def assert_save_load_round_trip(make_model, features: Tensor, mask: Tensor, path) -> None:
    """Weights written and read into a fresh model give the same outputs, bit for bit."""
    from hepml_lite.training.weights import load_weights, save_weights

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


def assert_learns(
    model: nn.Module, *data: Tensor, rate: float = 0.01, steps: int = 40, to: float = 0.5
) -> None:
    """Steps of Adam on `data`, inputs and labels, bring the loss below `to` of where it began."""
    optimizer = torch.optim.Adam(model.parameters(), lr=rate)
    losses = []
    for _ in range(steps):
        optimizer.zero_grad()
        loss = nn.functional.cross_entropy(model(*data[:-1]), data[-1])
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < to * losses[0], f"the loss went from {losses[0]:.3g} to {losses[-1]:.3g}"


def passed(make_model: Callable[[], nn.Module], *data: Tensor, forward=None) -> list[Tensor]:
    """Outputs, gradients and running averages of one pass each way, the model made from one seed.

    They are what two ways to compute the same share; `forward(model, *data)` is the other way.
    """
    torch.manual_seed(1)
    model = make_model()
    output = forward(model, *data) if forward else model(*data)
    (output * torch.arange(1, 1 + output.shape[1])).sum().backward()
    return [output.detach(), *(p.grad for p in model.parameters()), *model.buffers()]
