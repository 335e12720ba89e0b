"""Write the table *what it suffices for*: the smallest effect that each bundled sample resolves."""

import math
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
from sklearn.linear_model import LinearRegression

from data_fetch import splits
from data_fetch.samples import Sample, bundled
from hepml_lite.containers.events import Events
from hepml_lite.containers.rows import Rows
from hepml_lite.containers.showers import Showers
from hepml_lite.containers.trigger_events import TriggerEvents
from hepml_lite.containers.unfolding_pair import UnfoldingPair
from hepml_lite.statistics.two_sample import triangular_distance

PAGE = Path(__file__).with_name("sufficiency.md")
FEWEST = 1 / 0.3**2  # events that pass, for a relative error of 30 %
N_BINS = 60
SIGNAL_REGION = (3300, 3700)  # GeV
Row = tuple[str, str]  # what is asked, and the answer

HEAD = """# What it suffices for

For each bundled sample: the smallest effect, rate or coverage that it resolves. All errors are one
standard deviation, and *resolved* means two of them. The errors are those of the test events alone:
the spread between trainings comes on top. `python docs/data/sufficiency.py` computes this table.

- *Rejection*: the background that passes is counted, so R = 1/FPR from N events has the relative
  error sqrt(R/N), at any signal efficiency; the strongest networks of the top tagging landscape
  reach R of about 1000 at an efficiency of 0.3 and 300 at 0.5. The largest rejection known to 30 %
  leaves 11 events. In weighted samples the events that pass are assumed to have the smallest
  weight.
- *AUC that is resolved*: how far the area of a classifier of two samples of this size must be
  from 0.5.
- *Triangular distance*: between simulation and nature at particle level, times 1000, in 60 bins of
  equal simulated content. Chance is its mean between two samples of one distribution; a distance
  must exceed the chance level by two standard deviations to be resolved.

| sample | what is asked | answer |
|---|---|---|
"""


def rejection(rows: Rows, split: str) -> Iterator[Row]:
    """Errors of a background rejection, with the first class as the background."""
    background = rows[rows.label == 0]
    if background.weight is None:
        n = float(len(background))
    else:
        n = float(background.weight.sum() / background.weight.min())
    yield f"largest rejection known to 30 %, {split}", f"{n / FEWEST:.3g}"
    for level, efficiency in ((1000, 0.3), (300, 0.5)):
        error = math.sqrt(level / n)
        shown = f"{100 * error:.0f} %" if error < 0.5 else "not resolved (above 50 %)"
        yield f"error of a rejection of {level} (typical at {efficiency}), {split}", shown


def area_gap(n: int, m: int) -> float:
    """Distance of an AUC from 0.5 of two standard deviations of chance (Mann, Whitney 1947)."""
    return 2 * math.sqrt((n + m + 1) / (12 * n * m))


def tagged(sample: Sample) -> Iterator[Row]:
    """A sample of several classes: on its test split, or all of it if it only judges."""
    rows = sample.rows()
    if "use" in sample.card:
        yield from rejection(rows, "whole file")
        return
    start, stop = splits.bounds(len(rows), "test", splits.of_card(sample.card))
    yield from rejection(rows[start:stop], "test split")


