"""Typical answers to the exercises of the tagging tutorial."""

import numpy as np
import torch
from scipy.spatial.distance import jensenshannon

from hepml_lite.course.catalogue import Catalogue
from hepml_lite.statistics import metrics

rejection = Catalogue("2.1")


def passing(labels, scores, efficiency):
    """Share of QCD jets that pass, and the error of this share."""
    background = scores[labels == 0]
    share = np.mean(background >= np.quantile(scores[labels == 1], 1 - efficiency))
    return share, np.sqrt(share * (1 - share) / len(background))


@rejection.right
def with_the_library(labels, scores, efficiency):
    value = metrics.background_rejection(labels, scores, efficiency)
    share = 1 / value
    return value, np.sqrt(share * (1 - share) / np.sum(labels == 0)) * value**2


@rejection.right
def with_a_poisson_error(labels, scores, efficiency):
    share, _ = passing(labels, scores, efficiency)
    passed = share * np.sum(labels == 0)
    return 1 / share, 1 / share / np.sqrt(passed)


@rejection.right
def with_a_bootstrap_error(labels, scores, efficiency):
    value = 1 / passing(labels, scores, efficiency)[0]
    spread = metrics.bootstrap(
        lambda y, s: metrics.background_rejection(y, s, efficiency), labels, scores, 200
    )
    share = 1 / value  # the threshold fluctuates, too, in a bootstrap of both classes
    binomial = np.sqrt(share * (1 - share) / np.sum(labels == 0)) * value**2
    return [value, min(spread.error, 1.1 * binomial)]


@rejection.wrong("background efficiency")
def share_that_passes(labels, scores, efficiency):
    return passing(labels, scores, efficiency)


@rejection.wrong("60 % of the tops")
def lower_quantile(labels, scores, efficiency):
    share, error = passing(labels, scores, 1 - efficiency)
    return 1 / share, error / share**2


@rejection.wrong("40 % of the QCD jets")
def threshold_of_qcd(labels, scores, efficiency):
    background = scores[labels == 0]
    share = np.mean(background >= np.quantile(background, 1 - efficiency))
    return 1 / share, np.sqrt(share * (1 - share) / len(background)) / share**2


@rejection.wrong("without the tops")
def counts_all(labels, scores, efficiency):
    share = np.mean(scores >= np.quantile(scores[labels == 1], 1 - efficiency))
    return 1 / share, np.sqrt(share * (1 - share) / len(scores)) / share**2


@rejection.wrong("swapped")
def swapped(labels, scores, efficiency):
    share, error = passing(1 - labels, scores, efficiency)
    return 1 / share, error / share**2


@rejection.wrong("that are rejected, not those that pass")
def below(labels, scores, efficiency):
    share, error = passing(labels, scores, efficiency)
    return 1 / (1 - share), error / (1 - share) ** 2


@rejection.wrong("two numbers")
def no_error(labels, scores, efficiency):
    return 1 / passing(labels, scores, efficiency)[0]


@rejection.wrong("error of ε_B")
def error_of_the_share(labels, scores, efficiency):
    share, error = passing(labels, scores, efficiency)
    return 1 / share, error


@rejection.wrong("relative error")
def relative_error(labels, scores, efficiency):
    share, error = passing(labels, scores, efficiency)
    return 1 / share, error / share


@rejection.wrong("not of all jets")
def n_of_all_jets(labels, scores, efficiency):
    share, _ = passing(labels, scores, efficiency)
    return 1 / share, np.sqrt(share * (1 - share) / len(labels)) / share**2


@rejection.wrong("not the number of tops")
def n_of_tops(labels, scores, efficiency):
    share, _ = passing(labels, scores, efficiency)
    return 1 / share, np.sqrt(share * (1 - share) / np.sum(labels == 1)) / share**2


@rejection.wrong("more jets give a smaller error")
def without_n(labels, scores, efficiency):
    share, _ = passing(labels, scores, efficiency)
    return 1 / share, np.sqrt(share * (1 - share)) / share**2


