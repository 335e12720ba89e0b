"""Typical answers to the exercises on the trigger."""

import numpy as np

from hepml_lite.containers.trigger_events import N_OBJECTS, TriggerEvents
from hepml_lite.course.catalogue import Catalogue
from hepml_lite.trigger.anomaly.baselines import Rarity

rate = Catalogue("7.1")


@rate.right
def by_dot_product(weight, passed):
    return weight @ passed / len(weight)


@rate.right
def with_a_mask(weight, passed):
    return weight[passed].sum() / passed.size


@rate.right
def as_an_average(weight, passed):
    return np.where(passed, weight, 0).mean()


@rate.wrong("this is a sum")
def summed(weight, passed):
    return (weight * passed).sum()


@rate.wrong("events that passed")
def mean_of_kept(weight, passed):
    return weight[passed].mean()


@rate.wrong("share of the events")
def unweighted(weight, passed):
    return passed.mean()


@rate.wrong("share of all crossings")
def normalised(weight, passed):
    return np.average(passed, weights=weight)


@rate.wrong("counts all events alike")
def product_of_means(weight, passed):
    return weight.mean() * passed.mean()


@rate.wrong("decision is missing")
def everything(weight, passed):
    return weight.mean()


@rate.wrong("thrown away")
def inverted(weight, passed):
    return np.mean(weight * ~passed)


@rate.wrong("kHz")
def in_kilohertz(weight, passed):
    return np.mean(weight * passed) / 1e3


@rate.wrong("statistical error")
def its_error(weight, passed):
    return np.sqrt(np.sum(weight[passed] ** 2)) / len(weight)


@rate.wrong("number of events")
def counted(weight, passed):
    return passed.sum()


@rate.wrong("weights are squared")
def squared(weight, passed):
    return np.mean(weight**2 * passed)


@rate.wrong("list of one")
def in_a_list(weight, passed):
    return [np.mean(weight * passed)]


threshold = Catalogue("7.2")


@threshold.right
def one_value_after_the_other(values, weight, budget):
    best = np.inf
    for value in values:
        if np.mean(weight * (values >= value)) <= budget:
            best = min(best, value)
    return best


@threshold.right
def with_searchsorted(values, weight, budget):
    order = np.argsort(values)[::-1]
    grown = np.cumsum(weight[order]) / len(weight)
    return values[order][np.searchsorted(grown, budget, side="right") - 1]


@threshold.wrong("exceeds the budget")
def one_too_far(values, weight, budget):
    order = np.argsort(-values)
    return values[order][np.argmax(np.cumsum(weight[order]) / len(values) > budget)]


@threshold.wrong("sum of the weights is not a rate")
def not_divided(values, weight, budget):
    order = np.argsort(-values)
    return values[order][np.cumsum(weight[order]) <= budget][-1]


@threshold.wrong("quantile counts all events alike")
def quantile(values, weight, budget):
    return np.quantile(values, 1 - budget / weight.mean())


@threshold.wrong("only the highest")
def highest(values, weight, budget):
    return values.max()


@threshold.wrong("every event passes")
def lowest(values, weight, budget):
    return values.min()


@threshold.wrong("rate at the threshold")
def the_rate(values, weight, budget):
    grown = np.cumsum(weight[np.argsort(-values)]) / len(values)
    return grown[grown <= budget][-1]


@threshold.wrong("position in the sorted list")
def position(values, weight, budget):
    grown = np.cumsum(weight[np.argsort(-values)]) / len(values)
    return np.flatnonzero(grown <= budget)[-1]


@threshold.wrong("number of events")
def number(values, weight, budget):
    grown = np.cumsum(weight[np.argsort(-values)]) / len(values)
    return (grown <= budget).sum()


@threshold.wrong("not sorted")
def values_not_sorted(values, weight, budget):
    grown = np.cumsum(weight[np.argsort(-values)]) / len(values)
    return values[grown <= budget][-1]


@threshold.wrong("sign of the sorting key")
def sign_left(values, weight, budget):
    keys = np.sort(-values)
    return keys[np.cumsum(weight[np.argsort(-values)]) / len(values) <= budget][-1]


divergence = Catalogue("7.3")


@divergence.right
def with_einsum(mean, log_variance):
    whole = mean * mean + np.exp(log_variance) - log_variance - 1
    return np.einsum("nl->n", whole) / 2


@divergence.right
def as_the_paper_writes_it(mean, log_variance):
    return -0.5 * np.sum(1 + log_variance - mean**2 - np.exp(log_variance), axis=-1)


def _whole(mean, log_variance):
    return mean**2 + np.exp(log_variance) - 1 - log_variance


@divergence.wrong("½ is missing")
def without_half(mean, log_variance):
    return _whole(mean, log_variance).sum(axis=1)


