"""Angles of tau pairs: their density, its information, and the frame in which they are defined."""

import numpy as np
import pytest

from hepml_lite.exact.tau_pairs import TauPairs, four_vectors, plane_angle, share_of_information

N = 40_000


@pytest.mark.parametrize("measured", [False, True])
def test_events_have_the_score_of_the_density(measured):
    model = TauPairs(odd=0.3)
    score = model.score(model.events(N)[int(measured)], measured)
    information = model.information(measured)
    assert score.mean() == pytest.approx(0, abs=4 * (information / N) ** 0.5)
    assert np.mean(score**2) == pytest.approx(information, rel=0.03)


def test_the_density_has_unit_integral_and_its_derivative_is_the_score():
    angles = np.random.default_rng(0).uniform(-1, 1, (200_000, 3)) * [1, 1, np.pi]
    assert 8 * np.pi * TauPairs().density(angles).mean() == pytest.approx(1, abs=0.005)
    above = np.log(TauPairs(odd=0.2001).density(angles))
    below = np.log(TauPairs(odd=0.1999).density(angles))
    np.testing.assert_allclose((above - below) / 2e-4, TauPairs(odd=0.2).score(angles), atol=1e-5)


def test_the_plane_angle_belongs_to_the_rest_frame():
    model = TauPairs(odd=0.0)
    angles, _ = model.events(5000)
    score = model.score(angles)
    shares = []
    for boost in (0.0, 0.6, 0.9):
        taus, pions = four_vectors(angles, boost)
        phi = plane_angle(taus, pions)
        mass = pions[..., 0] ** 2 - (pions[..., 1:] ** 2).sum(-1)
        assert np.abs(mass).max() < 1e-6 * pions[..., 0].max() ** 2
        shares.append(share_of_information(np.sin(phi), score))
        if boost == 0:
            np.testing.assert_allclose(np.cos(phi - angles[:, 2]), 1, atol=1e-9)
    assert shares[0] > shares[1] > shares[2]
    assert shares[2] < 0.1


def test_a_density_that_would_be_negative_is_refused():
    with pytest.raises(ValueError, match="sum of their squares exceeds one"):
        TauPairs(even=0.9, odd=0.6)
