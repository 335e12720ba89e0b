"""Energy Mover's Distance: jets with a known answer, the laws of a metric, and other solvers."""

import numpy as np
import pytest

from data_fetch import load
from data_fetch.samples import bundled
from hepml_lite.containers.jets import Jets
from hepml_lite.jet_physics.distances import energy_movers_distance as movers
from hepml_lite.jet_physics.distances.energy_movers_distance import emd, emd_matrix, transport_cost
from hepml_lite.jet_physics.variations import transformations as change

RADIUS = 0.8
SAMPLES = sorted({"top_tagging", "quark_gluon", "jet_classes"} & set(bundled()))


@pytest.fixture(scope="module", params=SAMPLES)
def real(request):
    """Three jets of every class, and the narrowest cut down to one and to two constituents."""
    jets = load(request.param, "smoke")
    some = Jets.concatenate([jets.of_class(name)[:3] for name in jets.names])
    few = [some[:1].truncate(n) for n in (1, 2)]
    return Jets.concatenate([some, *few])


@pytest.fixture
def rng():
    return np.random.default_rng(8)


@pytest.fixture(params=["wasserstein", "pot"])
def solver(request, monkeypatch):
    """POT, and wasserstein where it is installed."""
    if request.param == "pot":
        monkeypatch.setattr(movers, "wasserstein", None)
    elif movers.wasserstein is None:
        pytest.skip("wasserstein is not installed: run `make energyflow`")


def jet(*constituents):
    return Jets(np.array([constituents], np.float32))


@pytest.mark.parametrize("beta", [0.5, 1.0, 2.0])
def test_a_particle_split_by_an_angle(solver, beta):
    """Seen from their centres, z and 1 - z move by (1 - z) angle and z angle."""
    one = jet((500, 0.3, 3.1))
    two = change.collinear_split(one, z=0.3, angle=0.2)
    work = 0.3 * (0.7 * 0.2 / RADIUS) ** beta + 0.7 * (0.3 * 0.2 / RADIUS) ** beta
    assert emd(one, two, RADIUS, beta, norm=True)[0] == pytest.approx(work, rel=1e-5)
    assert emd(one, two, RADIUS, beta)[0] == pytest.approx(500 * work, rel=1e-5)


def test_missing_momentum_costs_its_amount(solver):
    one, other = jet((500, 0.3, 3.1)), jet((430, -1.0, 0.0))
    assert emd(one, other, RADIUS)[0] == pytest.approx(70)
    assert emd(one, other, RADIUS, norm=True)[0] == pytest.approx(0, abs=1e-12)


def test_two_prongs_of_different_opening(solver):
    """Equal prongs move by half the difference of the openings, whatever the axis."""
    narrow, wide = (jet((250, 1, d / 2), (250, 1, -d / 2)) for d in (0.2, 0.6))
    assert emd(narrow, wide, RADIUS)[0] == pytest.approx(500 * 0.2 / RADIUS, rel=1e-5)