@divergence.wrong("not negative")
def negative(mean, log_variance):
    return -_whole(mean, log_variance).sum(axis=1) / 2


@divergence.wrong("mean over the latent")
def averaged(mean, log_variance):
    return _whole(mean, log_variance).mean(axis=1) / 2


@divergence.wrong("adds up the events")
def wrong_axis(mean, log_variance):
    return _whole(mean, log_variance).sum(axis=0) / 2


@divergence.wrong("one number a latent")
def not_summed(mean, log_variance):
    return _whole(mean, log_variance) / 2


@divergence.wrong("adds up everything")
def one_number(mean, log_variance):
    return _whole(mean, log_variance).sum() / 2


@divergence.wrong("logarithm has the wrong sign")
def plus_logarithm(mean, log_variance):
    return np.sum(mean**2 + np.exp(log_variance) - 1 + log_variance, axis=1) / 2


@divergence.wrong("-1 is missing")
def without_one(mean, log_variance):
    return np.sum(mean**2 + np.exp(log_variance) - log_variance, axis=1) / 2


@divergence.wrong("sigma where")
def width_for_variance(mean, log_variance):
    return np.sum(mean**2 + np.exp(log_variance / 2) - 1 - log_variance, axis=1) / 2


@divergence.wrong("must be squared")
def not_squared(mean, log_variance):
    return np.sum(mean + np.exp(log_variance) - 1 - log_variance, axis=1) / 2


@divergence.wrong("score of the chip")
def squared_means(mean, log_variance):
    return np.sum(mean**2, axis=1)


@divergence.wrong("R_z")
def r_z(mean, log_variance):
    return np.sum(mean**2 / np.exp(log_variance), axis=1)


@divergence.wrong("exchanged")
def swapped(mean, log_variance):
    return _whole(log_variance, mean).sum(axis=1) / 2


@divergence.right
def halves_of_each_term(mean, log_variance):
    return (mean**2 / 2 + np.expm1(log_variance) / 2 - log_variance / 2).sum(-1)


@divergence.wrong("not ln sigma")
def logarithm_of_the_width(mean, log_variance):
    return _whole(mean, 2 * log_variance).sum(axis=1) / 2


@divergence.wrong("inside the sum")
def one_outside_the_sum(mean, log_variance):
    return (np.sum(mean**2 + np.exp(log_variance) - log_variance, axis=1) - 1) / 2


@divergence.wrong("no root")
def its_root(mean, log_variance):
    return np.sqrt(_whole(mean, log_variance).sum(axis=1) / 2)


@divergence.wrong("exchange the two")
def the_other_way_round(mean, log_variance):
    return np.sum((mean**2 + 1) * np.exp(-log_variance) - 1 + log_variance, axis=1) / 2


fixed = Catalogue("7.4")


@fixed.right
def wrapped_before_it_is_cut(x, width, integer):
    half = 2.0 ** (integer - 1)
    step = 2.0 ** (integer - width)
    return np.floor(((x + half) % (2 * half)) / step) * step - half


@fixed.wrong("fmod")
def with_fmod(x, width, integer):
    step = 2.0 ** (integer - width)
    half = 2 ** (width - 1)
    return (np.fmod(np.floor(x / step) + half, 2 * half) - half) * step


@fixed.wrong("one code is lost")
def one_code_less(x, width, integer):
    step = 2.0 ** (integer - width)
    half = 2 ** (width - 1)
    return ((np.floor(x / step) + half) % (2 * half - 1) - half) * step


@fixed.wrong("SAT_ZERO")
def zero_outside(x, width, integer):
    step = 2.0 ** (integer - width)
    half = 2 ** (width - 1)
    code = np.floor(x / step)
    return np.where((code < -half) | (code >= half), 0, code) * step


@fixed.right
def with_integers(x, width, integer):
    code = np.floor(np.ldexp(x, width - integer)).astype(int) & (2**width - 1)
    return np.where(code >= 2 ** (width - 1), code - 2**width, code) / 2 ** (width - integer)


@fixed.wrong("saturates")
def saturated(x, width, integer):
    step = 2.0 ** (integer - width)
    return np.clip(np.floor(x / step), -(2 ** (width - 1)), 2 ** (width - 1) - 1) * step


def _wrapped(code, width):
    return (code + 2 ** (width - 1)) % 2**width - 2 ** (width - 1)


@fixed.wrong("rounds to the nearest: the default")
def nearest(x, width, integer):
    step = 2.0 ** (integer - width)
    return _wrapped(np.round(x / step), width) * step


@fixed.wrong("nearest and saturates")
def nearest_saturated(x, width, integer):
    step = 2.0 ** (integer - width)
    return np.clip(np.round(x / step), -(2 ** (width - 1)), 2 ** (width - 1) - 1) * step


@fixed.wrong("towards zero")
def truncated(x, width, integer):
    step = 2.0 ** (integer - width)
    return _wrapped((x / step).astype(int), width) * step


