"""Models of showers: exact relations, energies that are conserved, symmetries, conditions."""

import numpy as np
import pytest
import torch

from data_fetch import load
from hepml_lite import densities
from hepml_lite.containers.showers import Geometry
from hepml_lite.generation.evaluation.baselines import GaussianModel, Resampler
from hepml_lite.generation.showers import hit_masks, profiles, three_steps, two_steps
from hepml_lite.generation.showers.coordinates import LeakageAndFractions, profile_coordinates
from hepml_lite.generation.showers.voxel_logs import LogAboveThreshold
from hepml_lite.generation.showers.voxel_rows import symmetric_copies

PLAN = densities.TrainingPlan(epochs=3, batch_size=256, patience=None, progress=False)
LONGER_PLAN = densities.TrainingPlan(
    epochs=12, batch_size=128, learning_rate=3e-3, patience=None, progress=False
)
OFF = {"flow": 0.6, "flow_matching": 0.6, "diffusion": 1.4}  # of the depth, after a short training
SMALL = Geometry.regular(np.array([0.0, 1.0, 2.0]), 4, np.array([0.0, 1.0, 2.0]), "X0", "mm")


@pytest.fixture(scope="module")
def sample():
    return load("calo_profiles", split="train")[:2000]


@pytest.fixture(scope="module")
def depths(sample):
    return tuple(sample.card["depths"])


def toy_voxels(n, rng):
    """Two layers of eight voxels, many of them empty."""
    energy = rng.uniform(1, 10, n)
    shapes = rng.gamma(0.7, size=(n, 16))
    shapes[shapes < 0.3] = 0
    response = rng.uniform(0.85, 0.95, n)
    return (response * energy)[:, None] * shapes / shapes.sum(1, keepdims=True), energy


def test_coordinates_of_profiles_are_inverted(sample, depths):
    x, _ = profiles.profiles_of(sample)
    change = profile_coordinates(depths).fit(torch.as_tensor(x))
    z, _ = change.forward(torch.as_tensor(x))
    assert z.std(0).numpy() == pytest.approx(1, abs=1e-3)
    assert np.abs(change.inverse(z).numpy() - x).max() < 5e-4  # a sum above one becomes one


def test_jacobian_of_the_coordinates(depths, sample):
    x = torch.as_tensor(profiles.profiles_of(sample)[0][:3])
    change = profile_coordinates(depths).fit(torch.as_tensor(profiles.profiles_of(sample)[0]))
    _, log_jacobian = change.forward(x)
    for row, found in zip(x, log_jacobian, strict=True):
        matrix = torch.autograd.functional.jacobian(lambda v: change.forward(v[None])[0][0], row)
        assert torch.linalg.slogdet(matrix).logabsdet.item() == pytest.approx(found.item())


def test_shares_of_more_than_the_energy_are_refused():
    with pytest.raises(ValueError, match="divide the energies"):
        LeakageAndFractions().forward(torch.tensor([[0.9, 0.9]]))


def test_all_kinds_of_profiles_are_tested():
    assert set(OFF) == set(profiles.KINDS)


@pytest.mark.parametrize("kind", OFF)
def test_profiles_follow_the_energy(kind, sample, depths):
    """Cascades of 80 GeV are 3.6 radiation lengths deeper than those of 2 GeV."""
    x, energy = profiles.profiles_of(sample)
    model = profiles.profiles_by(kind, depths, LONGER_PLAN).fit(x, energy)
    made = model.sample(np.repeat([2.0, 80.0], 100), rng=1)
    shares = made[:, :20]
    assert shares.min() >= 0
    assert shares.sum(1).max() <= 1
    deeper = made[100:, 20].mean() - made[:100, 20].mean()
    assert deeper == pytest.approx(3.6, abs=OFF[kind])
    assert np.isfinite(model.log_prob(x[:5], energy[:5])).all()
    assert (model.sample(energy[:3], rng=2) == model.sample(energy[:3], rng=2)).all()


def test_unknown_kinds_and_energies_are_named(depths):
    with pytest.raises(ValueError, match="'spline'"):
        profiles.profiles_by("spline", depths)
    with pytest.raises(ValueError, match="incident energy"):
        profiles.log_energy([1.0, 0.0])


def test_rounded_rows_have_the_steps_of_the_sample(sample):
    x, _ = profiles.profiles_of(sample)
    again = profiles.as_stored(x, sample, rng=3)
    assert np.abs(again - x).max() < 0.006  # one step of the mean depth is 0.005
    assert ((again == 0) == (x == 0)).all()
    assert (again != x).mean() > 0.9


@pytest.mark.parametrize("kind", ["flow matching", "autoencoder"])
def test_two_steps_conserve_energy_and_keep_the_threshold(kind):
    rng = np.random.default_rng(0)
    voxels, energy = toy_voxels(600, rng)
    model = two_steps.TwoStepVoxels(SMALL, threshold=0.01)
    if kind == "autoencoder":
        model.shapes = two_steps.voxels_by_autoencoder(SMALL, n_codes=4).shapes
    model.layers.density.plan = PLAN
    model.shapes.plan = PLAN
    model.fit(voxels, energy, rng=1)
    layers = model.sample_layers(energy[:200], 2)
    made = model.sample_voxels(layers, energy[:200], 3)
    assert made.reshape(200, 2, 8).sum(2) == pytest.approx(layers)
    assert (made[made > 0] >= 0.01).all()
    assert (made >= 0).all()
    assert (layers.sum(1) <= energy[:200]).all()