@rejection.wrong("root of the rejection")
def root_of_the_rejection(labels, scores, efficiency):
    value = 1 / passing(labels, scores, efficiency)[0]
    return value, np.sqrt(value)


add_up = Catalogue("2.2")


@add_up.right
def with_einsum(seen, mask):
    return torch.einsum("npl,np->nl", seen, mask.float())


@add_up.right
def with_where(seen, mask):
    return torch.where(mask[..., None], seen, torch.zeros_like(seen)).sum(1)


@add_up.right
def with_masked_fill(seen, mask):
    return seen.masked_fill(~mask[..., None], 0).sum(dim=-2)


@add_up.right
def by_loop(seen, mask):
    return torch.stack([jet[real].sum(0) for jet, real in zip(seen, mask, strict=True)])


@add_up.wrong("empty slots are counted")
def all_slots(seen, mask):
    return seen.sum(dim=1)


@add_up.wrong("this is the mean: it loses")
def mean_of_real(seen, mask):
    return with_einsum(seen, mask) / mask.sum(1, keepdim=True)


@add_up.wrong("empty slots count in it")
def mean_of_slots(seen, mask):
    return seen.mean(dim=1)


@add_up.wrong("divides by the number of slots")
def masked_mean(seen, mask):
    return (seen * mask[..., None]).mean(dim=1)


@add_up.wrong("this is the maximum")
def maximum(seen, mask):
    return seen.masked_fill(~mask[..., None], -torch.inf).amax(1)


@add_up.wrong("sums over the empty slots")
def mask_inverted(seen, mask):
    return (seen * ~mask[..., None]).sum(1)


@add_up.wrong("before the sum, not after")
def mask_after(seen, mask):
    return seen.sum(1) * mask.sum(1, keepdim=True)


@add_up.wrong("last axis")
def over_the_outputs(seen, mask):
    return (seen * mask[..., None]).sum(-1)


@add_up.wrong("over the jets")
def over_the_jets(seen, mask):
    return (seen * mask[..., None]).sum(0)


@add_up.wrong("now sum over the particles")
def not_summed(seen, mask):
    return seen * mask[..., None]


@add_up.wrong("Φ never learns")
def detached(seen, mask):
    return (seen.detach() * mask[..., None]).sum(1)


@add_up.wrong("changed in place")
def in_place(seen, mask):
    seen *= mask[..., None]
    return seen.sum(1)


@add_up.wrong("needs a tensor")
def in_numpy(seen, mask):
    return (seen.detach().numpy() * mask.numpy()[..., None]).sum(1)


attention = Catalogue("2.3")


def softmax(logits, axis=1):
    weights = np.exp(logits)
    return weights / weights.sum(axis=axis, keepdims=True)


def exponents(q, k, bias):
    return q @ k.T / np.sqrt(q.shape[1]) + bias


@attention.right
def with_a_large_negative_number(q, k, bias, mask):
    return softmax(np.where(mask, exponents(q, k, bias), -1e9))


@attention.right
def masked_before_normalising(q, k, bias, mask):
    weights = np.exp(exponents(q, k, bias)) * mask
    return weights / weights.sum(axis=1, keepdims=True)


@attention.right
def in_torch(q, k, bias, mask):
    logits = q @ k.T / q.shape[1] ** 0.5 + bias
    return logits.masked_fill(~mask[None, :], -torch.inf).softmax(dim=1)


@attention.right
def empty_rows_are_zero(q, k, bias, mask):
    return masked_before_normalising(q, k, bias, mask) * mask[:, None]


@attention.wrong("contains NaN")
def empty_rows_are_nan(q, k, bias, mask):
    logits = np.where(mask[None, :] & mask[:, None], exponents(q, k, bias), -np.inf)
    with np.errstate(invalid="ignore"):
        return softmax(logits)


@attention.wrong("empty slots get a weight")
def no_mask(q, k, bias, mask):
    return softmax(exponents(q, k, bias))