@fixed.wrong("rounds up")
def up(x, width, integer):
    step = 2.0 ** (integer - width)
    return _wrapped(np.ceil(x / step), width) * step


@fixed.wrong("nothing wraps")
def only_rounded(x, width, integer):
    step = 2.0 ** (integer - width)
    return np.floor(x / step) * step


@fixed.wrong("these are codes")
def codes(x, width, integer):
    return _wrapped(np.floor(x * 2.0 ** (width - integer)), width)


@fixed.wrong("no negative numbers")
def unsigned(x, width, integer):
    step = 2.0 ** (integer - width)
    return np.floor(x / step) % 2**width * step


@fixed.wrong("step is wrong")
def integer_bits_after_the_point(x, width, integer):
    return _wrapped(np.floor(x * 2.0**integer), width) / 2.0**integer


@fixed.wrong("range is twice too large")
def sign_not_counted(x, width, integer):
    step = 2.0 ** (integer - width)
    return _wrapped(np.floor(x / step), width + 1) * step


@fixed.wrong("range is half")
def one_bit_less(x, width, integer):
    step = 2.0 ** (integer - width)
    return _wrapped(np.floor(x / step), width - 1) * step


overflow = Catalogue("7.5")


@overflow.right
def by_wrapping(sums, width):
    return np.mean(_wrapped(sums, width) != sums)


@overflow.right
def by_absolute_value(sums, width):
    return np.mean(np.abs(sums + 0.5) > 2 ** (width - 1))


@overflow.wrong("number of sums")
def how_many(sums, width):
    return ((sums < -(2 ** (width - 1))) | (sums >= 2 ** (width - 1))).sum()


@overflow.wrong("share that fits")
def that_fit(sums, width):
    return ((sums >= -(2 ** (width - 1))) & (sums < 2 ** (width - 1))).mean()


@overflow.wrong("share of events")
def of_events(sums, width):
    return ((sums < -(2 ** (width - 1))) | (sums >= 2 ** (width - 1))).any(axis=1).mean()


@overflow.wrong("sign needs a bit")
def without_sign(sums, width):
    return np.mean((sums < -(2**width)) | (sums >= 2**width))


@overflow.wrong("one bit too few")
def sign_twice(sums, width):
    return np.mean((sums < -(2 ** (width - 2))) | (sums >= 2 ** (width - 2)))


@overflow.wrong("negative sums overflow")
def only_positive(sums, width):
    return np.mean(sums > 2 ** (width - 1) - 1)


@overflow.wrong("positive sums overflow")
def only_negative(sums, width):
    return np.mean(sums < -(2 ** (width - 1)))


@overflow.wrong("largest number is")
def symmetric(sums, width):
    return np.mean(np.abs(sums) > 2 ** (width - 1))


@overflow.wrong("both ends")
def ends_left_out(sums, width):
    return np.mean((sums <= -(2 ** (width - 1))) | (sums >= 2 ** (width - 1) - 1))


@overflow.wrong("half of its codes are negative")
def unsigned_range(sums, width):
    return np.mean((sums < 0) | (sums > 2**width - 1))


@overflow.wrong("percent")
def percent(sums, width):
    return 100 * np.mean((sums < -(2 ** (width - 1))) | (sums >= 2 ** (width - 1)))


@overflow.wrong("one share a node")
def each_node(sums, width):
    return ((sums < -(2 ** (width - 1))) | (sums >= 2 ** (width - 1))).mean(axis=0)


@overflow.wrong("whether there is")
def any_at_all(sums, width):
    return ((sums < -(2 ** (width - 1))) | (sums >= 2 ** (width - 1))).any()


@overflow.wrong("number of overflows an event")
def an_event(sums, width):
    return ((sums < -(2 ** (width - 1))) | (sums >= 2 ** (width - 1))).sum() / len(sums)


operations = Catalogue("7.7")


def _odd(weights):
    """Each number without the zeros at its end."""
    size = np.abs(weights).astype(int)
    return size // np.maximum(size & -size, 1)


def _lengths(numbers):
    return np.array([[int(one).bit_length() for one in row] for row in numbers])


@operations.right
def with_strings(weights, input_bits):
    spelled = [f"{abs(int(one)):b}".strip("0") for one in weights.ravel()]
    return sum(input_bits * len(one) for one in spelled)


@operations.right
def by_halving(weights, input_bits):
    total = 0
    for one in np.abs(weights).ravel().astype(int).tolist():
        while one and one % 2 == 0:
            one //= 2
        total += one.bit_length()
    return float(total * input_bits)


@operations.wrong("zeros at the end")
def with_zeros_at_the_end(weights, input_bits):
    return input_bits * _lengths(np.abs(weights)).sum()


