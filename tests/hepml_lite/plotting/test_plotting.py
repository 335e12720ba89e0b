import sys
from types import SimpleNamespace

import matplotlib as mpl
import matplotlib.pyplot as plt
import nbformat
import numpy as np
import pytest
from matplotlib.colors import to_hex
from nbclient import NotebookClient

from hepml_lite import plotting
from hepml_lite.containers.jets import Jets
from hepml_lite.statistics import metrics


@pytest.fixture
def ax():
    with mpl.rc_context({"backend": "agg"}):
        plotting.use_style()
        figure, ax = plt.subplots()
        yield ax
        figure.canvas.draw()  # whatever was drawn must also render
        plt.close(figure)


@pytest.fixture
def jets():
    rng = np.random.default_rng(0)
    constituents = np.stack(
        [rng.exponential(20, (3, 30)), rng.normal(1, 0.1, (3, 30)), rng.normal(3.1, 0.1, (3, 30))],
        axis=-1,
    )
    constituents[..., 2] = (constituents[..., 2] + np.pi) % (2 * np.pi) - np.pi
    constituents[1, 10:] = 0
    return Jets(constituents, label=[0, 1, 1])


def history(epochs, planned=20, validated=True):
    losses = [1.0 / (1 + e) for e in range(epochs)]
    return SimpleNamespace(
        train_loss=losses,
        validation_loss=[x + 0.1 for x in losses] if validated else [],
        best_epoch=epochs,
        total_epochs=planned,
    )


def steps(ax, name):
    """Contents of the histogram called `name`."""
    return next(p for p in ax.patches if p.get_label() == name).get_data().values


def luminance(colour):
    r, g, b = (int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5))
    return 0.2126 * r + 0.7152 * g + 0.0722 * b


def test_lines_can_be_seen_on_white_and_told_apart_without_colour():
    assert "#f0e442" not in {c.lower() for c in plotting.COLOURS.values()}
    assert all(0.1 < luminance(c) < 0.75 for c in plotting.COLOURS.values())
    first_five = [plotting.class_style(i) for i in range(5)]
    for key in ("linestyle", "marker", "color"):
        assert len({style[key] for style in first_five}) == 5
    thirty = {str(plotting.class_style(i)) for i in range(30)}
    assert len(thirty) == 30


def test_a_class_looks_the_same_everywhere():
    assert plotting.class_style("QCD") == plotting.class_style("background")
    assert plotting.class_style("top") == plotting.class_style("signal")
    assert plotting.class_style("QCD") != plotting.class_style("top")
    one, two = plotting.class_style("tagger one"), plotting.class_style("tagger two")
    assert one != two
    assert plotting.class_style("tagger one") == one
    assert plotting.class_style("top") not in (one, two)


def test_the_style_reads_from_the_last_row():
    with mpl.rc_context():
        plotting.use_style()
        assert mpl.rcParams["font.size"] >= 14
        assert mpl.rcParams["lines.linewidth"] >= 2
        cycle = mpl.rcParams["axes.prop_cycle"].by_key()
    assert cycle["color"] == list(plotting.COLOURS.values())
    assert len(cycle["linestyle"]) == len(cycle["color"])


def test_histogram_has_counts_labels_and_units(ax):
    values = np.array([1.0, 1.5, 2.5, 9.0])
    plotting.histogram(ax, {"QCD": values}, [0, 2, 4, 6], "mass [GeV]")
    np.testing.assert_array_equal(steps(ax, "QCD"), [2, 1, 0])
    band = ax.patches[1].get_data()
    np.testing.assert_allclose(band.values - band.baseline, 2 * np.sqrt([2, 1, 0]))
    assert ax.get_xlabel() == "mass [GeV]"
    assert ax.get_ylabel() == "jets / 2 GeV"
    assert [t.get_text() for t in ax.get_legend().get_texts()] == ["QCD"]


def test_density_histograms_have_unit_area_and_the_unit_of_a_density(ax):
    rng = np.random.default_rng(0)
    values = {"QCD": rng.normal(size=1000), "top": rng.normal(size=30)}
    edges = np.array([-3, -1, 0, 3])
    plotting.histogram(ax, values, edges, "x [GeV]", density=True)
    for name in values:
        assert (steps(ax, name) * np.diff(edges)).sum() == pytest.approx(1)
    assert ax.get_ylabel() == "probability density [1/GeV]"


