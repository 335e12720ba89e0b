"""Trees cannot tell stored and dequantised rows from rows that were never rounded.

The rows that were never rounded are bundled rows with a jitter, or drawn from a formula. Other rows
of the same kind are packed and unpacked. Without `dequantised`, trees see the steps.
"""

import numpy as np
import pytest
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.metrics import roc_auc_score

from data_fetch import load, packing
from hepml_lite.containers.stored_steps import JUDGED_ABOVE
from hepml_lite.containers.unfolding_pair import UnfoldingPair

INDISTINGUISHABLE = 0.52
VISIBLE = 0.525


def boosted():
    return HistGradientBoostingClassifier(max_iter=60, random_state=0)


def forest():  # thresholds between any two values, where boosted trees have 255 bins
    return RandomForestClassifier(30, min_samples_leaf=5, random_state=0)


def told_apart(first, second, trees):
    """Area under the ROC curve of trees, on rows that they were not fitted to."""
    x = np.concatenate([first, second])
    label = np.repeat([0, 1], [len(first), len(second)])
    fitted = np.random.default_rng(0).random(len(x)) < 0.5
    trees.fit(x[fitted], label[fitted])
    return roc_auc_score(label[~fitted], trees.predict_proba(x[~fitted])[:, 1])


def leading_constituents(jets):
    return jets.constituents[:, :4].reshape(len(jets), -1)


def leading_objects(events):
    return events.objects[:, [0, 1, 9, 10]].reshape(len(events), -1)


def voxels(showers):
    compared = showers.voxels[:, :200:10]
    return np.where(compared > JUDGED_ABOVE, compared, 0)


def values(events):
    return events.values


def matched_values(pairs):
    return np.concatenate(pairs.matched.columns(*pairs.quantities), axis=1)


@pytest.mark.parametrize(
    ("name", "view", "trees"),
    [
        ("jet_classes", leading_constituents, boosted),
        ("trigger_objects", leading_objects, forest),
        ("calo_showers", voxels, boosted),
        ("dijet_resonance", values, boosted),
        ("zjets_unfolding", matched_values, boosted),
    ],
)
def test_trees_see_stored_rows_and_not_dequantised_ones(name, view, trees):
    rows = load(name)[:30_000]
    never_rounded = view(rows[::2].dequantised(1))
    other = rows[1::2].dequantised(2)
    stored = packing.unpack(packing.pack(other), other.card)
    assert told_apart(never_rounded, view(stored), trees()) > VISIBLE
    assert told_apart(never_rounded, view(stored.dequantised(3)), trees()) < INDISTINGUISHABLE


STEPS = {"mass": 0.25, "ln_rho": 0.01, "zg": 0.001, "multiplicity": 1}
FLOORS = {"mass": 0, "ln_rho": -14, "zg": 0}


def drawn_pairs(rng, n=20_000):
    """Groomed jets by a formula: 5 % have no splitting (ln_rho = -14, zg = 0); misses and fakes."""
    mass = rng.gamma(4, 4, (2, n))
    ln_rho = np.maximum(rng.normal(-5, 1.5, (2, n)), -13)
    zg = 0.1 * 5 ** rng.random((2, n))
    multiplicity = rng.poisson(20, (2, n))
    no_splitting = rng.random((2, n)) < 0.05
    ln_rho[no_splitting] = -14
    zg[no_splitting] = 0
    truth, measured = np.stack([mass, ln_rho, zg, multiplicity], axis=-1)
    there = rng.random(n)
    return UnfoldingPair(
        truth,
        measured,
        tuple(STEPS),
        true_ok=there > 0.1,
        measured_ok=there < 0.9,
        card={
            "container": "UnfoldingPair",
            "classes": ["all"],
            "quantities": list(STEPS),
            "precision": STEPS,
            "floors": FLOORS,
        },
    )


def test_misses_fakes_and_spikes_of_pairs_stay():
    rng = np.random.default_rng(4)
    never_rounded = drawn_pairs(rng)
    other = drawn_pairs(rng)
    stored = packing.unpack(packing.pack(other), other.card)
    moved = stored.dequantised(5)
    for level in ("truth", "measured"):
        before = getattr(other, level)
        after = getattr(moved, level)
        np.testing.assert_array_equal(np.isnan(after), np.isnan(before))
        np.testing.assert_array_equal(after[:, 1] == -14, before[:, 1] == -14)
        np.testing.assert_array_equal(after[:, 2] == 0, before[:, 2] == 0)
        np.testing.assert_array_equal(after[:, 3], before[:, 3])
    rounded = matched_values(stored)
    assert told_apart(matched_values(never_rounded), rounded, boosted()) > VISIBLE
    spread = matched_values(moved)
    assert told_apart(matched_values(never_rounded), spread, boosted()) < INDISTINGUISHABLE


def test_dequantised_objects_keep_their_order_their_empty_places_and_the_range_of_phi():
    stored = load("trigger_objects")[:5000]
    moved = stored.dequantised(6)
    np.testing.assert_array_equal(moved.objects[..., 0] > 0, stored.objects[..., 0] > 0)
    assert not moved.objects[stored.objects[..., 0] == 0].any()
    assert not moved.met[..., 1].any()
    for kind in (moved.egamma, moved.muons, moved.jets):
        assert (np.diff(kind[..., 0], axis=1) <= 0).all()
    assert np.abs(moved.objects[..., 2]).max() <= np.float32(np.pi)


def test_dequantised_showers_keep_their_sums_and_empty_voxels():
    stored = load("calo_showers")[:500]
    moved = stored.dequantised(7)
    np.testing.assert_allclose(moved.deposited, stored.deposited, rtol=1e-5)
    np.testing.assert_array_equal(moved.voxels > 0, stored.voxels > 0)


def test_dequantised_jets_are_sorted_and_keep_their_kinds_and_masks():
    stored = load("quark_gluon")[:500]
    moved = stored.dequantised(8)
    np.testing.assert_array_equal(moved.n_constituents, stored.n_constituents)
    assert (np.diff(moved.constituents[..., 0], axis=1) <= 0).all()
    if stored.pid is not None:
        for kind in np.unique(stored.pid):
            same = (moved.pid == kind).sum(axis=1) == (stored.pid == kind).sum(axis=1)
            assert same.all()
