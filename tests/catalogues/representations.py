"""Typical answers to the exercises on representations."""

import numpy as np

from hepml_lite.course.catalogue import Catalogue

width = Catalogue("1.1")


@width.right
def with_einsum(pt, distance):
    return np.einsum("np,np->n", pt, distance) / np.einsum("np->n", pt)


@width.right
def with_average(pt, distance):
    return np.average(distance, axis=1, weights=pt)


@width.right
def as_a_list(pt, distance):
    rows = zip(pt, distance, strict=True)
    return [sum(p * d for p, d in zip(*row, strict=True)) / sum(row[0]) for row in rows]


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


@width.wrong("one width a jet")
def sum_over_all_jets(pt, distance):
    return (pt * distance).sum() / pt.sum()


@width.wrong("one width a jet")
def wrong_axis(pt, distance):
    return (pt * distance).sum(axis=0) / np.maximum(pt.sum(axis=0), 1)


@width.wrong("factor of about 2")
def both_sides(pt, distance):
    return 2 * (pt * distance).sum(axis=1) / pt.sum(axis=1)
