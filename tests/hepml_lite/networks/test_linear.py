import pytest
import torch
from fast_paths import assert_falls_back
from torch import nn

from hepml_lite.networks.fast import linear
from hepml_lite.networks.fast.linear import FastLinear, apply_to_rows, fast_linear, matrix_product
from hepml_lite.networks.layers.mlp import MLP

torch.set_num_threads(1)
# rows, inputs, outputs: too few to matter, wide to narrow, narrow to wide, a long sum
SIZES = [(0, 3, 4), (7, 3, 4), (1200, 48, 20), (1200, 20, 48), (25_000, 12, 10), (25_000, 4, 12)]


def both(n_rows, n_in, n_out, bias=True):
    """The fast layer and torch's with the same weights, and rows that want a gradient."""
    torch.manual_seed(0)
    fast, plain = FastLinear(n_in, n_out, bias), nn.Linear(n_in, n_out, bias)
    fast.load_state_dict(plain.state_dict())
    return fast, plain, torch.randn(n_rows, n_in, requires_grad=True)


@pytest.mark.parametrize("sizes", SIZES)
@pytest.mark.parametrize("bias", [True, False])
def test_output_and_gradients_are_those_of_torch(sizes, bias):
    fast, plain, rows = both(*sizes, bias)
    torch.testing.assert_close(fast(rows), plain(rows), rtol=1e-5, atol=1e-5)
    downstream = torch.randn(sizes[0], sizes[2])
    gradients = [
        torch.autograd.grad((layer(rows) * downstream).sum(), [rows, *layer.parameters()])
        for layer in (fast, plain)
    ]
    torch.testing.assert_close(*gradients, rtol=1e-4, atol=2e-5 * max(1, sizes[0]) ** 0.5)


def test_it_can_be_differentiated_twice():
    fast, plain, rows = both(1200, 48, 20)
    found = []
    for layer in fast, plain:
        slope = torch.autograd.grad(layer(rows).square().mean(), rows, create_graph=True)[0]
        found.append(torch.autograd.grad(slope.square().sum(), [rows, layer.weight]))
    torch.testing.assert_close(*found, rtol=1e-4, atol=1e-6)


def test_other_shapes_precisions_and_transformations_take_the_plain_path(monkeypatch):
    fast, plain, rows = both(1200, 48, 20)
    monkeypatch.setattr(linear._Linear, "apply", None)  # calling it would raise
    torch.testing.assert_close(fast(rows.view(3, 400, 48)), plain(rows.view(3, 400, 48)))
    expected = plain.double()(rows.double())
    torch.testing.assert_close(fast.double()(rows.double()), expected)
    weight = fast.weight.detach().float()
    mapped = torch.func.vmap(fast_linear, (0, None))(rows.view(1, 1200, 48), weight)
    assert mapped.shape == (1, 1200, 20)
    with torch.autocast("cpu", torch.bfloat16):
        assert fast_linear(rows, weight).dtype == torch.bfloat16


@pytest.mark.parametrize("sizes", [(24, 48, 3000), (24, 48, 0), (12, 48, 3000), (48, 3000, 24)])
@pytest.mark.parametrize("activation", ["none", "relu"])
def test_the_product_of_two_matrices_is_that_of_torch(sizes, activation):
    """Also of transposed ones, as sums over pairs of particles are."""
    m, k, r = sizes
    a, b = torch.randn(m, k), torch.randn(k, r)
    expected = (a @ b).relu() if activation == "relu" else a @ b
    for left, right in (a, b), (a.T.contiguous().T, b.T.contiguous().T):
        found = matrix_product(left, right, activation)
        torch.testing.assert_close(found, expected, rtol=1e-5, atol=1e-4)


@pytest.mark.parametrize(
    ("owner", "function"),
    [(torch.ops.mkldnn, "_linear_pointwise"), (torch._C._functorch, "peek_interpreter_stack")],
)
def test_without_its_private_functions_it_is_torchs_product(owner, function, monkeypatch):
    """Layers of both kinds and products of matrices, with gradients."""
    fast, _, rows = both(2000, 48, 24)
    phi = MLP((48, 20, 24))

    def call():
        y = fast(rows)
        gradient = torch.autograd.grad(y.square().sum(), fast.weight)[0]
        product = matrix_product(fast.weight.detach(), rows.detach().T, "relu")
        shared = apply_to_rows(phi, rows.detach())
        numbers = (y, 1e-3 * gradient, product, shared)
        return torch.cat([number.flatten() for number in numbers]).detach()

    assert_falls_back("linear", owner, function, call, call(), monkeypatch)


def test_layers_in_another_layout_give_the_same_numbers_and_gradients():
    """Thousands of particles take another path than a few: it must compute the same."""
    rows, phi = torch.randn(2000, 3), MLP((3, 20, 24), activate_last=True)
    results = []
    for output in (phi(rows), apply_to_rows(phi, rows)):
        phi.zero_grad()
        output.square().sum().backward()
        results.append([output, *(p.grad.clone() for p in phi.parameters())])
    torch.testing.assert_close(results[0], results[1])
    rows.requires_grad_()  # input gradients, also twice, as a gradient penalty needs
    gradient = torch.autograd.grad(apply_to_rows(phi, rows).sum(), rows, create_graph=True)[0]
    gradient.square().sum().backward()
