"""Densities of sets: padding and order never matter, numbers and particles follow the condition.

The sets of the tests are known exactly: particles are independent Gaussians around a mean that
depends on the condition, and their number has a known distribution.
"""

import math
from dataclasses import replace
from functools import cache

import numpy as np
import pytest
import torch
from torch import nn

from hepml_lite import densities
from hepml_lite.densities import SetDiffusion, SetFlowMatching, TrainingPlan
from hepml_lite.densities.change_of_variables import AngleAsPair, on
from hepml_lite.densities.sets.network import ParticlesOfSets

torch.set_num_threads(1)
PLAN = TrainingPlan(epochs=14, batch_size=150, learning_rate=7e-3, progress=False)
SMALL = {"plan": PLAN, "width": 24, "n_layers": 2, "n_steps": 10}
MODELS = {
    "flow matching, EPiC": lambda: SetFlowMatching(**SMALL),
    "flow matching, transformer": lambda: SetFlowMatching(architecture="transformer", **SMALL),
    "optimal transport": lambda: SetFlowMatching(pairing="optimal_transport", **SMALL),
    "diffusion": lambda: SetDiffusion(**SMALL | {"sampler": "heun", "n_steps": 20}),
}
CENTRE, WIDTH = 1.0, 0.5


def sets(n=1200, n_slots=6, seed=0):
    """2 or 3 particles for label 0 and 4 to 6 for label 1, around -1 or +1; NaN in the padding."""
    rng = np.random.default_rng(seed)
    label = rng.integers(2, size=n)
    number = np.where(label == 0, rng.integers(2, 4, size=n), rng.integers(4, 7, size=n))
    mask = np.arange(n_slots) < number[:, None]
    centre = CENTRE * (2 * label - 1)[:, None, None]
    x = centre + WIDTH * rng.normal(size=(n, n_slots, 2))
    return np.where(mask[..., None], x, np.nan), mask, label.astype(float)


@cache
def fitted_model(name):
    return MODELS[name]().fit(*sets())


@pytest.fixture(params=MODELS)
def fitted(request):
    return fitted_model(request.param)


def batch(n=32):
    """z, mask and c of some sets."""
    x, mask, label = sets(n)
    z = torch.as_tensor(np.nan_to_num(x)).float()
    return z, torch.as_tensor(mask), torch.as_tensor(label[:, None]).float()


def test_samples_follow_the_condition(fitted):
    x, mask = fitted.sample(600, [[0.0], [1.0]], rng=1)
    assert x.shape == (600, 2, 6, 2)
    assert mask.shape == (600, 2, 6)
    assert fitted.n_evaluations == 2 * fitted.n_steps
    assert (x[~mask] == 0).all()
    shares = [np.bincount(mask[:, k].sum(1), minlength=7) / 600 for k in range(2)]
    expected = [[0, 0, 1 / 2, 1 / 2, 0, 0, 0], [0, 0, 0, 0, 1 / 3, 1 / 3, 1 / 3]]
    np.testing.assert_allclose(shares, expected, atol=0.1)
    for k, centre in enumerate((-CENTRE, CENTRE)):
        particles = x[:, k][mask[:, k]]
        np.testing.assert_allclose(particles.mean(0), centre, atol=0.15)
        np.testing.assert_allclose(particles.std(0), WIDTH, atol=0.12)
    again, _ = fitted.sample(600, [[0.0], [1.0]], rng=1)
    np.testing.assert_array_equal(x, again)


def test_particles_of_a_set_are_independent_given_the_condition(fitted):
    """The covariance of two particles of a set, of which the truth has none."""
    x, _ = fitted.sample(1500, [1.0], rng=2, n_particles=2)
    first, second = x[:, 0, 0], x[:, 1, 0]
    correlation = np.corrcoef(first, second)[0, 1]
    assert abs(correlation) < 0.25
    assert first.mean() == pytest.approx(second.mean(), abs=4 * WIDTH * math.sqrt(2 / 1500))


def test_numbers_of_particles_can_be_given(fitted):
    x, mask = fitted.sample(4, [1.0], n_particles=[0, 1, 5, 6])
    assert mask.sum(1).tolist() == [0, 1, 5, 6]
    assert np.isfinite(x).all()
    nothing, none = fitted.sample(2, [1.0], n_particles=0)
    assert not none.any()
    assert (nothing == 0).all()
    with pytest.raises(ValueError, match="whole numbers from 0 to 6"):
        fitted.sample(4, [1.0], n_particles=7)
    with pytest.raises(ValueError, match="one for each set"):
        fitted.sample(4, [1.0], n_particles=[1, 2])


