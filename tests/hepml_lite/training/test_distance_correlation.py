import numpy as np
import pytest
import torch

from hepml_lite.networks.layers.mlp import MLP
from hepml_lite.statistics.decorrelation import mass_sculpting
from hepml_lite.statistics.metrics import auc
from hepml_lite.training import cross_entropy, fit, predict_probability
from hepml_lite.training.distance_correlation import (
    disco_loss,
    distance_correlation,
    squared_distance_correlation,
)

torch.set_num_threads(1)


def brute_force(x, y):
    """dCor of Székely et al. with the sums written out."""
    n = len(x)

    def centred(v):
        d = [[abs(v[i] - v[j]) for j in range(n)] for i in range(n)]
        rows = [sum(d[i]) / n for i in range(n)]
        columns = [sum(d[i][j] for i in range(n)) / n for j in range(n)]
        grand = sum(rows) / n
        return [[d[i][j] - rows[i] - columns[j] + grand for j in range(n)] for i in range(n)]

    def product(a, b):
        return sum(a[i][j] * b[i][j] for i in range(n) for j in range(n)) / n**2

    a, b = centred(x), centred(y)
    return (product(a, b) / (product(a, a) * product(b, b)) ** 0.5) ** 0.5


def pair(n=30, seed=0):
    x, noise = torch.randn(2, n, generator=torch.Generator().manual_seed(seed), dtype=torch.double)
    return x, x**2 + 0.5 * noise


def test_it_is_the_definition():
    x, y = pair()
    assert distance_correlation(x, y).item() == pytest.approx(brute_force(x.tolist(), y.tolist()))


def test_an_example_of_weight_three_is_three_examples():
    x, y = pair()
    weights = torch.arange(30) % 4
    copies = torch.repeat_interleave(torch.arange(30), weights)
    torch.testing.assert_close(
        distance_correlation(x, y, weights), distance_correlation(x[copies], y[copies])
    )


def test_a_straight_line_is_one_and_independence_nearly_zero():
    x, _ = pair(1000)
    other, _ = pair(1000, seed=1)
    assert distance_correlation(x, 5 - 3 * x).item() == pytest.approx(1)
    few = squared_distance_correlation(x[:100], other[:100])
    many = squared_distance_correlation(x, other)
    assert 0 < many < 0.01
    assert few > 3 * many, "the floor falls as 1/N"


def test_it_sees_what_the_linear_correlation_does_not():
    x, y = pair(2000)
    assert abs(np.corrcoef(x, y)[0, 1]) < 0.1
    assert distance_correlation(x, y) > 0.4


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_units_and_order_do_not_matter(dtype):
    x, y = (v.to(dtype) for v in pair(300))
    expected = distance_correlation(x, y)
    tolerance = {"rtol": 1e-4, "atol": 0}
    for moved in (1e-6 * x, 80 + 40 * x, -x):
        torch.testing.assert_close(distance_correlation(moved, 1e4 * y), expected, **tolerance)
    order = torch.randperm(300, generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(distance_correlation(x[order], y[order]), expected, **tolerance)
    torch.testing.assert_close(distance_correlation(y, x), expected, **tolerance)


def test_gradients_are_those_of_finite_differences():
    x, y = pair(8)
    weights = torch.rand(8, dtype=torch.double, generator=torch.Generator().manual_seed(0))
    for function in distance_correlation, squared_distance_correlation:
        assert torch.autograd.gradcheck(
            lambda v, f=function: f(v, y, weights), x.clone().requires_grad_()
        )


@pytest.mark.parametrize("function", [distance_correlation, squared_distance_correlation])
def test_a_constant_score_has_no_correlation_and_a_finite_gradient(function):
    score = torch.full((50,), 0.3, requires_grad=True)
    value = function(score, torch.randn(50))
    value.backward()
    assert value.item() == 0
    assert score.grad.isfinite().all()


def sculpted(n=3000, seed=0):
    """Signal at a mass of 170 GeV; one feature is the mass, the other tells signal without it."""
    rng = np.random.default_rng(seed)
    label = np.arange(n) % 2
    mass = np.where(label, rng.normal(170, 20, n), rng.exponential(60, n) + 50)
    features = np.stack([mass / 100, rng.normal(label, 1)], 1)
    return features.astype(np.float32), mass.astype(np.float32), label


def trained(loss):
    features, mass, label = sculpted()
    torch.manual_seed(0)
    model = MLP((2, 32, 2))
    data = (features, mass, label) if loss is not cross_entropy else (features, label)
    fit(
        model, data, loss, epochs=12, batch_size=300, learning_rate=1e-2, seed=0, progress=False,
        device="cpu",
    )  # fmt: skip
    test, mass, label = sculpted(seed=1)
    score = predict_probability(model, (test,), device="cpu")[:, 1]
    return score, mass, label


def test_decorrelation_pays_area_for_an_unsculpted_mass():
    plain, free = trained(disco_loss(0)), trained(disco_loss(5))
    assert np.array_equal(plain[0], trained(cross_entropy)[0]), "lambda = 0 is cross entropy"
    assert auc(plain[2], plain[0]) > auc(free[2], free[0]) + 0.05
    assert auc(free[2], free[0]) > 0.72, "the feature that is free of mass, Φ(1/√2) = 0.76, is left"
    before, after = (mass_sculpting(t[2], t[0], t[1], rng=0, n_bootstrap=50) for t in (plain, free))
    assert after.inverse.low > 5 * before.inverse.high


def test_signal_is_left_alone():
    """The penalty sees background only: a signal that follows the mass costs nothing."""
    model = torch.nn.Identity()
    mass = torch.linspace(0, 1, 20)
    logits = torch.stack([torch.zeros(20), mass], 1)
    signal, background = torch.ones(20).long(), torch.zeros(20).long()
    for labels, same in (signal, True), (background, False):
        losses = [disco_loss(strength)(model, logits, mass, labels) for strength in (0, 3)]
        assert (losses[0] == losses[1]).item() is same


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda x, y: distance_correlation(x, y[:5]), "shapes"),
        (lambda x, y: distance_correlation(x, y, -torch.ones(30)), "all 0"),
        (lambda x, y: disco_loss(-1.0), "strength=-1"),
    ],
)
def test_what_cannot_be_measured_is_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call(*pair())


def test_nan_and_integers_are_refused():
    """Under a root, a clamp and a minimum, NaN can come out as a number."""
    x = torch.linspace(0, 1, 5)
    spoilt = torch.cat([x[1:], torch.tensor([torch.nan])])
    with pytest.raises(ValueError, match="1 of 5 y are NaN or infinite"):
        distance_correlation(x, spoilt)
    with pytest.raises(ValueError, match="give >= 0, not all 0"):
        distance_correlation(x, x, spoilt)
    with pytest.raises(TypeError, match=r"x is torch\.int64: give a tensor of floats"):
        distance_correlation(x.long(), x)
