"""Time of a training step of the particle flow network, of a padded one, and of energyflow's.

    python benchmarks/training.py
    python benchmarks/training.py --peer keras_peers/bin/python

`--peer` is a Python with TensorFlow, tf_keras and energyflow; benchmarks/peers/energyflow_pfn.py
says how to make one. All run the same jets (60 slots, 25 to 60 real particles) in turn, for several
rounds, so that other work on the machine affects all alike. If wall and CPU time of one thread
differ, the machine was shared.
"""

import argparse
import json
import os
import subprocess
import tempfile
import time
from collections import defaultdict
from pathlib import Path
from statistics import median

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
import torch
from torch import Tensor, nn

from hepml_lite.networks.deep_sets import ParticleFlowNetwork
from hepml_lite.training import adam, count_parameters, cross_entropy, fit
from hepml_lite.training.devices import keep_freed_memory

PEER = Path(__file__).parent / "peers" / "energyflow_pfn.py"


class Padded(ParticleFlowNetwork):
    """The same network in its simple form: Φ on every slot, then a masked sum."""

    def forward(self, features: Tensor, mask: Tensor) -> Tensor:
        """Logits (N, n_classes)."""
        return self.f((self.phi(features) * mask.unsqueeze(-1)).sum(1))


def jets(n: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    mask = np.arange(60) < rng.integers(25, 61, n)[:, None]
    features = rng.normal(size=(n, 60, 3)).astype("float32") * mask[..., None]
    return features, mask, rng.integers(0, 2, n)


def steps(model: nn.Module, data: tuple, batch_size: int) -> dict[str, list[float]]:
    """Wall and CPU seconds of each training step over the data, after a warm-up."""
    keep_freed_memory()  # fit does the same
    optimizer = adam(list(model.parameters()), lr=1e-3)
    batches = list(zip(*(torch.as_tensor(a).split(batch_size) for a in data), strict=True))
    wall, cpu = [], []
    for batch in batches[:3] + batches:
        started = time.perf_counter(), time.process_time()
        loss = cross_entropy(model, *batch)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        wall.append(time.perf_counter() - started[0])
        cpu.append(time.process_time() - started[1])
    return {"wall": wall[3:], "cpu": cpu[3:]}


def whole_fit(model: nn.Module, data: tuple, batch_size: int) -> dict[str, list[float]]:
    """Seconds per step of our `fit`, with shuffling, batching and bookkeeping."""
    n_steps = len(data[0]) / batch_size
    started = time.perf_counter(), time.process_time()
    fit(model, data, cross_entropy, epochs=2, batch_size=batch_size, device="cpu", progress=False)
    wall, cpu = time.perf_counter() - started[0], time.process_time() - started[1]
    return {"wall": [wall / 2 / n_steps], "cpu": [cpu / 2 / n_steps]}


def peer(python: str, file: Path, options: argparse.Namespace, threads: int) -> dict:
    command = [python, str(PEER), "--data", str(file), "--batch", str(options.batch)]
    command += ["--threads", str(threads), "--phi", *map(str, options.phi), "--f"]
    environment = os.environ | {"OMP_NUM_THREADS": str(threads)}
    run = subprocess.run(
        command + [str(size) for size in options.f], env=environment, capture_output=True, text=True
    )
    if run.returncode:
        raise RuntimeError(f"{python} {PEER.name} failed:\n{run.stderr[-2000:]}")
    return json.loads(run.stdout.splitlines()[-1])


def measure(options: argparse.Namespace, threads: int) -> dict[str, dict[str, list[float]]]:
    data = jets(options.steps * options.batch)
    torch.set_num_threads(threads)
    results: dict = defaultdict(lambda: defaultdict(list))

    def add(name: str, result: dict) -> None:
        for kind in ("wall", "cpu"):
            results[name][kind] += result[kind]

    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "jets.npz"
        np.savez(file, features=data[0], mask=data[1], labels=data[2])
        for _ in range(options.rounds):
            ours = ParticleFlowNetwork(3, options.phi, options.f)
            add("ours, step", steps(ours, data, options.batch))
            add("padded, step", steps(Padded(3, options.phi, options.f), data, options.batch))
            add("ours, whole fit", whole_fit(ours, data, options.batch))
            if options.peer:
                told = peer(options.peer, file, options, threads)
                if told["parameters"] != count_parameters(ours):
                    raise RuntimeError(f"the peer has {told['parameters']} parameters: not equal")
                add("energyflow, step", told["step"])
                add("energyflow, whole fit", told["fit"])
    return results


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--peer", help="Python with TensorFlow, tf_keras and energyflow")
    parser.add_argument("--threads", type=int, nargs="+", default=[1])
    parser.add_argument("--batch", type=int, default=256)
    parser.add_argument("--steps", type=int, default=20, help="per round")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--phi", type=int, nargs="+", default=[100, 100, 128])
    parser.add_argument("--f", type=int, nargs="+", default=[100, 100, 100])
    options = parser.parse_args()
    n_parameters = count_parameters(ParticleFlowNetwork(3, options.phi, options.f))
    print(
        f"PFN {options.phi} {options.f}: {n_parameters:,} parameters, batch {options.batch}; "
        f"torch {torch.__version__}, load of the machine {os.getloadavg()[0]:.1f}"
    )
    for threads in options.threads:
        title = f"{threads} thread(s), ms per step"
        print(f"{title:28s} min  median  CPU min  median  jets/s (median)")
        for name, times in measure(options, threads).items():
            wall, cpu = ([1e3 * t for t in times[kind]] for kind in ("wall", "cpu"))
            table = f"{min(wall):6.1f} {median(wall):7.1f} {min(cpu):8.1f} {median(cpu):7.1f}"
            print(f"{name:25s} {table} {1e3 * options.batch / median(wall):16,.0f}")


if __name__ == "__main__":
    main()
