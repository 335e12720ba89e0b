"""The top jets of another shower and with multiple interactions: the same selection, other jets."""

import numpy as np
import pytest

from data_fetch import load, samples
from data_fetch.generate import run, top_tagging_qcd_test

VARIED = "top_tagging_mpi", "top_tagging_vincia"
MANY = 100  # constituents, where jets are cut off


@pytest.fixture(scope="module")
def jets():
    return {name: load(name) for name in ("top_tagging", *VARIED)}


@pytest.fixture(scope="module")
def by_class(jets):
    """Jets by sample and class; what is computed of them once is kept."""
    return {name: {c: rows.of_class(c) for c in rows.names} for name, rows in jets.items()}


def mean(values):
    """Mean and its statistical error."""
    return values.mean(), values.std() / len(values) ** 0.5


def excess(by_class, name, of_class, observable):
    """By how much the mean of an observable lies above the one in `top_tagging`, and the error."""
    (there, error), (here, other) = (
        mean(getattr(by_class[sample][of_class], observable)) for sample in (name, "top_tagging")
    )
    return there - here, np.hypot(error, other)


def peak(tops):
    """Median of the masses near the peak [GeV]."""
    mass = tops.mass
    return np.median(mass[(mass > 140) & (mass < 220)])


@pytest.mark.parametrize("name", VARIED)
def test_numbers_window_and_card(name, jets):
    sample = jets[name]
    assert np.bincount(sample.label).tolist() == [len(sample) // 2] * 2
    assert sample.names == jets["top_tagging"].names == run.recipe(name).NAMES
    whole = sample[sample.n_constituents < MANY]  # truncation takes pT away
    assert len(whole) > 0.97 * len(sample)
    assert 548 < whole.pt.min() < whole.pt.max() < 652
    assert np.abs(whole.eta).max() < 2.01
    assert "judge" in sample.card["use"]
    for key in ("selection", "detector", "units"):
        assert sample.card[key] == jets["top_tagging"].card[key]


@pytest.mark.parametrize("name", VARIED)
def test_every_profile_reads_it_or_says_how_to_make_it(name, monkeypatch, tmp_path):
    assert len(load(name, "smoke", "test")) == round(0.1 * len(load(name, split="test")))
    monkeypatch.setenv("HEPML_DATA", str(tmp_path))
    with pytest.raises(FileNotFoundError, match=f"hepml data generate {name}"):
        load(name, "paper")


@pytest.mark.parametrize("name", VARIED)
def test_the_events_are_others(name, jets):
    known = set(jets["top_tagging"].mass.tolist())
    assert not known & set(jets[name].mass.tolist())


def test_multiple_interactions_add_soft_particles_and_mass(by_class):
    """4.7 +- 0.6 particles and 5.0 +- 1.6 GeV in a QCD jet; the top peak moves by 2.4 +- 0.6."""
    for of_class in ("QCD", "top"):
        more, error = excess(by_class, "top_tagging_mpi", of_class, "n_constituents")
        assert 3 < more < 7
        assert more > 5 * error
        heavier, error = excess(by_class, "top_tagging_mpi", of_class, "mass")
        assert heavier > 2 * error
    assert 1 < peak(by_class["top_tagging_mpi"]["top"]) - peak(by_class["top_tagging"]["top"]) < 5


def test_vincia_makes_slightly_more_particles_and_the_same_top(by_class):
    """Both are tuned to the same data, so little is left: 1.2 +- 0.4 particles in a top jet."""
    more, error = excess(by_class, "top_tagging_vincia", "top", "n_constituents")
    assert 2 * error < more < 3
    for of_class in ("QCD", "top"):
        heavier, error = excess(by_class, "top_tagging_vincia", of_class, "mass")
        assert abs(heavier) < 3 * error
    assert (
        abs(peak(by_class["top_tagging_vincia"]["top"]) - peak(by_class["top_tagging"]["top"])) < 2
    )


def test_seeds_are_used_once():
    """But for the showers, whose profiles and voxels are of the same events."""
    bundled = samples.bundled()
    assert bundled["calo_profiles"].card["seed"] == bundled.pop("calo_showers").card["seed"]
    seeds = [sample.card["seed"] for sample in bundled.values()]
    assert len(set(seeds)) == len(seeds)


def test_weights_make_up_for_the_qcd_jets_that_are_left_out():
    pytest.importorskip("pythia8mc")
    jets = top_tagging_qcd_test.chunk(seed=3, number=1, size=60)
    assert len(jets) == 60
    assert set(jets.weight) <= {1, 3, 20, 60}
    near = (jets.mass > 118) & (jets.mass < 232)
    assert near[jets.weight < 4].all()
    assert near.mean() > 0.6
    assert 0.1 < jets.weight[near].sum() / jets.weight.sum() < 0.4


def test_shares_of_the_ranges_of_pt_hat_fit_their_weights():
    """Rows x weight / share kept is in proportion to the jets of each range of pT-hat."""
    rows, weight = np.transpose([(part.rows, part.weight) for part in top_tagging_qcd_test.SLICES])
    jets = rows * weight / np.array([0.305, 0.286, 0.232])
    np.testing.assert_allclose(jets / jets.sum(), [0.1266, 0.2206, 0.6528], rtol=0.01)
    assert rows.sum() == pytest.approx(1)
