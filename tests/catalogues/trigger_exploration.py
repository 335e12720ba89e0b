"""Typical answers to the exercises of the trigger exploration."""

import numpy as np

from hepml_lite.containers.trigger_events import N_OBJECTS, TriggerEvents
from hepml_lite.course.catalogue import Catalogue
from hepml_lite.trigger.anomaly.baselines import Rarity

sums = Catalogue("7.8")


@sums.right
def by_page(z, reference):
    """Page's own form: how far the plain sum is above its lowest point so far."""
    plain = np.append(0, np.cumsum(z - reference))
    return (plain - np.minimum.accumulate(plain))[1:]


@sums.right
def with_a_loop(z, reference):
    found = np.zeros(len(z))
    for time in range(len(z)):
        before = found[time - 1] if time else 0.0
        found[time] = max(before + z[time] - reference, 0)
    return found


@sums.wrong("never forgets")
def plain_sum(z, reference):
    return np.cumsum(z - reference)


@sums.wrong("belongs into each step")
def maximum_at_the_end(z, reference):
    return np.clip(np.cumsum(z - reference), 0, None)


@sums.wrong("stands alone")
def no_memory(z, reference):
    return np.maximum(0, z - reference)


@sums.wrong("only grow")
def positive_steps(z, reference):
    return np.cumsum(np.clip(z - reference, 0, None))


@sums.wrong("reference k is missing")
def without_reference(z, reference):
    return by_page(z, 0)


@sums.wrong("k is added")
def reference_added(z, reference):
    return by_page(z, -reference)


@sums.wrong("subtracted once")
def reference_once(z, reference):
    return np.maximum(0, np.cumsum(z) - reference)


@sums.wrong("finds a fall")
def sign(z, reference):
    return by_page(-z, reference)


@sums.wrong("absolute deviations")
def absolute(z, reference):
    return by_page(np.abs(z), reference)


@sums.wrong("squared")
def squared(z, reference):
    return by_page(z**2, reference)


@sums.wrong("largest sum")
def largest(z, reference):
    return by_page(z, reference).max()


@sums.wrong("last sum")
def last(z, reference):
    return by_page(z, reference)[-1]


@sums.wrong("one sum too many")
def with_the_start(z, reference):
    return np.append(0, by_page(z, reference))


@sums.wrong("late by one")
def late(z, reference):
    return np.append(0, by_page(z, reference)[:-1])


@sums.wrong("alarms")
def alarms(z, reference):
    return by_page(z, reference) > 1


@sums.wrong("list")
def a_list(z, reference):
    return by_page(z, reference).tolist()


step = Catalogue("7.9")


@step.right
def in_two_lines(threshold, passed, wanted, gain, scale):
    excess = (passed - wanted) / wanted
    return threshold + scale * excess * gain


@step.right
def as_numpy(threshold, passed, wanted, gain, scale):
    return np.float64(threshold) - gain * scale * (1 - passed / wanted)


@step.wrong("sign is wrong")
def falls(threshold, passed, wanted, gain, scale):
    return threshold - gain * scale * (passed / wanted - 1)


@step.wrong("without the -1")
def without_one(threshold, passed, wanted, gain, scale):
    return threshold + gain * scale * passed / wanted


@step.wrong("upside down")
def inverse(threshold, passed, wanted, gain, scale):
    return threshold + gain * scale * (wanted / passed - 1)


@step.wrong("difference of the counts")
def not_relative(threshold, passed, wanted, gain, scale):
    return threshold + gain * scale * (passed - wanted)


@step.wrong("scale is missing")
def without_scale(threshold, passed, wanted, gain, scale):
    return threshold + gain * (passed / wanted - 1)


@step.wrong("gain is missing")
def without_gain(threshold, passed, wanted, gain, scale):
    return threshold + scale * (passed / wanted - 1)


@step.wrong("this is the step")
def step_alone(threshold, passed, wanted, gain, scale):
    return gain * scale * (passed / wanted - 1)


