"""Weak supervision on Z + jet against dijets: what is learned, and is its assumption true?

    python benchmarks/quark_gluon_mixtures.py --seeds 0 1 2

Parts of the table `hepml_lite/tagging/real_mixtures.csv`:

- `tagger`: AUC of quark against gluon on the jets of each process, for trees that learned the
  mixtures, labels of one process, labels of both; and for the multiplicity alone;
- `broken`: the same for mixtures that differ in more: trees that see pT and eta, and a Z + jet
  sample with multiple interactions;
- `paired`: differences of these AUCs, on the same jets;
- `same jets`: AUC of the quarks of one process against those of the other, and of the gluons;
- `topics`: share of quarks in both mixtures, true and from topics of two observables;
- `topic flow`: AUC of the log-ratio of the two topics, and the mean of their observables.
"""

import argparse
import time

import numpy as np
import pandas as pd

from data_fetch import load
from hepml_lite.statistics import metrics
from hepml_lite.statistics.intervals import Interval
from hepml_lite.tagging import real_mixtures
from hepml_lite.tagging.jet_topics import Topics, jet_topics
from hepml_lite.tagging.real_mixtures import grown, out_of_fold, same_kind, shapes
from hepml_lite.tagging.topic_flow import TopicFlow

PROCESSES = ("Z + jet", "dijets")
PAIRS = (
    ("no labels", "fewer particles"),
    ("labels of both", "fewer particles"),
    ("labels of both", "no labels"),
    ("labels of Z + jet", "labels of dijets"),
    ("with pT and |eta|", "no labels"),
    ("underlying event in Z + jet", "no labels"),
)
BINS_OF_COUNT = np.arange(0, 101, 4)
N_BOOTSTRAP = 100
FLOW_OF = ("multiplicity", "ln(width)")


class Table:
    """Rows of the results."""

    def __init__(self) -> None:
        self.rows: list[dict] = []

    def add(self, part: str, method: str, judged: str, seed: int, found: Interval) -> None:
        """One number with its error."""
        names = {"part": part, "method": method, "judged": judged, "seed": seed}
        self.rows.append(names | {"value": round(found.value, 5), "error": round(found.error, 5)})

    def add_areas(self, part: str, method: str, score: np.ndarray, label, process, seed) -> None:
        """AUC of quark against gluon on each process."""
        for number, name in enumerate(PROCESSES):
            own = process == number
            area = metrics.bootstrap(metrics.auc, label[own], score[own], N_BOOTSTRAP, seed)
            self.add(part, method, name, seed, area)


def difference(label: np.ndarray, first: np.ndarray, second: np.ndarray, seed: int) -> Interval:
    """AUC of the first score (N,) less that of the second, with resamples of the same jets."""

    def less(labels: np.ndarray, rows: np.ndarray) -> float:
        rows = rows.astype(int)
        return metrics.auc(labels, first[rows]) - metrics.auc(labels, second[rows])

    return metrics.bootstrap(less, label, np.arange(len(label)), N_BOOTSTRAP, seed)


def taggers(table: Table, jets, seed: int) -> np.ndarray:
    """Parts `tagger` and `broken`; returns the score of the trees that learned the mixtures."""
    x, label, process = shapes(jets), jets.label % 2, jets.label // 2
    weak = out_of_fold(x, 1 - process, seed)
    scores = {"no labels": weak, "fewer particles": -x[:, 0]}
    scores["labels of both"] = out_of_fold(x, label, seed)
    for number, name in enumerate(PROCESSES):
        own = process == number
        score = np.zeros(len(x))
        score[own] = out_of_fold(x[own], label[own], seed)
        score[~own] = grown(x[own], label[own], seed).decision_function(x[~own])
        scores[f"labels of {name}"] = score
    for name, score in scores.items():
        table.add_areas("tagger", name, score, label, process, seed)
    scores |= broken(table, jets, x, seed)
    for number, name in enumerate(PROCESSES):
        own = process == number
        for first, second in PAIRS:
            found = difference(label[own], scores[first][own], scores[second][own], seed)
            table.add("paired", f"{first} - {second}", name, seed, found)
    return weak


def broken(table: Table, jets, x: np.ndarray, seed: int) -> dict[str, np.ndarray]:
    """Scores of trees that see where a jet is, and of trees for another simulation of Z + jet."""
    label, process = jets.label % 2, jets.label // 2
    seen = np.column_stack([x, jets.pt, np.abs(jets.eta)])
    n_z = int(np.sum(process == 0))
    other = with_multiple_interactions(label[process == 0].mean(), n_z, seed)
    mixed = np.concatenate([shapes(other), x[process == 1]])
    sample = np.repeat([1, 0], [len(other), len(mixed) - len(other)])
    scores = {
        "with pT and |eta|": out_of_fold(seen, 1 - process, seed),
        "underlying event in Z + jet": grown(mixed, sample, seed).decision_function(x),
    }
    for name, score in scores.items():
        table.add_areas("broken", name, score, label, process, seed)
    return scores


