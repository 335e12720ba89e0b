"""The bump hunt: against pyBumpHunter, brute force and its own laws."""

import contextlib
import io
from itertools import product

import numpy as np
import pytest
from scipy.stats import kstest, poisson

from hepml_lite.anomaly_detection import BumpHunt, bump_hunt
from hepml_lite.anomaly_detection.search.spectrum_fit import fit_spectrum

EDGES = np.linspace(2700, 5000, 31)
CENTRES = (EDGES[1:] + EDGES[:-1]) / 2
BACKGROUND = 5000 * np.exp(-(CENTRES - 2700) / 500)


def masses(rng, n_signal=0):
    """Masses with Poisson numbers around BACKGROUND, and a bump at 3500."""
    counts = np.random.default_rng(rng).poisson(BACKGROUND)
    signal = np.random.default_rng(rng).normal(3500, 60, n_signal)
    return np.concatenate([np.repeat(CENTRES, counts), signal])


@pytest.mark.parametrize("sideband_scale", [False, True])
@pytest.mark.parametrize("n_signal", [0, 400])
def test_local_p_is_that_of_py_bump_hunter(sideband_scale, n_signal):
    py_bump_hunter = pytest.importorskip("pyBumpHunter")
    mass = masses(1, n_signal)
    background = 1.1 * BACKGROUND if sideband_scale else BACKGROUND
    found = bump_hunt(mass, EDGES, background=background, sideband_scale=sideband_scale, n_toys=10)
    peer = py_bump_hunter.BumpHunter1D(
        rang=(EDGES[0], EDGES[-1]), width_min=2, width_max=6, bins=EDGES, npe=2, nworker=1,
        use_sideband=sideband_scale, seed=1,
    )  # fmt: skip
    with contextlib.redirect_stdout(io.StringIO()):
        peer.bump_scan(np.histogram(mass, EDGES)[0], background, is_hist=True)
    assert found.local_p == pytest.approx(float(peer.min_Pval_ar[0]), rel=1e-4)
    low = int(peer.min_loc_ar[0])
    assert found.window == (EDGES[low], EDGES[low + int(peer.min_width_ar[0])])


def test_a_plane_is_scanned_by_all_rectangles():
    rng = np.random.default_rng(3)
    edges = (np.linspace(0, 1, 7), np.linspace(0, 2, 6))
    background = rng.uniform(5, 40, (6, 5))
    counts = rng.poisson(background)
    centres = np.stack(np.meshgrid(*[(e[1:] + e[:-1]) / 2 for e in edges], indexing="ij"), -1)
    mass = np.repeat(centres.reshape(-1, 2), counts.ravel(), axis=0)
    found = bump_hunt(mass, edges, background=background, widths=(1, 3), n_toys=10)
    expected = {}
    for width_x, width_y in product(range(1, 4), repeat=2):
        for x, y in product(range(6 - width_x + 1), range(5 - width_y + 1)):
            inside = slice(x, x + width_x), slice(y, y + width_y)
            p = poisson.sf(counts[inside].sum() - 1, background[inside].sum())
            expected[(edges[0][x], edges[0][x + width_x]), (edges[1][y], edges[1][y + width_y])] = p
    assert len(found.window_p) == len(expected)
    assert found.window == min(expected, key=expected.get)
    assert found.local_p == pytest.approx(min(expected.values()))


def test_toys_do_not_depend_on_threads_and_the_result_is_saved_in_every_bit(tmp_path):
    options = {"background": BACKGROUND, "n_toys": 1200, "rng": 4}
    one = bump_hunt(masses(2, 100), EDGES, n_threads=1, **options)
    two = bump_hunt(masses(2, 100), EDGES, n_threads=2, **options)
    one.save(tmp_path / "hunt.safetensors")
    for other in (two, BumpHunt.load(tmp_path / "hunt.safetensors")):
        assert other.local_p == one.local_p
        assert other.global_p == one.global_p
        assert other.window == one.window
        np.testing.assert_array_equal(other.toy_p, one.toy_p)
        np.testing.assert_array_equal(other.edges[0], one.edges[0])
    (tmp_path / "other").write_text("text")
    with pytest.raises(ValueError, match="is no bump hunt"):
        BumpHunt.load(tmp_path / "other")


