"""Scores of the image, formulas, and jets in logic: the same three times, from other seeds.

    python benchmarks/trigger_trainings.py

writes `hepml_lite/trigger/trainings.json`. Everything has the sizes of the exploration at profile
lesson; each seed draws its own training. Numbers of a row:

- "image": efficiency of each signal at 100 kHz, test split of trigger_regions;
- "formula of the score", "formula of the tagger": AUC on the test split of trigger_objects, mean
  over four signals or for the leptoquark, and the operations. Of the formulas with at most so many
  operations the one with the smallest loss in the search is taken;
- "jets": accuracy among six classes, on the third of the jets that was not trained on.
"""

import time
import warnings
from collections.abc import Iterator, Mapping

import numpy as np
from sklearn.neural_network import MLPClassifier

from data_fetch import load
from hepml_lite import profiles
from hepml_lite.containers.trigger_events import TriggerEvents
from hepml_lite.statistics.metrics import auc
from hepml_lite.symbolic_regression import Front
from hepml_lite.trigger import (
    formulas,
    jets_on_chip,
    quantised_sets,
    rate_comparison,
    region_baselines,
    regions,
)
from hepml_lite.trigger.results import TRAININGS, Result, Results, write_results
from widgets.trigger import samples

PROFILE = "lesson"
SEEDS = (1, 2, 3)
RATE = 100_000  # Hz
OPERATIONS = (2, 4, 8)  # of a formula, at most
JUDGED = 100_000  # events of the test split that judge formulas


def image_scores(seed: int, sizes: profiles.Sizes) -> Iterator[Result]:
    """Teacher, two students and trees on the calorimeter image, beside plain sums."""
    images = load("trigger_regions", PROFILE, "train")
    test = load("trigger_regions", PROFILE, "test")
    ordinary = images.of_class("background")
    epochs = {"teacher_epochs": sizes.image_epochs, "student_epochs": 6 * sizes.image_epochs}
    dense = regions.train_region_trigger(ordinary, seed=seed, **epochs)
    with_filter = regions.train_region_trigger(
        ordinary, student="convolutional", teacher=dense.teacher, seed=seed, **epochs
    )
    scores = region_baselines.region_floors(test) | {
        "teacher": dense.teacher_score(test),
        "dense student": dense.student_score(test),
        "student with a filter": with_filter.student_score(test),
    }
    kept = efficiencies(scores, test)
    for name in scores:
        yield Result("image", name, "100 kHz", seed, kept[name])
    ceiling = {}
    for signal in images.names[1:]:
        trees = region_baselines.region_trees(images, signal, seed).score(test)
        ceiling[signal] = efficiencies({"trees": trees}, test)["trees"][signal]
    yield Result("image", "trees that know it", "100 kHz", seed, ceiling)


def efficiencies(
    scores: Mapping[str, np.ndarray], events: TriggerEvents
) -> dict[str, dict[str, float]]:
    """Efficiency of each signal by score."""
    found = rate_comparison.compare_at_rate(scores, events, RATE, 2, 1)
    return {
        name: dict(zip(found.signals, map(float, row), strict=True))
        for name, row in zip(found.scores, found.efficiency, strict=True)
    }


def score_formulas(seed: int, sizes: profiles.Sizes) -> Iterator[Result]:
    """Formulas of the anomaly score of the stored network."""
    part = "formula of the score"
    learn = load("trigger_objects", PROFILE, "train", rows=part_of_training(seed, sizes))
    judge = load("trigger_objects", PROFILE, "test", rows=slice(0, JUDGED))
    target = np.log1p(samples.network_score(learn))
    front = formulas.score_formulas(learn, target, generations=sizes.generations, seed=seed)
    numbers = {"auc": mean_area(judge, samples.network_score(judge))}
    yield Result(part, "network", "", seed, numbers)
    columns = formulas.columns_of(judge)
    for most, one, operations in chosen(front):
        numbers = {"auc": mean_area(judge, one(columns)), "operations": operations}
        yield Result(part, f"at most {most} operations", one.text, seed, numbers)


