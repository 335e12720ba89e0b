"""Typical answers to the exercises of the generation exploration."""

import numpy as np
import pandas as pd
import torch
from scipy.spatial import cKDTree
from scipy.spatial.distance import cdist
from scipy.stats import ks_2samp
from sklearn.neighbors import NearestNeighbors

import data_fetch
from hepml_lite.checks.generation_exploration import share_closer
from hepml_lite.checks.generator_doctor_challenge import by_several_metrics
from hepml_lite.course.catalogue import Catalogue
from hepml_lite.generation import evaluation, showers
from widgets.generation.stored import DISTORTIONS, METRIC_NAMES, stored_frames

closer = Catalogue("3.6")

# Exercise 3.6: share of rows nearer to the training sample


@closer.right
def with_nearest_neighbors(training, fresh, generated):
    near = [
        NearestNeighbors(n_neighbors=1).fit(rows).kneighbors(generated)[0][:, 0]
        for rows in (training, fresh)
    ]
    return np.mean(near[0] < near[1])


@closer.right
def by_broadcasting(training, fresh, generated):
    squares = [((generated[:, None] - rows) ** 2).sum(-1).min(1) for rows in (training, fresh)]
    return float(np.mean(squares[0] < squares[1]))


@closer.right
def in_one_tree(training, fresh, generated):
    _, place = cKDTree(np.concatenate([training, fresh])).query(generated)
    return (place < len(training)).mean()


@closer.right
def with_torch(training, fresh, generated):
    rows = torch.as_tensor(generated)
    near = [torch.cdist(rows, torch.as_tensor(other)).min(1).values for other in (training, fresh)]
    return (near[0] < near[1]).double().mean()


@closer.right
def in_a_loop(training, fresh, generated):
    n = 0
    for row in generated:
        nearest = [np.linalg.norm(rows - row, axis=1).min() for rows in (training, fresh)]
        n += nearest[0] <= nearest[1]
    return n / len(generated)


@closer.wrong("exchanged")
def swapped(training, fresh, generated):
    return share_closer(fresh, training, generated)


@closer.wrong("number of rows")
def a_count(training, fresh, generated):
    return share_closer(training, fresh, generated) * len(generated)


@closer.wrong("per cent")
def in_per_cent(training, fresh, generated):
    return 100 * share_closer(training, fresh, generated)


@closer.wrong("excess over a half")
def scaled_excess(training, fresh, generated):
    return 2 * share_closer(training, fresh, generated) - 1


@closer.wrong("excess over a half")
def excess(training, fresh, generated):
    return share_closer(training, fresh, generated) - 0.5


@closer.wrong("mean distances to all rows")
def mean_for_min(training, fresh, generated):
    return (cdist(generated, training).mean(1) < cdist(generated, fresh).mean(1)).mean()


@closer.wrong("largest distances")
def farthest(training, fresh, generated):
    return (cdist(generated, training).max(1) < cdist(generated, fresh).max(1)).mean()


@closer.wrong("other axis")
def other_axis(training, fresh, generated):
    return (cdist(generated, training).min(0) < cdist(generated, fresh).min(0)).mean()


@closer.wrong("row i with row i")
def row_by_row(training, fresh, generated):
    near = [np.linalg.norm(generated - rows, axis=1) for rows in (training, fresh)]
    return (near[0] < near[1]).mean()


@closer.wrong("single feature")
def one_feature(training, fresh, generated):
    near = [np.abs(generated[:, None] - rows).min(axis=(1, 2)) for rows in (training, fresh)]
    return (near[0] < near[1]).mean()


@closer.wrong("differences of lengths")
def lengths(training, fresh, generated):
    near = [
        np.abs(
            np.linalg.norm(generated, axis=1)[:, None] - np.linalg.norm(rows, axis=1)
        ).min(1)
        for rows in (training, fresh)
    ]  # fmt: skip
    return (near[0] < near[1]).mean()


@closer.wrong("mean ratio")
def ratio(training, fresh, generated):
    return (cdist(generated, training).min(1) / cdist(generated, fresh).min(1)).mean()


@closer.wrong("mean distance")
def distance_only(training, fresh, generated):
    return cdist(generated, training).min(1).mean()


@closer.wrong("compares two means")
def of_means(training, fresh, generated):
    return float(cdist(generated, training).min(1).mean() < cdist(generated, fresh).min(1).mean())


@closer.wrong("yes or no")
def a_mask(training, fresh, generated):
    return cdist(generated, training).min(1) < cdist(generated, fresh).min(1)


# Exercise 3.7: the shortest report

seen = stored_frames().significances[:, 3]
report = Catalogue(
    "3.7", context={"seen": pd.DataFrame(seen, list(DISTORTIONS), list(METRIC_NAMES))}
)

