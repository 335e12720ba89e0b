"""The exercises of the tagging tutorial recognise wrong answers by what is physically wrong."""

import numpy as np
import pytest
import torch
from scipy.spatial.distance import jensenshannon

from hepml_lite.checks import Wrong, check
from hepml_lite.checks.tagging import add_up, attention, divergence, products, rejection
from hepml_lite.statistics import metrics


@pytest.fixture(autouse=True)
def _strict(monkeypatch):
    monkeypatch.setenv("HEPML_STRICT", "1")


def with_the_library(labels, scores, efficiency):
    value = metrics.background_rejection(labels, scores, efficiency)
    share = 1 / value
    return value, np.sqrt(share * (1 - share) / np.sum(labels == 0)) * value**2


def by_torch(q, k, bias, mask):
    logits = torch.from_numpy(q @ k.T / np.sqrt(q.shape[1]) + bias)
    return logits.masked_fill(~torch.from_numpy(mask), -torch.inf).softmax(1).numpy()


@pytest.mark.parametrize(
    ("exercise", "answer"),
    [
        ("2.1", rejection),
        ("2.1", with_the_library),
        ("2.2", add_up),
        ("2.2", lambda seen, mask: torch.einsum("npl,np->nl", seen, mask.float())),
        ("2.3", attention),
        ("2.3", by_torch),
        ("2.4", products),
        ("2.4", lambda p: np.outer(p[:, 0], p[:, 0]) - p[:, 1:] @ p[:, 1:].T),
        ("2.5", divergence),
        ("2.5", lambda before, after: jensenshannon(before, after, base=2) ** 2),
    ],
)
def test_right_answers_of_different_style_are_right(exercise, answer):
    assert check(exercise, answer) is answer


def plain(labels, scores, efficiency):
    return np.mean(scores[labels == 0] >= np.quantile(scores[labels == 1], 1 - efficiency))


@pytest.mark.parametrize(
    ("exercise", "answer", "message"),
    [
        ("2.1", lambda y, s, e: (plain(y, s, e), 0.1), "background efficiency"),
        ("2.1", lambda y, s, e: (1 / plain(y, s, 1 - e), 0.1), "60 % of the tops"),
        ("2.1", lambda y, s, e: (1 / plain(1 - y, s, e), 0.1), "from the tops' scores|is right"),
        ("2.1", lambda y, s, e: 1 / plain(y, s, e), "two numbers"),
        ("2.1", lambda y, s, e: (rejection(y, s, e)[0], 0.003), "its error is not|its error is"),
        ("2.2", lambda seen, mask: seen.sum(1), "empty slots are counted"),
        ("2.2", lambda seen, mask: add_up(seen, mask) / mask.sum(1, keepdim=True), "the mean"),
        ("2.2", lambda seen, mask: seen.mean(1), "empty slots count"),
        ("2.2", lambda seen, mask: (seen * mask[..., None]).sum(2), "shape"),
        (
            "2.3",
            lambda q, k, u, m: attention(q, k, u, np.ones(6, bool)),
            "empty slots get a weight",
        ),
        ("2.3", lambda q, k, u, m: attention(2 * q, k, u, m), "divide by √d"),
        ("2.3", lambda q, k, u, m: attention(q, k, 0 * u, m), "bias of the pair is missing"),
        ("2.3", lambda q, k, u, m: attention(q, k, u, np.ones(6, bool)) * m, "adds up to one"),
        ("2.3", lambda q, k, u, m: attention(k, q, u.T, m), "differ"),
        ("2.4", lambda p: p @ p.T, "all signs are plus"),
        ("2.4", lambda p: -products(p), "other convention"),
        ("2.4", lambda p: np.diag(products(p)), "shape"),
        ("2.5", lambda b, a: divergence(b, a) * np.log(2), "nats"),
        ("2.5", lambda b, a: 2 * divergence(b, a), "half of the sum"),
        ("2.5", lambda b, a: jensenshannon(b, a, base=2), "bits are right"),
    ],
)
def test_wrong_answers_are_told_what_is_wrong(exercise, answer, message):
    with pytest.raises(Wrong, match=message):
        check(exercise, answer)
