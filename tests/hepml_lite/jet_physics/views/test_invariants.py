"""Minkowski products: what every observer agrees on."""

import numpy as np
import pytest

from hepml_lite.containers.jets import Jets
from hepml_lite.jet_physics.variations import transformations as change
from hepml_lite.jet_physics.views import invariants


def test_products_of_two_particles():
    """Back to back with 3 and 5 GeV: p.p' = 2 E E'."""
    back_to_back = Jets([[[3, 0, 0], [5, 0, np.pi]]])
    np.testing.assert_allclose(
        invariants.minkowski_products(back_to_back)[0], [[0, 30], [30, 0]], atol=1e-5
    )


def test_products_of_nearly_parallel_particles_keep_their_digits():
    """pT pT' angle^2 / 2, of which a difference of cosines in double precision would keep none."""
    assert invariants.massless_product(6.0, 1e-9, 2 * np.pi) == pytest.approx(3e-18, rel=1e-6)
    assert invariants.massless_product(6.0, 0.0, 1e-9) == pytest.approx(3e-18, rel=1e-6)


def test_products_are_those_of_the_components(jets):
    pt, eta, phi = np.moveaxis(jets.constituents.astype(float), -1, 0)
    energy = pt * np.cosh(eta)
    p4 = np.stack([energy, pt * np.cos(phi), pt * np.sin(phi), pt * np.sinh(eta)], -1)
    direct = invariants.minkowski_product(p4[:, :, None], p4[:, None])
    scale = energy[:, :, None] * energy[:, None]
    found = invariants.minkowski_products(jets)
    assert (np.abs(found - direct) <= 1e-14 * scale).all()
    assert (found >= 0).all()


def test_their_sum_is_the_squared_mass(jets):
    total = invariants.minkowski_products(jets).sum((1, 2))
    np.testing.assert_allclose(np.sqrt(total), jets.mass, rtol=1e-6, atol=1e-3)


def test_they_stay_under_boosts_in_any_direction(jets):
    """As far as single precision of the boosted coordinates resolves the angles of a pair."""
    before = invariants.minkowski_products(jets)
    energy = jets.four_vectors()[..., 0].astype(float)
    scale = energy[:, :, None] * energy[:, None]
    for velocity in ((0.5, 0, 0), (0.2, -0.6, 0.3), (0, 0, -0.9)):
        after = invariants.minkowski_products(change.lorentz_boosted(jets, velocity))
        assert (np.abs(after - before) <= 1e-5 * before + 1e-6 * scale).all()
        assert np.abs(change.lorentz_boosted(jets, velocity).pt / jets.pt - 1).max() > 0.01 or (
            velocity[:2] == (0, 0)
        )


def test_chunks_change_nothing(jets, monkeypatch):
    whole = invariants.minkowski_products(jets)
    stretches = invariants.chunks
    monkeypatch.setattr(invariants, "chunks", lambda jets, size: stretches(jets, 4))
    np.testing.assert_array_equal(invariants.minkowski_products(jets), whole)


def test_padding_has_no_products(jets):
    products = invariants.minkowski_products(jets)
    assert not products[~(jets.mask[:, :, None] & jets.mask[:, None])].any()
