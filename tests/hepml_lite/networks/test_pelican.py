"""PELICAN: the fifteen maps of the paper one by one, and what is left of the Lorentz symmetry."""

import pytest
import torch
from fast_paths import assert_falls_back, assert_readable_is_fast
from laws import assert_learns, passed
from lorentz import (
    KEPT,
    assert_invariant_in_single_precision,
    assert_only_what_keeps_the_references_is_a_symmetry,
    light_and_heavy,
    scattered,
)
from torch.nn.functional import leaky_relu

from hepml_lite.networks.layers import pair_slices
from hepml_lite.networks.layers.minkowski import REFERENCES
from hepml_lite.networks.pelican import PELICAN, Eq1to2, Eq2to2
from hepml_lite.training import count_parameters

METRIC = torch.tensor([1.0, -1, -1, -1], dtype=torch.float64)


def small(reference=("beams",)):
    """A net with a typical number of particles near that of its jets."""
    return PELICAN(9, 5, 2, reference=reference, reference_channels=3, typical=5.0)


def fifteen(y):
    """The 15 equivariant matrices of one jet's matrix y (p, p, C), element by element."""
    p = len(y)
    eye, one = torch.eye(p, dtype=y.dtype)[..., None], torch.ones(p, p, 1, dtype=y.dtype)
    d = torch.stack([y[i, i] for i in range(p)])
    columns, rows = y.mean(0), y.mean(1)
    trace, total = d.mean(0), y.mean((0, 1))

    def along(z):  # on the diagonal, along rows (index j), along columns (index i)
        return eye * z[:, None], one * z[None], one * z[:, None]

    d_d, d_j, d_i = along(d)
    return [
        *(y, y.transpose(0, 1), d_d, d_j, d_i),
        *along(columns), *along(rows),
        *(one * trace, eye * trace, one * total, eye * total),
    ]  # fmt: skip


def eq2to2_by_hand(layer, y, typical):
    w = layer.maps_in * layer.mix_in + layer.maps_out * layer.mix_out
    size = len(y) / typical
    out = layer.bias + layer.diagonal_bias * torch.eye(len(y), dtype=y.dtype)[..., None]
    for k, matrix in enumerate(fifteen(y)):
        out = out + (matrix * (size ** layer.powers[k - 5, 0] if k >= 5 else 1)) @ w[k]
    return out


def eq1to2_by_hand(layer, x, typical):
    p, mean = len(x), x.mean(0)
    eye, one = torch.eye(p, dtype=x.dtype)[..., None], torch.ones(p, p, 1, dtype=x.dtype)
    matrices = [eye * x[:, None], one * x[None], one * x[:, None], eye * mean, one * mean]
    out = layer.bias
    for k, matrix in enumerate(matrices):
        out = out + (matrix * (p / typical) ** layer.powers[k, 0]) @ layer.maps[k]
    return out


def by_hand(model, four_vectors, mask):
    """The whole network, jet by jet, with every matrix of every map built."""
    ys, n_kinds = [], len(model.reference)
    for x, real in zip(four_vectors, mask, strict=True):
        added = [(v, k) for k, name in enumerate(model.reference) for v in REFERENCES[name]]
        vectors = [torch.tensor(v, dtype=x.dtype) for v, _ in added]
        x = torch.stack([*vectors, *x[real]])
        kind = torch.tensor([k + 1 for _, k in added] + [0] * int(real.sum()))
        products = torch.einsum("ia,a,ja->ij", x, METRIC, x)[..., None]
        alpha = model.exponents
        y = products.sign() * ((1 + products.abs()) ** alpha - 1) / alpha
        if model.label is not None:
            one_hot = torch.nn.functional.one_hot(kind, n_kinds + 1).to(x)
            y = torch.cat([y, eq1to2_by_hand(model.label, one_hot, model.typical)], -1)
        ys.append(y)
    for k, message in enumerate(model.messages):
        ys = [leaky_relu(message(y)) for y in ys]
        pairs = model.norms[k](torch.cat([y.flatten(0, 1) for y in ys]))
        parts = pairs.split([len(y) ** 2 for y in ys])
        ys = [part.view(len(y), len(y), -1) for part, y in zip(parts, ys, strict=True)]
        if k < len(model.aggregations):
            layer = model.aggregations[k]
            ys = [leaky_relu(eq2to2_by_hand(layer, y, model.typical)) for y in ys]
    sums = [torch.stack([y.mean((0, 1)), y.diagonal().mean(1)]) for y in ys]
    sizes = [(len(y) / model.typical) ** model.powers for y in ys]
    sums = torch.stack([a * b for a, b in zip(sums, sizes, strict=True)])
    return model.out(leaky_relu(model.read(leaky_relu(sums).flatten(1))))


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("reference", [(), ("beams",), ("time", "axis")])
def test_the_maps_that_are_not_built_are_the_fifteen(reference, training, monkeypatch):
    """Logits, gradients and running averages, in slices of a few jets."""
    monkeypatch.setattr(pair_slices, "NUMBERS", 900)
    jets = scattered()

    def make():
        return small(reference).double().train(training)

    one_by_one = passed(make, *jets, forward=by_hand)
    torch.testing.assert_close(passed(make, *jets), one_by_one, rtol=1e-7, atol=1e-8)


