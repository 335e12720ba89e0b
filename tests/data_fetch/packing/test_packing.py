"""Packed jets: nothing is lost but what the documented rounding takes."""

import numpy as np
import pytest

from data_fetch.packing import jets as packing
from hepml_lite.containers.jets import Jets


def round_trip(jets):
    return Jets(**packing.unpack(packing.pack(jets), card={}))


@pytest.fixture
def jets():
    rng = np.random.default_rng(0)
    n, slots = 200, 40
    phi_of_jet = rng.uniform(-np.pi, np.pi, (n, 1))  # some lie across the seam
    constituents = np.stack(
        [
            np.exp(rng.uniform(np.log(0.1), np.log(500), (n, slots))),
            rng.uniform(-2, 2, (n, 1)) + rng.normal(0, 0.3, (n, slots)),
            phi_of_jet + rng.normal(0, 0.3, (n, slots)),
        ],
        axis=-1,
    )
    mask = np.arange(slots) < rng.integers(1, slots + 1, n)[:, None]
    pid = rng.choice([22, 130, 211, -211, 2212, -11], (n, slots)) * mask
    return Jets(constituents, mask=mask, label=rng.integers(0, 2, n), pid=pid).sorted_by_pt()


def test_rounding_is_the_documented_one(jets):
    back = round_trip(jets)
    np.testing.assert_array_equal(back.n_constituents, jets.n_constituents)
    np.testing.assert_array_equal(back.label, jets.label)
    np.testing.assert_array_equal(back.pid, jets.pid[:, : back.pid.shape[1]])
    found, expected = back.constituents[back.mask], jets.constituents[jets.mask]
    np.testing.assert_allclose(found[:, 0], expected[:, 0], rtol=0.51 * packing.JET_LOG_PT_STEP)
    assert np.abs(found[:, 1] - expected[:, 1]).max() < 0.51 * packing.JET_ANGLE_STEP
    turn = np.abs(np.exp(1j * found[:, 2]) - np.exp(1j * expected[:, 2])).max()
    assert turn < 1.01 * packing.JET_ANGLE_STEP


def test_masses_move_by_a_tenth_of_a_percent_at_most(jets):
    broad = jets[jets.n_constituents > 10]
    back = round_trip(broad)
    assert np.std(back.mass / broad.mass) < 1e-3


def test_single_particle_jets_survive():
    lonely = Jets([[[600.0, 1.0, 3.1]], [[0.002, -1.9, -3.14159]]])
    back = round_trip(lonely)
    np.testing.assert_allclose(back.pt, lonely.pt, rtol=0.003)


def test_jets_without_identities_stay_without(jets):
    anonymous = Jets(jets.constituents, mask=jets.mask)
    assert round_trip(anonymous).pid is None


def test_no_jets_at_all_survive(jets):
    assert len(round_trip(jets[:0])) == 0


def test_too_many_constituents_are_refused():
    crowded = Jets(np.ones((1, 256, 3)))
    with pytest.raises(ValueError, match=r"256 constituents.*truncate\(255\)"):
        packing.pack(crowded)


def test_angles_that_do_not_fit_are_refused_and_do_not_wrap():
    constituents = [[[600.0, -30.0, 0.0], [1.0, 30.0, 0.0]]]
    with pytest.raises(ValueError, match="eta_from_axis reaches"):
        packing.pack(Jets(constituents))


def test_labels_that_do_not_fit_are_refused_and_do_not_wrap():
    names = tuple(f"class {k}" for k in range(300))
    with pytest.raises(ValueError, match="label reaches 299, but only 0 to 255"):
        packing.pack(Jets(np.ones((1, 1, 3)), label=[299], names=names))
