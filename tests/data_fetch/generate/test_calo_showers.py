"""The showers of the cascade and of the formulas: conservation, known depths and widths, Geant4."""

import numpy as np
import pytest

from data_fetch.generate import calo_profiles, calo_showers
from data_fetch.generate.showers import cascade, parametrised
from data_fetch.generate.showers import cascade_processes as physics
from data_fetch.generate.showers.sampling import sampled
from data_fetch.generate.showers.voxels import VoxelSum
from hepml_lite.containers.showers import Geometry

pytestmark = pytest.mark.xdist_group("calo_showers")  # one worker makes the events, once

EDGES = np.array(calo_showers.CARD["geometry"]["depths"])
MIDDLES = (EDGES[1:] + EDGES[:-1]) / 2
# Geant4 6.0, example TestEm2: 5 GeV electrons in PbWO4, 20 X0 deep, 5 X0 wide; % of the energy in
# each X0 of depth, and within 0.5, 1, 2, 3 and 5 X0 of the axis. 500 showers.
GEANT4_DEPTH = (
    *(0.68, 2.72, 5.88, 9.03, 11.09, 11.43, 10.85, 9.65, 7.97, 6.34),
    *(5.01, 3.85, 2.90, 2.20, 1.56, 1.13, 0.85, 0.62, 0.47, 0.31),
)
GEANT4_WIDTH = {0.5: 52.16, 1.0: 69.59, 2.0: 83.26, 3.0: 89.29, 5.0: 94.55}


def rng(seed=1):
    return np.random.default_rng(seed)


def grids(name, energy, n, seed=1, threshold=0.0):
    """Voxels of n showers of one energy [GeV], (n, layers, angles, rings)."""
    voxels = calo_showers.showers(name, np.full(n, float(energy)), rng(seed), threshold)
    return voxels.reshape(n, 20, 8, 6)


def mean_depth(grid):
    layers = grid.sum(axis=(2, 3))
    return layers @ MIDDLES / layers.sum(axis=1)


@pytest.fixture(scope="module")
def cascades():
    return {e: grids("cascade", e, n) for e, n in ((1, 300), (10, 60), (50, 15))}


@pytest.fixture(scope="module")
def formulas():
    return {e: grids("parametrised", e, n) for e, n in ((1, 600), (10, 300), (50, 150))}


@pytest.fixture(scope="module")
def sample():
    return calo_showers.chunk(3, 0, 120)


def test_no_energy_is_made_or_lost_in_a_large_block():
    """Without leakage but backwards, a shower leaves all of its energy."""
    total = np.zeros(20)

    def count(shower, position, energy):
        np.add.at(total, shower, energy)

    cascade.simulate(np.full(20, 2000.0), rng(), cascade.Block(60, 60), count)
    assert total.max() <= 2000 * (1 + 1e-9)
    assert total.mean() == pytest.approx(2000, rel=0.004)


def test_cascade_agrees_with_geant4():
    """Another program with better cross sections: the energy up to any depth or radius."""
    geometry = Geometry.regular(np.arange(21), 4, [0, 0.5, 1, 2, 3, 5], "X0", "X0")
    sums = VoxelSum(150, geometry, scale=1.0)
    cascade.simulate(np.full(150, 5000.0), rng(), cascade.Block(20, 5), sums.add)
    percent = sums.voxels().reshape(150, 20, 4, 5) / 50
    assert percent.sum(axis=(1, 2, 3)).mean() == pytest.approx(94.8, abs=1.2)
    depth = percent.sum(axis=(2, 3)).mean(axis=0)
    assert np.abs(np.cumsum(depth) - np.cumsum(GEANT4_DEPTH)).max() < 3.5  # 0.3 X0 in depth
    width = np.cumsum(percent.sum(axis=(1, 2)).mean(axis=0))
    assert width == pytest.approx(list(GEANT4_WIDTH.values()), abs=2)


@pytest.mark.parametrize("energy", [1, 10, 50])
def test_maximum_is_where_the_pdg_has_it(cascades, formulas, energy):
    """t_max = ln(E / Ec) - 0.5 for electrons, from a gamma distribution fitted by its moments."""
    expected = np.log(1000 * energy / physics.CRITICAL_ENERGY) - 0.5
    for showers in (cascades, formulas):
        layers = showers[energy].mean(axis=0).sum(axis=(1, 2))
        mean = layers @ MIDDLES / layers.sum()
        variance = layers @ (MIDDLES - mean) ** 2 / layers.sum()
        assert mean - variance / mean == pytest.approx(expected, abs=0.6)


def test_photons_shower_deeper_than_electrons():
    """By one radiation length: + 0.5 instead of - 0.5, and 9/7 X0 to the first pair."""
    depths = []
    for charge in (cascade.ELECTRON, cascade.PHOTON):
        sums = VoxelSum(150, calo_showers.GEOMETRY, physics.MOLIERE_RADIUS)
        energy = np.full(150, 2000.0)
        cascade.simulate(energy, rng(), calo_showers.BLOCK, sums.add, charge)
        depths.append(mean_depth(sums.voxels().reshape(150, 20, 8, 6)).mean())
    assert depths[1] - depths[0] == pytest.approx(1, abs=0.4)


def test_depth_rises_with_the_logarithm_of_the_energy(cascades, formulas):
    for showers in (cascades, formulas):
        depths = [mean_depth(showers[e]).mean() for e in (1, 50)]
        assert (depths[1] - depths[0]) / np.log(50) == pytest.approx(1, abs=0.15)