def test_padding_changes_neither_loss_nor_samples(fitted):
    """Garbage in padded slots, and twice as many of them."""
    z, mask, c = batch()
    network = fitted.network
    garbage = torch.where(mask.unsqueeze(2), z, 1e3)
    longer = [torch.cat([tensor, torch.zeros_like(tensor)], 1) for tensor in (garbage, mask)]
    losses, samples = [], []
    for particles, real in ((z, mask), (garbage, mask), longer):
        torch.manual_seed(0)
        losses.append(fitted.loss_of_sets(network, particles, real, c))
        torch.manual_seed(0)
        with torch.no_grad():
            samples.append(fitted.draw(network, real, c))
    for loss, sample in zip(losses[1:], samples[1:], strict=True):
        torch.testing.assert_close(loss, losses[0])
        torch.testing.assert_close(sample, samples[0])


def test_permuted_particles_have_a_permuted_path(fitted):
    """Equivariance: the solver takes permuted noise to permuted particles."""
    z, mask, c = batch()
    noise = torch.randn_like(z)
    order = torch.randperm(mask.shape[1])
    path = fitted.path()

    def solved(rows, real):
        particles = ParticlesOfSets(fitted.network, real, c)
        with torch.no_grad():
            found = path.solve(particles, rows[real], c[particles.set_of_row]).x
        whole = torch.zeros_like(rows)
        whole[real] = found
        return whole

    straight = solved(noise, mask)
    permuted = solved(noise[:, order], mask[:, order])
    torch.testing.assert_close(permuted, straight[:, order], rtol=1e-3, atol=1e-4)


def test_every_set_and_every_particle_contributes_a_gradient(fitted):
    z, mask, c = batch()
    z.requires_grad_()
    network = fitted.network
    network.zero_grad()
    torch.manual_seed(0)
    fitted.loss_of_sets(network, z, mask, c).sum().backward()
    assert (z.grad.abs().sum(2) > 0)[mask].all()
    assert (z.grad[~mask] == 0).all()
    assert all(torch.isfinite(p.grad).all() for p in network.parameters())


def test_a_weight_of_two_is_the_set_twice(fitted):
    """The mean over many random times and noises, within four standard errors."""
    z, mask, c = batch()
    twice = torch.cat([torch.arange(32), torch.arange(16)])
    weights = torch.ones(32)
    weights[:16] = 2
    with torch.no_grad():
        losses = [fitted._weighted_loss(fitted.network, z, mask, c, weights) for _ in range(60)]
        rows = z[twice], mask[twice], c[twice], torch.ones(48)
        repeated = [fitted._weighted_loss(fitted.network, *rows) for _ in range(60)]
    first, second = 32 * torch.stack(losses), 48 * torch.stack(repeated)
    error = math.sqrt((first.var() + second.var()).item() / 60)
    assert first.mean().item() == pytest.approx(second.mean().item(), abs=4 * error)


class ExactVelocity(nn.Module):
    """Of independent Gaussian particles of this mean and width, on the linear path."""

    def __init__(self, mean, width):
        super().__init__()
        self.mean, self.width = mean, width

    def forward(self, z, mask, t, c):
        t = t[:, None, None]
        variance = (1 - t) ** 2 + t**2 * self.width**2
        slope = (t * self.width**2 - (1 - t)) / variance
        return self.mean + slope * (z - t * self.mean)


class KnownNumbers(ExactVelocity):
    """The same with the exact logits of 1 to 5 particles, equally likely."""

    def number_logits(self, c):
        logits = torch.zeros(len(c), 6)
        logits[:, 0] = -torch.inf
        return logits


def test_the_smallest_loss_is_the_closed_form():
    """That of vectors, mean over times, and the entropy of the number of particles."""
    torch.manual_seed(0)
    n, mean, width = 40_000, 2.0, 0.5
    mask = torch.arange(5) < torch.randint(1, 6, (n, 1))
    z = mean + width * torch.randn(n, 5, 1)
    c = torch.zeros(n, 0)
    losses = SetFlowMatching().loss_of_sets(KnownNumbers(mean, width), z, mask, c)
    t = np.linspace(0, 1, 2001)
    floor = 1 + width**2 - (t * width**2 - (1 - t)) ** 2 / ((1 - t) ** 2 + t**2 * width**2)
    error = losses.std().item() / math.sqrt(n)
    assert losses.mean().item() == pytest.approx(floor.mean() + math.log(5), abs=4 * error)


@pytest.mark.parametrize("sampler", ["adaptive", "euler", "midpoint", "heun", "stochastic"])
def test_each_sampler_gives_the_gaussians_of_its_velocity(sampler):
    model = SetFlowMatching(sampler=sampler, n_steps=100)
    network = KnownNumbers(2.0, 0.5)
    network.particles = nn.Linear(1, 1)
    network.particles.n_features = 1
    mask = torch.arange(5) < torch.randint(
        0, 6, (4000, 1), generator=torch.Generator().manual_seed(0)
    )
    torch.manual_seed(0)
    z = model.draw(network, mask, torch.zeros(4000, 0))
    assert len(z) == mask.sum()
    assert z.mean().item() == pytest.approx(2, abs=0.03)
    assert z.std().item() == pytest.approx(0.5, abs=0.03)
    assert model.n_evaluations > 0


