"""The Lund plane: closed forms, FastJet's declusterings, and a tree that holds together."""

import awkward as ak
import numpy as np
import pytest

from data_fetch import load
from hepml_lite import kinematics
from hepml_lite.containers.jets import Jets
from hepml_lite.jet_physics import substructure
from hepml_lite.jet_physics.observables import lund
from hepml_lite.jet_physics.variations import transformations as change

JETS_OF_A_CLASS = 100


def test_one_splitting():
    """pT 300 and 100 a distance 0.5 apart, the softer one straight up in eta."""
    pair = Jets([[[300, 0.0, 3.1], [100, 0.5, 3.1]], [[300, 0.0, 3.1], [100, 0.0, -3.0]]])
    values, mask = lund.primary_lund_plane(pair)
    assert mask.all()
    np.testing.assert_allclose(values[0, 0], [-np.log(0.5), np.log(50), 0.25, np.pi / 2], rtol=1e-5)
    assert values[1, 0, 3] == pytest.approx(0, abs=1e-6)


def test_a_strongly_ordered_jet():
    """Each emission far narrower than the one before: a list of wide-to-narrow splittings."""
    angles, softs = np.array([0.4, 0.04, 0.004]), np.array([3.0, 7.0, 2.0])
    rows = [[500, 0, 0], *([pt, 0, angle] for pt, angle in zip(softs, angles, strict=True))]
    values, mask = lund.primary_lund_plane(Jets([rows]))
    np.testing.assert_allclose(np.exp(-values[0, :, 0]), angles, rtol=0.03)
    np.testing.assert_allclose(np.exp(values[0, :, 1]), softs * angles, rtol=0.03)
    assert mask.all()


def test_declusterings_agree_with_fastjet(jets):
    clustered = substructure.reclustered(jets.to_awkward())
    theirs = clustered.exclusive_jets_lund_declusterings(1)
    values, mask = lund.primary_lund_plane(jets)
    same = 0
    for i in range(len(jets)):
        found = np.exp(values[i, mask[i], :2] * [-1, 1])
        if not len(found):
            assert not ak.sum(ak.num(theirs[i]))
            same += 1
            continue
        expected = np.stack([ak.to_numpy(theirs[i, 0][k]) for k in ("Delta", "kt")], -1)
        same += found.shape == expected.shape and np.allclose(found, expected, rtol=1e-6, atol=1e-7)
    assert same / len(jets) > 0.9  # where distances are equal, rounding chooses


def test_the_tree_holds_together(jets):
    tree = lund.lund_tree(jets)
    np.testing.assert_array_equal(tree.mask.sum(1), jets.n_constituents - 1)
    assert (np.diff(tree.mask.astype(int), axis=1) <= 0).all()
    some = jets.n_constituents > 1
    assert tree.primary[some, 0].all()
    assert (tree.parent[:, 0] == -1).all()
    i, d, which = np.nonzero(tree.children >= 0)
    child = tree.children[i, d, which]
    assert (child > d).all()
    np.testing.assert_array_equal(tree.parent[i, child], d)
    np.testing.assert_array_equal(tree.primary[i, child], tree.primary[i, d] & (which == 0))
    np.testing.assert_array_equal((tree.parent >= 0).sum(1), tree.mask.sum(1) - some)


def test_splittings_of_cambridge_narrow_down_along_the_tree(jets):
    """Angles fall from a branch to its own splittings, but for recoil of the axes."""
    tree = lund.lund_tree(jets)
    i, d = np.nonzero(tree.parent >= 0)
    narrower = tree.values[i, d, 0] >= tree.values[i, tree.parent[i, d], 0] - 1e-6
    assert narrower.mean() > 0.97


def test_a_mirror_reflects_the_azimuths_of_splittings(jets):
    values, mask = lund.primary_lund_plane(jets)
    mirrored, mask_2 = lund.primary_lund_plane(change.mirrored(jets))
    both = mask & mask_2
    apart = np.abs(kinematics.delta_phi(mirrored[both][:, 3], np.pi - values[both][:, 3]))
    assert (apart < 1e-3).mean() > 0.9


def test_density_is_the_number_of_splittings(jets):
    wide = np.array([-50.0, 0, 50])
    densities = lund.lund_densities(jets, wide, wide)
    _, mask = lund.primary_lund_plane(jets)
    assert list(densities) == list(jets.names)
    for label, name in enumerate(jets.names):
        assert densities[name].shape == (2, 2)
        expected = mask[jets.label == label].sum(1).mean()
        assert densities[name].sum() * 50**2 == pytest.approx(expected)


def test_gluons_radiate_more():
    """Where perturbation theory holds, kT > 3 GeV; C_A / C_F = 2.25 is the leading-order limit."""
    jets = load("quark_gluon", "smoke")
    densities = lund.lund_densities(jets, np.array([1.0, 3.0]), np.log([3.0, 30.0]))
    ratio = densities["gluon"].item() / densities["quark"].item()
    assert 1.4 < ratio < 2.25


def test_coincident_particles_have_finite_logarithms():
    values, mask = lund.primary_lund_plane(change.collinear_split(Jets([[[100, 0.3, 1.0]]])))
    assert mask.sum() == 1
    assert np.isfinite(values).all()


def test_one_particle_has_no_splitting():
    one = Jets([[[100, 0.3, 1.0]]])
    for jets in (one, one.padded(4)):
        values, mask = lund.primary_lund_plane(jets)
        assert values.shape == (1, jets.mask.shape[1] - 1, 4)
        assert not mask.any()
        assert not values.any()
