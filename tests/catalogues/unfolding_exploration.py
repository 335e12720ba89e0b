"""Typical answers to the open challenge of the unfolding exploration."""

import numpy as np
import torch

import data_fetch
from hepml_lite import unfolding
from hepml_lite.course.catalogue import Catalogue

events = data_fetch.load("zjets_unfolding")
nature = events.of_class("nature")
challenge = Catalogue(
    "4.5",
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


# Answers that another person gave


@challenge.right
def tensors(measured, response, prior):
    spectrum, errors = bayes(measured, response, prior, 2)
    return torch.tensor(spectrum), torch.tensor(errors)


@challenge.right
def errors_from_a_bootstrap(measured, response, prior):
    rng = np.random.default_rng(0)
    copies = [bayes(rng.poisson(measured).astype(float), response, prior)[0] for _ in range(30)]
    return bayes(measured, response, prior)[0], np.std(copies, axis=0, ddof=1)


@challenge.right
def shares_scaled_at_the_end(measured, response, prior):
    share = prior / prior.sum()
    for _ in range(2):
        folded = response @ share
        share = share / response.sum(axis=0) * (response.T @ (measured / measured.sum() / folded))
    events = share * measured.sum()
    return events, np.sqrt(events) + 1


@challenge.wrong("arrays are swapped")
def swapped_outputs(measured, response, prior):
    spectrum, errors = bayes(measured, response, prior)
    return errors, spectrum


@challenge.wrong("are they variances")
def variances(measured, response, prior):
    result = unfolding.iterative_bayes(measured, response, prior, 2)
    return result.unfolded, result.covariance.diagonal()


@challenge.wrong("two arrays")
def pairs_of_numbers(measured, response, prior):
    return list(zip(*bayes(measured, response, prior), strict=True))


@challenge.wrong("bin by bin")
def correction_factors(measured, response, prior):
    factors = prior / (response @ prior)
    return measured * factors, np.sqrt(measured + 1) * factors


@challenge.wrong("difference to the prior")
def residual(measured, response, prior):
    spectrum, errors = bayes(measured, response, prior)
    return spectrum - prior, errors


@challenge.wrong("ratio to the prior")
def ratio(measured, response, prior):
    spectrum, errors = bayes(measured, response, prior)
    return spectrum / prior, errors / prior


@challenge.wrong("cumulative")
def cumulative(measured, response, prior):
    spectrum, errors = bayes(measured, response, prior)
    return np.cumsum(spectrum), errors


@challenge.wrong("is squared")
def squared(measured, response, prior):
    spectrum, errors = bayes(measured, response, prior)
    return spectrum**2, errors


@challenge.wrong("sorted")
def sorted_bins(measured, response, prior):
    spectrum, errors = bayes(measured, response, prior)
    return np.sort(spectrum), errors


@challenge.wrong("flat prior")
def flat_prior(measured, response, prior):
    return bayes(measured, response, np.ones_like(prior), 2)


@challenge.wrong("wrong direction")
def transposed_response(measured, response, prior):
    backwards = response.T / response.sum(axis=1)
    return bayes(measured, backwards, prior)


@challenge.wrong("noise was unfolded")
def iterated_300_times(measured, response, prior):
    return bayes(measured, response, prior, 300)


@challenge.wrong("one number and one error")
def one_error_for_all(measured, response, prior):
    spectrum, errors = bayes(measured, response, prior)
    return spectrum, errors.mean()


@challenge.wrong("divided by an empty bin")
def logarithms(measured, response, prior):
    spectrum, errors = bayes(measured, response, prior)
    with np.errstate(divide="ignore"):
        return np.log(spectrum * (spectrum > 100)), errors
