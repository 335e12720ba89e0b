"""Variations change what they say and nothing else; shifts of efficiency have honest errors."""

import numpy as np
import pytest
from scipy.stats import norm

from data_fetch import load
from hepml_lite import kinematics
from hepml_lite.containers.jets import Jets
from hepml_lite.jet_physics.variations.systematics import (
    VARIATIONS,
    angles_smeared,
    energy_scaled,
    energy_smeared,
    particles_lost,
    region_dead,
    shift_of_efficiency,
    soft_lost,
    vary,
)

BY_CHANCE = "energy resolution", "lost particles", "angular resolution"


@pytest.fixture(scope="module")
def jets():
    return load("top_tagging", split="test")[:1500]


@pytest.fixture
def rng():
    return np.random.default_rng(1)


def assert_same(first, second):
    for name, array in first.arrays().items():
        np.testing.assert_array_equal(array, second.arrays()[name], err_msg=name)


@pytest.mark.parametrize("name", VARIATIONS)
def test_no_strength_is_no_change_and_the_grid_holds_it(name, jets):
    assert 0 in VARIATIONS[name].strengths
    assert list(VARIATIONS[name].strengths) == sorted(VARIATIONS[name].strengths)
    assert_same(vary(jets, name, 0), jets)


@pytest.mark.parametrize("name", VARIATIONS)
def test_any_strength_gives_jets_in_falling_pt_and_leaves_the_input_alone(name, jets):
    before = jets.constituents.copy()
    for strength in (VARIATIONS[name].strengths[0], VARIATIONS[name].strengths[-1]):
        varied = vary(jets, name, strength)
        assert (np.diff(varied.constituents[..., 0], axis=1) <= 0).all()
        assert (varied.n_constituents >= 1).all()
        np.testing.assert_array_equal(varied.label, jets.label)
    np.testing.assert_array_equal(jets.constituents, before)


@pytest.mark.parametrize("name", BY_CHANCE)
def test_the_seed_decides(name, jets):
    strength = VARIATIONS[name].strengths[-1]
    assert_same(vary(jets, name, strength, seed=3), vary(jets, name, strength, seed=3))
    other = vary(jets, name, strength, seed=4)
    assert not np.array_equal(vary(jets, name, strength, seed=3).mass, other.mass)


def test_a_scale_multiplies_mass_and_pt_and_keeps_the_shape(jets):
    scaled = energy_scaled(jets, 1.07)
    np.testing.assert_allclose(scaled.pt, 1.07 * jets.pt, rtol=1e-5)
    np.testing.assert_allclose(scaled.mass, 1.07 * jets.mass, rtol=1e-4, atol=1e-3)
    np.testing.assert_allclose(scaled.relative(), jets.relative(), atol=2e-6)
    back = energy_scaled(scaled, 1 / 1.07)
    np.testing.assert_allclose(back.constituents, jets.constituents, rtol=1e-6)


def test_smearing_has_the_stated_width_and_keeps_the_mean(rng):
    one = np.tile(np.float32([10, 0.3, 1]), (4000, 5, 1))
    pt = energy_smeared(Jets(one), 0.3, rng).constituents[..., 0] / 10
    assert pt.mean() == pytest.approx(1, abs=4 * 0.3 / 20_000**0.5)
    assert pt.std() == pytest.approx(0.3, rel=0.04)
    assert pt.min() > 0


@pytest.mark.parametrize("share", [0.02, 0.3])
def test_losing_a_share_lowers_pt_and_number_by_it_in_the_mean(share, jets, rng):
    left = particles_lost(jets, share, rng)
    ratio = left.constituents[..., 0].sum(1) / jets.constituents[..., 0].sum(1)
    assert abs(ratio.mean() - (1 - share)) < 4 * ratio.std() / len(jets) ** 0.5
    kept = left.n_constituents.sum() / jets.n_constituents.sum()
    assert kept == pytest.approx(1 - share, abs=0.01)


