"""Flow matching on sets: padding and order never matter, numbers and features follow conditions."""

import subprocess
import sys

import numpy as np
import pytest
import torch

from hepml_lite import densities
from hepml_lite.densities import SetFlowMatching, TrainingPlan
from hepml_lite.densities.change_of_variables import AngleAsPair, on

torch.set_num_threads(1)
PLAN = TrainingPlan(epochs=12, batch_size=100, learning_rate=5e-3, progress=False)


def sets(n=1500, n_slots=6):
    """2 or 3 particles for label 0 and 4 to 6 for label 1, around -1 or +1; NaN in the padding."""
    rng = np.random.default_rng(0)
    label = rng.integers(2, size=n)
    number = np.where(label == 0, rng.integers(2, 4, size=n), rng.integers(4, 7, size=n))
    mask = np.arange(n_slots) < number[:, None]
    x = 0.5 * rng.normal(size=(n, n_slots, 2)) + (2 * label - 1)[:, None, None]
    return np.where(mask[..., None], x, np.nan), mask, label.astype(float)


@pytest.fixture(scope="module", params=["epic", "transformer"])
def fitted(request):
    model = SetFlowMatching(plan=PLAN, architecture=request.param, width=24, n_layers=2, n_steps=10)
    return model.fit(*sets())


def test_samples_follow_the_condition(fitted):
    x, mask = fitted.sample(500, [[0.0], [1.0]], rng=1)
    assert x.shape == (500, 2, 6, 2)
    assert mask.shape == (500, 2, 6)
    assert fitted.n_evaluations == 20
    number = mask.sum(2)
    assert (number[:, 0] <= 3).mean() > 0.93
    assert (number[:, 1] >= 4).mean() > 0.93
    assert (x[~mask] == 0).all()
    for k, centre in enumerate((-1, 1)):
        particles = x[:, k][mask[:, k]]
        np.testing.assert_allclose(particles.mean(0), centre, atol=0.15)
        np.testing.assert_allclose(particles.std(0), 0.5, atol=0.12)
    again, _ = fitted.sample(500, [[0.0], [1.0]], rng=1)
    np.testing.assert_array_equal(x, again)


def test_numbers_of_particles_can_be_given(fitted):
    _, mask = fitted.sample(4, [1.0], n_particles=[0, 1, 5, 6])
    assert mask.sum(1).tolist() == [0, 1, 5, 6]
    with pytest.raises(ValueError, match="whole numbers from 0 to 6"):
        fitted.sample(4, [1.0], n_particles=7)


def test_neither_padding_nor_order_changes_the_loss(fitted):
    x, mask, label = sets(32)
    arguments = [torch.as_tensor(array).float() for array in (x, label[:, None])]
    z, c = arguments
    real = torch.as_tensor(mask)
    torch.manual_seed(0)
    noise, t = torch.randn_like(z), torch.rand(32)
    network = fitted.network
    losses = fitted.loss_at(network, z, real, noise, t, c)
    garbage = torch.where(real.unsqueeze(2), z, 1e3)
    torch.testing.assert_close(fitted.loss_at(network, garbage, real, noise, t, c), losses)
    order = torch.randperm(6)
    permuted = (z[:, order], real[:, order], noise[:, order])
    torch.testing.assert_close(fitted.loss_at(network, *permuted, t, c), losses)
    longer = [torch.cat([tensor, torch.zeros_like(tensor)], 1) for tensor in (garbage, real, noise)]
    torch.testing.assert_close(fitted.loss_at(network, *longer, t, c), losses)
    network.zero_grad()
    losses.mean().backward()
    assert all(torch.isfinite(p.grad).all() for p in network.parameters())


def test_changes_may_alter_the_number_of_columns(tmp_path):
    """An angle as condition and one as feature, each a pair of columns inside."""
    rng = np.random.default_rng(0)
    angle = rng.uniform(-np.pi, np.pi, 1500)
    around = angle[:, None] + 0.2 * rng.normal(size=(1500, 3))
    x = np.stack([np.angle(np.exp(1j * around)), rng.normal(size=(1500, 3))], 2)
    model = SetFlowMatching(
        plan=PLAN,
        width=24,
        n_layers=2,
        n_steps=10,
        change=on([0], AngleAsPair()),
        condition_change=AngleAsPair(),
    )
    model.fit(x, condition=angle)
    drawn, mask = model.sample(200, [3.0], rng=1)
    assert drawn.shape == (200, 3, 2)
    away = np.angle(np.exp(1j * (drawn[mask][:, 0] - 3.0)))
    assert abs(away.mean()) < 0.15
    assert away.std() < 0.6
    loaded = densities.load(densities.save(model, tmp_path / "angles.safetensors"))
    np.testing.assert_array_equal(loaded.sample(200, [3.0], rng=1)[0], drawn)


LOAD = """
import sys
import numpy as np
import torch
from hepml_lite import densities
before = torch.random.get_rng_state()
model = densities.load(sys.argv[1] + "/sets.safetensors")
assert torch.equal(before, torch.random.get_rng_state()), "load moved torch's generator"
x, mask = model.sample(8, [[0.0], [1.0]], rng=3)
np.savez(sys.argv[1] + "/results.npz", x=x, mask=mask)
"""


@pytest.mark.parametrize("fitted", ["transformer"], indirect=True)  # a process takes seconds
def test_another_process_loads_an_equal_model(fitted, tmp_path):
    densities.save(fitted, tmp_path / "sets.safetensors")
    subprocess.run([sys.executable, "-c", LOAD, str(tmp_path)], check=True)
    results = np.load(tmp_path / "results.npz")
    x, mask = fitted.sample(8, [[0.0], [1.0]], rng=3)
    np.testing.assert_array_equal(results["mask"], mask)
    np.testing.assert_array_equal(results["x"], x)


def test_what_sets_cannot_do_is_refused(fitted):
    with pytest.raises(NotImplementedError, match="no log_prob"):
        fitted.log_prob(np.zeros((2, 6, 2)))
    with pytest.raises(ValueError, match="condition has 2 features and the fit had 1"):
        fitted.sample(2, [0.0, 1.0])
    with pytest.raises(RuntimeError, match="not trained"):
        densities.save(SetFlowMatching(), "nowhere.safetensors")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"x": np.zeros((4, 3))}, r"\(N, P, F\)"),
        ({"mask": np.ones((4, 3))}, "give bool"),
        ({"mask": np.zeros((4, 3), bool)}, "inverted"),
        ({"x": np.full((4, 3, 2), np.nan)}, "NaN"),
        ({"condition": np.zeros(3)}, "3 rows"),
    ],
)
def test_bad_sets_are_refused(change, message):
    rng = np.random.default_rng(0)
    arguments = {"x": rng.normal(size=(4, 3, 2)), "mask": np.ones((4, 3), bool)} | change
    with pytest.raises(ValueError, match=message):
        SetFlowMatching(plan=PLAN).fit(**arguments)
