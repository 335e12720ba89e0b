"""All compressions of two networks of the trigger, several seeds each, down to look-up tables.

    python benchmarks/trigger.py --work FOLDER

writes `hepml_lite/trigger/results.json`, row by row: what is there already is not computed again,
so that the script can be stopped and go on. FOLDER keeps the trained networks in whole numbers.

- anomaly: 57-28-15-8, imitating the means of a float encoder. AUC: background in weighted rates,
  mean over the four signals, on 60 000 rows of the test split.
- tagger: 12-16-12-5 on observables of jets. AUC: one class against the others, mean over five.

`loss` is (AUC of the float network of this seed - AUC) / AUC of the float network, on the same test
events. `val_loss` is the same on the validation split, by which a setting may be chosen.

    python benchmarks/trigger.py --work FOLDER --synthesise [--only "trained 8"]

adds look-up tables, carry chains, registers and the longest path, by Yosys: minutes for a network.
"""

import argparse
import time
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from data_fetch import load
from data_fetch.files import read_arrays, write_arrays
from hepml_lite import training
from hepml_lite.containers.trigger_events import TriggerEvents
from hepml_lite.statistics.metrics import auc
from hepml_lite.trigger.anomaly.variational import train_variational
from hepml_lite.trigger.compression import Bits, cost, fitting, tagger, tasks
from hepml_lite.trigger.emulation.integer_network import INPUT, IntegerLayer, IntegerNetwork
from hepml_lite.trigger.firmware import synthesis, tools, verilog
from hepml_lite.trigger.firmware.shared_additions import shared_additions
from hepml_lite.trigger.fixed_point import FixedPoint
from hepml_lite.trigger.results import RESULTS, Result, Results, read_results, write_results

PARTS = ("anomaly", "tagger")
TEST_ROWS = 60_000
ROUNDED = (Bits(16, 16), Bits(8, 8), Bits(6, 6), Bits(4, 4))
TRAINED = (Bits(8, 10), Bits(8, 8), Bits(6, 6), Bits(4, 4))
PRUNED = ((Bits(8, 8), 0.5), (Bits(8, 8), 0.75))
WIDE = {"anomaly": FixedPoint(16, 10, True, "RND", "SAT"), "tagger": tagger.WIDE_INPUT}


@dataclass
class Judge:
    """Events of one split: inputs of the network, and how to get an AUC from its outputs."""

    inputs: np.ndarray
    labels: np.ndarray
    weight: np.ndarray | None  # of all events; None: the outputs are logits of classes

    def area(self, outputs: np.ndarray) -> float:
        """The mean AUC of outputs (N, D)."""
        if self.weight is None:
            return tagger.mean_auc(outputs, self.labels)
        score = (outputs**2).sum(axis=1)
        areas = []
        for signal in range(1, int(self.labels.max()) + 1):
            chosen = (self.labels == 0) | (self.labels == signal)
            ones = np.where(self.labels == 0, self.weight, 1.0)[chosen]
            areas.append(auc(self.labels[chosen] > 0, score[chosen], ones))
        return float(np.mean(areas))


@dataclass
class Bench:
    """The trained float network of one part and seed, its task and its judges.

    Attributes:
        part: of `PARTS`.
        seed: of all trainings.
        work: folder of what was computed before.
    """

    part: str
    seed: int
    work: Path

    @cached_property
    def task(self) -> tasks.Task:
        """What a compressed network is trained on."""
        if self.part == "anomaly":
            return tasks.imitate_means(self._variational, self._background)
        inputs, labels = self._jets("train")
        teacher = tagger.train_tagger(inputs, labels, seed=self.seed)
        return tasks.with_labels(teacher, inputs, labels, tagger.INPUT)

    @cached_property
    def taught(self) -> tasks.Task:
        """The task of the tagger with a large network as its teacher."""
        inputs, labels = self._jets("train")
        large = tagger.train_tagger(
            inputs, labels, (len(tagger.OBSERVABLES), 128, 128, 5), epochs=15, seed=self.seed
        )
        return tasks.with_teacher(self.task, large)

    @cached_property
    def judges(self) -> dict[str, Judge]:
        """Of the test and of the validation split."""
        return {"": self._judge("test"), "val_": self._judge("val")}

    @cached_property
    def of_float(self) -> dict[str, float]:
        """The AUC of the float network."""
        return {name: judge.area(training.predict(self.task.teacher, (judge.inputs,), 8192))
                for name, judge in self.judges.items()}  # fmt: skip

    @cached_property
    def _background(self) -> TriggerEvents:
        return load("trigger_objects", split="train").of_class("background")

    @cached_property
    def _variational(self):
        return train_variational(self._background, seed=self.seed)

    def _judge(self, split: str) -> Judge:
        if self.part == "tagger":
            return Judge(*self._jets(split), None)
        events = load("trigger_objects", split=split, rows=slice(0, TEST_ROWS))
        return Judge(self._variational.scaling(events), events.label, events.weight)

    def _jets(self, split: str) -> tuple[np.ndarray, np.ndarray]:
        """Inputs and labels; observables are kept in the folder."""
        tables = {}
        for name in {"train", split}:
            path = self.work / f"observables_{name}.npz"
            if not path.is_file():
                table, labels = tagger.observables(load("jet_classes", split=name))
                write_arrays(path, {"table": table, "labels": labels})
            tables[name] = read_arrays(path)
        scale = tagger.JetInputs.of_training(tables["train"]["table"])
        return scale(tables[split]["table"]), tables[split]["labels"]