@step.wrong("share of the threshold")
def relative(threshold, passed, wanted, gain, scale):
    return threshold * (1 + gain * (passed / wanted - 1))


@step.wrong("threshold is no rate")
def times_the_ratio(threshold, passed, wanted, gain, scale):
    return threshold * passed / wanted


@step.wrong("gain divides")
def divided_by_gain(threshold, passed, wanted, gain, scale):
    return threshold + scale / gain * (passed / wanted - 1)


@step.wrong("same size")
def direction_only(threshold, passed, wanted, gain, scale):
    return threshold + np.sign(passed - wanted) * gain * scale


@step.wrong("has not moved")
def unmoved(threshold, passed, wanted, gain, scale):
    return threshold


def toy_collisions(n=4000, seed=10):
    """Ordinary collisions: a soft jet in some, missing momentum, rarely a lepton."""
    rng = np.random.default_rng(seed)
    objects = np.zeros((n, N_OBJECTS, 3))
    objects[:, 0, 0] = rng.exponential(4, n)
    objects[:, 0, 2] = rng.uniform(-np.pi, np.pi, n)
    objects[:, 9, 0] = (15 + rng.exponential(5, n)) * (rng.random(n) < 0.2)
    objects[:, 5, 0] = (3 + rng.exponential(2, n)) * (rng.random(n) < 0.02)
    return TriggerEvents(objects=objects)


def toy_signals():
    """Two signals: a muon, and missing momentum."""
    rng = np.random.default_rng(11)
    objects = np.zeros((1000, N_OBJECTS, 3))
    objects[:500, 5, 0] = 10 + rng.exponential(20, 500)
    objects[500:, 0, 0] = 40 + rng.exponential(40, 500)
    label = np.repeat([1, 2], 500)
    return TriggerEvents(objects=objects, label=label, names=("background", "muon", "missing"))


challenge = Catalogue(
    "7.10",
    context={
        "minimum_bias": toy_collisions(),
        "hidden_signals": toy_signals,
        "n_crossings": 3000,
    },
)


@challenge.right
def rarity(background):
    return Rarity.of_background(background, ("met", "muons 1", "jets 1")).score


@challenge.right
def scaled_maximum(background):
    scale = np.maximum(np.quantile(background.objects[..., 0], 0.995, axis=0), 5)
    return lambda events: (events.objects[..., 0] / scale).max(axis=1)


@challenge.wrong("return a function")
def scores_at_once(background):
    return background.objects[..., 0].sum(axis=1)


@challenge.wrong("one number for all")
def total(background):
    return lambda events: events.objects[..., 0].sum()


@challenge.wrong("shape")
def one_for_each_object(background):
    return lambda events: events.objects[..., 0]


@challenge.wrong("NaN or infinite")
def logarithm_of_nothing(background):
    def score(events):
        with np.errstate(divide="ignore"):
            return np.log(events.objects[:, 5, 0])

    return score


@challenge.wrong("same score")
def constant(background):
    return lambda events: np.ones(len(events))


@challenge.wrong("decisions")
def decided(background):
    return lambda events: (events.objects[:, 9, 0] > 40).astype(float)


@challenge.wrong("sign reversed")
def likelihood(background):
    scale = np.maximum(np.quantile(background.objects[..., 0], 0.995, axis=0), 5)
    return lambda events: -(events.objects[..., 0] / scale).max(axis=1)


@challenge.wrong("other events")
def ranked(background):
    return lambda events: events.objects[..., 0].sum(axis=1).argsort().argsort().astype(float)


@challenge.wrong("other events")
def place_in_the_list(background):
    """Signals come last, the student hopes."""
    return lambda events: np.arange(len(events)) + events.objects[:, 0, 0] * 1e-6


@challenge.wrong("nearly lost")
def jets_only(background):
    return lambda events: events.objects[:, 9, 0] + 1e-6 * events.objects[:, 0, 0]