def part_of_training(seed: int, sizes: profiles.Sizes) -> slice:
    """Rows of the training split: each seed has its own."""
    return slice(2 * (seed - 1) * sizes.formula_events, 2 * seed * sizes.formula_events)


def chosen(front: Front) -> Iterator[tuple[int, formulas.Formula, int]]:
    """The formula of smallest loss within each number of operations."""
    counted = [(formulas.formula_gates(one).operations, one) for one in front]
    for most in OPERATIONS:
        operations, best = min(
            (pair for pair in counted if pair[0] <= most), key=lambda pair: pair[1].loss
        )
        yield most, best, operations


def mean_area(events: TriggerEvents, score: np.ndarray) -> float:
    """AUC in weighted rates, mean over the signals."""
    areas = []
    for k in range(1, len(events.names)):
        picked = np.isin(events.label, (0, k))
        weight = np.where(events.label == 0, events.weight, 1.0)[picked]
        areas.append(auc(events.label[picked] > 0, score[picked], weight))
    return float(np.mean(areas))


def tagger_formulas(seed: int, sizes: profiles.Sizes) -> Iterator[Result]:
    """Formulas and a dense network that know the leptoquark."""
    part = "formula of the tagger"
    rows = part_of_training(seed, sizes)
    train, test = (
        of_leptoquark(load("trigger_objects", PROFILE, split, rows=rows))
        for split, rows in (("train", rows), ("test", slice(0, JUDGED)))
    )
    inputs, columns, truth = formulas.columns_of(train), formulas.columns_of(test), test.label > 0
    network = MLPClassifier((16, 8), max_iter=sizes.mlp_iterations, random_state=seed)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it may stop before the end
        network.fit(inputs, train.label > 0)
    area = float(auc(truth, network.predict_proba(columns)[:, 1]))
    yield Result(part, "network", "", seed, {"auc": area})
    front = formulas.tagger_formulas(
        train, train.label > 0, generations=sizes.generations, seed=seed
    )
    for most, one, operations in chosen(front):
        numbers = {"auc": float(auc(truth, one(columns))), "operations": operations}
        yield Result(part, f"at most {most} operations", one.text, seed, numbers)


def of_leptoquark(events: TriggerEvents) -> TriggerEvents:
    """Background and leptoquarks."""
    return events[np.isin(events.label, (0, 4))]


def jets_in_logic(seed: int, sizes: profiles.Sizes) -> Iterator[Result]:
    """Sets and graphs of few constituents in few bits."""
    jets = load("jet_classes", PROFILE)
    n = len(jets.names)
    first, second = np.split(
        np.random.default_rng(seed).permutation(len(jets)), [2 * len(jets) // 3]
    )
    kinds = {
        "Deep Sets": (quantised_sets.deep_sets, (5, 8)),
        "interaction network": (quantised_sets.interaction_network, (5,)),
    }
    for name, (make, many) in kinds.items():
        for n_particles in many:
            network = make(n_particles, n_classes=n)
            inputs = jets_on_chip.jet_inputs(jets, n_particles)
            jets_on_chip.train_on_jets(
                network, inputs[first], jets.label[first], epochs=sizes.jet_epochs, seed=seed
            )
            said = network.whole()(inputs[second]).argmax(axis=1)
            accuracy = float(np.mean(said == jets.label[second]))
            method = f"{name}, {n_particles} constituents"
            yield Result("jets", method, "", seed, {"accuracy": accuracy})


def main() -> None:
    """Train all of it, and write the file."""
    sizes = profiles.sizes("07_trigger", PROFILE)
    started, rows = time.perf_counter(), []
    for part in (image_scores, score_formulas, tagger_formulas, jets_in_logic):
        for seed in SEEDS:
            for row in part(seed, sizes):
                rows.append(row)
                print(*row.key, {name: round(x, 4) for name, x in row.numbers.items()}, flush=True)
    setup = {"all": f"sizes of the exploration at profile {PROFILE}, seeds {SEEDS}"}
    write_results(Results(setup, tuple(rows)), TRAININGS)
    print(f"{time.perf_counter() - started:.0f} s")


if __name__ == "__main__":
    main()