def test_what_is_lost_at_some_strength_is_lost_at_any_larger_one(jets):
    few, many = (vary(jets, "lost particles", strength, seed=2) for strength in (5, 20))
    for i in range(100):
        left = {tuple(c) for c in many[i].constituents[many[i].mask].tolist()}
        assert left <= {tuple(c) for c in few[i].constituents[few[i].mask].tolist()}


def test_the_last_particle_stays(jets, rng):
    for change in (
        lambda jets: particles_lost(jets, 1.0, rng),
        lambda jets: soft_lost(jets, 1e4),
        lambda jets: region_dead(jets, 100.0),
    ):
        left = change(jets)
        assert (left.n_constituents == 1).all()
        np.testing.assert_array_equal(left.constituents[:, 0], jets.constituents[:, 0])


def test_a_threshold_takes_what_lies_below_it(jets):
    left = soft_lost(jets, 2.0)
    assert left.constituents[left.mask][:, 0].min() >= 2
    above = (jets.constituents[..., 0] >= 2).sum(axis=1)
    np.testing.assert_array_equal(left.n_constituents, above)


def test_a_dead_region_is_empty_across_the_edge_of_phi_and_nothing_else_is(jets):
    centre = 0.5, np.pi - 0.05
    left = region_dead(jets, 0.4, centre)
    apart = kinematics.delta_r(*jets.constituents[jets.mask][:, 1:].T, *centre)
    hard = left.n_constituents > 1
    outside = left[hard].constituents[left[hard].mask]
    assert kinematics.delta_r(*outside[:, 1:].T, *centre).min() >= 0.4
    assert left.mask.sum() >= (apart >= 0.4).sum() > left.mask.sum() - len(jets)
    assert (apart < 0.4).sum() > 50, "the hole met no particles: the test itself tests nothing"


def test_smeared_angles_have_the_stated_width_about_an_axis_that_stays(jets, rng):
    varied = angles_smeared(jets, 0.01, rng)
    np.testing.assert_array_equal(varied.constituents[..., 0], jets.constituents[..., 0])
    moved = varied.constituents[jets.mask].astype(float) - jets.constituents[jets.mask]
    moved[:, 2] = kinematics.wrap_phi(moved[:, 2])
    np.testing.assert_allclose(moved[:, 1:].std(axis=0), 0.01, rtol=0.02)
    axis = varied.eta - jets.eta, kinematics.delta_phi(varied.phi, jets.phi)
    for shift in axis:
        assert abs(shift.mean()) < 4 * shift.std() / len(jets) ** 0.5
        assert shift.std() < 0.006, "an axis of many particles moves by less than one of them"


def test_identities_follow_their_particles(rng):
    jets = load("quark_gluon", split="test")[:200]
    particles = jets.constituents[jets.mask].tolist()
    identity = {tuple(c): p for c, p in zip(particles, jets.pid[jets.mask], strict=True)}
    left = particles_lost(jets, 0.5, rng)
    real = left.constituents[left.mask].tolist()
    assert [identity[tuple(c)] for c in real] == left.pid[left.mask].tolist()
    assert not left.pid[~left.mask].any()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda jets: energy_scaled(jets, 0), r"factor 0.*positive"),
        (lambda jets: energy_smeared(jets, -0.1, np.random.default_rng()), r"resolution -0\.1"),
        (lambda jets: particles_lost(jets, 1.1, np.random.default_rng()), r"share 1\.1.*\[0, 1\]"),
        (lambda jets: soft_lost(jets, -1), "threshold -1.*at least 0"),
        (lambda jets: vary(jets, "noise", 1), "unknown variation 'noise'.*energy scale"),
    ],
)
def test_impossible_strengths_say_what_is_allowed(change, message, jets):
    with pytest.raises(ValueError, match=message):
        change(jets)


SHIFT, NOISE = 0.25, 0.3  # of the toys' scores, in units of their width