@pytest.mark.parametrize("kind", [torch.float64, torch.float32])
@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("reference", [(), ("beams",), ("time", "axis")])
def test_the_readable_blocks_give_the_same(reference, training, kind, monkeypatch):
    """Logits, all gradients and running averages; jets of 0, 1, 2 … particles, NaN in padding."""
    monkeypatch.setattr(pair_slices, "NUMBERS", 900)
    assert_readable_is_fast(
        lambda: small(reference).to(kind).train(training), *scattered(smallest=0)
    )


def test_without_its_private_operator_it_is_readable(monkeypatch):
    model = small().eval()
    jets = scattered()
    expected = model(*jets)
    assert_falls_back(
        "eq2to2", torch.ops.aten, "leaky_relu_backward", lambda: model(*jets), expected,
        monkeypatch,
    )  # fmt: skip


def test_the_layers_are_equivariant_and_the_fifteen_maps_independent():
    y, order = torch.randn(4, 4, 6, dtype=torch.float64), torch.tensor([2, 0, 3, 1])
    rows = torch.stack([matrix.flatten() for matrix in fifteen(y)])
    assert torch.linalg.matrix_rank(rows) == 15
    mask = torch.ones(1, 4, dtype=torch.bool)
    layer, first = Eq2to2(6, 3).double(), Eq1to2(2, 3).double()
    out = layer(y[None], mask, 5.0)[0]
    permuted = layer(y[order][:, order][None], mask, 5.0)[0]
    torch.testing.assert_close(permuted, out[order][:, order])
    x = torch.randn(1, 4, 2, dtype=torch.float64)
    out = first(x, mask, 5.0)[0]
    torch.testing.assert_close(first(x[:, order], mask, 5.0)[0], out[order][:, order])


@pytest.mark.parametrize("reference", KEPT)
def test_only_what_keeps_the_reference_vectors_is_a_symmetry(reference):
    assert_only_what_keeps_the_references_is_a_symmetry(small(reference), *scattered())


def test_lorentz_invariance_in_single_precision():
    assert_invariant_in_single_precision(small(()), *scattered())


def test_gradients_reach_the_particles():
    x, mask = scattered(3, 4, smallest=2)
    model = small(()).double().eval()
    assert torch.autograd.gradcheck(lambda x: model(x, mask), x.requires_grad_())


def test_the_authors_larger_size():
    assert count_parameters(PELICAN.paper("208k")) == 208_498


def test_dropout_is_the_same_in_both_passes_and_off_in_evaluation():
    x, mask = scattered()
    model = PELICAN(9, 5, dropout=0.5)
    assert not torch.equal(model(x, mask), model(x, mask))
    model.eval()
    assert torch.equal(model(x, mask), model(x, mask))


def test_training_lowers_the_loss():
    data = light_and_heavy(scattered(64, 6, smallest=4))
    assert_learns(small(()), *data, rate=1e-2, steps=20, to=0.7)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: PELICAN(narrow=0), "narrow=0"),
        (lambda: PELICAN(5, reference=("beams",)), "width=0"),
        (lambda: PELICAN(dropout=1.0), "dropout=1.0"),
        (lambda: PELICAN(reference=("beam",)), "time, axis, beams"),
        (lambda: PELICAN.paper("45k"), "208k, 48k"),
        (lambda: PELICAN()(torch.zeros(2, 3, 3), torch.ones(2, 3) > 0), r"\(2, 3, 3\)"),
    ],
)
def test_what_makes_no_network_is_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()