@operations.wrong("number of ones")
def ones_only(weights, input_bits):
    return input_bits * sum(int(abs(one)).bit_count() for one in weights.ravel())


@operations.wrong("sign")
def with_sign(weights, input_bits):
    return input_bits * (_lengths(_odd(weights)) + (weights != 0)).sum()


@operations.wrong("zero weights")
def zeros_cost_one(weights, input_bits):
    return input_bits * np.maximum(_lengths(_odd(weights)), 1).sum()


@operations.wrong("bits of the input are missing")
def without_inputs(weights, input_bits):
    return _lengths(_odd(weights)).sum()


@operations.wrong("mean")
def a_mean(weights, input_bits):
    return input_bits * _lengths(_odd(weights)).mean()


@operations.wrong("one number a node")
def one_each_node(weights, input_bits):
    return input_bits * _lengths(_odd(weights)).sum(axis=0)


@operations.wrong("one number an input")
def each_input(weights, input_bits):
    return input_bits * _lengths(_odd(weights)).sum(axis=1)


@operations.wrong("all weights alike")
def longest_for_all(weights, input_bits):
    return input_bits * weights.size * _lengths(_odd(weights)).max()


@operations.wrong("number of products")
def products(weights, input_bits):
    return np.count_nonzero(weights) * input_bits


@operations.wrong("one a weight")
def one_each_weight(weights, input_bits):
    return input_bits * _lengths(_odd(weights))


@operations.wrong("added")
def sum_of_bits(weights, input_bits):
    return sum(length + input_bits for length in _lengths(_odd(weights)).ravel() if length)


@operations.wrong("negative weights")
def negative_left_out(weights, input_bits):
    return input_bits * _lengths(_odd(np.maximum(weights, 0))).sum()


@operations.wrong("squared")
def input_squared(weights, input_bits):
    return input_bits**2 * _lengths(_odd(weights)).sum()


def _hidden_and_practice():
    """Toy crossings: background of soft jets, and four signals that each have something rare."""
    rng = np.random.default_rng(76)
    n, m = 6000, 400
    objects = np.zeros((n + 4 * m, N_OBJECTS, 3))
    objects[:, 0, 0] = rng.exponential(6, len(objects))
    objects[:, 9, 0] = 15 + rng.exponential(8, len(objects))
    places = {1: 1, 2: 5, 3: 0, 4: 9}  # an electron, a muon, missing momentum, a jet
    label = np.repeat([0, 1, 2, 3, 4], [n, m, m, m, m])
    for signal, place in places.items():
        objects[label == signal, place, 0] = 35 + rng.exponential(50, m)
    names = ("background", "A -> 4l", "h0 -> tau tau", "h+- -> tau nu", "LQ -> b tau")
    order = rng.permutation(len(label))
    return TriggerEvents(
        objects=objects[order], label=label[order], weight=np.full(len(label), 1e6), names=names
    )


def _practice():
    return _hidden_and_practice().of_class("background")


challenge = Catalogue("7.6", context={"practice": _practice(), "hidden": _hidden_and_practice()})


@challenge.right
def rarity(background):
    return Rarity.of_background(background, ("met", "egamma 1", "muons 1", "jets 1")).score


@challenge.right
def scaled_maximum(background):
    scale = np.maximum(np.quantile(background.objects[..., 0], 0.999, axis=0), 5)
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
    scale = np.maximum(np.quantile(background.objects[..., 0], 0.999, axis=0), 5)
    return lambda events: -(events.objects[..., 0] / scale).max(axis=1)


@challenge.wrong("other events")
def ranked(background):
    return lambda events: events.objects[..., 0].sum(axis=1).argsort().argsort().astype(float)


@challenge.wrong("other events")
def standardised_on_the_fly(background):
    def score(events):
        pt = events.objects[..., 0]
        return ((pt - pt.mean(axis=0)) / (pt.std(axis=0) + 1e-9)).max(axis=1)

    return score


@challenge.wrong("is nearly lost")
def leading_jet_only(background):
    return lambda events: events.objects[:, 9, 0]


@challenge.wrong("is nearly lost")
def noise(background):
    return lambda events: events.objects[:, 0, 2] + np.sin(1e3 * events.objects[:, 9, 0])


@challenge.wrong("other events")
def labels_by_place(background):
    """Cheating: the events of the check are in the notebook, with their labels."""
    label = _hidden_and_practice().label
    return lambda events: label[: len(events)] + 1e-6 * events.objects[:, 0, 0]


@challenge.wrong("nearly lost|same score")
def labels_by_content(background):
    """Cheating: an event is looked up among those whose labels are known."""
    known = _hidden_and_practice()
    labels = {row.tobytes(): label for row, label in zip(known.objects, known.label, strict=True)}

    def score(events):
        return np.array([float(labels.get(row.tobytes(), 0)) for row in events.objects])

    return score