def compressed(bench: Bench, wanted: set[str]) -> Iterator[tuple[str, str, IntegerNetwork]]:
    """Method, setting and network of all ways; those that are not wanted are left out."""
    task, seed = bench.task, bench.seed
    epochs = {"anomaly": 6, "tagger": 40}[bench.part]
    size = {"anomaly": 1024, "tagger": 256}[bench.part]
    for bits in ROUNDED:
        if bits.weight == 16:  # as a first conversion would have it: inputs too
            wide = tasks.Task(**{**vars(task), "input_type": WIDE[bench.part]})
            yield "rounded", "16", fitting.rounded_afterwards(wide, bits).whole()
        else:
            yield "rounded", f"{bits.weight}", fitting.rounded_afterwards(task, bits).whole()
    common = {"epochs": epochs, "batch_size": size, "seed": seed}
    for bits in TRAINED:
        if f"trained {name_of(bits)}" in wanted:
            found = fitting.trained_with_bits(task, bits, **common)
            yield "trained", name_of(bits), found.whole()
    for bits, share in PRUNED:
        setting = f"{bits.weight}, {share:.0%} zero"
        if f"pruned {setting}" in wanted:
            yield "pruned", setting, fitting.pruned(task, bits, share, **common).whole()
    if bench.part == "tagger" and "taught 4" in wanted:
        found = fitting.trained_with_bits(bench.taught, Bits(4, 4), **common)
        yield "taught", "4", found.whole()
    if any(f"own bits {price:g}" in wanted for price in fitting.PRICES):
        common["epochs"] = {"anomaly": 4, "tagger": 12}[bench.part]
        most = {"anomaly": Bits(8, 10), "tagger": Bits(8, 8)}[bench.part]
        curve = fitting.with_own_bits(task, most=most, **common)
        for price, network in zip(fitting.PRICES, curve, strict=True):
            yield "own bits", f"{price:g}", network.whole()


def name_of(bits: Bits) -> str:
    """Such as "8", and "8, activations 10" where the two differ."""
    if bits.weight == bits.activation:
        return f"{bits.weight}"
    return f"{bits.weight}, activations {bits.activation}"


def all_ways(part: str) -> set[str]:
    ways = {f"rounded {bits.weight}" for bits in ROUNDED}
    ways |= {f"trained {name_of(bits)}" for bits in TRAINED}
    ways |= {f"pruned {bits.weight}, {share:.0%} zero" for bits, share in PRUNED}
    ways |= {f"own bits {price:g}" for price in fitting.PRICES}
    return ways | ({"taught 4"} if part == "tagger" else set())


def measured(bench: Bench, network: IntegerNetwork) -> dict[str, float]:
    """AUC and what can be counted from the weights."""
    numbers: dict[str, float] = {}
    for name, judge in bench.judges.items():
        reference = bench.of_float[name]
        area = judge.area(network(judge.inputs))
        numbers |= {f"{name}auc": area, f"{name}loss": (reference - area) / reference}
    if tools.TOOLS["da4ml"].is_here:
        shared = shared_additions(network)
        few = bench.judges[""].inputs[:2000]
        equal = np.array_equal(shared.run(few), network(few))
        numbers |= {"luts_da4ml": shared.luts, "levels": shared.levels, "equal_da4ml": float(equal)}
    return numbers | {
        "ebops": cost.ebops(network),
        "ebops_of_types": cost.ebops_of_types(network),
        "ebops_of_float": cost.ebops_of_float(network),
        "additions": cost.additions(network),
        "zeros": cost.share_of_zeros(network),
        "mean_bits": cost.mean_bits(network),
        "ticks": len(network.layers),
        "dsp": 0,
    }