def toy(rng, n, separation=1.5):
    """Scores of n jets of each class and of the same ones after a variation."""
    labels = np.repeat([0, 1], n)
    nominal = rng.standard_normal(2 * n) + separation * labels
    return labels, nominal, nominal - SHIFT + NOISE * rng.standard_normal(2 * n)


def truth(separation=1.5):
    """Of an infinite sample at signal efficiency 0.5: the change and both ratios."""
    width = np.hypot(1, NOISE)
    before = norm.sf(separation)
    return {
        "efficiency_change": norm.cdf(-SHIFT / width) - 0.5,
        "fixed_ratio": before / norm.sf((separation + SHIFT) / width),
        "refitted_ratio": before / norm.sf(separation / width),
        "threshold_change": -SHIFT,
    }


def test_intervals_cover_the_truth_of_toys():
    rng, n_toys = np.random.default_rng(5), 150
    inside = dict.fromkeys(truth(), 0)
    for _ in range(n_toys):
        shift = shift_of_efficiency(*toy(rng, 600), n_bootstrap=60, rng=rng)
        for name, value in truth().items():
            interval = getattr(shift, name)
            inside[name] += interval.low <= value <= interval.high
    # 68 % +- 3.8 %; of 400 toys 71 to 78 %, as the bootstrap of a quantile is a little too wide
    for name, number in inside.items():
        assert 0.6 < number / n_toys < 0.86, (name, number / n_toys)


def test_pairs_know_more_than_two_samples():
    labels, nominal, varied = toy(np.random.default_rng(0), 2000)
    paired = shift_of_efficiency(labels, nominal, varied)
    alone = shift_of_efficiency(labels, nominal, varied, varied_labels=labels)
    for name in ("efficiency_change", "fixed_ratio", "refitted_ratio"):
        assert getattr(paired, name).value == getattr(alone, name).value
        assert getattr(paired, name).error < 0.75 * getattr(alone, name).error


def test_a_change_of_scale_of_the_score_is_mended_by_a_new_threshold():
    labels, nominal, _ = toy(np.random.default_rng(0), 2000)
    shift = shift_of_efficiency(labels, nominal, nominal - 1)
    assert shift.efficiency_change.high < -0.3
    assert shift.refitted_ratio == (1, 1, 1)
    assert shift.threshold_change.value == pytest.approx(-1)


def test_no_change_has_no_error(jets):
    shift = shift_of_efficiency(jets.label, jets.mass, jets.mass, signal_efficiency=0.8)
    assert shift.efficiency_change == (0, 0, 0)
    assert shift.fixed_ratio == shift.refitted_ratio
    np.testing.assert_allclose(shift.fixed_ratio, 1)
    assert shift.nominal_rejection == shift.fixed_rejection


def test_a_wrong_energy_scale_moves_a_mass_tagger_more_than_it_ruins_it(jets):
    """All masses move together: efficiencies do, the order of the jets does not."""
    varied = energy_scaled(jets, 0.95)
    shift = shift_of_efficiency(jets.label, jets.mass, varied.mass, signal_efficiency=0.7)
    assert shift.efficiency_change.high < -0.05
    assert shift.refitted_ratio.value == pytest.approx(1, abs=0.02)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (([0, 1], [0.1, 0.2], [0.1]), r"labels and varied have shapes.*varied_labels"),
        (([0, 0], [0.1, 0.2], [0.1, 0.2]), "2 background and 0 signal"),
        (([0, 1] * 40, [0.1, 0.9] * 40, [0.1, 0.9] * 40), "0 background jets pass.*more jets"),
        (([0, 1], [0.1, 0.2], [0.1, 0.2], None, 1.5), r"signal_efficiency is 1\.5"),
    ],
)
def test_impossible_questions_say_what_to_do(arguments, message):
    with pytest.raises(ValueError, match=message):
        shift_of_efficiency(*arguments)
