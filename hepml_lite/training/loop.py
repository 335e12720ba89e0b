"""The training loop: epochs of mini-batches, early stopping, checkpoints. Read it once."""

import io
import math
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from tqdm.auto import tqdm

from hepml_lite.training.checkpoints import read_checkpoint, save_checkpoint
from hepml_lite.training.devices import device_of, keep_freed_memory, keep_near
from hepml_lite.training.history import History
from hepml_lite.training.weights import put_weights

CHECK_EVERY = 25  # batches between two looks at the loss, since each look waits for a GPU


@dataclass
class Loop:
    """The settings of one call of `hepml_lite.training.fit`, and what it does with them."""

    model: nn.Module
    loss: Callable[..., Tensor]
    data: tuple[Tensor, ...]
    validation: tuple[Tensor, ...] | None
    epochs: int
    batch_size: int
    learning_rate: float
    make_optimizer: Callable[..., torch.optim.Optimizer]
    schedule: Callable[[float], float] | None
    callbacks: Sequence[Any]
    patience: int | None
    seed: int
    checkpoint: str | Path | None
    progress: bool

    def train(self, place: Any) -> tuple[History, bytes]:
        """The loop, once on every device: what happened, and the weights to keep, as a file."""
        home = device_of(self.model)
        self._set_up(place)
        self._tell("on_start")
        try:
            with _random_numbers_kept(place.device):
                while not self.history.is_over(self.patience):
                    started = time.perf_counter()
                    train_loss = self._train_epoch()
                    validation_loss = self._validate() if self.validation else None
                    self._record(train_loss, validation_loss, time.perf_counter() - started)
        except KeyboardInterrupt:
            self.history.interrupted = True
            if not self.history.best_epoch:
                self.best = _snapshot(self.model)  # part of an epoch is better than none
        finally:
            self.bar.total = self.bar.n  # a bar that stops early is complete, not broken
            self.bar.close()
            self.model.load_state_dict(self.best)
            self.model.to(home)
        self._tell("on_end")
        kept = io.BytesIO()  # bytes outlive the process that returns them, shared tensors do not
        torch.save(self.best, kept)
        return self.history, kept.getvalue()

    def _set_up(self, place: Any) -> None:
        self.place = place
        keep_freed_memory()
        objective = _Objective(self.model, self.loss).to(place.device)
        trainable = [p for p in self.model.parameters() if p.requires_grad]
        self.optimizer = self.make_optimizer(trainable, lr=self.learning_rate)
        self.rates = [group["lr"] for group in self.optimizer.param_groups]
        self.objective, self.stepper = place.setup(objective, self.optimizer)
        self.data = keep_near(self.data, place.device)
        self.validation = self.validation and keep_near(self.validation, place.device)
        self.n_batches = math.ceil(len(self.data[0]) / self.batch_size)
        where = str(place.device)
        if place.world_size > 1:
            where = f"{place.world_size} × {place.device.type}"
        self.history = History(self.epochs, len(self.data[0]), where)
        self.best = _snapshot(self.model)
        self._resume()
        self.bar = tqdm(
            total=self.epochs * self.n_batches, unit="batch",
            initial=len(self.history.train_loss) * self.n_batches,
            disable=not self.progress or place.global_rank != 0,
        )  # fmt: skip

    def _train_epoch(self) -> float:
        epoch = len(self.history.train_loss) + 1
        self._seed(epoch)
        shared = torch.Generator().manual_seed(_stream(self.seed, epoch, -1))
        order = torch.randperm(len(self.data[0]), generator=shared)
        self.model.train()
        losses, sizes = [], []
        for batch in self._batches(self.data, order, equal=True):
            self._set_learning_rate(epoch - 1 + len(losses) / self.n_batches)
            loss = self.objective(*batch)
            self.stepper.zero_grad()
            self.place.backward(loss)
            self.stepper.step()
            losses.append(loss.detach())
            sizes.append(len(batch[0]))
            self.bar.update()
            if len(losses) % CHECK_EVERY == 1 and not loss.isfinite():
                break
        return self._mean(losses, sizes, f"epoch {epoch}")

    @torch.no_grad()
    def _validate(self) -> float:
        self._seed(0)  # the same noise in every epoch, so that random losses can be compared
        self.model.eval()
        losses, sizes = [], []
        for batch in self._batches(self.validation, torch.arange(len(self.validation[0]))):
            with self.place.autocast():
                losses.append(self.loss(self.model, *batch))
            sizes.append(len(batch[0]))
        return self._mean(losses, sizes, "the validation data")

    def _batches(
        self, tensors: Sequence[Tensor], order: Tensor, equal: bool = False
    ) -> Iterator[list[Tensor]]:
        """This device's share of each batch; `equal`: as many examples as every other device."""
        rank, world = self.place.global_rank, self.place.world_size
        for rows in order.to(tensors[0].device).split(self.batch_size):
            share = rows[: len(rows) // world * world] if equal else rows
            share = share[rank::world]
            if len(share):
                yield [t[share].to(self.place.device) for t in tensors]

    def _mean(self, losses: list[Tensor], sizes: list[int], where: str) -> float:
        """Mean loss over the examples of all devices."""
        values = torch.stack(losses).cpu().double()
        wrong = (~values.isfinite()).nonzero()
        if len(wrong):
            at = f"in {where}, batch {int(wrong[0]) + 1}"
            raise FloatingPointError(f"the loss is {values[wrong[0]].item()} {at}: {self._why()}")
        weights = torch.tensor(sizes).double()
        total = torch.stack([values @ weights, weights.sum()])
        if self.place.world_size > 1:
            total = self.place.all_reduce(total.to(self.place.device), reduce_op="sum")
        return float(total[0] / total[1])

    def _why(self) -> str:
        for name, tensors in ("data", self.data), ("validation", self.validation or ()):
            for i, t in enumerate(tensors):
                n_wrong = int((~t.isfinite()).sum())
                if n_wrong:
                    return f"{name}[{i}] holds {n_wrong} NaN or infinite values; clean them first."
        epoch = self.history.best_epoch
        return (
            "the data are finite, so the learning rate may be too high (it is "
            f"{self.learning_rate:g}: try a tenth), or the loss takes the logarithm or root of 0. "
            f"The model has its {f'weights of epoch {epoch}' if epoch else 'first weights'} back."
        )

    def _record(self, train_loss: float, validation_loss: float | None, seconds: float) -> None:
        if self.history.add(train_loss, validation_loss, seconds):
            self.best = _snapshot(self.model)
        if self.checkpoint and self.place.global_rank == 0:
            states = {"model": _snapshot(self.model), "best": self.best}
            states["optimizer"] = self.optimizer.state_dict()
            save_checkpoint(self.checkpoint, self._fingerprint(), self.history, states)
        losses = {"loss": f"{train_loss:.4f}"}
        if validation_loss is not None:
            losses["validation"] = f"{validation_loss:.4f}"
        self.bar.set_postfix(losses)
        self._tell("on_epoch_end")

    def _resume(self) -> None:
        saved = self.checkpoint and read_checkpoint(
            self.checkpoint, self._fingerprint(), self.history
        )
        if saved:
            put_weights(self.model, saved["model"], self.checkpoint)
            self.optimizer.load_state_dict(saved["optimizer"])
            self.best = saved["best"]

    def _fingerprint(self) -> dict[str, Any]:
        """What must be the same for a training to go on as if it had never stopped."""
        return {
            "seed": self.seed,
            "batch_size": self.batch_size,
            "learning_rate": self.learning_rate,
            "examples": len(self.data[0]),
            "validation": len(self.validation[0]) if self.validation else 0,
            "parameters": sum(p.numel() for p in self.model.parameters()),
            "epochs": self.epochs if self.schedule else "any",
        }

    def _seed(self, epoch: int) -> None:
        # A seed per epoch: a resumed epoch draws what an uninterrupted one draws.
        torch.manual_seed(_stream(self.seed, epoch, self.place.global_rank))

    def _set_learning_rate(self, epochs_done: float) -> None:
        if self.schedule:
            factor = self.schedule(epochs_done / self.epochs)
            for group, rate in zip(self.optimizer.param_groups, self.rates, strict=True):
                group["lr"] = rate * factor

    def _tell(self, event: str) -> None:
        for callback in self.callbacks if self.place.global_rank == 0 else ():
            getattr(callback, event, lambda history: None)(self.history)


class _Objective(nn.Module):
    """loss(model, ·) as one module: what several devices and mixed precision know to wrap."""

    def __init__(self, model: nn.Module, loss: Callable[..., Tensor]):
        super().__init__()
        self.model, self.loss = model, loss

    def forward(self, *batch: Tensor) -> Tensor:
        value = self.loss(self.model, *batch)
        if not isinstance(value, Tensor) or value.ndim:
            got = f"a tensor {tuple(value.shape)}" if isinstance(value, Tensor) else repr(value)
            raise ValueError(f"loss returned {got}, not a scalar tensor: take its .mean()?")
        return value


def _random_numbers_kept(device: torch.device) -> AbstractContextManager:
    """Put the global generators back as they were: seeding here must not repeat the caller's."""
    kind = {"devices": [device], "device_type": device.type} if device.type != "cpu" else {}
    return torch.random.fork_rng(**kind or {"devices": []})


def _stream(seed: int, epoch: int, rank: int) -> int:
    """A seed of its own for every epoch and device; rank -1 is what all devices share."""
    return seed * 1_000_003 + epoch * 1_009 + rank


def _snapshot(model: nn.Module) -> dict[str, Tensor]:
    return {name: value.detach().cpu().clone() for name, value in model.state_dict().items()}
