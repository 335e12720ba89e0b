"""The exercises of the start recognise typical wrong answers by what is physically wrong."""

import numpy as np
import pytest

from hepml_lite.checks import Wrong, check
from hepml_lite.checks.start_here import invariant_mass, rejection


@pytest.fixture(autouse=True)
def _strict(monkeypatch):
    monkeypatch.setenv("HEPML_STRICT", "1")


def vector_sum_by_loop(p4):
    masses = []
    for jet in p4:
        energy, px, py, pz = (sum(column) for column in jet.T)
        masses.append((energy**2 - px**2 - py**2 - pz**2) ** 0.5)
    return masses


def threshold_by_sorting(labels, scores, signal_efficiency):
    signal = np.sort(scores[labels == 1])[::-1]
    threshold = signal[int(signal_efficiency * len(signal))]
    background = scores[labels == 0]
    return len(background) / np.sum(background >= threshold)


@pytest.mark.parametrize(
    ("exercise", "answer"),
    [
        ("0.1", invariant_mass),
        ("0.1", vector_sum_by_loop),
        ("0.2", rejection),
        ("0.2", threshold_by_sorting),
    ],
)
def test_right_answers_of_different_style_are_right(exercise, answer):
    assert check(exercise, answer) is answer


def total(p4):
    return p4.sum(axis=1).T


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (lambda p4: invariant_mass(p4) ** 2, "take the root"),
        (lambda p4: np.sqrt((total(p4) ** 2).sum(axis=0)), "minus sign"),
        (lambda p4: np.sqrt(total(p4)[0] ** 2 - (total(p4)[1:3] ** 2).sum(0)), "along the beam"),
        (lambda p4: p4[..., 0].sum(1) * 0, "all masses are zero"),
        (lambda p4: invariant_mass(np.swapaxes(p4[:, :4], 0, 1)), "one mass a jet"),
        (lambda p4: 2 * invariant_mass(p4), "factor of about 2"),
    ],
)
def test_wrong_masses(answer, message):
    with pytest.raises(Wrong, match=message):
        check("0.1", answer)


def rejection_at(threshold_from, counted=lambda labels: labels == 0, quantile=0.7):
    """1 over the share of the counted jets above a quantile of some jets."""

    def answer(labels, scores, signal_efficiency):
        threshold = np.quantile(scores[threshold_from(labels)], quantile)
        return 1 / np.mean(scores[counted(labels)] > threshold)

    return answer


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (lambda *a: 1 / rejection(*a), "this is ε_B"),
        (lambda *a: 1 - 1 / rejection(*a), "1 − ε_B"),
        (rejection_at(lambda labels: labels == 0), "keeps 30 % of the background"),
        (rejection_at(lambda labels: labels == 1, quantile=0.3), "keeps 70 % of the signal"),
        (rejection_at(lambda labels: labels >= 0), "keeps 30 % of all jets"),
        (rejection_at(lambda labels: labels == 1, lambda labels: labels >= 0), "both classes"),
        (lambda labels, scores, e: rejection(1 - labels, scores, e), "swapped"),
        (rejection_at(lambda labels: labels == 1), "not at 50 %"),
        (lambda *a: 3.0, "two Gaussians"),
    ],
)
def test_wrong_rejections(answer, message):
    with pytest.raises(Wrong, match=message):
        check("0.2", answer)