def test_weighted_histograms_carry_the_error_of_their_weights(ax):
    plotting.histogram(
        ax, {"top": [0.5, 0.5]}, [0, 1], "x", weights_by_name={"top": [3.0, 4.0]}, counted="events"
    )
    assert steps(ax, "top (effective number 1.96)") == [7]
    band = ax.patches[1].get_data()
    assert band.values - band.baseline == pytest.approx([10])
    assert ax.get_ylabel() == "events / 1"


def test_histograms_share_automatic_bins_and_say_when_they_are_not_uniform(ax):
    plotting.histogram(ax, {"QCD": [0.0, 1.0], "top": [2.0, 9.0]}, 3, "x")
    np.testing.assert_array_equal(steps(ax, "QCD"), [2, 0, 0])
    np.testing.assert_array_equal(steps(ax, "top"), [1, 0, 1])
    ax.clear()
    plotting.histogram(ax, {"QCD": [0.0, 1.0]}, [0, 1, 5], "x")
    assert ax.get_ylabel() == "jets per bin"


@pytest.mark.parametrize("when", ["before", "after"])
def test_histograms_may_be_logarithmic(ax, when):
    values = np.random.default_rng(0).normal(size=1000)
    if when == "before":
        ax.set_yscale("log")
    plotting.histogram(ax, {"QCD": values}, 40, "x", density=True)
    if when == "after":
        assert ax.get_ylim()[0] == 0
        ax.set_yscale("log")
    low, high = ax.get_ylim()
    content = steps(ax, "QCD")
    assert 0 < low < content[content > 0].min()
    assert content.max() < high < 100 * content.max()


def test_histograms_of_nothing_are_refused(ax):
    with pytest.raises(ValueError, match="nothing to draw"):
        plotting.histogram(ax, {"QCD": []}, 10, "x")
    with pytest.raises(ValueError, match=r"no QCD in \[5, 6\]"):
        plotting.histogram(ax, {"QCD": [0.0, 1.0]}, [5, 6], "x", density=True)


def test_roc_curves_are_drawn_as_in_the_field(ax):
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 2, 2000)
    scores = {"good": rng.normal(size=2000) + 2 * labels, "poor": rng.normal(size=2000) + labels}
    plotting.roc_curves(ax, labels, scores, n_bootstrap=50, rng=0)
    assert ax.get_yscale() == "log"
    assert "signal efficiency" in ax.get_xlabel()
    assert "background rejection" in ax.get_ylabel()
    for name, curve, band in zip(scores, ax.lines, ax.collections, strict=False):
        x, y = curve.get_data()
        for i in (0, 30, -1):
            expected = metrics.background_rejection(labels, scores[name], x[i])
            assert y[i] == pytest.approx(expected)
        outline = band.get_paths()[0].vertices
        inside = [
            outline[outline[:, 0] == a, 1].min() <= b <= outline[outline[:, 0] == a, 1].max()
            for a, b in zip(x, y, strict=True)
        ]
        assert np.mean(inside) > 0.95
        assert to_hex(curve.get_color()).upper() == plotting.class_style(name)["color"]
    entries = [t.get_text() for t in ax.get_legend().get_texts()]
    area = metrics.auc(labels, scores["good"])
    assert entries[0].startswith(f"good: AUC {area:.3f} ± 0.0")
    assert "68%" in ax.get_legend().get_title().get_text()


def test_a_perfect_tagger_can_be_drawn(ax, recwarn):
    labels = np.repeat([0, 1], 20)
    plotting.roc_curves(ax, labels, {"perfect": labels * 1.0}, n_bootstrap=10, rng=0)
    ax.figure.canvas.draw()
    assert ax.get_legend().get_texts()[0].get_text() == "perfect: AUC 1"
    assert not recwarn.list