def test_optimal_transport_pairs_within_each_set():
    z, mask, _ = batch()
    particles = ParticlesOfSets(nn.Identity(), mask, torch.zeros(32, 0))
    rows = z[mask]
    noise = torch.randn_like(rows)
    model = SetFlowMatching(pairing="optimal_transport")
    paired = model.paired(noise, rows, particles.set_of_row)
    before = particles.mean_over_sets((noise - rows).square().sum(1))
    after = particles.mean_over_sets((paired - rows).square().sum(1))
    assert (after <= before + 1e-6).all()
    assert (after < before).sum() > 20
    torch.testing.assert_close(  # each set keeps its own noise
        particles.mean_over_sets(paired[:, 0]), particles.mean_over_sets(noise[:, 0])
    )


def test_given_validation_chooses_the_epoch_and_weights_count():
    """Label 1 with weight zero: only sets of label 0 come back."""
    x, mask, label = sets()
    model = SetFlowMatching(**SMALL | {"plan": replace(PLAN, epochs=8)})
    validation = sets(200, seed=1)
    held_out = (*validation[:2], None, 1 - validation[2])
    model.fit(x, mask, weights=1 - label, validation=held_out)
    assert len(model.history.validation_loss) == 8
    _, drawn = model.sample(300, rng=1)
    assert (drawn.sum(1) <= 3).mean() > 0.9
    with pytest.raises(ValueError, match="validation has"):
        model.fit(x, mask, validation=(x[:, :5], mask[:, :5], None, None))


def test_changes_may_alter_the_number_of_columns(tmp_path):
    """An angle as condition and one as feature, each a pair of columns inside."""
    rng = np.random.default_rng(0)
    angle = rng.uniform(-np.pi, np.pi, 1500)
    around = angle[:, None] + 0.2 * rng.normal(size=(1500, 3))
    x = np.stack([np.angle(np.exp(1j * around)), rng.normal(size=(1500, 3))], 2)
    changes = {"change": on([0], AngleAsPair()), "condition_change": AngleAsPair()}
    model = SetFlowMatching(**SMALL, **changes).fit(x, condition=angle)
    drawn, mask = model.sample(200, [3.0], rng=1)
    assert drawn.shape == (200, 3, 2)
    away = np.angle(np.exp(1j * (drawn[mask][:, 0] - 3.0)))
    assert abs(away.mean()) < 0.15
    assert away.std() < 0.6
    loaded = densities.load(densities.save(model, tmp_path / "angles.safetensors"))
    np.testing.assert_array_equal(loaded.sample(200, [3.0], rng=1)[0], drawn)


def test_a_saved_model_is_the_same_model(fitted, tmp_path):
    before = torch.random.get_rng_state()
    loaded = densities.load(densities.save(fitted, tmp_path / "sets.safetensors"))
    assert torch.equal(before, torch.random.get_rng_state()), "load moved torch's generator"
    x, mask = fitted.sample(8, [[0.0], [1.0]], rng=3)
    again, mask_again = loaded.sample(8, [[0.0], [1.0]], rng=3)
    np.testing.assert_array_equal(mask_again, mask)
    np.testing.assert_array_equal(again, x)


def test_what_sets_cannot_do_is_refused(fitted):
    with pytest.raises(NotImplementedError, match="no log_prob"):
        fitted.log_prob(np.zeros((2, 6, 2)))
    with pytest.raises(ValueError, match="condition has 2 features and the fit had 1"):
        fitted.sample(2, [0.0, 1.0])
    with pytest.raises(RuntimeError, match="not trained"):
        densities.save(SetFlowMatching(), "nowhere.safetensors")


@pytest.mark.parametrize(
    ("make", "settings", "message"),
    [
        (SetFlowMatching, {"pairing": "random"}, "independent, optimal_transport"),
        (SetFlowMatching, {"sampler": "rk45"}, "adaptive, euler"),
        (SetDiffusion, {"smallest": 90.0}, "smallest < largest"),
        (SetDiffusion, {"architecture": "lstm"}, "epic, transformer"),
    ],
)
def test_unknown_settings_are_refused(make, settings, message):
    with pytest.raises(ValueError, match=message):
        make(**settings)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"x": np.zeros((4, 3))}, r"\(N, P, F\)"),
        ({"mask": np.ones((4, 3))}, "give bool"),
        ({"mask": np.zeros((4, 3), bool)}, "inverted"),
        ({"x": np.full((4, 3, 2), np.nan)}, "NaN"),
        ({"x": np.ones((4, 3, 2))}, "the same in all"),
        ({"condition": np.zeros(3)}, "3 rows"),
        ({"weights": np.zeros(4)}, "sum to zero"),
        ({"x": np.zeros((1, 3, 2)), "mask": None}, "1 row"),
    ],
)
def test_bad_sets_are_refused(change, message):
    rng = np.random.default_rng(0)
    arguments = {"x": rng.normal(size=(4, 3, 2)), "mask": np.ones((4, 3), bool)} | change
    with pytest.raises(ValueError, match=message):
        SetFlowMatching(plan=PLAN).fit(**arguments)
