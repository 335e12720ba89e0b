import matplotlib.pyplot as plt
import numpy as np
import pytest
from sklearn.metrics import accuracy_score, confusion_matrix

from hepml_lite.statistics.metrics import auc
from hepml_lite.tagging.multiclass import (
    confusion,
    confusion_figure,
    discriminant,
    multiclass_accuracy,
)

NAMES = ("quark", "gluon", "W", "Z")


def tagged(n=4000, seed=0):
    """Labels and the exact class probabilities of Gaussian jets in three dimensions."""
    rng = np.random.default_rng(seed)
    centres = np.array([[0, 0, 0], [1, 0, 0], [0, 2, 0], [0, 2, 1.0]])
    labels = rng.integers(0, 4, n)
    x = centres[labels] + rng.normal(size=(n, 3))
    p = np.exp(-0.5 * ((x[:, None] - centres) ** 2).sum(-1))
    return labels, p / p.sum(1, keepdims=True)


def test_scikit_learn_finds_the_same():
    labels, p = tagged()
    assert multiclass_accuracy(labels, p).value == accuracy_score(labels, p.argmax(1))
    expected = confusion_matrix(labels, p.argmax(1), normalize="true")
    assert confusion(labels, p, NAMES).fractions == pytest.approx(expected)


def test_intervals_cover_the_truth():
    truth = confusion(*tagged(400_000, seed=99), NAMES).fractions
    inside = []
    for seed in range(40):
        matrix = confusion(*tagged(400, seed), NAMES)
        for i, true in enumerate(NAMES):
            for j, name in enumerate(NAMES):
                interval = matrix.interval(true, name)
                inside.append(interval.low <= truth[i, j] <= interval.high)
                assert matrix.errors[i, j] == interval.error
    assert np.mean(inside) == pytest.approx(0.68, abs=0.06)


def test_the_discriminant_beats_the_probability_of_the_signal_alone():
    labels, p = tagged(20_000)
    against_qcd = np.isin(labels, (0, 1, 2))
    y = labels[against_qcd] == 2
    best = auc(y, discriminant(p, [2], [0, 1])[against_qcd])
    assert best > auc(y, p[against_qcd, 2]) + 0.01


def test_the_discriminant_does_not_see_how_likely_other_classes_are():
    _, p = tagged(50)
    changed = p.copy()
    changed[:, 3] = 0
    changed /= changed.sum(1, keepdims=True)
    assert discriminant(changed, [2], [0, 1]) == pytest.approx(discriminant(p, [2], [0, 1]))
    swapped = discriminant(p, [0, 1], [2])
    assert swapped == pytest.approx(1 - discriminant(p, [2], [0, 1]))
    assert discriminant(np.eye(4), [2], [0, 1]).tolist() == [0, 0, 1, 0.5]


def test_the_figure_shows_every_fraction_with_its_error():
    matrix = confusion(*tagged(), NAMES)
    fig, ax = plt.subplots()
    confusion_figure(ax, matrix)
    texts = [t.get_text() for t in ax.texts]
    assert len(texts) == 16
    assert texts[1] == f"{100 * matrix.fractions[0, 1]:.1f}\n± {100 * matrix.errors[0, 1]:.1f}"
    assert [t.get_text() for t in ax.get_yticklabels()] == list(NAMES)
    fig.canvas.draw()
    plt.close(fig)


def test_what_cannot_be_tagged_is_named():
    labels, p = tagged(100)
    with pytest.raises(ValueError, match="classes 0 to 3"):
        multiclass_accuracy(labels % 3, p)
    with pytest.raises(ValueError, match="different columns"):
        discriminant(p, [1], [0, 1])
    with pytest.raises(ValueError, match=r"all in \[0, 1\]; apply a softmax"):
        discriminant(p + 1, [2], [0, 1])  # positive logits look like scores
    with pytest.raises(ValueError, match="3 names"):
        confusion(labels, p, NAMES[:3])
    with pytest.raises(ValueError, match="NaN"):
        multiclass_accuracy(labels, np.where(p > 0.9, np.nan, p))
