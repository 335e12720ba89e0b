"""Typical answers to the exercises on representations."""

import numpy as np
from scipy.stats import wasserstein_distance
from sklearn.ensemble import ExtraTreesClassifier

from data_fetch import load
from hepml_lite import kinematics
from hepml_lite.checks.representations_exploration import is_z, many_numbers
from hepml_lite.course.catalogue import Catalogue

width = Catalogue("1.1")


@width.right
def with_einsum(pt, distance):
    return np.einsum("np,np->n", pt, distance) / np.einsum("np->n", pt)


@width.right
def with_average(pt, distance):
    return np.average(distance, axis=1, weights=pt)


@width.right
def row_by_row(pt, distance):
    rows = zip(pt, distance, strict=True)
    return np.array([sum(p * d for p, d in zip(*row, strict=True)) / sum(row[0]) for row in rows])


@width.wrong(r"in a list")
def as_a_list(pt, distance):
    return row_by_row(pt, distance).tolist()


@width.wrong("divided by the jet's pT")
def not_normalised(pt, distance):
    return (pt * distance).sum(axis=1)


@width.wrong("counts every particle equally")
def mean_of_real_particles(pt, distance):
    return distance.sum(axis=1) / (pt > 0).sum(axis=1)


@width.wrong("padding counts")
def mean_with_padding(pt, distance):
    return distance.mean(axis=1)


@width.wrong("number of slots")
def mean_for_sum(pt, distance):
    return (pt * distance).mean(axis=1)


@width.wrong("distance enters squared")
def distance_squared(pt, distance):
    return (pt * distance**2).sum(axis=1) / pt.sum(axis=1)


@width.wrong("pT enters squared")
def pt_squared(pt, distance):
    return (pt**2 * distance).sum(axis=1) / (pt**2).sum(axis=1)


@width.wrong("over all jets")
def sum_over_all_jets(pt, distance):
    return (pt * distance).sum() / pt.sum()


@width.wrong("over the jets")
def wrong_axis(pt, distance):
    return (pt * distance).sum(axis=0) / np.maximum(pt.sum(axis=0), 1e-9)


@width.wrong("radius, not a diameter")
def both_sides(pt, distance):
    return 2 * (pt * distance).sum(axis=1) / pt.sum(axis=1)


@width.wrong("root of the mean square")
def root_mean_square(pt, distance):
    return np.sqrt((pt * distance**2).sum(axis=1) / pt.sum(axis=1))


@width.wrong("mean of pT")
def divided_by_distances(pt, distance):
    return (pt * distance).sum(axis=1) / distance.sum(axis=1)


@width.wrong("farthest particle")
def largest(pt, distance):
    return distance.max(axis=1)


safe = Catalogue("1.2")
SAFE = {"mass": True, "width": True, "multiplicity": False, "pt_dispersion": False}

safe.right_value("numpy booleans", {name: np.bool_(value) for name, value in SAFE.items()})
safe.right_value("in another order", dict(reversed(SAFE.items())))
safe.wrong_value("mass not safe", SAFE | {"mass": False}, "sum of four-vectors")
safe.wrong_value("width not safe", SAFE | {"width": False}, "linear in pT")
safe.wrong_value("multiplicity safe", SAFE | {"multiplicity": True}, "every soft particle adds one")
safe.wrong_value("dispersion safe", SAFE | {"pt_dispersion": True}, "two halves give")
safe.wrong_value("all safe", dict.fromkeys(SAFE, True), "every soft particle adds one")
safe.wrong_value("none safe", dict.fromkeys(SAFE, False), "sum of four-vectors")
swapped = {name: not value for name, value in SAFE.items()}
safe.wrong_value("the other way round", swapped, "other way round")
safe.wrong_value("one missing", {"mass": True, "width": True}, "dictionary with True or False")
safe.wrong_value("a list", ["mass", "width"], "dictionary with True or False")
safe.wrong_value("in words", SAFE | {"mass": "yes"}, "decide, True for safe")
safe.wrong_value("one open", SAFE | {"pt_dispersion": None}, "decide, True for safe")