def test_jet_display_shows_every_constituent_with_area_as_pt(ax, jets):
    plotting.jet_display(ax, jets, 1)
    discs = ax.collections[0]
    assert len(discs.get_offsets()) == 10  # padding is not drawn
    pt = np.sort(jets.constituents[1, :10, 0])[::-1]
    sizes = discs.get_sizes()
    np.testing.assert_allclose(sizes / sizes[0], pt / pt[0], rtol=1e-5)
    assert np.abs(discs.get_offsets()).max() < 1  # around the axis, across phi = pi
    title = ax.get_title()
    assert title.startswith("top jet")
    assert f"{jets.pt[1]:.0f} GeV" in title
    assert f"{jets.mass[1]:.0f} GeV" in title
    assert "[rad]" in ax.get_ylabel()


def test_the_legend_of_a_jet_is_drawn_to_scale(ax, jets):
    plotting.jet_display(ax, jets, 0)
    sizes, example = ax.collections[0].get_sizes(), ax.collections[1]
    pt = jets.constituents[0, :, 0].max()
    energy = float(example.get_label().removesuffix(" GeV"))
    assert example.get_sizes()[0] / sizes[0] == pytest.approx(energy / pt, rel=1e-5)


def test_jets_that_do_not_exist_are_refused(ax, jets):
    with pytest.raises(ValueError, match="no jet 3 in a sample of 3: choose 0 to 2"):
        plotting.jet_display(ax, jets, 3)
    plotting.jet_display(ax, jets, -1)


def test_loss_curves_keep_the_planned_axis_and_mark_the_best_epoch(ax):
    plotting.loss_curves(ax, history(4))
    assert ax.get_xlim()[1] == pytest.approx(20.5)
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("epoch", "loss")
    assert ax.get_title() == "epoch 4 of 20, training 0.25, validation 0.35"
    np.testing.assert_array_equal(ax.lines[0].get_xdata(), [1, 2, 3, 4])
    assert ax.lines[2].get_label() == "best: epoch 4"
    np.testing.assert_allclose(ax.lines[2].get_xydata(), [[4, 0.35]])


@pytest.mark.parametrize("unusual", [history(0), history(3, validated=False), history(1, 1)])
def test_loss_curves_of_unusual_histories(ax, unusual):
    plotting.loss_curves(ax, unusual)
    assert ax.get_xlabel() == "epoch"


@pytest.mark.parametrize("installed", [True, False])
def test_live_loss_is_quiet_outside_a_kernel(installed, monkeypatch, capsys):
    if not installed:
        monkeypatch.setitem(sys.modules, "IPython", None)
    live = plotting.LiveLoss()
    live.on_start(history(0))
    live.on_epoch_end(history(1))
    live.on_end(history(1))
    assert capsys.readouterr() == ("", "")
    assert not plt.get_fignums()


class Handle:
    """Records what a notebook would be sent."""

    def __init__(self):
        self.sent = []

    def display(self, image):
        self.sent.append(image)

    update = display


def test_live_loss_does_not_slow_down_short_epochs_but_draws_the_last(monkeypatch):
    handle = Handle()
    monkeypatch.setattr(plotting.losses, "_display_handle", lambda: handle)
    live = plotting.LiveLoss(seconds=60)
    live.on_start(history(0))
    for epoch in range(1, 20):
        live.on_epoch_end(history(epoch))
    live.on_end(history(20))
    assert len(handle.sent) == 3  # empty, first epoch, end
    assert "epoch 20 of 20" in handle.sent[-1].alt
    assert handle.sent[-1].data.startswith(b"\x89PNG")


CELLS = (
    "import matplotlib.pyplot as plt\n"
    "from types import SimpleNamespace\n"
    "from hepml_lite import plotting\n"
    "plotting.use_style()\n"
    "def train():\n"
    "    live, losses = plotting.LiveLoss(seconds=0), []\n"
    "    h = SimpleNamespace(train_loss=losses, validation_loss=[], best_epoch=0, total_epochs=4)\n"
    "    live.on_start(h)\n"
    "    for epoch in range(4):\n"
    "        losses.append(1 / (1 + epoch))\n"
    "        live.on_epoch_end(h)\n"
    "    live.on_end(h)",
    "train()",
    "train(); train(); plt.get_fignums()",
)


