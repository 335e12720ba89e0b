"""The seven views keep the laws they claim, notice what they must, and take every jet."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

from data_fetch import load, samples
from hepml_lite.containers.jets import Jets
from hepml_lite.jet_physics.variations import transformations as change
from hepml_lite.jet_physics.views.seven_views import VIEWS, movement
from hepml_lite.representations import figures

NOTICED = 0.02  # median movement above which a change is seen


def changes(jets):
    """Each law, and a change that must not matter to a view that keeps it."""
    rng = np.random.default_rng(0)
    return {
        "permutation": change.permuted(jets, rng),
        "padding": jets.padded(jets.mask.shape[1] + 7),
        "turn": change.turned(jets, 1.0),
        "boost": change.boosted(jets, 0.5),
        "mirror": change.mirrored(jets),
        "rotation": change.rotated(jets, 0.7),
        "lorentz": change.lorentz_boosted(jets, np.array([0.3, 0.2, 0.1])),
        "infrared": change.soft_added(jets, 1e-4, rng),
        "collinear": change.collinear_split(jets, 0, z=0.5),
    }


@pytest.fixture(
    scope="module", params=sorted({"top_tagging", "jet_classes"} & {*samples.bundled()})
)
def sample(request):
    jets = load(request.param, "smoke", "test")[:120]
    return jets, changes(jets)


@pytest.mark.parametrize("name", VIEWS)
def test_views_keep_the_laws_that_they_claim(sample, name):
    jets, changed = sample
    before = VIEWS[name](jets)
    for law in VIEWS[name].laws:
        assert np.median(VIEWS[name].movement(before, VIEWS[name](changed[law]))) < 2e-3, law


@pytest.mark.parametrize(
    ("name", "law"),
    [
        ("sequence", "rotation"),
        ("sequence", "collinear"),
        ("set", "rotation"),
        ("graph", "collinear"),
        ("observables", "collinear"),
        ("four-vectors", "permutation"),
        ("four-vectors", "turn"),
        ("image", "lorentz"),
        ("tree", "lorentz"),
    ],
)
def test_what_is_not_claimed_is_noticed(sample, name, law):
    jets, changed = sample
    view = VIEWS[name]
    assert np.median(view.movement(view(jets), view(changed[law]))) > NOTICED


@pytest.mark.parametrize("name", VIEWS)
@pytest.mark.filterwarnings("error")
def test_one_and_two_particles_are_jets_too(name):
    constituents = np.zeros((3, 2, 3))
    constituents[:, 0] = [100.0, 0.1, 3.1]
    constituents[1:, 1] = [50.0, -0.1, -3.1]
    numbers = VIEWS[name](Jets(constituents))
    assert len(numbers) == 3
    assert np.isfinite(numbers).all()
    np.testing.assert_array_equal(numbers[1], numbers[2])


def test_another_jet_is_at_distance_one():
    numbers = np.random.default_rng(0).normal(size=(2000, 10)) * np.logspace(-3, 3, 10)
    other = np.roll(numbers, 7, axis=0)
    assert np.median(movement(numbers, other)) == pytest.approx(1, rel=0.02)
    assert not movement(numbers, numbers).any()


def test_movement_needs_the_same_jets_twice():
    with pytest.raises(ValueError, match=r"before \(3, 2\), after \(4, 2\)"):
        movement(np.ones((3, 2)), np.ones((4, 2)))


def test_figures_draw_what_they_say(sample):
    jets, _ = sample
    fig = figures.seven_views(jets[5])
    assert len(fig.axes) == 7
    moved = pd.DataFrame({"x": [0.5, 0.003], "y z": [1e-6, 1.0]}, index=["a", "b"])
    drawn = figures.draw_movement(moved)
    assert [text.get_text() for text in drawn.axes[0].texts] == ["0.50", "", "<0.01", "1.00"]
    plt.close("all")
