"""Transformations of jets: each changes what it says and keeps what it must."""

import numpy as np
import pytest

from hepml_lite import kinematics
from hepml_lite.containers.jets import Jets
from hepml_lite.jet_physics.variations import transformations as change


@pytest.fixture
def rng():
    return np.random.default_rng(3)


@pytest.fixture
def jets(rng):
    """Jets of 1 to 8 constituents across the seam of phi, with gaps between them."""
    shape = (20, 8)
    columns = rng.exponential(20, shape) + 1, rng.normal(1, 0.2, shape), rng.normal(3.1, 0.2, shape)
    mask = rng.random(shape) < rng.random((20, 1))
    mask[np.arange(20), rng.integers(0, 8, 20)] = True
    mask[0] = np.arange(8) == 3
    constituents = np.stack(columns, -1)
    constituents[..., 2] = kinematics.wrap_phi(constituents[..., 2])
    return Jets(constituents, mask=mask, pid=rng.choice([211, -211, 130], shape) * mask)


def rows(jets, i):
    """The constituents of jet i in a fixed order."""
    both = np.column_stack([jets.constituents[i], jets.pid[i]])[jets.mask[i]]
    return both[np.lexsort(both.T)]


def distances(jets):
    _, eta, phi = np.moveaxis(jets.constituents.astype(float), -1, 0)
    pairs = jets.mask[:, :, None] & jets.mask[:, None]
    return kinematics.delta_r(eta[:, :, None], phi[:, :, None], eta[:, None], phi[:, None]) * pairs


def test_a_permutation_moves_whole_particles(jets, rng):
    new = change.permuted(jets, rng)
    assert not np.array_equal(new.constituents, jets.constituents)
    for i in range(len(jets)):
        np.testing.assert_array_equal(rows(new, i), rows(jets, i))


@pytest.mark.parametrize(
    "move",
    [
        lambda jets: change.rotated(jets, 0.7),
        lambda jets: change.turned(jets, 2.0),
        lambda jets: change.boosted(jets, -1.5),
        change.mirrored,
    ],
)
def test_distances_and_momenta_in_the_plane_stay(jets, move):
    new = move(jets)
    assert not np.allclose(new.constituents, jets.constituents, atol=0.01)
    np.testing.assert_allclose(distances(new), distances(jets), atol=2e-6)
    np.testing.assert_array_equal(new.constituents[..., 0], jets.constituents[..., 0])
    np.testing.assert_array_equal(new.pid, jets.pid)
    assert (np.abs(new.constituents[..., 2]) <= np.float32(np.pi)).all()
    assert not new.constituents[~new.mask].any()


@pytest.mark.parametrize(
    ("there", "back"),
    [
        (lambda jets: change.turned(jets, 2.0), lambda jets: change.turned(jets, -2.0)),
        (lambda jets: change.boosted(jets, 1.0), lambda jets: change.boosted(jets, -1.0)),
        (change.mirrored, change.mirrored),
        (
            lambda jets: change.lorentz_boosted(jets, (0.1, 0.2, -0.5)),
            lambda jets: change.lorentz_boosted(jets, (-0.1, -0.2, 0.5)),
        ),
    ],
)
def test_there_and_back(jets, there, back):
    again = back(there(jets))
    np.testing.assert_allclose(again.constituents[..., :2], jets.constituents[..., :2], rtol=1e-5)
    apart = kinematics.delta_phi(again.constituents[..., 2], jets.constituents[..., 2])
    np.testing.assert_allclose(apart, 0, atol=2e-6)


@pytest.mark.parametrize(
    "move",
    [
        lambda jets: change.turned(jets, 2.0),
        lambda jets: change.boosted(jets, 0.8),
        lambda jets: change.lorentz_boosted(jets, (0.3, -0.2, 0.6)),
        change.mirrored,
    ],
)
def test_the_mass_stays(jets, move):
    np.testing.assert_allclose(move(jets).mass, jets.mass, rtol=1e-4, atol=0.02)


def test_a_turn_by_a_quarter_takes_eta_to_phi(jets):
    quarter = change.rotated(jets, np.pi / 2)
    seen = jets.relative()
    d_phi = kinematics.delta_phi(quarter.constituents[..., 2], jets.phi[:, None])
    np.testing.assert_allclose((d_phi * jets.mask), seen[..., 1], atol=2e-6)