def test_showers_are_contained_sideways(cascades, formulas):
    """Of the energy 0.85 to 0.9 is within a Moliere radius, 0.95 to 0.97 within two, 1 is above."""
    for showers in (cascades, formulas):
        rings = showers[10].sum(axis=(1, 2)).mean(axis=0) / 10
        assert 0.85 < rings[:4].sum() < 0.91
        assert 0.94 < rings[:5].sum() < 0.98
        assert 0.97 < rings.sum() < 1


def test_no_angle_is_preferred(cascades, formulas):
    for showers in (cascades, formulas):
        share = showers[1].sum(axis=(1, 3))  # (n, angles)
        error = share.std(axis=0) / np.sqrt(len(share))
        assert np.abs((share.mean(axis=0) - share.mean()) / error).max() < 4


def test_fluctuations_shrink_like_one_over_the_root_of_the_energy(cascades):
    """The share outside one Moliere radius: that of many soft particles, more of them with E."""
    widths = {}
    for energy, showers in cascades.items():
        rings = showers.sum(axis=(1, 2))
        widths[energy] = (rings[:, 4:].sum(axis=1) / rings.sum(axis=1)).std()
    assert widths[1] / widths[10] == pytest.approx(np.sqrt(10), rel=0.4)
    assert widths[1] / widths[50] == pytest.approx(np.sqrt(50), rel=0.5)


def test_the_models_agree_on_the_mean_profile(cascades, formulas):
    """Depth within 0.5 X0, each ring within 7 % of the energy, each layer within 1.5 %."""
    for energy in (1, 10):
        mc, formula = (s[energy].mean(axis=0) / energy for s in (cascades, formulas))
        assert abs(mean_depth(mc[None]) - mean_depth(formula[None])) < 0.5
        assert np.abs(mc.sum(axis=(0, 1)) - formula.sum(axis=(0, 1))).max() < 0.07
        assert np.abs(mc.sum(axis=(1, 2)) - formula.sum(axis=(1, 2))).max() < 0.015


def test_parameters_fluctuate_as_published():
    """At 10 GeV in lead tungstate: <T> near ln y - 0.812, sigma(ln T) and the correlation."""
    energy = np.full(20_000, 10.0)
    profile = parametrised.depth_profiles(energy, rng())
    ln_y = np.log(10 / parametrised.CRITICAL_ENERGY)
    ln_t, ln_alpha = np.log(profile.maximum), np.log(profile.alpha)
    assert np.exp(ln_t.mean()) == pytest.approx(ln_y - 0.812, rel=0.01)
    assert ln_t.std() == pytest.approx(1 / (-1.4 + 1.26 * ln_y), rel=0.03)
    assert np.corrcoef(ln_t, ln_alpha)[0, 1] == pytest.approx(0.705 - 0.023 * ln_y, abs=0.02)


def test_sample_can_be_made_again(sample):
    again = calo_showers.chunk(3, 0, 120)
    assert all(np.array_equal(a, again.arrays()[key]) for key, a in sample.arrays().items())
    assert len(sample) == 120
    other = calo_showers.chunk(3, 1, 2)
    assert not np.isin(other.energy, sample.energy).any()


def test_sample_is_within_its_window(sample):
    assert sample.energy.min() >= 1
    assert sample.energy.max() <= 100
    assert sample.voxels[sample.voxels > 0].min() >= np.float32(calo_showers.THRESHOLD)
    response = sample.deposited / sample.energy
    assert response.min() > 0.85
    assert response.max() < 1


def test_geometry_can_be_built_from_the_card():
    card = calo_showers.CARD["geometry"]
    assert Geometry.regular(**card) == calo_showers.GEOMETRY


def test_voxels_are_filled_where_the_geometry_says():
    geometry = Geometry.regular([0, 1, 2], 4, [0, 0.5, 1], "X0", "Moliere radii")
    sums = VoxelSum(2, geometry, scale=2.0)
    position = np.array([[0.6, 0.6, 1.5], [-1.5, -0.1, 0.5], [0, 0, 2.5], [3, 0, 0.5]])
    sums.add(np.array([1, 0, 0, 0]), position, np.array([5.0, 7.0, 1.0, 1.0]))
    grid = sums.voxels().reshape(2, 2, 4, 2)
    assert grid[1, 1, 2, 0] == 5  # the angles begin at -pi
    assert grid[0, 0, 0, 1] == 7
    assert grid.sum() == 12
    assert sums.voxels(threshold=6).sum() == 7


def test_unknown_model_is_named():
    with pytest.raises(ValueError, match=r"'geant4'.*cascade"):
        calo_showers.showers("geant4", np.ones(1), rng())


def test_profiles_are_those_of_the_same_showers(sample):
    events = calo_profiles.chunk(3, 0, 120)
    np.testing.assert_array_equal(events["energy"], sample.energy)
    layers = events.columns(*calo_profiles.LAYERS) * sample.energy[:, None]
    lost = layers.sum(axis=1) - sample.deposited  # in voxels below the threshold
    assert lost.min() > -1e-4
    assert np.mean(lost / sample.energy) == pytest.approx(0.004, abs=0.003)
    depth = (layers @ MIDDLES) / layers.sum(axis=1)
    np.testing.assert_allclose(events["depth_mean"], depth, atol=0.15)


def test_a_sampling_term_adds_its_resolution_however_finely_the_energy_is_cut():
    for pieces in (1, 50):
        energy = np.full((4000, pieces), 10 / pieces)
        seen = sampled(energy, 0.2, rng()).sum(axis=1)
        assert seen.mean() == pytest.approx(10, rel=0.005)
        assert seen.std() / 10 == pytest.approx(0.2 / np.sqrt(10), rel=0.05)
    with pytest.raises(ValueError, match=r"-0\.1"):
        sampled(np.ones(3), -0.1, rng())
