"""Typical answers to the exercises of the first notebook."""

import numpy as np
from sklearn import metrics

from hepml_lite import kinematics
from hepml_lite.course.catalogue import Catalogue

mass = Catalogue("0.1")


@mass.right
def with_norm(p4):
    jet = p4.sum(axis=1)
    squared = jet[:, 0] ** 2 - np.linalg.norm(jet[:, 1:], axis=1) ** 2
    return np.sqrt(np.where(squared > 0, squared, 0))


@mass.right
def with_the_metric(p4):
    jet = p4.sum(1)
    return np.sqrt(np.abs((jet**2) @ np.array([1, -1, -1, -1])))


@mass.right
def with_the_library(p4):
    return kinematics.pt_eta_phi_mass(p4.sum(axis=1))[3]


@mass.right
def of_pairs(p4):
    products = p4 * np.array([1, -1, -1, -1]) @ p4.transpose(0, 2, 1)
    return np.sqrt(np.maximum(products.sum(axis=(1, 2)), 0))


@mass.wrong("take the root")
def squared(p4):
    energy, px, py, pz = p4.sum(axis=1).T
    return energy**2 - px**2 - py**2 - pz**2


@mass.wrong("metric has a minus sign")
def plus(p4):
    return np.sqrt((p4.sum(axis=1) ** 2).sum(axis=1))


@mass.wrong("along the beam is missing")
def transverse(p4):
    energy, px, py, _ = p4.sum(axis=1).T
    return np.sqrt(energy**2 - px**2 - py**2)


@mass.wrong("squared before they are added")
def squares_first(p4):
    return np.sqrt(p4[..., 0].sum(axis=1) ** 2 - (p4[..., 1:] ** 2).sum(axis=(1, 2)))


@mass.wrong("all masses are zero")
def sum_of_masses(p4):
    squared = p4[..., 0] ** 2 - (p4[..., 1:] ** 2).sum(-1)
    return np.sqrt(np.maximum(squared, 0)).sum(axis=1)


@mass.wrong("lengths of the momenta|all masses are zero")
def sum_of_lengths(p4):
    momenta = np.linalg.norm(p4[..., 1:], axis=-1).sum(axis=1)
    return np.sqrt(np.maximum(p4[..., 0].sum(axis=1) ** 2 - momenta**2, 0))


@mass.wrong("E − p")
def difference(p4):
    jet = p4.sum(axis=1)
    return jet[:, 0] - np.linalg.norm(jet[:, 1:], axis=1)


@mass.wrong("energy of the jet")
def energy_only(p4):
    return p4[..., 0].sum(axis=1)


@mass.wrong("average particle")
def mean_for_sum(p4):
    jet = p4.mean(axis=1)
    return np.sqrt(np.maximum(jet[:, 0] ** 2 - (jet[:, 1:] ** 2).sum(1), 0))


@mass.wrong("sums over the jets")
def wrong_axis(p4):
    jet = p4.sum(axis=0)
    return np.sqrt(jet[:, 0] ** 2 - (jet[:, 1:] ** 2).sum(1))


@mass.wrong("all jets together")
def one_mass(p4):
    energy, px, py, pz = p4.sum(axis=(0, 1))
    return np.sqrt(energy**2 - px**2 - py**2 - pz**2)


@mass.wrong("one mass a jet")
def over_the_components(p4):
    return np.sqrt((p4**2).sum(axis=2))


@mass.wrong("mass of each particle|one mass a jet")
def of_particles(p4):
    return np.sqrt(np.maximum(p4[..., 0] ** 2 - (p4[..., 1:] ** 2).sum(-1), 0))


@mass.wrong("rounding makes their m²")
def with_nan(p4):
    energy, px, py, pz = p4.sum(axis=1).T
    with np.errstate(invalid="ignore"):
        return np.sqrt(energy**2 - px**2 - py**2 - pz**2)


@mass.wrong(r"in a list|np\.array")
def as_a_list(p4):
    return with_norm(p4).tolist()


@mass.wrong("did you forget `return`")
def without_return(p4):
    p4.sum(axis=1)


