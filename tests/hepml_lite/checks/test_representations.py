"""The exercises of the representations recognise wrong answers by what is physically wrong."""

import numpy as np
import pytest
from scipy.stats import wasserstein_distance

from data_fetch import load
from hepml_lite.checks import Wrong, check
from hepml_lite.checks.representations import SAFE, emd_on_a_line, pair_mass_squared, trees, width


@pytest.fixture(autouse=True)
def _strict(monkeypatch):
    monkeypatch.setenv("HEPML_STRICT", "1")


def by_four_vectors(pt, eta, phi):
    p4 = np.stack([pt * np.cosh(eta), pt * np.cos(phi), pt * np.sin(phi), pt * np.sinh(eta)])
    pair = p4[:, :, None] + p4[:, None, :]
    return pair[0] ** 2 - (pair[1:] ** 2).sum(axis=0)


@pytest.mark.parametrize(
    ("exercise", "answer"),
    [
        ("1.1", width),
        ("1.1", lambda pt, distance: np.average(distance, axis=1, weights=pt)),
        ("1.3", pair_mass_squared),
        ("1.3", by_four_vectors),
        ("1.2", SAFE),
        ("1.4", emd_on_a_line),
        ("1.4", lambda z, x, w, y: wasserstein_distance(x, y, z, w)),
    ],
)
def test_right_answers_of_different_style_are_right(exercise, answer):
    assert check(exercise, answer) is answer


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (lambda pt, distance: (pt * distance).sum(1), "twice as wide"),
        (lambda pt, distance: distance.sum(1) / (pt > 0).sum(1), "however soft"),
        (lambda pt, distance: distance.mean(axis=1), "padding counts"),
        (lambda pt, distance: (pt * distance**2).sum(1) / pt.sum(1), "squared"),
        (lambda pt, distance: (pt**2 * distance).sum(1) / (pt**2).sum(1), "half as much"),
        (lambda pt, distance: (pt * distance).sum() / pt.sum(), "one width a jet"),
        (lambda pt, distance: 3 * width(pt, distance), "factor of about 3"),
    ],
)
def test_wrong_widths(answer, message):
    with pytest.raises(Wrong, match=message):
        check("1.1", answer)


def gaps(x):
    return x[:, None] - x[None, :]


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (lambda pt, eta, phi: pair_mass_squared(pt, eta, phi) / 2, "factor 2"),
        (
            lambda pt, eta, phi: np.sqrt(np.maximum(pair_mass_squared(pt, eta, phi), 0)),
            "asks for m²",
        ),
        (
            lambda pt, eta, phi: 2 * np.outer(pt, pt) * (np.cos(gaps(eta)) - np.cos(gaps(phi))),
            "no angle",
        ),
        (
            lambda pt, eta, phi: np.outer(pt, pt) * (gaps(eta) ** 2 + gaps(phi) ** 2),
            "not wrapped",
        ),
        (lambda pt, eta, phi: 2 * np.outer(pt, pt) * (1 - np.cos(gaps(phi))), "in η is missing"),
        (lambda pt, eta, phi: pair_mass_squared(pt, eta, phi).sum(), "every pair"),
    ],
)
def test_wrong_masses_of_pairs(answer, message):
    with pytest.raises(Wrong, match=message):
        check("1.3", answer)


@pytest.mark.parametrize("name", SAFE)
def test_every_wrong_verdict_is_explained(name):
    with pytest.raises(Wrong, match=f"{name} is"):
        check("1.2", {**SAFE, name: not SAFE[name]})


def test_a_verdict_is_needed_for_every_observable():
    with pytest.raises(Wrong, match="True or False for each"):
        check("1.2", {"mass": True})


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (lambda z, x, w, y: abs(z @ x - w @ y), "must not cancel"),
        (lambda z, x, w, y: float(z @ np.abs(x[:, None] - y) @ w), "most wasteful"),
        (
            lambda z, x, w, y: float(z @ np.abs(x[:, None] - y).min(axis=1)),
            "room|symmetric",
        ),
        (lambda z, x, w, y: 2 * emd_on_a_line(z, x, w, y), "apart, but you find"),
    ],
)
def test_wrong_distances(answer, message):
    with pytest.raises(Wrong, match=message):
        check("1.4", answer)


@pytest.fixture(scope="module")
def bosons():
    jets = load("jet_classes")
    pair = jets[np.isin(jets.label, [jets.names.index(name) for name in "WZ"])]
    return dict(zip(("learn", "judge"), pair.split(0.6, 0.4, rng=None), strict=True))


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (lambda jets: jets.mass, "not always more Z"),
        (lambda jets: jets.mass[:5], "one number a jet"),
        (lambda jets: np.full(len(jets), np.nan), "NaN"),
    ],
)
def test_a_challenge_is_not_won_by_the_mass(bosons, answer, message):
    with pytest.raises(Wrong, match=message):
        check("1.5", answer, **bosons)


def test_a_challenge_can_be_won_and_the_wrong_sign_is_told(bosons):
    score = trees(**bosons)
    assert check("1.5", score, **bosons) is score
    with pytest.raises(Wrong, match="wrong sign"):
        check("1.5", lambda jets: -score(jets), **bosons)