def with_multiple_interactions(share: float, n: int, seed: int):
    """Jets of `quark_gluon`, of which a share are quarks."""
    jets = load("quark_gluon")
    rng = np.random.default_rng(seed)
    n_quark = round(share * n)
    rows = [
        rng.permutation(np.flatnonzero(jets.label == k))[:m]
        for k, m in ((1, n_quark), (0, n - n_quark))
    ]
    return jets[np.concatenate(rows)]


def assumption(table: Table, jets, seed: int) -> None:
    """Part `same jets`."""
    for k, name in enumerate(("gluons", "quarks")):
        test = same_kind(jets[jets.label == k], jets[jets.label == 2 + k], seed)
        found = Interval.symmetric(test.auc, test.auc_error)
        table.add("same jets", name, "Z + jet against dijets", seed, found)
        other = load("quark_gluon", split="test").of_class(name[:-1])
        test = same_kind(jets[jets.label == k], other, seed)
        found = Interval.symmetric(test.auc, test.auc_error)
        table.add("same jets", name, "with and without multiple interactions", seed, found)


def topics(table: Table, jets, weak: np.ndarray, seed: int) -> dict[str, Topics]:
    """Part `topics`."""
    label, process = jets.label % 2, jets.label // 2
    found = {}
    edges = np.quantile(weak, np.linspace(0, 1, 26))
    for name, values, bins in (
        ("multiplicity", jets.n_constituents, BINS_OF_COUNT),
        ("score without labels", weak, edges),
    ):
        one = jet_topics(values[process == 0], values[process == 1], bins, N_BOOTSTRAP, seed)
        found[name] = one
        table.add("topics", name, "Z + jet", seed, one.fraction_a)
        table.add("topics", name, "dijets", seed, one.fraction_b)
    for number, name in enumerate(PROCESSES):
        n = sum(process == number)
        share = float(label[process == number].mean())
        error = np.sqrt(share * (1 - share) / n)
        table.add("topics", "labels", name, seed, Interval.symmetric(share, error))
    return found


def flows(table: Table, jets, found: dict[str, Topics], seed: int) -> None:
    """Part `topic flow`, with the shares of the score, and with the true ones."""
    label, process = jets.label % 2, jets.label // 2
    rng = np.random.default_rng(seed)
    x = flow_observables(jets, rng)
    score = found["score without labels"]
    shares = {
        "shares of the topics": (score.fraction_a.value, score.fraction_b.value),
        "true shares": tuple(label[process == k].mean() for k in (0, 1)),
    }
    for name, fractions in shares.items():
        fit = TopicFlow().fit(x[process == 0], x[process == 1], fractions, seed)
        table.add_areas("topic flow", name, fit.log_ratio(x), label, process, seed)
        for topic, number in ((fit.topic_1, 1), (fit.topic_2, 2)):
            mean = topic.sample(20_000, rng=seed).mean(axis=0)
            for observable, value in zip(FLOW_OF, mean, strict=True):
                judged = f"mean {observable} of topic {number}"
                table.add("topic flow", name, judged, seed, Interval.symmetric(value))
    for k, kind in ((1, 1), (0, 2)):
        for column, observable in enumerate(FLOW_OF):
            values = x[label == k, column]
            found_mean = Interval.symmetric(values.mean(), values.std() / np.sqrt(len(values)))
            table.add(
                "topic flow", "labels", f"mean {observable} of topic {kind}", seed, found_mean
            )


def flow_observables(jets, rng: np.random.Generator) -> np.ndarray:
    """Multiplicity, spread over its bin, and the logarithm of the width: (N, 2)."""
    x = shapes(jets)
    count = x[:, 0] + rng.uniform(-0.5, 0.5, len(x))
    return np.column_stack([count, np.log(x[:, 2] + 1e-3)])


def main() -> None:
    """Measure everything in all seeds, and write the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    arguments = parser.parse_args()
    jets = load("quark_gluon_mixtures")
    table = Table()
    for seed in arguments.seeds:
        start = time.process_time()
        weak = taggers(table, jets, seed)
        assumption(table, jets, seed)
        flows(table, jets, topics(table, jets, weak, seed), seed)
        print(f"seed {seed}: {time.process_time() - start:.0f} s")
    pd.DataFrame(table.rows).to_csv(real_mixtures.RESULTS, index=False)


if __name__ == "__main__":
    main()