rejection = Catalogue("0.2")


@rejection.right
def with_at_least(labels, scores, signal_efficiency):
    threshold = np.quantile(scores[labels == 1], 1 - signal_efficiency)
    return (labels == 0).sum() / ((scores >= threshold) & (labels == 0)).sum()


@rejection.right
def by_sorting(labels, scores, signal_efficiency):
    signal = np.sort(scores[labels == 1])[::-1]
    threshold = signal[int(signal_efficiency * len(signal)) - 1]
    return 1 / np.mean(scores[labels == 0] >= threshold)


@rejection.right
def from_the_roc_curve(labels, scores, signal_efficiency):
    background, signal, _ = metrics.roc_curve(labels, scores)
    return 1 / np.interp(signal_efficiency, signal, background)


@rejection.wrong("this is ε_B, the share that passes")
def share_that_passes(labels, scores, signal_efficiency):
    return 1 / with_at_least(labels, scores, signal_efficiency)


@rejection.wrong("share of the background that is removed")
def share_removed(labels, scores, signal_efficiency):
    return 1 - 1 / with_at_least(labels, scores, signal_efficiency)


@rejection.wrong("not below it")
def below(labels, scores, signal_efficiency):
    threshold = np.quantile(scores[labels == 1], 1 - signal_efficiency)
    return 1 / np.mean(scores[labels == 0] < threshold)


@rejection.wrong("keeps 30 % of the background")
def threshold_of_background(labels, scores, signal_efficiency):
    threshold = np.quantile(scores[labels == 0], 1 - signal_efficiency)
    return 1 / np.mean(scores[labels == 0] > threshold)


@rejection.wrong("keeps 70 % of the signal")
def lower_quantile(labels, scores, signal_efficiency):
    threshold = np.quantile(scores[labels == 1], signal_efficiency)
    return 1 / np.mean(scores[labels == 0] > threshold)


@rejection.wrong("30 % of all jets")
def threshold_of_all(labels, scores, signal_efficiency):
    threshold = np.quantile(scores, 1 - signal_efficiency)
    return 1 / np.mean(scores[labels == 0] > threshold)


@rejection.wrong("both classes")
def counts_all(labels, scores, signal_efficiency):
    threshold = np.quantile(scores[labels == 1], 1 - signal_efficiency)
    return 1 / np.mean(scores > threshold)


@rejection.wrong("divided by all jets")
def over_all_jets(labels, scores, signal_efficiency):
    threshold = np.quantile(scores[labels == 1], 1 - signal_efficiency)
    return 1 / np.mean((scores > threshold) & (labels == 0))


@rejection.wrong("np.mean instead of np.sum")
def sum_for_mean(labels, scores, signal_efficiency):
    threshold = np.quantile(scores[labels == 1], 1 - signal_efficiency)
    return 1 / np.sum(scores[labels == 0] > threshold)


@rejection.wrong("swapped")
def swapped(labels, scores, signal_efficiency):
    threshold = np.quantile(scores[labels == 0], 1 - signal_efficiency)
    return 1 / np.mean(scores[labels == 1] > threshold)


@rejection.wrong("efficiency as a threshold")
def efficiency_as_threshold(labels, scores, signal_efficiency):
    return 1 / np.mean(scores[labels == 0] > signal_efficiency)


@rejection.wrong("significance improvement")
def significance(labels, scores, signal_efficiency):
    return signal_efficiency * np.sqrt(with_at_least(labels, scores, signal_efficiency))


@rejection.wrong("now count the background")
def only_the_threshold(labels, scores, signal_efficiency):
    return np.quantile(scores[labels == 1], 1 - signal_efficiency)


@rejection.wrong("use the argument")
def fixed_efficiency(labels, scores, signal_efficiency):
    return with_at_least(labels, scores, 0.3)


@rejection.wrong("not by their position")
def by_position(labels, scores, signal_efficiency):
    n_background = (labels == 0).sum()
    threshold = np.quantile(scores[n_background:], 1 - signal_efficiency)
    return 1 / np.mean(scores[:n_background] > threshold)
