"""Scored jets: what was stored comes back, what does not fit is refused, old files are read."""

from pathlib import Path

import numpy as np
import pytest

from hepml_lite.containers import Jets, ScoredJets
from hepml_lite.containers.whole_steps import whole_steps

WIDGETS = Path(__file__).parents[3] / "widgets"


def scored(**changes) -> ScoredJets:
    given = {
        "mass": np.array([80.0, 172.26, 300.0]),
        "pt": np.array([550.02, 600.0, 3001.0]),
        "scores": {"PFN": np.array([[-3.0004, 2.5, 0.1], [1.0, 2.0, 3.0]]), "EFN": [1, 2, -30]},
        "label": np.array([0, 1, 1]),
        "shown": np.array([1]),
        "constituents": (np.array([[0.75, 0.1, -0.2], [0.25, -0.3, 0.6]]),),
    }
    return ScoredJets(**given | changes)


def assert_same(a: ScoredJets, b: ScoredJets) -> None:
    assert a.taggers == b.taggers
    assert a.names == b.names
    np.testing.assert_array_equal(a.label, b.label)
    np.testing.assert_array_equal(a.shown, b.shown)
    np.testing.assert_allclose(a.mass, b.mass, atol=0.011)
    np.testing.assert_allclose(a.pt, b.pt, atol=0.011)
    for name in a.taggers:
        assert a.scores[name].shape == b.scores[name].shape
        np.testing.assert_allclose(a.scores[name], b.scores[name], atol=0.00051)
    for one, other in zip(a.constituents, b.constituents, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-3)


def test_scored_jets_come_back_from_disk(tmp_path):
    scored().save(tmp_path / "s.npz")
    loaded = ScoredJets.load(tmp_path / "s.npz")
    assert_same(loaded, scored())
    assert loaded.pt[2] == 3001  # beyond the 1310.7 GeV that 16 bits hold in steps of 0.02 GeV
    assert loaded.scores["PFN"][0, 1] == 2.5  # so that a threshold from a URL selects the same jets
    loaded.save(tmp_path / "again.npz")
    assert (tmp_path / "again.npz").read_bytes() == (tmp_path / "s.npz").read_bytes()


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"mass": np.array([80.0, np.nan, 300.0])}, "NaN or infinite"),
        ({"scores": {"PFN": np.array([1.0, np.inf, 3.0])}}, "'PFN' has scores that are NaN"),
        ({"scores": {"PFN": np.ones((3, 2))}}, "trainings, N"),
        ({"pt": np.ones(2)}, "pt has shape"),
        ({"label": np.array([0, 1, 2])}, "class names"),
        ({"shown": np.array([1, 2])}, "1 jets in full, 2 positions"),
    ],
)
def test_what_makes_no_sense_is_refused(wrong, message):
    with pytest.raises(ValueError, match=message):
        scored(**wrong)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"mass": np.array([80.0, 1e9, 300.0])}, "mass or pT .GeV. reaches 1e.09"),
        ({"mass": np.array([-1.0, 100, 300.0])}, "mass or pT .GeV. reaches -1, but only 0 to"),
        ({"scores": {"PFN": np.array([0, 1, 1e9])}}, "score .log-odds. reaches 1e.09"),
        ({"constituents": (np.full((1, 3), 1e6),)}, "reaches 1e.06; at most 65504"),
    ],
)
def test_what_cannot_be_packed_is_refused(tmp_path, wrong, message):
    with pytest.raises(ValueError, match=message):
        scored(**wrong).save(tmp_path / "s.npz")
    assert not (tmp_path / "s.npz").exists()


def test_steps_take_the_first_type_that_holds_them():
    assert whole_steps([1310.7], "m", np.uint16, np.uint32, per_unit=50).dtype == np.uint16
    assert whole_steps([1310.8], "m", np.uint16, np.uint32, per_unit=50).dtype == np.uint32
    with pytest.raises(ValueError, match=r"reaches 1310\.8, but only 0 to 1310\.7"):
        whole_steps([1310.8], "m", np.uint16, per_unit=50)
    with pytest.raises(ValueError, match="NaN"):
        whole_steps([np.nan], "m", np.uint16)


def test_selection_and_join_keep_what_belongs_together():
    jets = scored()
    parts = jets[jets.label == 1], jets[[0]]
    assert parts[0].shown.tolist() == [0]
    assert parts[1].constituents == ()
    joined = ScoredJets.concatenate([parts[1], parts[0]])
    assert_same(joined, jets)
    assert len(jets[-1]) == 1
    with pytest.raises(ValueError, match="differ in classes or taggers"):
        ScoredJets.concatenate([jets, scored(scores={"PFN": np.ones(3)})])


def test_one_more_tagger_comes_first():
    mine = scored().with_tagger("EFN", [0.12345, 99, -99])
    assert mine.taggers == ("EFN", "PFN")
    assert mine.trainings().tolist() == [[0.123, 99, -99]]
    with pytest.raises(ValueError, match="whole test sample"):
        mine.with_tagger("other", [1.0])
    with pytest.raises(ValueError, match="there are: EFN, PFN"):
        mine.trainings("best")


def test_missing_files_name_the_scripts(tmp_path):
    with pytest.raises(FileNotFoundError, match="widgets/start_here/make_stored"):
        ScoredJets.load(tmp_path / "nothing.npz")


def test_files_of_both_dashboards_are_read():
    """As they were written before the two kinds of files became one."""
    one = ScoredJets.load(WIDGETS / "start_here" / "stored.npz")
    many = ScoredJets.load(WIDGETS / "tagging" / "stored.npz")
    assert [rows.shape for rows in one.scores.values()] == [(3, 10_000)]
    assert {rows.shape for rows in many.scores.values()} == {(1, 10_000)}
    np.testing.assert_array_equal(one.label, many.label)  # the same test jets
    np.testing.assert_allclose(one.mass, many.mass, atol=0.061)
    assert one.pt is None
    assert 500 < many.pt.min() < many.pt.max() < 700


def test_own_jets_can_be_shown():
    rng = np.random.default_rng(2)
    constituents = np.stack(
        [
            rng.exponential(20, (30, 12)),
            rng.normal(0, 0.2, (30, 12)),
            rng.normal(3.1, 0.2, (30, 12)),
        ],
        axis=-1,
    )  # across the boundary in phi
    jets = Jets(constituents, label=np.arange(30) % 2)
    made = ScoredJets.from_jets(jets, {"mine": np.linspace(-400, 400, 30)}, shown=10)
    assert made.trainings().shape == (1, 30)
    assert np.abs(made.trainings()).max() == 300  # clipped
    assert (made.label[made.shown] == 1).sum() == 5
    for jet in made.constituents:
        assert jet[:, 0].sum() == pytest.approx(1, abs=0.1)  # shares of the jet's pT
        assert np.abs(jet[:, 2]).max() < 1.5