@pytest.mark.parametrize("norm", [False, True])
@pytest.mark.parametrize("beta", [1.0, 2.0])
def test_solvers_agree(solver, real, beta, norm):
    """Both solvers give what scipy's linear programming finds in the definition, to 1e-9."""
    few = real[[0, len(real) // 2, -2, -1]]
    found = emd_matrix(few, RADIUS, beta=beta, norm=norm)
    scale = 1 if norm else few.pt.max()
    expected = np.array([[program(a, b, beta, norm) for b in points(few)] for a in points(few)])
    np.testing.assert_allclose(found, expected, atol=1e-9 * scale)


def points(jets):
    """pT, eta, phi around the centre of pT, a loop over jets."""
    for row, real in zip(jets.constituents.astype(float), jets.mask, strict=True):
        particles = row[real]
        particles[:, 2] = (particles[:, 2] - particles[0, 2] + np.pi) % (2 * np.pi) - np.pi
        centre = np.average(particles[:, 1:], axis=0, weights=particles[:, 0])
        yield particles - np.append(0, centre)


def program(a, b, beta, norm):
    """The definition as it is printed: flows limited by both jets, their sum fixed, dense."""
    from scipy.optimize import linprog

    if norm:
        a, b = (np.column_stack([p[:, 0] / p[:, 0].sum(), p[:, 1:]]) for p in (a, b))
    n, m = len(a), len(b)
    theta = np.hypot(*(a[:, None, i] - b[None, :, i] for i in (1, 2))) / RADIUS
    limits = np.zeros((n + m, n, m))
    limits[np.arange(n), np.arange(n)] = 1
    limits[n + np.arange(m), :, np.arange(m)] = 1
    total = min(a[:, 0].sum(), b[:, 0].sum())
    scale = max(a[:, 0].sum(), b[:, 0].sum())
    result = linprog(
        theta.ravel() ** beta,
        A_ub=limits.reshape(n + m, n * m),
        b_ub=np.append(a[:, 0], b[:, 0]) / scale,
        A_eq=np.ones((1, n * m)),
        b_eq=total / scale * (1 - 1e-13),
    )
    return result.fun * scale + abs(a[:, 0].sum() - b[:, 0].sum())


@pytest.mark.parametrize("norm", [False, True])
def test_agrees_with_energyflow(real, norm):
    energyflow = pytest.importorskip("energyflow", reason="run `make energyflow`")
    events = list(points(real))
    expected = energyflow.emd.emds(events, R=RADIUS, norm=norm, n_jobs=1, verbose=0)
    np.testing.assert_allclose(emd_matrix(real, RADIUS, norm=norm), expected, rtol=1e-9, atol=1e-9)
    one = energyflow.emd.emd(events[0], events[1], R=RADIUS, norm=norm)
    assert emd(real[:1], real[1:2], RADIUS, norm=norm)[0] == pytest.approx(one, rel=1e-9)


def assert_metric(distances, tolerance):
    """Zero from itself alone, symmetric, no detour is shorter."""
    assert (np.diag(distances) <= tolerance).all()
    assert (distances[~np.eye(len(distances), dtype=bool)] > 10 * tolerance).all()
    np.testing.assert_allclose(distances, distances.T, atol=tolerance)
    detour = distances[:, :, None] + distances[None]  # (from, over, to)
    assert (detour.min(axis=1) >= distances - tolerance).all()


@pytest.mark.parametrize("aligned", [False, True])
@pytest.mark.parametrize(("beta", "norm"), [(1.0, False), (1.0, True), (0.5, True), (2.0, True)])
def test_metric(real, beta, norm, aligned):
    distances = emd_matrix(real, RADIUS, beta=beta, norm=norm, aligned=aligned)
    assert_metric(distances ** (1 / max(beta, 1)), 1e-7 if norm else 1e-7 * real.pt.max())


def test_rows_and_matrices_agree(solver, real):
    few = real[-5:]
    square = emd_matrix(few, RADIUS)
    np.testing.assert_allclose(emd_matrix(few, RADIUS, few[:2]), square[:, :2], atol=1e-9)
    np.testing.assert_allclose(emd(few, few[::-1], RADIUS), np.diag(square[:, ::-1]), atol=1e-9)


def test_no_jets_and_one_jet(solver, real):
    assert emd(real[:0], real[:0], RADIUS).shape == (0,)
    assert emd_matrix(real[:0], RADIUS).shape == (0, 0)
    assert emd_matrix(real[:2], RADIUS, real[:0]).shape == (2, 0)
    np.testing.assert_array_equal(emd_matrix(real[:1], RADIUS), [[0]])


def unchanged(real, moved, **options):
    change = emd(real, moved, RADIUS, norm=True, **options)
    np.testing.assert_allclose(change, 0, atol=5e-6)  # coordinates are stored in single precision


def test_order_padding_and_position_mean_nothing(real, rng):
    unchanged(real, change.permuted(real, rng))
    unchanged(real, real.padded(real.mask.shape[1] + 7))
    unchanged(real, change.turned(real, 2.5))
    unchanged(real, change.boosted(real, 0.9))


def test_orientation_counts_unless_aligned(real):
    for move in (lambda jets: change.rotated(jets, 1.0), change.mirrored):
        assert (emd(real, move(real), RADIUS, norm=True)[:-2] > 1e-3).all()
        unchanged(real, move(real), aligned=True)


def test_turning_both_jets_changes_nothing(real):
    before = emd_matrix(real, RADIUS, norm=True)
    turned = emd_matrix(change.rotated(real, 1.0), RADIUS, norm=True)
    np.testing.assert_allclose(turned, before, atol=5e-6)


def test_infrared_and_collinear_limits(real, rng):
    """The distance from a split jet falls with the angle, from a radiating jet with the pT."""
    angles, momenta = np.array([1e-1, 1e-2, 1e-3]), np.array([10, 0.1, 1e-3])
    split = [emd(real, change.collinear_split(real, angle=a), RADIUS, norm=True) for a in angles]
    soft = [emd(real, change.soft_added(real, pt, rng), RADIUS) for pt in momenta]
    assert (np.array(split) <= angles[:, None] / RADIUS).all()
    assert (np.array(split)[0] > 1e-3).all()
    # it costs its pT to make, and the recoil of the axis at most as much again
    assert (np.array(soft) <= 3 * momenta[:, None] + 5e-3).all()
    assert (np.array(soft)[0] > 1).all()


def test_transport_of_any_cost(solver):
    """Three of the four units can change place for nothing, one must stay at a cost of 1."""
    cost = transport_cost(np.array([2.0, 2.0]), np.array([1.0, 3.0]), np.eye(2))
    assert cost == pytest.approx(1)


def test_wrong_arguments(real):
    with pytest.raises(ValueError, match="3 and 2 jets: give equal numbers"):
        emd(real[:3], real[:2], RADIUS)
    with pytest.raises(ValueError, match="radius is 0"):
        emd_matrix(real, 0)
    with pytest.raises(ValueError, match="beta is -1"):
        emd(real, real, RADIUS, beta=-1)