def mixed(sample: Sample) -> Iterator[Row]:
    """Two mixtures of quarks and gluons: their shares, and what tells their quarks apart."""
    label = sample.rows().label
    for process, name in enumerate(("Z + jet", "dijets")):
        of_process = label[label // 2 == process]
        share = float(np.mean(of_process % 2))
        error = math.sqrt(share * (1 - share) / len(of_process))
        yield f"share of quarks, {name}", f"{share:.3f} ± {error:.3f}"
    for kind, name in enumerate(("gluons", "quarks")):
        n, m = (int(np.sum(label == 2 * process + kind)) for process in (0, 1))
        asked = f"AUC that is resolved, {name} of one process against those of the other"
        yield asked, f"0.5 + {area_gap(n, m):.4f}"


def judged(sample: Sample) -> Iterator[Row]:
    """A sample that generated rows are compared with."""
    start, stop = splits.bounds(len(sample), "test", splits.of_card(sample.card))
    n = stop - start
    yield "AUC that is resolved, test split against as many", f"0.5 + {area_gap(n, n):.4f}"
    rows = sample.rows()
    if isinstance(rows, Showers):
        response = rows.deposited / rows.energy
        error = response.std() / math.sqrt(len(rows))
        yield "shift of the mean response that is resolved", f"{200 * error:.2g} %"


def triggered(sample: Sample) -> Iterator[Row]:
    """Smallest rates and efficiencies of a trigger, on the test split."""
    start, stop = splits.bounds(len(sample), "test", splits.of_card(sample.card))
    rows: TriggerEvents = sample.rows()[start:stop]
    background = rows[rows.label == 0]
    yield "background events, test split", f"{len(background)}"
    if background.weight is None:
        yield "smallest FPR known to 30 %, test split", f"{FEWEST / len(background):.1e}"
    else:
        yield "effective number of background events", f"{background.effective_number:.0f}"
        yield "largest weight of an event", f"{background.weight.max():.2g} Hz"
        for word, choose in (("smallest", np.min), ("largest", np.max)):
            rate = FEWEST * choose(background.weight) / len(background)
            yield f"rate known to 30 % where events of the {word} weight pass", f"{rate:.2g} Hz"
    fewest = min(np.bincount(rows.label)[1:], default=0)
    if fewest:
        yield "error of a signal efficiency of 0.5, test split", f"{0.5 / math.sqrt(fewest):.3f}"


def unfolded(sample: Sample) -> Iterator[Row]:
    """Distances of simulation and nature beside the chance level."""
    rows: UnfoldingPair = sample.rows()
    true = rows[rows.true_ok]
    simulation = true.of_class("simulation").truth
    for name in true.names[1:]:
        nature = true.of_class(name).truth
        for column, quantity in enumerate(true.quantities):
            yield f"{quantity}, {name}", gap(simulation[:, column], nature[:, column])


def gap(simulation: np.ndarray, nature: np.ndarray) -> str:
    """The triangular distance of two columns (N,) and (M,) with the smallest one resolved."""
    edges = np.unique(np.quantile(simulation, np.linspace(0, 1, N_BINS + 1)))
    found = triangular_distance(simulation, nature, edges)
    # the distance over its floor is chi-squared with B - 1 degrees of freedom over B
    smallest = found.floor * (1 + 2 * math.sqrt(2 / (len(edges) - 2)))
    verdict = "resolved" if found.value > smallest else "not resolved"
    return (
        f"{1e3 * found.value:.2g} (chance {1e3 * found.floor:.2g}, "
        f"resolved from {1e3 * smallest:.2g}): {verdict}"
    )


def resonance(sample: Sample) -> Iterator[Row]:
    """Events of the signal region, for searches."""
    rows: Events = sample.rows()
    low, high = SIGNAL_REGION
    inside = rows[(rows["mjj"] > low) & (rows["mjj"] < high)]
    background = int(np.sum(inside.label == 0))
    if not background:
        return
    signal = len(inside) - background
    yield "background and signal events in 3.3 < mjj < 3.7 TeV", f"{background} and {signal}"
    root = math.sqrt(background)
    yield "signal events for S/sqrt(B) = 1, 2, 3", ", ".join(f"{k * root:.0f}" for k in (1, 2, 3))
    yield "smallest S/B that a count resolves", f"{200 / root:.2g} %"
    yield "largest rejection known to 30 % in the signal region", f"{background / FEWEST:.3g}"


def assigned(sample: Sample) -> Iterator[Row]:
    """Top pairs whose four quarks are all among the jets, to judge how jets are assigned."""
    rows: Events = sample.rows()
    start, stop = splits.bounds(len(rows), "test", splits.of_card(sample.card))
    jets = [name for name in rows.quantities if name.endswith("_role")]
    role = rows[start:stop].columns(*jets)
    found = [np.sum(role == number, axis=1) for number in (1, 2, 3)]
    n = int(np.sum((found[0] == 1) & (found[1] == 1) & (found[2] == 2)))
    yield "top pairs with all four quarks among the jets, test split", f"{n}"
    error = 0.5 / math.sqrt(n)
    yield "error of a share of right assignments of 0.5, test split", f"{error:.3f}"
    yield (
        "difference of two methods that is resolved, if they differ in 10 %",
        (f"{2 * math.sqrt(0.1 / n):.3f}"),
    )


def parameters(sample: Sample) -> Iterator[Row]:
    """Pseudo-experiments of a sample with parameters: coverage, and the smallest step."""
    rows: Events = sample.rows()
    names = sample.card["parameters"]
    shapes = [name for name in rows.quantities if name not in names]
    edges = splits.of_card(sample.card)
    train = experiments(rows, splits.bounds(len(rows), "train", edges), names, shapes)
    test = experiments(rows, splits.bounds(len(rows), "test", edges), names, shapes)
    n = len(test[0])
    yield "pseudo-experiments, test split", f"{n}"
    for level in (0.68, 0.95):
        error = math.sqrt(level * (1 - level) / n)
        yield f"error of a coverage of {level}, test split", f"{error:.3f}"
    fitted = LinearRegression().fit(train[1], train[0])
    spread = np.std(fitted.predict(test[1]) - test[0], axis=0)
    for name, one in zip(names, np.atleast_1d(spread), strict=True):
        yield f"{name} from one pseudo-experiment (linear fit of mean shapes)", f"± {one:.2g}"
        yield f"bias of {name} that is resolved, test split", f"{2 * one / math.sqrt(n):.1g}"


def experiments(
    rows: Events, bounds: tuple[int, int], names: list[str], shapes: list[str]
) -> tuple[np.ndarray, np.ndarray]:
    """Parameters (n, P), and means and widths of the shapes (n, 2 F), of each pseudo-experiment."""
    part = rows[slice(*bounds)]
    parameter = part.columns(*names).astype(float)
    changes = np.any(np.diff(parameter, axis=0) != 0, axis=1)
    first = np.flatnonzero(np.concatenate([[True], changes]))
    counts = np.diff([*first, len(part)])[:, None]
    values = part.columns(*shapes).astype(float)
    mean = np.add.reduceat(values, first) / counts
    square = np.add.reduceat(values**2, first) / counts
    return parameter[first], np.concatenate([mean, np.sqrt(square - mean**2)], axis=1)


def questions(sample: Sample) -> Callable[[Sample], Iterator[Row]]:
    """What this kind of sample is asked."""
    card = sample.card
    by_container = {"TriggerEvents": triggered, "UnfoldingPair": unfolded, "Showers": judged}
    if card["container"] in by_container:
        return by_container[card["container"]]
    if "parameters" in card:
        return parameters
    if sample.name == "quark_gluon_mixtures":
        return mixed
    if "mjj" in card.get("quantities", ()):
        return resonance
    if "jet1_role" in card.get("quantities", ()):
        return assigned
    to_tag = len(card["classes"]) > 1 and "simulation" not in card["classes"]
    return tagged if to_tag else judged


def page() -> str:
    """The page with a row for each answer of each bundled sample."""
    lines = []
    for name, sample in bundled().items():
        for asked, answer in questions(sample)(sample):
            lines.append(f"| [`{name}`]({name}.md) | {asked} | {answer} |")
    return HEAD + "\n".join(lines) + "\n"


if __name__ == "__main__":
    PAGE.write_text(page())
