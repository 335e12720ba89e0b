"""Compare taggers with other codes: a training step, inference, memory, the time to an AUC.

    python benchmarks/tagging.py
    python benchmarks/tagging.py --weaver peers/weaver --lgatr peers/lgatr \\
        --keras-python keras_peers/bin/python --threads 1 2 --memory --out tagging.json
    python benchmarks/tagging.py --time-to-auc 0.97

The other codes are looked for in the given folders, or among the installed packages:
`pip install --target peers/weaver --no-deps weaver-core`, the same with lgatr (and einops,
opt_einsum), and benchmarks/peers/energyflow_pfn.py for Keras. All read the same jets of the bundled
sample in turn, cut to --slots particles, for several rounds. The inputs of each are made
beforehand. On a shared machine look at CPU time. Memory is the peak of a training step in a fresh
process minus the memory before it. `weaver-core, trims` drops up to a tenth of a jet's slots in
training, which is its default.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from contextlib import AbstractContextManager
from pathlib import Path
from statistics import median

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
import torch
from peers.energyflow_pfn import resident
from tagging_networks import ENTRIES, PHI, Entry, F, features, jets
from tagging_time_to_auc import time_to_auc
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from hepml_lite.training import adam, count_parameters
from hepml_lite.training.devices import keep_freed_memory

PEAK = Path("/proc/self/clear_refs")
KERAS = Path(__file__).parent / "peers" / "energyflow_pfn.py"
Times = dict[str, list[float]]


class Runner:
    """One network, and the times of its training steps and of its inference."""

    def __init__(self, entry: Entry, options: argparse.Namespace, batch: int):
        torch.manual_seed(0)
        self.device, self.bf16 = torch.device(options.device), options.bf16
        self.model: nn.Module = entry.make().to(self.device)
        constituents, mask, labels = jets(batch, options.slots)
        self.inputs = tuple(t.to(self.device) for t in entry.read(constituents, mask))
        self.labels = labels.to(self.device)
        self.optimizer = adam(list(self.model.parameters()), lr=1e-3)
        self.times: dict[str, Times] = defaultdict(lambda: {"wall": [], "cpu": []})

    def _precision(self) -> AbstractContextManager:
        return torch.autocast(self.device.type, torch.bfloat16, enabled=self.bf16)

    def step(self) -> None:
        """One training step."""
        self.model.train()
        with self._precision():
            loss = cross_entropy(self.model(*self.inputs), self.labels)
        self.optimizer.zero_grad()
        loss.backward()
        self.optimizer.step()

    @torch.no_grad()
    def inference(self) -> Tensor:
        """Logits of the batch."""
        self.model.eval()
        with self._precision():
            return self.model(*self.inputs)

    def clock(self, what: str, times: int) -> None:
        """Time `step` or `inference` several times, after one run that is not timed."""
        run = getattr(self, what)
        run()
        for _ in range(times):
            started = self._now()
            run()
            for kind, a, b in zip(("wall", "cpu"), started, self._now(), strict=True):
                self.times[what][kind].append(b - a)

    def _now(self) -> tuple[float, float]:
        if self.device.type == "cuda":
            torch.cuda.synchronize()
        return time.perf_counter(), time.process_time()


def _asked(network: str, options: argparse.Namespace) -> bool:
    return not options.networks or network in options.networks


def runners(options: argparse.Namespace) -> dict[Entry, Runner]:
    """The requested networks that can be made; each of the others is reported in one line."""
    made: dict[Entry, Runner] = {}
    missing = set()
    for entry in ENTRIES:
        if not _asked(entry.network, options):
            continue
        try:
            made[entry] = Runner(entry, options, options.batch)
        except ImportError as error:
            missing.add(f"{entry.code.partition(',')[0]} is left out: {error}")
    print(*sorted(missing), sep="\n", end="\n" if missing else "")
    return made


def energyflow(options: argparse.Namespace, threads: int, batch: int) -> dict:
    """The measurements of energyflow's PFN, from a separate process."""
    constituents, mask, labels = jets(10 * batch, options.slots)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "jets.npz"
        x, mask = features(constituents, mask)
        np.savez(file, features=x.numpy(), mask=mask.numpy(), labels=labels.numpy())
        command = [options.keras_python, str(KERAS), "--data", str(file), "--batch", str(batch)]
        command += ["--threads", str(threads), "--phi", *map(str, PHI), "--f", *map(str, F)]
        environment = os.environ | {"OMP_NUM_THREADS": str(threads)}
        run = subprocess.run(command, env=environment, capture_output=True, text=True)
    if run.returncode:
        raise RuntimeError(f"{options.keras_python} {KERAS.name} failed:\n{run.stderr[-2000:]}")
    return json.loads(run.stdout.splitlines()[-1])


def measure(options: argparse.Namespace, threads: int) -> list[dict]:
    """A row for each network: parameters, and wall and CPU seconds per batch."""
    torch.set_num_threads(threads)
    keep_freed_memory()  # fit does the same
    made = runners(options)
    for _ in range(options.rounds):
        for runner in made.values():
            runner.clock("step", options.steps)
            runner.clock("inference", options.steps)
    setting = {k: getattr(options, k) for k in ("device", "bf16", "batch", "slots")} | {
        "threads": threads
    }
    rows = [
        {"network": entry.network, "code": entry.code, **setting}
        | {"parameters": count_parameters(runner.model), **runner.times}
        for entry, runner in made.items()
    ]
    if not _asked("PFN", options) or options.device != "cpu":
        return rows
    if options.keras_python:
        told = energyflow(options, threads, options.batch)
        kept = {k: told[k] for k in ("parameters", "step", "inference")}
        rows.insert(1, {"network": "PFN", "code": "energyflow", **setting, **kept})
    else:
        print("energyflow is left out: give --keras-python")
    return rows


