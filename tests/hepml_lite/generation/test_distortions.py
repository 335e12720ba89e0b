"""Each distortion changes what its name says, and nothing else."""

import numpy as np
import pytest

from hepml_lite.generation.evaluation import distortions


@pytest.fixture
def x():
    return np.random.default_rng(0).multivariate_normal([1, 2], [[1, 0.8], [0.8, 1]], 20_000)


@pytest.mark.parametrize("name", distortions.DISTORTIONS)
def test_strength_zero_changes_nothing(name, x):
    np.testing.assert_array_equal(distortions.DISTORTIONS[name](x, 0, np.random.default_rng(1)), x)


def test_shift_moves_one_mean(x):
    moved = distortions.shifted(x, 0.5, np.random.default_rng(1))
    assert moved.mean(0) - x.mean(0) == pytest.approx([0.5 * x[:, 0].std(), 0])
    assert moved.std(0) == pytest.approx(x.std(0))


def test_smearing_widens_one_feature(x):
    noisy = distortions.smeared(x, 0.75, np.random.default_rng(1))
    assert noisy.std(0) / x.std(0) == pytest.approx([1.25, 1], rel=0.02)


def test_a_missing_tail(x):
    limit = np.quantile(x[:, 0], 0.95)
    cut = distortions.without_tail(x, 0.05, np.random.default_rng(1))
    assert cut.shape == x.shape
    assert cut[:, 0].max() <= limit


def test_a_lost_correlation_keeps_all_histograms(x):
    mixed = distortions.without_correlation(x, 0.5, np.random.default_rng(1))
    np.testing.assert_array_equal(np.sort(mixed, axis=0), np.sort(x, axis=0))
    assert np.corrcoef(mixed.T)[0, 1] == pytest.approx(0.5 * np.corrcoef(x.T)[0, 1], abs=0.02)


def test_a_missing_mode_leaves_a_hole(x):
    holed = distortions.one_mode_less(x, 0.2, np.random.default_rng(1))
    centre = x[np.random.default_rng(1).integers(len(x))]
    near = np.linalg.norm((x - centre) / x.std(0), axis=1) < 0.2
    near_after = np.linalg.norm((holed - centre) / x.std(0), axis=1) < 0.2
    assert near.sum() > 50
    assert near_after.sum() == 0


def test_copies_are_rows_of_the_training_sample(x):
    made = distortions.copied(x, 100, np.random.default_rng(1))
    assert all((row == x).all(axis=1).any() for row in made)