def test_a_boost_along_the_beam_is_a_shift_of_eta(jets):
    long = change.lorentz_boosted(jets, (0, 0, np.tanh(0.9)))
    np.testing.assert_allclose(long.constituents, change.boosted(jets, 0.9).constituents, atol=1e-5)


def test_a_particle_at_rest_gets_the_velocity():
    velocity = np.array([0.1, -0.4, 0.7])
    energy, *momentum = change.boost_matrix(velocity) @ [5, 0, 0, 0]
    np.testing.assert_allclose(momentum / energy, velocity)
    with pytest.raises(ValueError, match="below 1"):
        change.boost_matrix((0.8, 0.8, 0))


@pytest.mark.parametrize("angle", [0.0, 0.05])
@pytest.mark.parametrize("which", [0, 2])
def test_a_split(jets, which, angle):
    new = change.collinear_split(jets, which, z=0.2, angle=angle)
    able = jets.n_constituents > which
    np.testing.assert_array_equal(new.n_constituents, jets.n_constituents + able)
    np.testing.assert_allclose(
        new.constituents[..., 0].sum(1), jets.constituents[..., 0].sum(1), rtol=1e-6
    )
    for i in np.flatnonzero(able):
        slot = np.flatnonzero((new.constituents[i] != jets.padded(9).constituents[i]).any(1))[0]
        first, second, parent = new.constituents[i, slot], new.constituents[i, -1], jets[[i]]
        mother = parent.sorted_by_pt().constituents[0, which]
        assert first[0] / mother[0] == pytest.approx(0.2)
        assert second[0] / mother[0] == pytest.approx(0.8)
        assert new.pid[i, -1] == new.pid[i, slot]
        apart = kinematics.delta_r(*first[1:], *second[1:])
        assert apart == pytest.approx(angle, abs=1e-6)
        assert kinematics.delta_r(*first[1:], *mother[1:]) == pytest.approx(0.8 * angle, abs=1e-6)


def test_the_mass_forgets_a_split_as_the_square_of_its_angle(jets):
    """z (1 - z) pT^2 angle^2 for a jet of one constituent; nothing without an angle."""
    one = jets[[0]]
    pt = one.constituents[..., 0].max()
    for angle in (0.1, 0.01):
        mass = change.collinear_split(one, 0, 0.3, angle).mass[0]
        assert mass**2 == pytest.approx(0.3 * 0.7 * pt**2 * angle**2, rel=0.01)
    many = jets[jets.n_constituents > 1]
    np.testing.assert_allclose(change.collinear_split(many).mass, many.mass, rtol=1e-5)


def test_a_soft_particle(jets, rng):
    new = change.soft_added(jets, 0.01, rng, radius=0.4)
    np.testing.assert_array_equal(new.n_constituents, jets.n_constituents + 1)
    assert (new.pid[:, -1] == 22).all()
    _, eta, phi = new.constituents[:, -1].T
    distance = kinematics.delta_r(eta, phi, jets.eta, jets.phi)
    assert 0.2 < distance.max() <= 0.4 + 1e-6
    np.testing.assert_array_equal(new.constituents[:, :-1], jets.constituents)


def test_jets_without_identity_stay_so(jets, rng):
    bare = Jets(jets.constituents, mask=jets.mask)
    for new in (
        change.permuted(bare, rng),
        change.collinear_split(bare),
        change.soft_added(bare, 1.0, rng),
        change.rotated(bare, 1.0),
    ):
        assert new.pid is None


def test_no_jets(jets, rng):
    none = jets[:0]
    for new in (
        change.permuted(none, rng),
        change.collinear_split(none),
        change.soft_added(none, 1.0, rng),
        change.rotated(none, 1.0),
        change.lorentz_boosted(none, (0.1, 0, 0)),
    ):
        assert len(new) == 0


def test_what_is_refused(jets, rng):
    for wrong in ({"z": 1.0}, {"which": -1}):
        with pytest.raises(ValueError, match=r"which"):
            change.collinear_split(jets, **wrong)
    with pytest.raises(ValueError, match="positive"):
        change.soft_added(jets, 0.0, rng)
