"""Coordinates of muon pairs: they lead back, their volumes are exact, and they obey the laws."""

import numpy as np
import pytest

from hepml_lite.exact.drell_yan import Z_MASS, DrellYan
from hepml_lite.generation.events.coordinates import (
    FourMomenta,
    Momenta,
    PeakShares,
    mass_at_angle,
    peak_angle,
)

KNOWN = DrellYan()
EVENTS = KNOWN.events(400, rng=1)[0]
RNG = np.random.default_rng(0)


@pytest.mark.parametrize("coordinates", [FourMomenta(), Momenta(), PeakShares()])
def test_events_come_back(coordinates):
    z = coordinates.of_events(EVENTS)
    assert z.shape == (len(EVENTS), len(coordinates.names))
    back = coordinates.to_events(z, RNG)
    np.testing.assert_allclose(back[:, :3], EVENTS[:, :3], rtol=1e-6, atol=1e-6)
    if not isinstance(coordinates, PeakShares):  # their azimuth is drawn
        np.testing.assert_allclose(back[:, 3], EVENTS[:, 3], atol=1e-6)


@pytest.mark.parametrize(("coordinates", "n"), [(Momenta(), 4), (PeakShares(), 3)])
def test_the_volume_is_the_determinant_of_the_jacobian(coordinates, n):
    events = EVENTS[:50]
    columns = []
    for i in range(n):
        step = np.zeros(4)
        step[i] = 1e-6
        ahead = coordinates.of_events(events + step)
        columns.append((ahead - coordinates.of_events(events - step)) / 2e-6)
    determinant = np.linalg.det(np.stack(columns, -1))
    expected = np.log(np.abs(determinant)) - (4 - n) * np.log(2 * np.pi)
    np.testing.assert_allclose(coordinates.log_volume(events), expected, atol=1e-5)


def test_shares_fill_the_cube_and_the_peak_is_flat():
    z = PeakShares().of_events(KNOWN.events(20_000, rng=2)[0])
    assert (z > 0).all()
    assert (z < 1).all()
    counts = np.histogram(z[:, 0], np.linspace(0.2, 0.8, 13))[0]
    assert counts.max() / counts.min() < 2, "the mass itself varies by a factor of twenty here"


def test_angle_and_mass_are_inverse_and_the_pole_is_at_zero():
    mass = np.linspace(60, 120, 7)
    np.testing.assert_allclose(mass_at_angle(peak_angle(mass)), mass)
    assert peak_angle(Z_MASS) == 0


def test_the_edge_of_pt_is_half_the_mass():
    z = Momenta().of_events(EVENTS)
    assert (z[:, 0] <= EVENTS[:, 0] / 2).all()
    upright = np.array([[90.0, 0.3, 0.0, 1.0]])
    np.testing.assert_allclose(Momenta().of_events(upright), [[45.0, 0.3, 0.3, 1.0]])


def test_eight_numbers_obey_four_laws():
    z = FourMomenta().of_events(EVENTS)
    muons = z.reshape(-1, 2, 4)
    squares = muons[..., 0] ** 2 - (muons[..., 1:] ** 2).sum(-1)
    np.testing.assert_allclose(squares / muons[..., 0] ** 2, 0, atol=1e-9)  # two masses
    np.testing.assert_allclose(muons[:, 0, 1:3], -muons[:, 1, 1:3])  # two sums of pT
    with pytest.raises(NotImplementedError, match="no density"):
        FourMomenta().log_volume(EVENTS)


def test_broken_laws_still_give_events():
    """Generated numbers near events, energies far off the mass shell."""
    z = FourMomenta().of_events(EVENTS) + 5 * RNG.normal(size=(len(EVENTS), 8))
    assert np.isfinite(FourMomenta().to_events(z, RNG)).all()
    z = Momenta().of_events(EVENTS) - [100, 0, 0, 10]
    events = Momenta().to_events(z, RNG)
    assert (events[:, 0] > 0).all()
    assert (np.abs(events[:, 3]) <= np.pi).all()


@pytest.mark.parametrize("coordinates", [FourMomenta(), Momenta(), PeakShares()])
def test_other_shapes_are_refused(coordinates):
    with pytest.raises(ValueError, match="give rows"):
        coordinates.of_events(EVENTS[:, :3])
    with pytest.raises(ValueError, match="give rows"):
        coordinates.to_events(EVENTS[:, :2], RNG)