report.right_value("distances and coverage", ["W1", "FPD", "coverage"])
report.right_value("another order", ("coverage", "recall", "AUC"))
report.right_value("an array", np.array(["AUC", "FPD", "coverage"]))
report.wrong_value("the classifier alone", ["AUC"], "AUC does not see smear.*keeps its mean")
report.wrong_value("one histogram", ["W1"], "does not see smear.*lost correlation")
report.wrong_value("the test of memory", ["closer"], "closer does not see shift.*compares places")
report.wrong_value("the usual three", ["FPD", "KPD", "W1"], "does not see smear.*copies")
report.wrong_value("fidelity only", ["precision", "density"], "does not see shift")
report.wrong_value("all of them", list(METRIC_NAMES), "can be enough")
report.wrong_value("one too many", ["W1", "FPD", "coverage", "closer"], "can be enough")
report.wrong_value("coverage alone", ["coverage"], "coverage does not see shift.*missing tail")
report.wrong_value("no shift", ["FPD", "coverage"], "does not see shift")
report.wrong_value("no tail", ["AUC", "coverage"], "does not see missing tail.*few rows")
report.wrong_value("a name", "coverage", "one name: give a list")
report.wrong_value("nothing", [], "list is empty")
report.wrong_value("twice", ["W1", "W1", "coverage"], "twice")
report.wrong_value("a fault", ["shift", "coverage"], "is a fault: give metrics")
report.wrong_value("small letters", ["auc", "fpd", "coverage"], "did you mean 'AUC'")
report.wrong_value("unknown", ["chi squared", "coverage"], "no metric 'chi squared'")
report.wrong_value("a number", 3, "list of names")

# The open challenge 3.8

x, energy = showers.profiles_of(data_fetch.load("calo_profiles", split="test"), 1)
middle = x[(energy > 5) & (energy < 50)]
doctor = Catalogue(
    "3.8",
    context={"rows": np.column_stack([middle[:, 20], middle[:, 21:], middle[:, 4:18:3]])},
)


@doctor.right
def with_more_copies(training, real, generated):
    if evaluation.memorisation(training, real, generated).closer_to_training > 0.6:
        return "copies"
    return by_several_metrics(training, real, generated)


@doctor.right
def as_a_numpy_string(training, real, generated):
    return np.array(by_several_metrics(training, real, generated))


@doctor.right
def without_neighbours(training, real, generated):
    """Bronze: missing modes are called healthy."""
    nearest = cKDTree(training).query(generated)[0]
    if (nearest < 1e-9).mean() > 0.2:
        return "copies"
    p_values = np.array([ks_2samp(*pair).pvalue for pair in zip(real.T, generated.T, strict=True)])
    if p_values.min() > 1e-6:
        lost = np.corrcoef(real, rowvar=False) - np.corrcoef(generated, rowvar=False)
        return "lost correlation" if np.abs(lost).max() > 0.4 else "healthy"
    if (real > generated.max(0)).mean(0).max() > 0.04:
        return "missing tail"
    worst = p_values.argmin()
    far = abs(real[:, worst].mean() - generated[:, worst].mean())
    return "shift" if far > 0.2 else "smear"


@doctor.wrong("does not depend on the samples")
def always_healthy(training, real, generated):
    return "healthy"


@doctor.wrong("is said of|Nothing is found for")
def by_the_classifier(training, real, generated):
    area = evaluation.judge_views({"trees": evaluation.table_views(real, generated)["trees"]}, 0)
    return "healthy" if area.auc.value < 0.56 else "shift"


@doctor.wrong("Shift and smear are swapped")
def swapped_names(training, real, generated):
    found = by_several_metrics(training, real, generated)
    others = {"shift": "smear", "smear": "shift", "missing tail": "missing mode",
              "missing mode": "missing tail"}  # fmt: skip
    return others.get(found, found)


@doctor.wrong("two real samples")
def nothing_is_healthy(training, real, generated):
    if evaluation.memorisation(training, real, generated).copies > 0.05:
        return "copies"
    return "smear" if (generated.std(0) / real.std(0)).max() > 1.2 else "shift"


@doctor.wrong("Nothing is found for.*copies")
def by_histograms(training, real, generated):
    p_values = [ks_2samp(*pair).pvalue for pair in zip(real.T, generated.T, strict=True)]
    if min(p_values) > 1e-4:
        return "healthy"
    return "smear"


@doctor.wrong("not yes or no")
def whether(training, real, generated):
    return by_several_metrics(training, real, generated) != "healthy"


@doctor.wrong("is a number")
def number_of_the_fault(training, real, generated):
    return 3


@doctor.wrong("one name for the whole sample")
def for_each_feature(training, real, generated):
    return ["shift" if far > 0.2 else "healthy" for far in np.abs(generated.mean(0) - real.mean(0))]


@doctor.wrong("is no fault of this list")
def own_words(training, real, generated):
    return "mode collapse"


@doctor.wrong("not the table of what")
def a_table(training, real, generated):
    return {"coverage": evaluation.neighbour_metrics(real, generated).coverage}
