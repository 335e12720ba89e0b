"""Cross sections and energy losses of the cascade: limits, tables and known values."""

import numpy as np
import pytest

from data_fetch.generate.showers import cascade_processes as physics


def rng(seed=1):
    return np.random.default_rng(seed)


def test_compton_scattering_tends_to_thomson_and_to_klein_nishina():
    thomson = physics.ELECTRONS * physics.THOMSON
    assert physics.compton_rate(1e-3) / thomson == pytest.approx(1 - 2e-3 / 0.511, abs=1e-4)
    # 0.2112 barn at 1 MeV (NIST XCOM); ln(2a) + 1/2 over a at high energy
    assert physics.compton_rate(1.0) / thomson * 0.665246 == pytest.approx(0.2112, rel=1e-3)
    a = 1e5
    assert physics.compton_rate(a * physics.ELECTRON_MASS) / thomson == pytest.approx(
        3 / 8 / a * (np.log(2 * a) + 0.5), rel=1e-3
    )


def test_compton_photons_lose_what_klein_and_nishina_say():
    """Mean share given to the electron: 0.440 at 1 MeV, 0.7 at 10 MeV (Evans, table A.25)."""
    for k, given in ((1.0, 0.440), (10.0, 0.684)):
        share, bend = physics.compton_share(np.full(100_000, k), rng())
        assert 1 - share.mean() == pytest.approx(given, abs=0.01)
        assert bend.min() >= 0
        assert bend.max() <= 2 + 1e-9


@pytest.mark.parametrize(
    ("k", "lead", "tungsten", "oxygen"),
    [
        (1.0, 0.06803, 0.06430, 0.06370),
        (2.0, 0.04534, 0.04380, 0.04459),
        (5.0, 0.04272, 0.04103, 0.02777),
        (10.0, 0.04972, 0.04747, 0.02089),
    ],
)
def test_photons_are_absorbed_as_in_the_nist_tables(k, lead, tungsten, oxygen):
    """Mass attenuation without coherent scattering [cm^2/g], within 3 %."""
    shares = [element.share for element in physics.ELEMENTS]
    expected = np.dot(shares, (lead, tungsten, oxygen)) * physics.RADIATION_LENGTH
    rates = (physics.pair_rate, physics.compton_rate, physics.absorption_rate)
    assert sum(float(rate(k)) for rate in rates) == pytest.approx(expected, rel=0.03)


def test_pair_production_tends_to_seven_ninths_and_needs_two_masses():
    assert physics.pair_rate(1e5) == pytest.approx(7 / 9, rel=0.02)
    assert physics.pair_rate(1.0) == 0
    share = physics.pair_share(np.full(50_000, 1e5), rng())
    # the mean of (2x - 1)^2 is 13/35 for 1 - (4/3) x (1 - x), against 1/3 for a flat share
    assert np.mean((2 * share - 1) ** 2) == pytest.approx(13 / 35, abs=0.01)
    assert physics.pair_share(np.full(100, 1.1), rng()).min() > 0.46


def test_an_electron_radiates_its_energy_in_one_radiation_length():
    """Bremsstrahlung takes E / X0 at high energy, and as much as ionisation near 10 MeV."""

    def radiated(energy):
        energies = np.full(200_000, energy)
        hard = physics.emission_rate(energies[0]) * physics.emitted_photon(energies, rng()).mean()
        return hard + physics.soft_loss(energies[0])

    assert radiated(1e5) / 1e5 == pytest.approx(1, abs=0.02)
    assert radiated(8.0) < physics.ionisation_loss(8.0)
    assert radiated(13.0) > physics.ionisation_loss(13.0)


def test_ionisation_is_smallest_near_two_masses_and_that_of_the_pdg():
    """PDG: at least 1.229 MeV cm^2/g for a heavy particle; an electron loses a little less."""
    energies = np.geomspace(0.2, 100, 200)
    loss = physics.ionisation_loss(energies) / physics.RADIATION_LENGTH
    assert 0.8 < energies[loss.argmin()] < 1.5
    assert loss.min() == pytest.approx(1.09, abs=0.03)
    # Rossi: about the critical energy in each radiation length, at that energy
    assert physics.ionisation_loss(physics.CRITICAL_ENERGY) == pytest.approx(9.64, rel=0.03)


def test_many_small_angles_make_one_large_one():
    """After t radiation lengths sqrt(<theta^2>) is 21.2 MeV / p sqrt(t); slow ones go anywhere."""
    n = 100_000
    bend = physics.scattering_bend(np.full(n, 1000.0), np.full(n, 0.1), rng())
    assert np.sqrt(2 * bend.mean()) == pytest.approx(21.2e-3 * np.sqrt(0.1), rel=0.01)
    slow = physics.scattering_bend(np.full(n, 1.0), np.full(n, 10.0), rng())
    assert slow.mean() == pytest.approx(1, abs=0.02)
