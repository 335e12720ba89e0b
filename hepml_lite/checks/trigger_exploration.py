"""Checks of the trigger exploration: a cumulative sum, and a threshold that follows the rate."""

import numpy as np

from hepml_lite.checks import exercise
from hepml_lite.checks.comparison import compare


def cusum(z: np.ndarray, reference: float) -> np.ndarray:
    """S_t = max(0, S_{t-1} + z_t - k) of deviations z (T,), from S_0 = 0."""
    total = 0.0
    sums = []
    for deviation in z:
        total = max(0.0, total + deviation - reference)
        sums.append(total)
    return np.array(sums)


@exercise("7.8", reference=cusum)
def _(answer, reference, **context):
    z = np.array([0.3, 1.7, -0.4, 2.2, -3.9, 0.1, 1.1, 1.6, -0.2, 2.4, -0.7])
    k = 0.4
    right = reference(z, k)
    plain = np.cumsum(z - k)
    forgets_once = np.maximum(np.cumsum(z) - k, 0)
    without_k = reference(z, 0.0)
    from_last = np.maximum(np.append(0, z[:-1]) + z - k, 0)
    squared = reference(z**2, k)
    mistakes = (
        (plain, "this never forgets: a sum below zero starts again at zero, or a long quiet time "
         "would hide a later drift"),
        (np.maximum(plain, 0), "the maximum with 0 is taken of the whole sum at the end: it "
         "belongs into each step, so that the next one starts from zero"),
        (np.maximum(z - k, 0), "each deviation stands alone: add it to the sum of the one before"),
        (np.cumsum(np.maximum(z - k, 0)), "only positive steps are added up, so this can only "
         "grow: take the maximum with 0 of the sum, not of the step"),
        (without_k, "the reference k is missing: without it the sum walks up by chance alone"),
        (reference(z, -k), "k is added: subtract it, it is what each interval may deviate"),
        (forgets_once, "k is subtracted once: subtract it in each interval"),
        (reference(-z, k), "this finds a fall: the sum for a rise adds +z"),
        (reference(np.abs(z), k), "this adds absolute deviations: up and down must cancel"),
        (squared, "the deviations are squared: then noise alone makes the sum grow"),
        (from_last, "this adds the deviation before, not the sum before"),
        (np.maximum(z + np.append(0, right[:-1]), 0) - k, "k is subtracted after the maximum: then "
         "the sum falls below zero"),
        (np.minimum(0, plain), "this is the minimum with 0: a rise makes the sum positive"),
        (right.max(), "this is the largest sum: give all of them, (T,)"),
        (right[-1], "this is the last sum: give all of them, (T,)"),
        (np.append(0, right), "there is one sum too many: leave out the zero at the start"),
        (np.append(0, right[:-1]), "the sums are late by one interval: S_t has z_t in it"),
        (reference(z[::-1], k)[::-1], "this runs backwards in time"),
        (right / np.arange(1, len(z) + 1), "this is a mean: add up, do not divide"),
        (k * reference(z, 1.0), "z is compared with 1 and multiplied by k: subtract k"),
        (right > 1, "these are alarms: give the sums, (T,)"),
    )  # fmt: skip
    compare(answer(z.copy(), k), right, [(np.array(m), why) for m, why in mistakes], "(T,) sums")
    return "it forgets what is below the reference, and adds up what is above."


def moved(threshold: float, passed: float, wanted: float, gain: float, scale: float) -> float:
    """The threshold of the next interval: higher if too many passed."""
    return threshold + gain * scale * (passed / wanted - 1)


@exercise("7.9", reference=moved)
def _(answer, reference, **context):
    given = (50.0, 66.0, 40.0, 0.3, 5.0)
    right = reference(*given)
    threshold, passed, wanted, gain, scale = given
    ratio = passed / wanted
    step = gain * scale
    mistakes = (
        (threshold - step * (ratio - 1), "the sign is wrong: too many have passed, so the "
         "threshold must rise"),
        (threshold + step * ratio, "without the -1 the threshold rises also when the rate is "
         "right"),
        (threshold + step * (wanted / passed - 1), "the ratio is upside down: too many have "
         "passed, and this threshold falls"),
        (threshold + step * (1 - wanted / passed), "this divides by the count that is noisy, and "
         "it stops when nothing passes: divide by the wanted number"),
        (threshold + step * (passed - wanted), "this moves by the difference of the counts: "
         "divide it by the wanted number, or the step depends on the length of the interval"),
        (threshold + gain * (ratio - 1), "the scale is missing: the step has no unit"),
        (threshold + scale * (ratio - 1), "the gain is missing: the noise of this count would go "
         "into the threshold in full"),
        (step * (ratio - 1), "this is the step: add it to the threshold"),
        (threshold * (1 + gain * (ratio - 1)), "this moves by a share of the threshold itself: "
         "the length over which the rate falls is `scale`"),
        (threshold * ratio, "this multiplies the threshold by the ratio: a threshold is no rate, "
         "an exponential tail needs a small step only"),
        (threshold + scale / gain * (ratio - 1), "the gain divides: a small gain must make a "
         "small step"),
        (threshold + np.sign(ratio - 1) * step, "this has the right direction and always the same "
         "size: a large deviation needs a larger step"),
        (threshold + step * (passed - wanted) / np.sqrt(wanted), "this divides by the error of "
         "the count: then the step would grow with the length of the interval"),
        (threshold, "the threshold has not moved"),
    )  # fmt: skip
    compare(answer(*given), np.array(right), [(np.array(m), why) for m, why in mistakes],
            "one number")  # fmt: skip
    up = reference(50.0, 30.0, 40.0, 0.3, 5.0)
    compare(answer(50.0, 30.0, 40.0, 0.3, 5.0), np.array(up), [], "one number")
    return "too many passed: up; too few: down; the wanted number: stay."
