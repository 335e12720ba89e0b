"""Typical answers to the open challenge of the unfolding exploration."""

import numpy as np

import data_fetch
from hepml_lite import unfolding
from hepml_lite.course.catalogue import Catalogue

events = data_fetch.load("zjets_unfolding")
nature = events.of_class("nature")
challenge = Catalogue(
    "4.8",
    context={
        "simulation": events.of_class("simulation"),
        "nature": nature[len(nature) // 2 :],
        "subtle": events.of_class("nature_a14"),
    },
)


def bayes(measured, response, prior, iterations=3):
    result = unfolding.iterative_bayes(measured, response, prior, iterations)
    return result.unfolded, result.errors


@challenge.right
def three_iterations(measured, response, prior):
    return bayes(measured, response, prior)


@challenge.right
def by_hand(measured, response, prior):
    spectrum = prior
    for _ in range(2):
        expected = response @ spectrum
        spectrum = spectrum / response.sum(axis=0) * (response.T @ (measured / expected))
    return list(spectrum), list(np.sqrt(spectrum) + 0.05 * spectrum)


@challenge.wrong("detector still blurs")
def doing_nothing(measured, response, prior):
    return measured, np.sqrt(measured + 1)


@challenge.wrong("data have no influence")
def the_prior(measured, response, prior):
    return prior, np.sqrt(prior)


@challenge.wrong("oscillate")
def the_inverse(measured, response, prior):
    return np.linalg.pinv(response) @ measured, np.sqrt(measured + 1)


@challenge.wrong("missed ones, not shares")
def normalised(measured, response, prior):
    spectrum, errors = bayes(measured, response, prior)
    return spectrum / spectrum.sum(), errors / spectrum.sum()


@challenge.wrong("two arrays")
def without_errors(measured, response, prior):
    return bayes(measured, response, prior)[0]


@challenge.wrong("roots of the diagonal")
def covariance_for_errors(measured, response, prior):
    result = unfolding.iterative_bayes(measured, response, prior, 2)
    return result.unfolded, result.covariance


@challenge.wrong("errors are positive")
def negative_errors(measured, response, prior):
    spectrum, errors = bayes(measured, response, prior)
    return spectrum, -errors


@challenge.wrong("reverse order")
def reversed_bins(measured, response, prior):
    spectrum, errors = bayes(measured, response, prior)
    return spectrum[::-1], errors


@challenge.wrong("wrong direction")
def folded_once_more(measured, response, prior):
    return response @ measured, np.sqrt(measured + 1)


@challenge.wrong("one number and one error")
def only_the_total(measured, response, prior):
    return measured.sum(), np.sqrt(measured.sum())
