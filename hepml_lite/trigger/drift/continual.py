"""Learning on while the beam changes, with little memory and little time.

An autoencoder that was trained at the beginning of a fill sees other crossings at its end. To train
it anew on all crossings so far needs all of them in memory, and as much time as before, or more. To
train on the last ones alone is cheap and forgets (McCloskey, Cohen, Psychology of Learning and
Motivation 24 (1989) 109). In between lies replay: a small random memory of everything seen so far
(a reservoir; J. Vitter, ACM Trans. Math. Software 11 (1985) 37) is mixed into each step
(Chaudhry et al., arXiv:1902.10486).
"""

from typing import Literal

import numpy as np
import torch
from torch import Tensor

from hepml_lite.networks.layers.mlp import MLP
from hepml_lite.statistics.data_checks import checked_finite
from hepml_lite.statistics.settings_checks import Seed, checked_count, checked_rng

Strategy = Literal["frozen", "last crossings", "replay", "retrained"]
STRATEGIES: tuple[Strategy, ...] = ("frozen", "last crossings", "replay", "retrained")
HIDDEN, LATENT = 32, 6
BATCH = 256
LEARNING_RATE = 2e-3


class Reservoir:
    """A random sample, of fixed size, of all rows that were ever added.

    Each row is in it with the same probability, however many there were (Vitter's algorithm R).

    Args:
        size: rows in memory.
        rng: source of randomness.
    """

    def __init__(self, size: int, rng: Seed = 0) -> None:
        self.size = checked_count("size", size)
        self.rng = checked_rng(rng)
        self.n_seen = 0
        self.rows = np.zeros((0, 0))

    def add(self, rows: np.ndarray) -> None:
        """See rows (N, D)."""
        new = checked_finite("rows", rows, 2)
        _require_columns(new, self.rows.shape[1] if self.n_seen else new.shape[1])
        if not len(self.rows):
            self.rows = np.zeros((0, new.shape[1]))
        room = self.size - len(self.rows)
        self.rows = np.concatenate([self.rows, new[:room]])
        self.n_seen += min(room, len(new))
        for row in new[room:]:
            self.n_seen += 1
            place = self.rng.integers(self.n_seen)
            if place < self.size:
                self.rows[place] = row


def _require_columns(rows: np.ndarray, n_inputs: int) -> None:
    if rows.shape[1] != n_inputs:
        raise ValueError(
            f"rows have shape {rows.shape}: give (N, {n_inputs}), the inputs of the first interval"
        )


class Learner:
    """An autoencoder that goes on learning by one of four strategies.

    Args:
        strategy: "frozen" learns from the first interval alone; "last crossings" goes on with each
            interval; "replay" mixes half of each batch from a reservoir; "retrained" starts anew
            with all crossings so far.
        n_memory: crossings in the reservoir.
        n_first: steps of the first training, and of each new one.
        n_steps: steps in each later interval of the others.
        seed: of the weights and the order.

    Raises:
        ValueError: for another strategy.
    """

    def __init__(
        self,
        strategy: Strategy,
        *,
        n_memory: int = 500,
        n_first: int = 400,
        n_steps: int = 40,
        seed: int = 0,
    ) -> None:
        if strategy not in STRATEGIES:
            raise ValueError(f"strategy is {strategy!r}: choose one of {STRATEGIES}")
        self.strategy = strategy
        self.n_first = checked_count("n_first", n_first)
        self.n_steps = checked_count("n_steps", n_steps)
        self.seed = seed
        self.rng = checked_rng(seed)
        self.reservoir = Reservoir(n_memory, self.rng)
        self.everything: list[np.ndarray] = []
        self.network: MLP | None = None
        self.network_inputs = 0
        self.steps_taken = 0

    @property
    def rows_in_memory(self) -> int:
        """Crossings that are kept for later, beside those of the last interval."""
        if self.strategy == "retrained":
            return sum(map(len, self.everything))
        return len(self.reservoir.rows) if self.strategy == "replay" else 0

    def see(self, rows: np.ndarray) -> None:
        """Learn from the inputs (N, D) of the crossings of one interval.

        Raises:
            ValueError: no crossings, NaN, or other inputs than before.
        """
        rows = checked_finite("rows", rows, 2, fewest=1)
        if self.network is not None:
            _require_columns(rows, self.network_inputs)
        if self.network is None:
            self._start(rows.shape[1])
            self._train(rows, self.n_first)
        elif self.strategy == "retrained":
            self._start(rows.shape[1])
            self._train(np.concatenate([*self.everything, rows]), self.n_first)
        elif self.strategy == "last crossings":
            self._train(rows, self.n_steps)
        elif self.strategy == "replay":
            self._train(rows, self.n_steps, self.reservoir.rows)
        if self.strategy == "replay":
            self.reservoir.add(rows)
        if self.strategy == "retrained":
            self.everything.append(rows)

    def score(self, rows: np.ndarray) -> np.ndarray:
        """The mean squared error of the reconstruction of inputs (N, D), (N,).

        Raises:
            ValueError: before the first interval, NaN, or other inputs than in it.
        """
        if self.network is None:
            raise ValueError("this learner has seen nothing: call see(rows) first")
        numbers = checked_finite("rows", rows, 2)
        _require_columns(numbers, self.network_inputs)
        x = torch.as_tensor(numbers, dtype=torch.float32)
        with torch.no_grad():
            return (self.network(x) - x).square().mean(dim=1).double().numpy()

    def _start(self, n_in: int) -> None:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(self.seed)
            self.network_inputs = n_in
            self.network = MLP((n_in, HIDDEN, LATENT, HIDDEN, n_in))

    def _train(self, rows: np.ndarray, n_steps: int, memory: np.ndarray | None = None) -> None:
        """Steps of Adam on random batches; half of each from the memory, if there is one."""
        network = self.network
        assert network is not None
        optimiser = torch.optim.Adam(network.parameters(), LEARNING_RATE)
        for _ in range(n_steps):
            x = self._batch(rows, memory)
            loss = (network(x) - x).square().mean()
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
        self.steps_taken += n_steps

    def _batch(self, rows: np.ndarray, memory: np.ndarray | None) -> Tensor:
        if memory is None or not len(memory):
            chosen = rows[self.rng.integers(len(rows), size=BATCH)]
        else:
            new = rows[self.rng.integers(len(rows), size=BATCH // 2)]
            old = memory[self.rng.integers(len(memory), size=BATCH // 2)]
            chosen = np.concatenate([new, old])
        return torch.as_tensor(chosen, dtype=torch.float32)
