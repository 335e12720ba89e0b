import json

import matplotlib.pyplot as plt
import numpy as np
import pytest

from hepml_lite.statistics import metrics
from hepml_lite.tagging.figures import KINDS, rejection_against_parameters
from hepml_lite.tagging.landscape import PUBLISHED, RESULTS, Figure, Row, judged, read_landscape
from hepml_lite.tagging.landscape_table import published_rows, shown, table
from hepml_lite.tagging.trained import FOLDER, file_name, trained_tagger
from hepml_lite.tagging.training_recipes import TAGGERS, TRAINING_RECIPES
from hepml_lite.training.weights import load_weights, save_weights


@pytest.fixture(scope="module")
def toy():
    rng = np.random.default_rng(0)
    labels = np.repeat([0, 1], 2000)
    return labels, rng.normal(2 * labels - 1, 1, (3, 4000)) * 2  # log-odds of ± 1 Gaussians


def test_a_row_has_the_figures_of_the_metrics(toy):
    labels, scores = toy
    row = judged("toy", labels, scores, 7, n_bootstrap=50)
    areas = [metrics.auc(labels, s) for s in scores]
    assert row.trainings == 3
    assert row.auc.value == pytest.approx(np.mean(areas))
    assert row.auc.training_error == pytest.approx(np.std(areas, ddof=1))
    efficiencies = [1 / metrics.background_rejection(labels, s, 0.5) for s in scores]
    assert row.rejection_50.value == pytest.approx(1 / np.mean(efficiencies))
    assert row.accuracy.value == pytest.approx(np.mean((scores > 0) == labels))


def test_the_test_error_is_that_of_other_samples():
    """Bootstrap errors agree with the spread over independent samples of the same size."""
    rng = np.random.default_rng(1)
    labels = np.repeat([0, 1], 500)
    rows = [judged("toy", labels, rng.normal(labels), 1, 50, rng) for _ in range(40)]
    for name in ("auc", "accuracy", "rejection_50"):
        spread = np.std([getattr(row, name).value for row in rows])
        told = np.mean([getattr(row, name).test_error for row in rows])
        assert 0.65 < told / spread < 1.5, name


def test_rows_survive_json(toy):
    row = judged("toy", *toy, 7, n_bootstrap=10, train_seconds=2.0)
    assert Row.from_json(json.loads(json.dumps(row.as_json()))) == row


def test_figures_print_two_digits_of_their_error():
    assert str(Figure(0.97654, 0.0012, 0.0009)) == "0.9765 ± 0.0015"
    assert str(Figure(512.3, 40.0)) == "512 ± 40"
    assert str(Figure(0.01, 0.002).inverted()) == "100 ± 20"


def test_scores_of_other_jets_are_refused(toy):
    labels, scores = toy
    with pytest.raises(ValueError, match=r"scores \(3, 4000\) for labels \(10,\)"):
        judged("toy", labels[:10], scores, 1)
    with pytest.raises(FileNotFoundError, match=r"benchmarks/landscape\.py"):
        read_landscape(FOLDER / "none.json")


def test_every_row_of_the_landscape_was_measured():
    rows = read_landscape()
    assert set(rows) == {*TAGGERS, "GoaT"}
    for row in rows.values():
        assert 0.5 < row.auc.value < 1
        assert row.auc.error > 0
        assert row.parameters > 0
    everything = {name for names in KINDS.values() for name in names}
    assert set(rows) <= everything
    assert {name for name in PUBLISHED if name in rows} == set(published_rows(rows))


def test_the_table_has_a_line_for_each_row():
    rows = read_landscape()
    frame = table(rows.values(), published_rows(rows))
    assert len(frame) == len(rows)
    assert frame["AUC"].is_monotonic_decreasing
    row = rows["LorentzNet"]
    ends = [row.auc.value - row.auc.error, row.auc.value + row.auc.error]
    assert frame.loc["LorentzNet", ["AUC low", "AUC high"]].tolist() == ends
    assert frame.loc["LorentzNet", "published parameters"] == 224_000
    assert frame["training [s]"].sort_values().index[0] == "mass"
    with pytest.raises(ValueError, match="no rows"):
        table([])


def test_the_table_reads_as_the_rows_print():
    rows = read_landscape()
    seen = shown(table(rows.values(), published_rows(rows)))
    for name, row in rows.items():
        assert seen.data.loc[name, "AUC"] == str(row.auc)
        assert seen.data.loc[name, "1/ε_B (ε_S = 0.3)"] == str(row.rejection_30)
    assert seen.data.loc["EFP", "published 1/ε_B (ε_S = 0.3)"] == "384"
    assert seen.data.loc["LDA", "published 1/ε_B (ε_S = 0.3)"] == "151 ± 0.4"
    assert seen.data.loc["trees", "published AUC"] == ""
    assert seen.to_html().count("<tr>") - 2 == len(rows) == repr(seen).count("\n") - 1
    assert shown(table(rows.values())).to_html() == shown(table(rows.values())).to_html()


def test_the_figure_shows_each_row():
    _, ax = plt.subplots()
    rejection_against_parameters(ax, read_landscape().values())
    assert len(ax.texts) == len(read_landscape())
    with pytest.raises(ValueError, match=r"0\.3 or 0\.5"):
        rejection_against_parameters(ax, [], 0.4)
    plt.close("all")


@pytest.mark.parametrize("name", TRAINING_RECIPES)
def test_stored_weights_are_those_of_the_results_file(name):
    """The stored network reaches the AUC that the results file tells for its seed."""
    from hashlib import sha256

    from data_fetch import load

    row = json.loads(RESULTS.read_text("utf8"))["rows"][name]
    path = FOLDER / f"{file_name(name)}.safetensors"
    assert sha256(path.read_bytes()).hexdigest() == row["sha256"]
    jets = load("top_tagging", "lesson", "test")[:600]
    area = metrics.auc(jets.label, trained_tagger(name).score(jets))
    error = 0.02  # of 300 jets of each class
    assert abs(area - row["figures"]["auc"]["value"]) < error


def test_an_unknown_network_is_told():
    with pytest.raises(ValueError, match=r"no trained 'trees'; there are: .*ParticleNet"):
        trained_tagger("trees")


def test_weights_in_half_precision_score_the_same(tmp_path):
    tagger = trained_tagger("PFN")
    again = tagger.recipe.lesson()
    load_weights(again, save_weights(tagger.network, tmp_path / "pfn.safetensors"))
    for name, value in tagger.network.state_dict().items():
        assert (again.state_dict()[name] == value).all()