def test_global_p_is_uniform_where_the_background_is_fitted_in_data_and_toys():
    """Without the fit in the toys it is not: the fit has taken its share of the fluctuations."""
    refitted = []
    as_it_is = []
    for seed in range(60):
        mass = masses(seed)
        fit = fit_spectrum(np.histogram(mass, EDGES)[0], EDGES, n_parameters=4)
        options = {"background": fit.expected, "n_toys": 400, "rng": seed}
        refitted.append(bump_hunt(mass, EDGES, refit=fit.refit, **options).global_p)
        as_it_is.append(bump_hunt(mass, EDGES, **options).global_p)
    assert kstest(refitted, "uniform").pvalue > 0.01
    assert kstest(as_it_is, "uniform").pvalue < 1e-3


def test_a_signal_is_found_where_it_is():
    hunt = bump_hunt(masses(1, 400), EDGES, background=BACKGROUND, n_toys=1000)
    assert hunt.window[0] < 3500 < hunt.window[1]
    assert hunt.global_p == 1 / 1001
    assert hunt.local_significance > 5
    interval = hunt.global_p_interval(0.95)
    assert interval.low == 0
    assert interval.high == pytest.approx(3.69e-3, rel=0.01)  # the rule of three, two-sided


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"background": BACKGROUND[1:]}, "one number less than edges"),
        ({"background": -BACKGROUND}, "negative"),
        ({"background": 0 * BACKGROUND}, "zero in all bins"),
        ({"widths": (2, 31)}, "30 bins"),
        ({"widths": (4, 2)}, "largest width"),
        ({"widths": 3}, "give .smallest, largest."),
        ({"bins": EDGES[::-1]}, "numbers that rise"),
        ({"mass": np.full((5, 2), 3.0)}, r"give \(N,\)"),
        ({"mass": [np.nan]}, "NaN"),
        ({"n_toys": 0}, "n_toys"),
    ],
)
def test_what_cannot_be_scanned(change, message):
    given = {"mass": masses(0), "bins": EDGES, "background": BACKGROUND} | change
    with pytest.raises(ValueError, match=message):
        bump_hunt(given.pop("mass"), given.pop("bins"), **given)


def test_the_quick_fit_is_that_of_minuit():
    rng = np.random.default_rng(1)
    toys = rng.poisson(BACKGROUND / 5, (3, 30))
    for function in ("dijet", "polynomial"):
        for toy in toys:
            fit = fit_spectrum(toy, EDGES, blinded=(3300, 3700), function=function)
            assert fit.fitted.sum() == 23  # bins that overlap with the interval are left out
            np.testing.assert_allclose(fit.refit(toy[None])[0], fit.expected, rtol=1e-3)


def test_errors_and_chi_squared_of_the_fit():
    rng = np.random.default_rng(2)
    pulls = []
    chi_squared = []
    for _ in range(200):
        fit = fit_spectrum(rng.poisson(BACKGROUND), EDGES, blinded=(3300, 3700), n_parameters=3)
        pulls.append((fit.expected - BACKGROUND)[8:12] / fit.error[8:12])
        chi_squared.append(fit.chi_squared / fit.degrees_of_freedom)
    assert np.std(pulls) == pytest.approx(1, abs=0.2)
    assert np.mean(chi_squared) == pytest.approx(1, abs=0.1)


def test_a_spectrum_with_too_few_bins():
    with pytest.raises(ValueError, match="fewer parameters"):
        fit_spectrum([3, 2, 1], [0.0, 1, 2, 3], n_parameters=4)
    with pytest.raises(ValueError, match='give "dijet"'):
        fit_spectrum(BACKGROUND, EDGES, n_parameters=7)