pairs = Catalogue("1.3")


@pairs.right
def from_four_vectors(pt, eta, phi):
    p4 = kinematics.four_vectors(pt, eta, phi)
    return 2 * (p4 * [1, -1, -1, -1]) @ p4.T


@pairs.right
def with_sums(pt, eta, phi):
    p4 = kinematics.four_vectors(pt, eta, phi)
    return kinematics.pt_eta_phi_mass(p4[:, None] + p4[None, :])[3] ** 2


@pairs.right
def with_loops(pt, eta, phi):
    squared = np.zeros((len(pt), len(pt)))
    for i in range(len(pt)):
        for j in range(len(pt)):
            angle = np.cosh(eta[i] - eta[j]) - np.cos(phi[i] - phi[j])
            squared[i, j] = 2 * pt[i] * pt[j] * angle
    return squared


def gaps(x):
    return x[:, None] - x[None, :]


@pairs.wrong("factor 2 is missing")
def no_two(pt, eta, phi):
    return np.outer(pt, pt) * (np.cosh(gaps(eta)) - np.cos(gaps(phi)))


@pairs.wrong("asks for m²")
def root(pt, eta, phi):
    return np.sqrt(np.maximum(with_loops(pt, eta, phi), 0))


@pairs.wrong("pseudorapidity is no angle")
def cosine_of_eta(pt, eta, phi):
    return 2 * np.outer(pt, pt) * (np.cos(gaps(eta)) - np.cos(gaps(phi)))


@pairs.wrong("sign of cos")
def plus(pt, eta, phi):
    return 2 * np.outer(pt, pt) * (np.cosh(gaps(eta)) + np.cos(gaps(phi)))


@pairs.wrong("sign is wrong: m² is positive")
def negative(pt, eta, phi):
    return 2 * np.outer(pt, pt) * (np.cos(gaps(phi)) - np.cosh(gaps(eta)))


@pairs.wrong("limit of small angles")
def small_angles(pt, eta, phi):
    distance = kinematics.delta_r(eta[:, None], phi[:, None], eta, phi)
    return np.outer(pt, pt) * distance**2


@pairs.wrong("not wrapped")
def not_wrapped(pt, eta, phi):
    return np.outer(pt, pt) * (gaps(eta) ** 2 + gaps(phi) ** 2)


@pairs.wrong("difference in η is missing")
def only_phi(pt, eta, phi):
    return 2 * np.outer(pt, pt) * (1 - np.cos(gaps(phi)))


@pairs.wrong("momenta are missing")
def no_momenta(pt, eta, phi):
    return 2 * (np.cosh(gaps(eta)) - np.cos(gaps(phi)))


@pairs.wrong("pT² of one particle")
def one_momentum(pt, eta, phi):
    return 2 * pt**2 * (np.cosh(gaps(eta)) - np.cos(gaps(phi)))


@pairs.wrong("in both orders")
def upper_half(pt, eta, phi):
    return np.triu(with_loops(pt, eta, phi))


@pairs.wrong("every particle with every other")
def with_itself(pt, eta, phi):
    return 2 * pt * pt * (np.cosh(eta - eta) - np.cos(phi - phi))


line = Catalogue("1.4")


def passing(z, x, w, y):
    places = np.sort(np.concatenate([x, y]))
    left = [z[x <= place].sum() - w[y <= place].sum() for place in places[:-1]]
    return np.array(left), np.diff(places)


@line.right
def with_scipy(z, x, w, y):
    return wasserstein_distance(x, y, z, w)


@line.right
def load_by_load(z, x, w, y):
    first = sorted(zip(x, z, strict=True))
    second = sorted(zip(y, w, strict=True))
    work = 0.0
    (place, energy), (target, room) = first.pop(0), second.pop(0)
    while True:
        moved = min(energy, room)
        work += moved * abs(place - target)
        energy -= moved
        room -= moved
        if energy <= 1e-15:
            if not first:
                return work
            place, energy = first.pop(0)
        if room <= 1e-15:
            if not second:
                return work
            target, room = second.pop(0)


