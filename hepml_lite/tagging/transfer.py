"""Transfer learning: pre-train on one kind of jets, fine-tune on a few labelled jets of another.

An example is H. Qu et al., arXiv:2202.03772 (JetClass to top tagging). The last layer is new and
has a larger learning rate than the body, whose weights are already a good start.
"""

import copy
import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch import nn

from hepml_lite.networks.layers.mlp import MLP
from hepml_lite.self_supervised.linear_probe import Probe
from hepml_lite.statistics.metrics import auc, bootstrap
from hepml_lite.tagging.bayesian_last_layer import Arrays, last_layer_features, last_linear
from hepml_lite.training import cosine, cross_entropy, fit, predict_probability
from hepml_lite.training.history import History

FineTuning = Callable[[Arrays, int], nn.Module]  # (labelled jets, seed) → trained network


def with_new_head(model: nn.Module, n_classes: int, seed: int = 0) -> nn.Module:
    """A copy of the network with a new last linear layer, which gives `n_classes` logits.

    Raises:
        ValueError: fewer than two classes, or a network without a linear layer.
    """
    if n_classes < 2:
        raise ValueError(f"n_classes={n_classes}: give 2 or more.")
    model = copy.deepcopy(model)
    old = last_linear(model)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        new = nn.Linear(old.in_features, n_classes).to(old.weight)
    name = next(name for name, module in model.named_modules() if module is old)
    owner, _, attribute = name.rpartition(".")
    setattr(model.get_submodule(owner), attribute, new)
    for module in model.modules():
        if isinstance(module, MLP) and module.layers[-1] is new:
            module.sizes = (*module.sizes[:-1], n_classes)  # as its description prints
    return model


def fine_tune(
    model: nn.Module,
    data: Arrays,
    *,
    steps: int = 500,
    learning_rate: float = 1e-3,
    body_factor: float = 0.1,
    head_only: bool = False,
    batch_size: int = 64,
    validation_share: float = 0.2,
    seed: int = 0,
) -> History:
    """Train the last layer at `learning_rate` and the body at `body_factor` times it, in place.

    The number of steps is fixed, not the number of epochs: fewer jets get as many steps as more
    jets. The best epoch is chosen on a share of these labelled jets.

    Args:
        model: ends with a linear layer, e.g. from `with_new_head`.
        data: (inputs…, labels) with one row for each jet.
        steps: of the optimizer, Adam, with a cosine schedule.
        learning_rate: of the last layer.
        body_factor: ratio of the learning rates of body and last layer; 1 as in training from
            scratch.
        head_only: keep the body fixed, batch normalisation included. This is fast: the body runs
            only once.
        batch_size: jets in a step.
        validation_share: share of the jets that choose the epoch, between 0 and 1.
        seed: of the split into the two shares and of the training.

    Raises:
        ValueError: a share that leaves no jets, or as `hepml_lite.training.fit`.
    """
    n = len(data[0])
    order = np.random.default_rng(seed).permutation(n)
    held, learn = np.split(order, [round(validation_share * n)])
    if not (len(held) and len(learn)):
        raise ValueError(
            f"validation_share={validation_share} of {n} jets leaves {len(learn)} for training "
            f"and {len(held)} for validation: give at least one each, e.g. a share of 0.2."
        )
    head = last_linear(model)
    if head_only:
        model, data = head, (last_layer_features(model, data[:-1]), data[-1])

    def optimizer(parameters: Sequence[nn.Parameter], lr: float) -> torch.optim.Optimizer:
        of_head = {id(p) for p in head.parameters()}
        body = [p for p in parameters if id(p) not in of_head]
        groups: list[dict[str, Any]] = [{"params": list(head.parameters())}]
        if body:
            groups.append({"params": body, "lr": lr * body_factor})
        return torch.optim.Adam(groups, lr=lr)

    return fit(
        model, [x[learn] for x in data], cross_entropy, validation=[x[held] for x in data],
        epochs=max(1, round(steps / math.ceil(len(learn) / batch_size))), batch_size=batch_size,
        learning_rate=learning_rate, optimizer=optimizer, schedule=cosine, seed=seed,
        progress=False,
    )  # fmt: skip


def fine_tuning(start: Callable[[int], nn.Module], **settings) -> FineTuning:
    """The network start(seed), fine-tuned with these settings, for `data_efficiency`."""

    def train(data: Arrays, seed: int) -> nn.Module:
        model = start(seed)
        fine_tune(model, data, seed=seed, **settings)
        return model

    return train


def data_efficiency(
    methods: Mapping[str, FineTuning],
    train: Arrays,
    test: Arrays,
    numbers: Sequence[int] = (100, 300, 1_000, 3_000, 10_000),
    seeds: Sequence[int] = (0, 1, 2),
) -> dict[str, list[Probe]]:
    """AUC of each method against the number of labelled jets, one `Probe` for each of `numbers`.

    A seed draws the same jets for every method, and a smaller sample is part of a larger one.
    Differences between methods are therefore more precise than the spread over the draws suggests.
    Check first that the steps are enough for a network from scratch with the most jets: if twice as
    many steps help, the comparison is one of training times, not of pre-training.

    Args:
        methods: by name; see `fine_tuning`.
        train: (inputs…, labels) from which labelled jets are drawn; labels 0 or 1.
        test: (inputs…, labels) of other jets.
        numbers: numbers of labelled jets, validation included.
        seeds: two or more, one for each draw and training.

    Raises:
        ValueError: more jets requested than there are, fewer than two seeds, or as the methods.
    """
    if max(numbers) > len(train[0]):
        raise ValueError(
            f"{max(numbers)} jets asked for, there are {len(train[0])}: ask for fewer."
        )
    if len(seeds) < 2:
        raise ValueError(f"{len(seeds)} seed: a spread needs two draws, better five.")
    orders = [np.random.default_rng(seed).permutation(len(train[0])) for seed in seeds]
    table: dict[str, list[Probe]] = {name: [] for name in methods}
    for name, make in methods.items():
        for n in numbers:
            scores = [
                predict_probability(make([x[o[:n]] for x in train], seed), test[:-1])[:, 1]
                for seed, o in zip(seeds, orders, strict=True)
            ]
            aucs = np.array([auc(test[-1], score) for score in scores])
            table[name].append(Probe(n, aucs, bootstrap(auc, test[-1], scores[0], 100, seeds[0])))
    return table
