"""Seconds of training until the AUC on the validation split of the bundled top jets is reached."""

import argparse
import os
import time

import torch
from tagging_networks import ENTRIES, Entry
from torch import Tensor
from torch.nn.functional import cross_entropy

from data_fetch import load
from hepml_lite.containers.jets import Jets
from hepml_lite.networks.inputs import network_inputs, particle_inputs
from hepml_lite.statistics.metrics import auc
from hepml_lite.training import adam, predict_probability
from hepml_lite.training.devices import keep_freed_memory

NETWORKS = ("PFN", "ParticleNet-Lite", "ParT small", "L-GATr slim")
SLOTS = 60  # constituents of a jet
FIRST_LOOK = 2000  # validation jets for a first estimate of the AUC
STEPS_BETWEEN = 20  # training steps between two estimates


def time_to_auc(options: argparse.Namespace) -> list[dict]:
    """Train our `NETWORKS` in turn, and print a row for each; evaluation time is not counted."""
    torch.set_num_threads(options.threads[0])
    keep_freed_memory()
    train, validation = (load("top_tagging", split=s).truncate(SLOTS) for s in ("train", "val"))
    print(
        f"{options.device}, {options.threads[0]} thread(s), batch {options.batch}, {len(train)} "
        f"jets, load {os.getloadavg()[0]:.1f}: time to AUC {options.time_to_auc}"
    )
    rows = []
    for entry in ENTRIES:
        chosen = not options.networks or entry.network in options.networks
        if chosen and entry.network in NETWORKS and entry.code == "hepml_lite":
            rows.append(_trained(entry, train, validation, options))
            print("  ".join(f"{key}: {value}" for key, value in rows[-1].items()), flush=True)
    return rows


def _arrays(network: str, jets: Jets) -> tuple[Tensor, ...]:
    read = network_inputs if network == "PFN" else particle_inputs
    return tuple(torch.as_tensor(array) for array in read(jets))


def _trained(entry: Entry, train: Jets, validation: Jets, options: argparse.Namespace) -> dict:
    torch.manual_seed(0)
    model = entry.make().to(options.device).train()
    optimizer = adam(list(model.parameters()), lr=1e-3)
    data = *_arrays(entry.network, train), torch.as_tensor(train.label)
    seen, labels = _arrays(entry.network, validation), validation.label
    wall = cpu = best = step = 0.0
    order = torch.zeros(0, dtype=torch.long)
    while best < options.time_to_auc and cpu < options.at_most:
        started = time.perf_counter(), time.process_time()
        for _ in range(STEPS_BETWEEN):
            if len(order) < options.batch:
                order = torch.randperm(len(train))
            rows = order[: options.batch]
            order = order[options.batch :]
            *inputs, label = (a[rows].to(options.device) for a in data)
            loss = cross_entropy(model(*inputs), label)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        step += STEPS_BETWEEN
        float(loss.detach())  # waits for a GPU
        wall += time.perf_counter() - started[0]
        cpu += time.process_time() - started[1]
        for jets in (FIRST_LOOK, len(labels)):
            some = tuple(a[:jets] for a in seen)
            score = predict_probability(model, some, options.batch, options.device)[:, 1]
            best = auc(labels[:jets], score)
            if best < options.time_to_auc:
                break
    return {
        "network": entry.network, "reached": best >= options.time_to_auc, "AUC": round(best, 4),
        "wall s": round(wall, 1), "CPU s": round(cpu, 1), "steps": int(step),
        "epochs": round(step * options.batch / len(train), 2),
    }  # fmt: skip
