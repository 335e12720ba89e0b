"""Spectral EMD: jets with a known answer, the published formula, and the laws of the spectrum."""

import numpy as np
import pytest
from scipy.optimize import linprog
from scipy.spatial.distance import cdist

from data_fetch import load
from data_fetch.samples import bundled
from hepml_lite.containers.jets import Jets
from hepml_lite.jet_physics.distances.spectral_distance import (
    BLOCK,
    quantile_functions,
    spectral_emd,
    spectral_emd_matrix,
    spectrum,
)
from hepml_lite.jet_physics.variations import transformations as change

SAMPLES = sorted({"top_tagging", "quark_gluon", "jet_classes"} & set(bundled()))
ROUNDING = 2e-7  # the root of the rounding of a difference of squares


@pytest.fixture(scope="module", params=SAMPLES)
def real(request):
    """Jets of every class, more than one block of them, and some of one and of two constituents."""
    jets = load(request.param, "smoke")
    some = Jets.concatenate([jets.of_class(name)[: BLOCK // 2 + 3] for name in jets.names])
    return Jets.concatenate([some, some[:1].truncate(1), some[:2].truncate(2)])


@pytest.fixture(scope="module")
def spectra(real):
    return spectrum(real)


@pytest.fixture
def rng():
    return np.random.default_rng(8)


def jet(*constituents):
    return Jets(np.array([constituents], np.float32))


def two_prongs(z, opening):
    return jet((500 * z, 0.1, 3.1), (500 * (1 - z), 0.1, 3.1 - opening))


def distance(first, second):
    return spectral_emd(spectrum(first), spectrum(second))


def test_spectrum_of_two_particles():
    made = spectrum(two_prongs(0.2, 0.5))
    np.testing.assert_allclose(made.omega[0], [0, 0.5], rtol=1e-6)
    np.testing.assert_allclose(made.cumulative[0], [0.2**2 + 0.8**2, 1], rtol=1e-6)
    assert made.mean_square[0] == pytest.approx(2 * 0.2 * 0.8 * 0.5**2, rel=1e-6)


def test_one_particle_against_two():
    """All pairs of the first have distance 0, a share 2 z (1 - z) of the second has omega."""
    found = distance(jet((300, -1, 2)), two_prongs(0.2, 0.5))
    assert found[0] == pytest.approx(0.5 * np.sqrt(2 * 0.2 * 0.8), rel=1e-6)


def test_two_particles_against_two():
    found = distance(two_prongs(0.2, 0.5), two_prongs(0.4, 0.3))
    square = 0.32 * (0.5 - 0.3) ** 2 + (0.48 - 0.32) * 0.3**2
    assert found[0] == pytest.approx(np.sqrt(square), rel=1e-6)


def published(a, b):
    """SPECTER's double sum over pairs of distances (arXiv:2410.05379), from the definition of s."""
    omega, energy = zip(*(pairs(particles) for particles in (a, b)), strict=True)
    upper = [np.cumsum(e) for e in energy]
    lower = [u - e for u, e in zip(upper, energy, strict=True)]
    overlap = np.minimum.outer(*upper) - np.maximum.outer(*lower)
    cross = (np.multiply.outer(*omega) * np.maximum(overlap, 0)).sum()
    return sum(e @ o**2 for o, e in zip(omega, energy, strict=True)) - 2 * cross


def pairs(particles):
    """Ascending distances and energy weights of all n^2 ordered pairs of a jet, i = j included."""
    z = particles[:, 0] / particles[:, 0].sum()
    d_eta, d_phi = (np.subtract.outer(x, x) for x in particles[:, 1:].T)
    omega = np.hypot(d_eta, (d_phi + np.pi) % (2 * np.pi) - np.pi).ravel()
    order = np.argsort(omega)
    return omega[order], np.outer(z, z).ravel()[order]


def constituents(jets):
    rows = zip(jets.constituents.astype(float), jets.mask, strict=True)
    return [row[real] for row, real in rows]


def test_is_the_published_closed_form(real, spectra):
    few = real[-6:].truncate(25)
    expected = [[published(a, b) for b in constituents(few)] for a in constituents(few)]
    np.testing.assert_allclose(spectral_emd_matrix(spectrum(few)) ** 2, expected, atol=1e-13)


def test_is_optimal_transport(real):
    """Solved as a transport problem, without the knowledge that the order of omega solves it."""
    few = real[[0, -4]].truncate(5)
    (omega, energy), (other, received) = (pairs(particles) for particles in constituents(few))
    n, m = len(omega), len(other)
    flows = np.vstack([np.kron(np.eye(n), np.ones(m)), np.kron(np.ones(n), np.eye(m))])
    solved = linprog(
        np.subtract.outer(omega, other).ravel() ** 2,
        A_eq=flows,
        b_eq=np.append(energy, received),
    )
    assert distance(few[:1], few[1:])[0] == pytest.approx(np.sqrt(solved.fun), rel=1e-7)


def test_metric(spectra):
    """Zero from itself alone, symmetric, no detour is shorter."""
    distances = spectral_emd_matrix(spectra)
    assert (np.diag(distances) == 0).all()
    assert (distances[~np.eye(len(distances), dtype=bool)] > 1e-3).all()
    np.testing.assert_array_equal(distances, distances.T)
    detour = (distances[:, :, None] + distances[None]).min(axis=1)
    assert (detour >= distances - ROUNDING).all()


def test_rows_and_matrices_agree(spectra):
    square = spectral_emd_matrix(spectra)
    part = spectra[len(spectra) - 5 :]
    np.testing.assert_allclose(spectral_emd_matrix(spectra, part), square[:, -5:], atol=ROUNDING)
    np.testing.assert_allclose(spectral_emd_matrix(part, spectra), square[-5:], atol=ROUNDING)
    rows = spectral_emd(spectra, spectra[::-1])
    np.testing.assert_allclose(rows, np.diag(square[:, ::-1]), atol=ROUNDING)


@pytest.mark.parametrize(
    "move",
    [
        lambda jets: change.permuted(jets, np.random.default_rng(1)),
        lambda jets: jets.padded(jets.mask.shape[1] + 7),
        lambda jets: change.turned(jets, 2.5),
        lambda jets: change.boosted(jets, 0.9),
        lambda jets: change.rotated(jets, 1.0),
        change.mirrored,
    ],
    ids=["permuted", "padded", "turned", "boosted", "rotated", "mirrored"],
)
def test_what_keeps_all_distances_changes_nothing(real, move):
    assert (distance(real, move(real)) < 5e-6).all()  # coordinates are in single precision


def test_infrared_and_collinear_limits(real, rng):
    """Pair distances move by at most the angle; a share 2 z of the pairs is new with a particle."""
    angles, momenta = np.array([1e-1, 1e-2, 1e-3]), np.array([10, 0.1, 1e-3])
    split = np.array([distance(real, change.collinear_split(real, angle=a)) for a in angles])
    soft = np.array([distance(real, change.soft_added(real, pt, rng)) for pt in momenta])
    assert (split <= 2 * angles[:, None]).all()
    assert (split[0] > 1e-4).all()
    widest = spectrum(real).omega
    z = momenta[:, None] / real.constituents[..., 0].sum(1)
    limit = np.sqrt(2 * z) * np.maximum([o[-1] for o in widest], 0.8)
    assert (soft <= 1.5 * limit + 1e-5).all()
    assert (soft[0] > 1e-3).all()


def test_quantile_functions_approach_the_distance_from_below(spectra):
    exact = spectral_emd_matrix(spectra)
    upper = np.triu_indices(len(spectra), 1)
    short = []
    for cells in (32, 1024):
        vectors = quantile_functions(spectra, cells)
        assert vectors.shape == (len(spectra), cells)
        found = cdist(vectors, vectors)
        assert (found <= exact + ROUNDING).all()
        short.append(np.median(1 - found[upper] / exact[upper]))
    assert short[1] < 1e-3 < short[0]


def test_no_jets(spectra):
    none = spectra[:0]
    assert spectral_emd(none, none).shape == (0,)
    assert spectral_emd_matrix(none).shape == (0, 0)
    assert spectral_emd_matrix(spectra, none).shape == (len(spectra), 0)
    assert spectral_emd_matrix(none, spectra).shape == (0, len(spectra))
    assert quantile_functions(none).shape == (0, 256)


def test_wrong_arguments(spectra):
    with pytest.raises(ValueError, match="3 and 2 spectra"):
        spectral_emd(spectra[:3], spectra[:2])
    with pytest.raises(ValueError, match="cells = 0"):
        quantile_functions(spectra, 0)
