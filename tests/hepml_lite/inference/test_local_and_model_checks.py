"""Checks of one observation and of the model, and two simulators without a known likelihood."""

import numpy as np
import pytest

from hepml_lite import exact, inference
from hepml_lite.inference import data_model_checks, energy_loss, local_classifier_test
from hepml_lite.inference.experiments.signal_strength import interpolated


@pytest.mark.parametrize(("width", "is_right"), [(1.0, True), (0.5, False)])
def test_local_classifier_test(width, is_right):
    """The exact posterior N(x/2, 1/2) passes, and one too narrow by two does not."""
    rng = np.random.default_rng(0)
    theta = rng.normal(size=(2000, 1))
    x = theta + rng.normal(size=(2000, 1))
    drawn = x / 2 + width * np.sqrt(0.5) * rng.normal(size=(2000, 1))
    there = 0.25 + width * np.sqrt(0.5) * rng.normal(size=(500, 1))
    found = local_classifier_test.local_classifier_test(
        theta, drawn, x, [0.5], there, n_null=9, rng=1
    )
    assert (found.p_value > 0.1) == is_right


def test_data_that_the_simulator_cannot_make():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(2000, 3))
    x[:, 1] += 0.9 * x[:, 0]
    assert data_model_checks.is_simulated(x, [0.5, 0.4, -0.2]).p_value > 0.1
    outside = data_model_checks.is_simulated(x, [0.0, 0.0, 6.0])
    assert outside.p_value < 1e-3
    assert outside.worst == 2
    against_the_correlation = data_model_checks.is_simulated(x, [2.5, -2.5, 0.0])
    assert against_the_correlation.p_value < 1e-2


def test_checks_are_chosen_by_what_is_at_hand():
    names = [check.name for check in inference.chooser.choose(has_density=False)]
    assert "expected coverage" not in names
    assert "TARP" in names
    assert not any("exact" in name for name in names)
    assert len(inference.chooser.choose(is_exact_known=True)) == len(inference.chooser.CHECKS)
    for check in inference.chooser.CHECKS:
        module, function = check.call.split(".")
        assert callable(getattr(getattr(inference, module), function))


def test_beam_dump_shows_mass_and_lifetime():
    """A heavier particle opens the photons, a longer life spreads the decays over the volume."""
    dump = inference.BeamDump()
    points = np.log([[0.2, 0.5], [0.8, 0.5], [0.2, 0.02]])
    light, heavy, short = dump.simulate(points, 4000, rng=0).transpose(1, 0, 2)
    assert np.median(heavy[:, 3]) > np.median(light[:, 3]) + 0.5
    rng = np.random.default_rng(0)
    points = np.tile(np.log([0.2, 0.02]), (4000, 1))
    early = dump.decays(points, rng)[1].mean()
    late = dump.decays(np.add(points, [0, np.log(25)]), rng)[1].mean()
    assert early < late < dump.detector.volume / 2 + 0.5
    assert np.median(short[:, 0]) > np.median(light[:, 0])  # only fast ones cross the shield


def test_a_better_detector_measures_angles_better():
    theta = np.log([0.3, 0.1])
    good = inference.BeamDump(inference.Detector(angle_resolution=1e-5))
    poor = inference.BeamDump(inference.Detector(angle_resolution=0.02))
    spreads = [np.std(each.simulate(theta, 3000, rng=0)[:, 3]) for each in (good, poor)]
    means = [np.mean(each.simulate(theta, 3000, rng=0)[:, 3]) for each in (good, poor)]
    assert means[1] > means[0]  # noise only opens the angle
    assert spreads[0] > 0


def test_matched_quantiles_undo_a_loss_that_keeps_the_order():
    vacuum = 100 * np.random.default_rng(0).pareto(5, 50_000) + 100
    quenched = vacuum - 0.1 * vacuum
    found = energy_loss.matched_pt(vacuum, quenched, [99.0, 135.0])
    assert found == pytest.approx([110, 150], rel=0.01)


def test_energy_loss_has_its_mean():
    vacuum = np.full(10, 150.0)
    loss = inference.EnergyLoss(vacuum)
    quenched = loss.simulate([10.0, 0.5], 20_000, rng=0)
    assert 150 - quenched.mean() == pytest.approx(10 * np.sqrt(1.5), rel=0.02)


@pytest.fixture(scope="module")
def strength():
    """Exact ratios of a signal peak over the background of `SignalMixture`."""
    mixture = exact.SignalMixture(largest_fraction=1.0)
    pools = []
    for fraction in (1.0, 0.0):
        x = mixture.simulate([fraction], 4000, rng=int(fraction))
        pools.append(np.exp(mixture.log_ratio([1.0], x, [0.0])))
    return inference.SignalStrength(20, 100, pools[0], pools[1], np.linspace(0, 4, 41))


def test_neyman_band_covers(strength):
    critical = strength.critical_values(0.68, n_toys=100, rng=0)
    inside = []
    for i in range(200):
        low, high = strength.interval(strength.toy(1.0, rng=i), critical)
        inside.append(low - 1e-9 <= 1.0 <= high + 1e-9)
    assert np.mean(inside) == pytest.approx(0.68, abs=0.12)
    assert np.median(critical[5:]) == pytest.approx(1, abs=0.25)  # Wilks, away from zero


def test_a_ratio_is_better_than_counting(strength):
    counting = inference.SignalStrength(20, 100, np.ones(4000), np.ones(4000), strength.values)
    widths = []
    for model in (strength, counting):
        toys = [model.interval(model.toy(1.0, rng=i), 1.0) for i in range(50)]
        widths.append(np.median([high - low for low, high in toys]))
    assert widths[0] < 0.8 * widths[1]


def test_interpolation_goes_through_its_points():
    down, up = np.array([0.8, 1.1]), np.array([1.3, 0.9])
    one = np.ones(2)
    for nuisance, expected in ((-1, down), (0, one), (1, up)):
        assert interpolated(down, one, up, nuisance) == pytest.approx(expected)
    slope = interpolated(down, one, up, 2.0) / interpolated(down, one, up, 1.5)
    assert interpolated(down, one, up, 2.5) / interpolated(down, one, up, 2.0) == pytest.approx(
        slope
    )