def train_all(parts: list[str], seeds: list[int], work: Path, results: Results) -> Results:
    """Add the rows that are missing."""
    for part in parts:
        for seed in seeds:
            done = {f"{row.method} {row.setting}" for row in results.rows
                    if (row.part, row.seed) == (part, seed)}  # fmt: skip
            wanted = all_ways(part) - done
            if not wanted:
                continue
            bench = Bench(part, seed, work)
            for method, setting, network in compressed(bench, wanted):
                if f"{method} {setting}" not in wanted:
                    continue
                save(network, path_of(work, part, method, setting, seed))
                row = Result(part, method, setting, seed, measured(bench, network))
                results = Results(results.setup, (*results.rows, row))
                write_results(results)
                told = {name: row.numbers[name] for name in ("auc", "loss", "val_loss", "ebops")}
                print(part, method, setting, seed, told, flush=True)
    return results


def synthesise(work: Path, only: list[str], seeds: list[int], results: Results) -> Results:
    """Add cells of a chip to the rows of these ways."""
    for row in results.rows:
        name = f"{row.part} {row.method} {row.setting}"
        if "luts" in row.numbers or row.seed not in seeds or (only and name not in only):
            continue
        network = read(path_of(work, *row.key))
        started = time.process_time()
        design = verilog.network_design(network, registers=True)
        cells = synthesis.synthesised(design, work / "yosys")
        row.numbers.update(
            luts=cells.luts, carries=cells.carries, registers=cells.registers, path=cells.path
        )  # fmt: skip
        print(name, row.seed, cells, f"{time.process_time() - started:.0f} s", flush=True)
        write_results(results)
    return results


def path_of(work: Path, part: str, method: str, setting: str, seed: int) -> Path:
    return work / f"{part} {method} {setting} {seed}.npz".replace(" ", "_").replace("%", "")


def save(network: IntegerNetwork, path: Path) -> None:
    """Codes and types of all layers as arrays."""
    arrays = {}
    for number, layer in enumerate(network.layers):
        arrays[f"weight_{number}"] = layer.weight
        arrays[f"bias_{number}"] = layer.bias
        kinds = (layer.input_type, layer.output_type, layer.accumulator,
                 layer.weight_type, layer.bias_type)  # fmt: skip
        arrays[f"types_{number}"] = np.array([[k.width, k.integer, k.signed] for k in kinds])
    write_arrays(path, arrays)


def read(path: Path) -> IntegerNetwork:
    """The network of a file."""
    arrays = read_arrays(path)
    layers = []
    for number in range(len(arrays) // 3):
        kinds = []
        for place, (width, integer, signed) in enumerate(arrays[f"types_{number}"]):
            wraps = place == 2
            modes = ("TRN", "WRAP") if wraps else ("RND", "SAT")
            kinds.append(FixedPoint(int(width), int(integer), bool(signed), *modes))
        is_published = number == 0 and (kinds[0].width, kinds[0].integer) == (8, 6)
        into = INPUT if is_published else kinds[0]
        weight = arrays[f"weight_{number}"] * kinds[3].step
        bias = arrays[f"bias_{number}"] * kinds[4].step
        relu = number < len(arrays) // 3 - 1
        layers.append(IntegerLayer(weight, bias, into, *kinds[1:], relu))
    return IntegerNetwork(tuple(layers))


def main() -> None:
    """Compute what is missing and write the file."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--parts", nargs="+", default=list(PARTS), choices=PARTS)
    parser.add_argument("--seeds", nargs="+", type=int, default=[1, 2, 3])
    parser.add_argument("--synthesise", action="store_true")
    parser.add_argument("--only", nargs="+", default=[], help='such as "tagger trained 8"')
    arguments = parser.parse_args()
    arguments.work.mkdir(parents=True, exist_ok=True)
    results = read_results() if RESULTS.is_file() else Results(SETUP, ())
    results = train_all(arguments.parts, arguments.seeds, arguments.work, results)
    if arguments.synthesise:
        synthesise(arguments.work, arguments.only, arguments.seeds, results)


SETUP = {
    "anomaly": "57-28-15-8, 125 000 training and 52 000 test events",
    "tagger": "12-16-12-5, 9000 training and 3000 test jets",
    "cells": "Yosys, synth_xilinx -family xcup -nodsp; a register after each layer",
    "levels": "of additions by da4ml, without registers; ticks: of our Verilog",
}

if __name__ == "__main__":
    main()