@attention.wrong("no longer adds up to one")
def weights_masked_after(q, k, bias, mask):
    return softmax(exponents(q, k, bias)) * mask


@attention.wrong("weight e⁰ = 1")
def exponent_of_zero(q, k, bias, mask):
    return softmax(np.where(mask, exponents(q, k, bias), 0))


@attention.wrong("weight e⁰ = 1|empty slots get a weight")
def exponent_times_mask(q, k, bias, mask):
    return softmax(exponents(q, k, bias) * mask)


@attention.wrong("mask is on the rows|empty slots get a weight")
def mask_on_rows(q, k, bias, mask):
    return softmax(np.where(mask[:, None], exponents(q, k, bias), -1e9))


@attention.wrong("divide by √d")
def not_scaled(q, k, bias, mask):
    return with_a_large_negative_number(2 * q, k, bias, mask)


@attention.wrong("divides by d, not by")
def scaled_by_d(q, k, bias, mask):
    return softmax(np.where(mask, q @ k.T / q.shape[1] + bias, -1e9))


@attention.wrong("number of particles")
def scaled_by_particles(q, k, bias, mask):
    return softmax(np.where(mask, q @ k.T / np.sqrt(len(q)) + bias, -1e9))


@attention.wrong("bias of the pair is missing")
def no_bias(q, k, bias, mask):
    return with_a_large_negative_number(q, k, 0 * bias, mask)


@attention.wrong("bias is divided")
def bias_divided(q, k, bias, mask):
    return softmax(np.where(mask, (q @ k.T + bias) / np.sqrt(q.shape[1]), -1e9))


@attention.wrong("added to the weights")
def bias_after(q, k, bias, mask):
    return with_a_large_negative_number(q, k, 0 * bias, mask) + bias


@attention.wrong("bias is transposed")
def bias_transposed(q, k, bias, mask):
    return with_a_large_negative_number(q, k, bias.T, mask)


@attention.wrong("swapped")
def queries_and_keys_swapped(q, k, bias, mask):
    return with_a_large_negative_number(k, q, bias, mask)


@attention.wrong("columns add up to one")
def over_the_columns(q, k, bias, mask):
    weights = np.exp(exponents(q, k, bias)) * mask
    return weights / np.maximum(weights.sum(axis=0), 1e-12)


@attention.wrong("Mask the columns only")
def over_the_columns_without_a_bound(q, k, bias, mask):
    with np.errstate(invalid="ignore"):
        return softmax(np.where(mask, exponents(q, k, bias), -1e9), axis=0)


@attention.wrong("softmax is missing")
def only_exponents(q, k, bias, mask):
    return np.where(mask, exponents(q, k, bias), -np.inf)


@attention.wrong("not normalised")
def not_normalised(q, k, bias, mask):
    return np.exp(exponents(q, k, bias)) * mask


products = Catalogue("2.4")
METRIC = np.diag([1.0, -1, -1, -1])


@products.right
def energies_minus_momenta(p4):
    return np.outer(p4[:, 0], p4[:, 0]) - p4[:, 1:] @ p4[:, 1:].T


@products.right
def with_einsum_and_signs(p4):
    return np.einsum("ic,jc,c->ij", p4, p4, np.array([1, -1, -1, -1]))


@products.right
def from_squared_masses(p4):
    pair = p4[:, None] + p4[None, :]
    squared = np.einsum("ijc,ijc,c->ij", pair, pair, np.diag(METRIC))
    own = np.einsum("ic,ic,c->i", p4, p4, np.diag(METRIC))
    return (squared - own[:, None] - own[None, :]) / 2


@products.wrong("all signs are plus")
def plus(p4):
    return p4 @ p4.T


@products.wrong("other convention")
def negative(p4):
    return -p4 @ METRIC @ p4.T


@products.wrong("energy is missing")
def momenta_only(p4):
    return p4[:, 1:] @ p4[:, 1:].T


@products.wrong("momentum is missing")
def energies_only(p4):
    return np.outer(p4[:, 0], p4[:, 0])