@pytest.mark.notebook
def test_a_notebook_keeps_one_figure_a_training(request):
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(c) for c in CELLS])
    where = {"metadata": {"path": str(request.config.rootpath)}}
    NotebookClient(notebook, timeout=60, resources=where).execute()
    first, once, twice = (cell.outputs for cell in notebook.cells)
    assert first == []
    assert [o.output_type for o in once] == ["display_data"]
    assert [o.output_type for o in twice] == ["display_data"] * 2 + ["execute_result"]
    assert twice[2].data["text/plain"] == "[]"  # pyplot has nothing left to show again
    for output in (once[0], *twice[:2]):
        assert "epoch 4 of 4" in output.metadata["image/png"]["alt"]


def test_a_histogram_of_weight_two_is_that_of_every_row_twice():
    _, (weighted, repeated) = plt.subplots(1, 2)
    values = [0.2, 0.7, 0.8]
    twos = {"top": [2, 2, 2]}
    plotting.histogram(weighted, {"top": values}, [0, 0.5, 1], "x", weights_by_name=twos)
    plotting.histogram(repeated, {"top": values * 2}, [0, 0.5, 1], "x")
    np.testing.assert_allclose(
        weighted.patches[0].get_data().values, repeated.patches[0].get_data().values
    )
    assert weighted.get_legend().get_texts()[0].get_text() == "top (effective number 3)"


def test_ratio_and_pull_draws_values_over_truth_and_in_errors():
    _, (ratio, pull) = plt.subplots(2)
    truth = np.array([100.0, 50.0])
    found = np.array([110.0, 20.0])
    plotting.ratio_and_pull(ratio, pull, [0, 1, 2], truth, {"Bayes": (found, [5.0, 1.0])})
    heights = ratio.lines[0].get_ydata()
    np.testing.assert_allclose(heights, [1.1, 0.7])  # what is outside stands at the edge
    np.testing.assert_allclose(pull.lines[0].get_ydata(), [2, -6])
    with pytest.raises(ValueError, match="merge empty ones"):
        plotting.ratio_and_pull(ratio, pull, [0, 1, 2], [1, 0], {})
    with pytest.raises(ValueError, match="Bayes has shapes"):
        plotting.ratio_and_pull(ratio, pull, [0, 1, 2], truth, {"Bayes": ([1.0], [1.0])})


def test_coverage_against_error_rings_the_default():
    _, ax = plt.subplots()
    covered = np.array([[0.1, 0.3], [0.7, 0.6]])
    plotting.coverage_against_error(ax, "Bayes", [2, 1], covered, [0.2, 0.65], 1)
    mean, worst, ring = ax.lines
    np.testing.assert_allclose(mean.get_ydata(), [0.65, 0.2])  # by the size of the errors
    np.testing.assert_allclose(worst.get_ydata(), [0.6, 0.1])
    np.testing.assert_allclose(ring.get_ydata(), 0.65)


def test_a_spectrum_shows_counts_background_and_pulls():
    edges = np.array([2.0, 3.0, 4.0, 5.0])
    counts = np.array([100.0, 49.0, 400.0])
    expected = np.array([100.0, 36.0, 25.0])
    with mpl.rc_context({"backend": "agg"}):
        figure, (spectrum, pull) = plt.subplots(2)
        plotting.spectrum_and_pull(
            spectrum, pull, edges, counts, expected, 0.1 * expected, (3.0, 4.0)
        )
        figure.canvas.draw()
    points = spectrum.containers[0].lines[0]
    np.testing.assert_array_equal(points.get_xydata(), [[2.5, 100], [3.5, 49], [4.5, 400]])
    np.testing.assert_array_equal(spectrum.patches[0].get_data().values, expected)
    pulls = pull.patches[0].get_data().values
    np.testing.assert_allclose(pulls, [0, 13 / 6, 6])  # the last one, 75, ends at the edge
    assert spectrum.get_yscale() == "log"
    assert spectrum.get_ylim()[0] > 0
    plt.close(figure)


def test_a_spectrum_needs_one_number_for_each_bin():
    edges = np.arange(4.0)
    figure, (spectrum, pull) = plt.subplots(2)
    with pytest.raises(ValueError, match=r"expected has shape \(2,\)"):
        plotting.spectrum_and_pull(spectrum, pull, edges, np.ones(3), np.ones(2), np.ones(3))
    plt.close(figure)