def show(rows: list[dict], options: argparse.Namespace, threads: int) -> None:
    """The table of one `measure`; on a shared machine CPU time is more reliable than wall time."""
    precision = "bfloat16" if options.bf16 else "float32"
    print(
        f"\n{options.device}, {threads} thread(s), {precision}, batch {options.batch} x "
        f"{options.slots}, torch {torch.__version__}, load {os.getloadavg()[0]:.1f}; ms per batch"
    )
    columns = "".join(f"{what:>9s}{'CPU':>9s}{'min CPU':>9s}" for what in ("step", "infer"))
    print(f"{'':39s}{'weights':>10s}{columns}{'jets/s':>9s}")
    for row in rows:
        line = f"{row['network']:19s}{row['code']:20s}{row['parameters']:10,d}"
        for what in ("step", "inference"):
            wall, cpu = row[what]["wall"], row[what]["cpu"]
            line += "".join(f"{1e3 * t:9.1f}" for t in (median(wall), median(cpu), min(cpu)))
        print(f"{line}{row['batch'] / median(row['inference']['wall']):9,.0f}")


def peak(options: argparse.Namespace) -> float:
    """Peak memory in MiB of the first training steps of the network `options.peak`."""
    number = int(options.peak)
    Runner(ENTRIES[number], options, 2).step()  # loads everything that is loaded only once
    runner = Runner(ENTRIES[number], options, options.batch)
    cuda = options.device == "cuda"
    before = torch.cuda.memory_allocated() / 2**20 if cuda else resident("VmRSS")
    if cuda:
        torch.cuda.reset_peak_memory_stats()
    elif PEAK.exists():  # Linux: reset the peak that reading the jets left
        PEAK.write_text("5")
    for _ in range(3):
        runner.step()
    return (torch.cuda.max_memory_allocated() / 2**20 if cuda else resident("VmHWM")) - before


def memory(options: argparse.Namespace) -> list[dict]:
    """Peaks (see `peak`) at each batch size, each in a separate process."""
    rows = []
    for number, entry in enumerate(ENTRIES):
        if not _asked(entry.network, options):
            continue
        row = {"network": entry.network, "code": entry.code}
        for batch in options.memory:
            command = [sys.executable, __file__, *sys.argv[1:], "--peak", str(number)]
            command += ["--batch", str(batch)]
            run = subprocess.run(command, capture_output=True, text=True)
            row[f"MiB at {batch}"] = float(run.stdout) if run.returncode == 0 else None
        rows.append(row)
    if options.keras_python and options.device == "cpu" and _asked("PFN", options):
        told = {f"MiB at {b}": energyflow(options, 1, b)["memory"] for b in options.memory}
        rows.insert(1, {"network": "PFN", "code": "energyflow"} | told)
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--weaver", help="folder with weaver-core")
    parser.add_argument("--lgatr", help="folder with lgatr")
    parser.add_argument("--keras-python", help="Python with TensorFlow, tf_keras and energyflow")
    parser.add_argument("--networks", nargs="+", choices=sorted({e.network for e in ENTRIES}))
    parser.add_argument("--threads", type=int, nargs="+", default=[1])
    parser.add_argument("--device", default="cpu", choices=["cpu", "cuda", "mps"])
    parser.add_argument("--bf16", action="store_true", help="autocast to bfloat16")
    parser.add_argument("--batch", type=int, default=128)
    parser.add_argument("--slots", type=int, default=60, help="of particles, padding included")
    parser.add_argument("--steps", type=int, default=3, help="per round")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--memory", type=int, nargs="*", help="batch sizes; [128, 512] if none")
    parser.add_argument("--time-to-auc", type=float, help="train until this AUC instead, e.g. 0.97")
    parser.add_argument("--at-most", type=float, default=900, help="CPU seconds of that")
    parser.add_argument("--out", type=Path, help="JSON file for all numbers")
    parser.add_argument("--peak", help=argparse.SUPPRESS)
    options = parser.parse_args()
    sys.path += [folder for folder in (options.weaver, options.lgatr) if folder]
    options.memory = [128, 512] if options.memory == [] else options.memory
    if options.peak:
        print(peak(options))
        return
    results: dict[str, list[dict]] = {"speed": [], "memory": [], "time to AUC": []}
    if options.time_to_auc:
        results["time to AUC"] = time_to_auc(options)
    for threads in [] if options.time_to_auc else options.threads:
        rows = measure(options, threads)
        show(rows, options, threads)
        results["speed"] += rows
    if options.memory:
        results["memory"] = memory(options)
        print("\nPeak memory of training steps")
        for row in results["memory"]:
            print(
                "  ".join(
                    f"{k}: {v:.0f}" if isinstance(v, float) else str(v) for k, v in row.items()
                )
            )
    if options.out:
        options.out.write_text(json.dumps(results, indent=1))


if __name__ == "__main__":
    main()
