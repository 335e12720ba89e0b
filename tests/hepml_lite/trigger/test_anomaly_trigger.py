"""The anomaly trigger: inputs, four scores, the chip's numbers, floors and ceilings."""

import numpy as np
import pytest
import torch
from scipy.stats import spearmanr

from hepml_lite.containers.trigger_events import N_OBJECTS, TriggerEvents
from hepml_lite.statistics.metrics import auc
from hepml_lite.trigger import baselines
from hepml_lite.trigger.anomaly.on_chip import train_for_chip
from hepml_lite.trigger.anomaly.variational import train_variational
from hepml_lite.trigger.emulation.fitting_types import fitted_layers
from hepml_lite.trigger.emulation.integer_network import squared_score
from hepml_lite.trigger.fixed_point import FixedPoint
from hepml_lite.trigger.inputs import InputScaling, hardware_units
from hepml_lite.trigger.quantities import quantities
from hepml_lite.trigger.rates import threshold_for_rate


def events(n, energy, rng, label=0):
    """Events with a few jets of falling pT and this mean energy [GeV], and nothing else."""
    objects = np.zeros((n, N_OBJECTS, 3))
    pt = np.sort(rng.exponential(energy, (n, 3)), axis=1)[:, ::-1] + 15
    objects[:, 9:12, 0] = pt
    objects[:, 9:12, 1] = rng.uniform(-2, 2, (n, 3))
    objects[:, 9:12, 2] = rng.uniform(-np.pi, np.pi, (n, 3))
    objects[:, 0, 0] = rng.exponential(5, n)
    return TriggerEvents(
        objects=objects,
        label=np.full(n, label),
        weight=np.full(n, 100.0),
        names=("background", "signal"),
    )


@pytest.fixture(scope="module")
def sample():
    rng = np.random.default_rng(1)
    return events(6000, 10, rng), events(1000, 60, rng, label=1)


@pytest.fixture(scope="module")
def trained(sample):
    return train_variational(sample[0], epochs=6, seed=1)


def test_offsets_and_shifts_are_whole_and_make_the_inputs_of_order_one(sample):
    background = sample[0]
    scaling = InputScaling.of_background(background)
    for numbers in (scaling.offset, scaling.shift):
        np.testing.assert_array_equal(numbers, np.rint(numbers))
    assert scaling.shift.min() >= 0
    units = hardware_units(background)
    by_hand = (units[:, 27] - scaling.offset[27]) / 2 ** scaling.shift[27]
    nearest = FixedPoint(8, 6, rounding="RND_CONV", overflow="SAT").quantise(by_hand)
    np.testing.assert_array_equal(scaling(background)[:, 27], nearest)
    codes = scaling.codes(background)
    np.testing.assert_array_equal(codes, scaling.kind.codes(scaling(background)))
    assert 0.5 < by_hand.std() < 2


def test_an_unseen_scale_does_not_change_the_scaling(sample):
    """Offsets and shifts come from the training background, not from the events at hand."""
    background, signal = sample
    scaling = InputScaling.of_background(background)
    together = scaling(TriggerEvents.concatenate([background, signal]))
    np.testing.assert_array_equal(together[: len(background)], scaling(background))


def test_strange_events_score_higher_also_without_the_decoder(sample, trained):
    background, signal = sample
    both = TriggerEvents.concatenate([background, signal])
    for name, score in trained.scores(both)._asdict().items():
        assert auc(both.label, score) > 0.8, name


def test_scores_are_their_formulas(sample, trained):
    some = sample[0][:50]
    scores = trained.scores(some)
    with torch.no_grad():
        mean, log_variance = trained.network.posterior(torch.tensor(trained.scaling(some)))
    normal = torch.distributions.Normal(mean, (log_variance / 2).exp())
    standard = torch.distributions.Normal(torch.zeros_like(mean), torch.ones_like(mean))
    divergence = torch.distributions.kl_divergence(normal, standard).sum(dim=1)
    np.testing.assert_allclose(scores.kl, divergence, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(scores.squared_means, mean.square().sum(dim=1), rtol=1e-4)


def test_the_same_seed_gives_the_same_network(sample, trained):
    again = train_variational(sample[0], epochs=6, seed=1)
    np.testing.assert_array_equal(
        again.scores(sample[1]).squared_means, trained.scores(sample[1]).squared_means
    )


def test_powers_of_two_do_not_change_the_function(sample, trained):
    x = trained.scaling(sample[0]).astype(float)
    weights, biases = trained.network.encoder.weights()
    fitted = fitted_layers(weights, biases, x)
    outputs = []
    for w, b in ((weights, biases), (fitted.weights, fitted.biases)):
        hidden = x
        for place in range(3):
            hidden = hidden @ w[place] + b[place]
            hidden = np.maximum(hidden, 0) if place < 2 else hidden
        outputs.append(hidden)
    np.testing.assert_allclose(outputs[1], outputs[0] * fitted.factors[2], rtol=1e-9, atol=1e-9)
    assert all(np.log2(factor) % 1 == 0 for factor in fitted.factors)
    assert max(np.abs(weight).max() for weight in fitted.weights) <= 3.875


def test_the_chip_computes_what_was_trained(sample, trained):
    background, signal = sample
    chip = train_for_chip(trained, background, epochs=3)
    with torch.no_grad():
        learned = chip.encoder(torch.tensor(chip.scaling(signal))).numpy().astype(float)
    steps = learned / chip.network.output_type.step
    np.testing.assert_array_equal(chip.score(signal), squared_score(steps))
    both = TriggerEvents.concatenate([background, signal])
    wanted = trained.scores(both).squared_means
    assert spearmanr(chip.score(both), wanted).statistic > 0.9


def test_floors_count_and_the_ceiling_knows_the_signal(sample):
    both = TriggerEvents.concatenate([*sample])
    counts = baselines.floors(both)
    assert (counts["lepton count"] == 0).all()
    assert auc(both.label, counts["sum pT"]) > 0.9
    trees = baselines.supervised_trees(both, "signal")
    assert auc(both.label, trees.score(both)) > auc(both.label, counts["sum pT"])


def test_a_threshold_on_rarity_is_a_menu_of_equal_rates(sample):
    background = sample[0]
    rarity = baselines.Rarity.of_background(background, ("met", "jets 1"))
    score = rarity.score(background)
    columns = quantities(background)
    rate = 7.0
    passed = np.zeros(len(background), bool)
    for name in ("met", "jets 1"):
        passed |= columns[name] >= threshold_for_rate(columns[name], background.weight, rate)
    np.testing.assert_array_equal(score >= -np.log(rate), passed)
    harder = sample[1]
    assert np.median(rarity.score(harder)) > np.median(score)


def test_what_cannot_be_trained_is_refused(sample, trained):
    background = sample[0]
    with pytest.raises(ValueError, match="beta is 2"):
        train_variational(background, beta=2.0)
    unweighted = TriggerEvents(objects=background.objects)
    with pytest.raises(ValueError, match="has no weight"):
        train_variational(unweighted)
    with pytest.raises(ValueError, match="units have shape"):
        trained.scaling.of_units(np.zeros((3, 5)))
    with pytest.raises(ValueError, match="no class 'top'"):
        baselines.supervised_trees(background, "top")