@line.wrong("distance between the centres")
def centres(z, x, w, y):
    return abs(z @ x - w @ y)


@line.wrong("absolute value")
def with_sign(z, x, w, y):
    flow, gap = passing(z, x, w, y)
    return flow @ gap


@line.wrong("most wasteful plan")
def everything_everywhere(z, x, w, y):
    return z @ np.abs(x[:, None] - y) @ w


@line.wrong("no room")
def nearest(z, x, w, y):
    return z @ np.abs(x[:, None] - y).min(axis=1)


@line.wrong("no energy")
def nearest_from_the_other_side(z, x, w, y):
    return w @ np.abs(x[:, None] - y).min(axis=0)


@line.wrong("distances are missing")
def no_gaps(z, x, w, y):
    return np.abs(passing(z, x, w, y)[0]).sum()


@line.wrong("enters squared")
def squared(z, x, w, y):
    flow, gap = passing(z, x, w, y)
    return flow**2 @ gap


@line.wrong("largest energy")
def largest_difference(z, x, w, y):
    return np.abs(passing(z, x, w, y)[0]).max()


@line.wrong("moved once")
def both_ways(z, x, w, y):
    return 2 * wasserstein_distance(x, y, z, w)


@line.wrong("add them up")
def not_summed(z, x, w, y):
    flow, gap = passing(z, x, w, y)
    return np.abs(flow) * gap


jet_classes = load("jet_classes")
bosons = jet_classes[np.isin(jet_classes.label, [jet_classes.names.index(name) for name in "WZ"])]
learn, judge = bosons.split(0.6, 0.4, rng=None)
w_or_z = Catalogue("1.5", context=dict(learn=learn, judge=judge))


def share_of_z(values, jets_values):
    """The share of Z jets in 30 equally filled bins."""
    edges = np.quantile(values, np.linspace(0, 1, 31)[1:-1])
    bins = np.digitize(values, edges)
    shares = np.bincount(bins, is_z(learn), 30) / np.bincount(bins, minlength=30)
    return shares[np.digitize(jets_values, edges)]


@w_or_z.right
def shares_in_bins_of_mass(jets):
    return share_of_z(learn.mass, jets.mass)


@w_or_z.right
def a_forest(jets):
    forest = ExtraTreesClassifier(100, min_samples_leaf=10, random_state=0)
    forest.fit(many_numbers(learn), is_z(learn))
    return forest.predict_proba(many_numbers(jets))[:, 1]


@w_or_z.wrong("more mass is not always more Z")
def the_mass(jets):
    return jets.mass


@w_or_z.wrong("more mass is not always more Z")
def the_multiplicity(jets):
    return jets.n_constituents


@w_or_z.wrong("wrong sign")
def probability_of_a_w(jets):
    return 1 - share_of_z(learn.mass, jets.mass)


@w_or_z.wrong("label or the position")
def the_label(jets):
    return is_z(jets).astype(float)


@w_or_z.wrong("label or the position")
def the_labels_of_the_judged_jets(jets):
    return is_z(judge).astype(float)


@w_or_z.wrong("separates nothing")
def a_constant(jets):
    return np.ones(len(jets))


@w_or_z.wrong("two values only")
def a_decision(jets):
    return (jets.mass > 86).astype(int)


@w_or_z.wrong("two probabilities a jet")
def two_columns(jets):
    share = share_of_z(learn.mass, jets.mass)
    return np.stack([1 - share, share], axis=1)


@w_or_z.wrong("NaN or infinite")
def logarithm_of_zero(jets):
    with np.errstate(divide="ignore"):
        return np.log(np.maximum(jets.mass - 90, 0))


@w_or_z.wrong("one number a jet")
def one_number(jets):
    return jets.mass.mean()


@w_or_z.wrong("one number a jet")
def of_the_training_jets(jets):
    return share_of_z(learn.mass, learn.mass)