@products.wrong("squared mass of the pair")
def squared_masses(p4):
    pair = p4[:, None] + p4[None, :]
    return np.einsum("ijc,ijc,c->ij", pair, pair, np.diag(METRIC))


@products.wrong("mass of the pair")
def masses(p4):
    return np.sqrt(np.abs(squared_masses(p4)))


@products.wrong(r"\(p_i - p_j\)²")
def of_differences(p4):
    pair = p4[:, None] - p4[None, :]
    return np.einsum("ijc,ijc,c->ij", pair, pair, np.diag(METRIC))


@products.wrong("only the diagonal")
def of_each_with_itself(p4):
    return np.einsum("ic,ic,c->i", p4, p4, np.diag(METRIC))


@products.wrong("sum over the components")
def over_the_particles(p4):
    return p4.T @ p4


@products.wrong("now sum over the components")
def not_summed_over_components(p4):
    return p4[:, None] * p4[None, :] * np.diag(METRIC)


@products.wrong("factor 2")
def doubled(p4):
    return 2 * p4 @ METRIC @ p4.T


divergence = Catalogue("2.5")


def shares(before, after):
    p = before / before.sum()
    q = after / after.sum()
    return p, q, (p + q) / 2


def kullback_leibler(p, q):
    return np.sum(p[p > 0] * np.log2(p[p > 0] / q[p > 0]))


@divergence.right
def with_scipy(before, after):
    return jensenshannon(before, after, base=2) ** 2


@divergence.right
def from_entropies(before, after):
    entropies = [-np.sum(x[x > 0] * np.log2(x[x > 0])) for x in shares(before, after)]
    return entropies[2] - (entropies[0] + entropies[1]) / 2


@divergence.right
def with_a_tiny_number(before, after):
    p, q, m = (x + 1e-15 for x in shares(before, after))
    return (p @ np.log2(p / m) + q @ np.log2(q / m)) / 2


@divergence.wrong("in nats")
def natural_logarithm(before, after):
    return with_scipy(before, after) * np.log(2)


@divergence.wrong("half of the sum")
def without_half(before, after):
    return 2 * with_scipy(before, after)


@divergence.wrong("one of the two terms")
def one_term(before, after):
    p, _, m = shares(before, after)
    return kullback_leibler(p, m)


@divergence.wrong("one of the two terms")
def the_other_term(before, after):
    _, q, m = shares(before, after)
    return kullback_leibler(q, m) / 2


@divergence.wrong("the root")
def distance(before, after):
    return jensenshannon(before, after, base=2)


@divergence.wrong("mean over bins")
def mean_for_sum(before, after):
    return with_scipy(before, after) / len(before)


@divergence.wrong("Kullback–Leibler")
def between_both(before, after):
    p, q, _ = shares(before, after)
    return kullback_leibler(p, q)


@divergence.wrong("normalise the histograms")
def counts(before, after):
    m = (before + after) / 2
    return (kullback_leibler(before, m) + kullback_leibler(after, m)) / 2


@divergence.wrong("empty bins give NaN")
def with_empty_bins(before, after):
    p, q, m = shares(before, after)
    with np.errstate(all="ignore"):
        return np.sum(p * np.log2(p / m) + q * np.log2(q / m)) / 2


@divergence.wrong("total variation")
def total_variation(before, after):
    p, q, _ = shares(before, after)
    return np.abs(p - q).sum() / 2


@divergence.wrong("sign is wrong")
def upside_down(before, after):
    p, q, m = shares(before, after)
    return -(kullback_leibler(p, m) + kullback_leibler(q, m)) / 2


@divergence.wrong("sum over the bins")
def not_summed_over_bins(before, after):
    p, q, m = (x + 1e-15 for x in shares(before, after))
    return (p * np.log2(p / m) + q * np.log2(q / m)) / 2


@divergence.wrong("added to each bin|differ|same factor|you find")
def one_in_each_bin(before, after):
    return with_scipy(before + 1, after + 1)