def test_three_steps_conserve_energy_and_keep_hits_and_threshold():
    voxels, energy = toy_voxels(600, np.random.default_rng(0))
    model = three_steps.ThreeStepVoxels(SMALL, threshold=0.01)
    for step in (model.layers.density, model.hits, model.shapes):
        step.plan = PLAN
    model.fit(voxels, energy, rng=1)
    layers = model.sample_layers(energy[:200], 2)
    made = model.sample_voxels(layers, energy[:200], 3)
    assert made.reshape(200, 2, 8).sum(2) == pytest.approx(layers)
    assert (made[made > 0] >= 0.01).all()
    assert np.array_equal(made, model.sample_voxels(layers, energy[:200], 3))


def test_each_hit_has_the_threshold_and_its_share_of_the_rest():
    none = -np.inf
    logs = np.array([[np.log(3), 0.0, none, none], [none] * 4, [0.0, 0.1, none, none]])
    layers = np.array([[6.0, 0.0], [2.5, 0.0], [1.5, 3.0]])
    made = three_steps.above_threshold(logs, layers, threshold=1.0)
    assert made[0] == pytest.approx([4.0, 2.0, 0.0, 0.0])  # 1 + 3/4 of 4, 1 + 1/4 of 4
    assert made[1] == pytest.approx([2.5, 0.0, 0.0, 0.0])  # energy and no hit
    assert made[2] == pytest.approx([0.0, 1.5, 3.0, 0.0])  # one of two hits can be paid


def test_hits_depend_on_energy_and_on_the_layer_before():
    """Cells of the second layer are those of the first, in 0.9 of all; exact answers known."""
    rng = np.random.default_rng(0)
    energy = rng.choice([0.0, 1.0], 3000)
    first = rng.random((3000, 4)) < np.where(energy, 0.8, 0.3)[:, None]
    second = first ^ (rng.random((3000, 4)) < 0.1)
    hits = np.hstack([first, second])
    condition = np.column_stack([energy, rng.normal(size=(3000, 2))])
    model = hit_masks.HitMasks(2, width=32)
    model.plan = densities.TrainingPlan(epochs=30, batch_size=100, learning_rate=1e-2)
    model.fit(hits, condition, rng=1)
    made = model.sample(condition, rng=2)
    for value, chance in ((0.0, 0.3), (1.0, 0.8)):
        assert made[energy == value, :4].mean() == pytest.approx(chance, abs=0.04)
    assert (made[:, :4] == made[:, 4:]).mean() == pytest.approx(0.9, abs=0.04)
    # binary entropy of both layers: no model can have a smaller loss
    bound = np.mean([0.5004, 0.6109, 0.3251, 0.3251])
    assert bound - 0.01 < model.losses[-1] < bound + 0.03
    with pytest.raises(RuntimeError, match="call fit"):
        hit_masks.HitMasks(2).sample(condition)


def test_scaling_to_layers_removes_what_is_small():
    voxels = np.array([[4.0, 1.0, 0.0, 0.0]])
    made = two_steps.with_layer_energies(voxels, np.array([[2.0, 1.0]]), threshold=0.5)
    assert made.tolist() == [[2.0, 0.0, 1.0, 0.0]]  # 1.6 and 0.4, and a layer without a shape
    empty = two_steps.with_layer_energies(voxels, np.array([[0.0, 0.0]]), threshold=0.5)
    assert empty.tolist() == [[0.0] * 4]


def test_turned_showers_keep_rings_and_layers():
    voxels, _ = toy_voxels(50, np.random.default_rng(0))
    copies, of_shower = symmetric_copies(voxels, SMALL, 3, np.random.default_rng(1))
    by_ring = voxels.reshape(50, 2, 4, 2)
    of_copies = copies.reshape(150, 2, 4, 2)
    assert of_copies.sum(2) == pytest.approx(by_ring.sum(2)[of_shower])
    assert (np.sort(of_copies, 2) == np.sort(by_ring, 2)[of_shower]).all()
    assert (copies != voxels[of_shower]).any(1).mean() > 0.5
    # all layers and rings of a shower are turned together: the four slices in angle stay whole
    slices = by_ring.transpose(0, 2, 1, 3).reshape(50, 4, 4)
    of_copy = of_copies.transpose(0, 2, 1, 3).reshape(150, 4, 4)
    for turned, first in zip(of_copy, slices[of_shower], strict=True):
        assert sorted(map(tuple, turned)) == sorted(map(tuple, first))


def test_logarithms_of_voxels_are_inverted():
    x = torch.tensor([[0.0, 0.3, 5.0, 0.1]], dtype=torch.float64)
    change = LogAboveThreshold(0.2).fit(x)
    z, _ = change.forward(x)
    assert change.inverse(z).tolist() == [[0.0, pytest.approx(0.3), pytest.approx(5.0), 0.0]]
    with pytest.raises(ValueError, match="not negative"):
        change.forward(-x)


def test_voxels_of_another_calorimeter_are_refused():
    model = two_steps.TwoStepVoxels(SMALL)
    with pytest.raises(ValueError, match="16 voxels"):
        model.fit(np.ones((5, 3)), np.ones(5))
    with pytest.raises(ValueError, match="clip noise"):
        model.fit(-np.ones((5, 16)), np.ones(5))


def test_baselines():
    rng = np.random.default_rng(0)
    condition = rng.uniform(0, 1, (2000, 1))
    x = np.hstack([condition**2, 2 - condition]) + 0.1 * rng.normal(size=(2000, 2))
    made = GaussianModel().fit(x, condition).sample(condition, 1)
    assert np.cov(made.T) == pytest.approx(np.cov(x.T), rel=0.1)
    copies = Resampler().fit(x, condition).sample(condition[:100], 2)
    assert all((row == x).all(1).any() for row in copies)
    assert np.abs(copies[:, 1] - x[:100, 1]).mean() < 0.2
