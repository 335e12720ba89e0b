"""What representations of top and QCD jets are worth with few labels, in several seeds.

    python benchmarks/few_labels.py --unlabelled 10000 --seeds 0 1 2

A seed draws the jets that are learned from without labels and starts all trainings. Of these jets
some then get labels, the same for every method, and a linear probe is trained on each frozen
representation. The test jets are the same for all seeds. Transformers have one size; the seven
observables need no training. `--judge val` is for trying settings.
"""

import argparse
import time
from functools import partial

import numpy as np
import torch

from data_fetch import load
from hepml_lite.containers.jets import Jets
from hepml_lite.jet_physics.views.seven_views import VIEWS
from hepml_lite.representations import few_labels
from hepml_lite.self_supervised import contrastive, masked_particles, next_token, tokenisation
from hepml_lite.self_supervised.linear_probe import linear_probe, raw_features
from hepml_lite.statistics.metrics import auc

WIDTH = 64
N_LABELS = (100, 1_000)
DRAWS = 3
RESAMPLED = 100


def representations(jets: Jets, seed: int, epochs: int) -> dict:
    """Functions of jets by the name of the method, trained on `jets` without labels."""
    quiet = {"seed": seed, "progress": False}
    wide = {"sizes": {"width": WIDTH}}
    words = tokenisation.Tokeniser(n_codes=512, seed=seed)
    words.fit(jets, epochs=epochs, progress=False)
    one_step = {**quiet, **wide, "epochs": epochs}
    masked, _ = masked_particles.train_masked(jets, tokeniser=words, **one_step)
    torch.manual_seed(seed)  # of the untrained networks
    of_tokens, _ = next_token.train_next_token(jets, words, True, **one_step)
    of_particles, _ = next_token.train_next_token(jets, words, False, **one_step)
    twin, _ = contrastive.train_contrastive(jets, epochs=2 * epochs, **quiet)
    models = {
        "next token, reads tokens": of_tokens,
        "reads tokens, untrained": next_token.NextTokenModel(words, True, WIDTH),
        "next token, reads particles": of_particles,
        "reads particles, untrained": next_token.NextTokenModel(words, False, WIDTH),
        "masked particles": masked,
        "contrastive": twin,
    }
    learned = {name: partial(contrastive.embed, model) for name, model in models.items()}
    return {**learned, "raw particles": raw_features, "seven observables": VIEWS["observables"]}


def trial(seed: int, n_labels: int, features: dict, labelled: Jets, test: Jets) -> few_labels.Trial:
    """Probes of all methods on the same draws of labels.

    Args:
        seed: of the draws.
        n_labels: labels of a draw.
        features: by method, rows of the labelled and of the test jets.
        labelled: jets that a draw takes from.
        test: jets to judge with.
    """
    rng = np.random.default_rng((seed, n_labels))
    rows = [rng.permutation(len(labelled))[:n_labels] for _ in range(DRAWS)]
    scores = np.array(
        [
            [linear_probe(own[r], labelled.label[r]).decision_function(judged) for r in rows]
            for own, judged in features.values()
        ]
    )  # (M, draws, test jets)
    resampled = [
        _mean_aucs(test.label, scores, rng.integers(len(test), size=len(test)))
        for _ in range(RESAMPLED)
    ]
    aucs = _mean_aucs(test.label, scores, np.arange(len(test)))
    return few_labels.Trial.of(seed, n_labels, aucs, np.array(resampled))


def _mean_aucs(label: np.ndarray, scores: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """AUC of each method, mean over draws, (M,), on these test jets."""
    return np.array([np.mean([auc(label[rows], s[rows]) for s in draws]) for draws in scores])


def main() -> None:
    """Train and judge all methods, and write the results."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--unlabelled", type=int, default=10_000)
    parser.add_argument("--epochs", type=int, default=5, help="contrastive learning takes twice")
    parser.add_argument("--test-jets", type=int, default=10_000)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--judge", choices=["val", "test"], default="test")
    options = parser.parse_args()
    everything = load("top_tagging", split="train")
    test = load("top_tagging", split=options.judge)[: options.test_jets]
    trials = []
    for seed in options.seeds:
        drawn = np.random.default_rng(seed).permutation(len(everything))[: options.unlabelled]
        jets = everything[drawn]
        start = time.process_time()
        views = representations(jets, seed, options.epochs)
        features = {name: (view(jets), view(test)) for name, view in views.items()}
        for n_labels in N_LABELS:
            found = trial(seed, n_labels, features, jets, test)
            print(seed, n_labels, dict(zip(views, found.aucs, strict=True)), flush=True)
            trials.append(found)
        print(f"{time.process_time() - start:.0f} s of CPU time", flush=True)
        results = few_labels.Results(list(views), len(jets), DRAWS, trials)
        if options.judge == "test":
            few_labels.write(results)


if __name__ == "__main__":
    main()
