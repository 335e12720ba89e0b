"""An anomaly trigger on the calorimeter image: a large teacher, and a student that fits a chip.

This is the idea of CICADA, an anomaly trigger of CMS (CMS Collaboration, CICADA,
github.com/CICADA-CMS). A convolutional autoencoder sees the transverse energies of 18 x 14 regions
and reconstructs them. Its error is the score, but it is far too large for the chip. A small dense
network learns to give the logarithm of this error at once, from the same image (knowledge
distillation; G. Hinton, O. Vinyals, J. Dean, arXiv:1503.02531), in whole numbers.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
from torch import Tensor, nn

from hepml_lite import training
from hepml_lite.containers.trigger_events import REGIONS, TriggerEvents
from hepml_lite.statistics.settings_checks import checked_count
from hepml_lite.training.batches import Arrays
from hepml_lite.training.optimisation import Loss
from hepml_lite.trigger.anomaly.variational import importance_of
from hepml_lite.trigger.emulation.integer_network import IntegerNetwork
from hepml_lite.trigger.emulation.integer_sets import SharedNetwork
from hepml_lite.trigger.fixed_point import FixedPoint
from hepml_lite.trigger.pieces import in_pieces
from hepml_lite.trigger.quantised.quantised_sets import convolution
from hepml_lite.trigger.quantised.quantised_training import QuantisedDense, fake_quantised
from hepml_lite.trigger.quantities import checked_events

ENERGY = FixedPoint(10, 10, signed=False, rounding="RND_CONV", overflow="SAT")  # whole GeV
HIDDEN = FixedPoint(16, 10, signed=False, rounding="RND_CONV", overflow="SAT")
SCORE = FixedPoint(10, 8, signed=False, rounding="RND_CONV", overflow="SAT")
WEIGHT = FixedPoint(8, 2)
BIAS = FixedPoint(14, 8)
ACCUMULATOR = FixedPoint(32, 18)
SCALE = 16.0  # of the logarithm of the error, so that it fills the 8 bits before the point
START = 100.0  # of the score where the error is 1 GeV^2
ROWS_AT_ONCE = 1024


class Teacher(nn.Module):
    """A convolutional autoencoder of images (N, 18, 14)."""

    def __init__(self, channels: int = 8, n_latent: int = 40) -> None:
        super().__init__()
        channels = checked_count("channels", channels)
        n_latent = checked_count("n_latent", n_latent)
        rows, columns = REGIONS
        small = (channels, rows // 2, columns // 2)
        n_small = int(np.prod(small))
        self.encoder = nn.Sequential(
            nn.Conv2d(1, channels, 3, padding=1),
            nn.ReLU(),
            nn.AvgPool2d(2),  # (N, channels, 9, 7)
            nn.Conv2d(channels, channels, 3, padding=1),
            nn.ReLU(),
            nn.Flatten(),
            nn.Linear(n_small, n_latent),
            nn.ReLU(),
        )
        self.decoder = nn.Sequential(
            nn.Linear(n_latent, n_small),
            nn.ReLU(),
            nn.Unflatten(1, small),
            nn.Upsample(scale_factor=2),  # (N, channels, 18, 14)
            nn.Conv2d(channels, channels, 3, padding=1),
            nn.ReLU(),
            nn.Conv2d(channels, 1, 3, padding=1),
        )

    def forward(self, image: Tensor) -> Tensor:
        """The mean squared error of each image (N, 18, 14) in GeV^2, (N,)."""
        restored: Tensor = self.decoder(self.encoder(image[:, None]))[:, 0]
        return (restored - image).square().mean(dim=(1, 2))


class Student(nn.Module):
    """A dense network 252-15-1 in fixed point that gives the score at once."""

    def __init__(self, n_hidden: int = 15) -> None:
        super().__init__()
        n_in = int(np.prod(REGIONS))
        self.hidden = QuantisedDense(
            n_in, n_hidden, ENERGY, HIDDEN, ACCUMULATOR, weight_type=WEIGHT, bias_type=BIAS
        )
        self.last = QuantisedDense(
            n_hidden, 1, HIDDEN, SCORE, ACCUMULATOR, weight_type=WEIGHT, bias_type=BIAS
        )
        self.last.bias.data.fill_(START / 2)

    def forward(self, image: Tensor) -> Tensor:
        """Images (N, 18, 14) in GeV -> scores (N,)."""
        rounded = fake_quantised(image.flatten(1), ENERGY)
        score: Tensor = self.last(self.hidden(rounded))[:, 0]
        return score

    def whole(self) -> IntegerNetwork:
        """The same network in whole numbers."""
        return IntegerNetwork((self.hidden.whole(), self.last.whole()))


class ConvolutionalStudent(nn.Module):
    """One filter for all patches of 2 x 2 regions, then 16 nodes and the score, in fixed point."""

    def __init__(self, channels: int = 4, n_hidden: int = 16) -> None:
        super().__init__()
        self.layers = convolution(
            REGIONS,
            ENERGY,
            channels=channels,
            n_hidden=n_hidden,
            hidden_type=HIDDEN,
            output_type=SCORE,
        )
        for layer in self.layers.dense:
            layer.bias_type = BIAS  # thresholds of several GeV
        last = self.layers.dense[-1]
        last.bias.data.fill_(START / 2)  # the score starts in the middle of its type

    def forward(self, image: Tensor) -> Tensor:
        """Images (N, 18, 14) in GeV -> scores (N,)."""
        score: Tensor = self.layers(image)[:, 0]
        return score

    def whole(self) -> SharedNetwork:
        """The same network in whole numbers."""
        return self.layers.whole()


STUDENTS = {"dense": Student, "convolutional": ConvolutionalStudent}


@dataclass(frozen=True)
class RegionTrigger:
    """A trained teacher and its student."""

    teacher: Teacher
    student: Student | ConvolutionalStudent

    def teacher_score(self, events: TriggerEvents) -> np.ndarray:
        """What the student should give, (N,): the logarithm of the teacher's error, scaled."""
        errors = training.predict(self.teacher, (regions_of(events),), ROWS_AT_ONCE)
        return log_score(errors.astype(float))

    def student_score(self, events: TriggerEvents) -> np.ndarray:
        """What the chip gives, (N,), in whole numbers."""
        network = self.student.whole()
        return in_pieces(lambda part: network(regions_of(part).reshape(len(part), -1)), events)[
            :, 0
        ]


def regions_of(events: TriggerEvents) -> np.ndarray:
    """Transverse energies (N, 18, 14) in GeV, float32.

    Raises:
        TypeError: for anything but `TriggerEvents`.
        ValueError: if the events have no regions.
    """
    regions = checked_events(events).regions
    if regions is None:
        raise ValueError("these events have no regions: load('trigger_regions') has them")
    return regions.astype(np.float32)


def log_score(error: np.ndarray) -> np.ndarray:
    """The score of a mean squared error [GeV^2]: 16 ln(error) + 100, within the type `SCORE`."""
    smallest = np.exp(-START / SCALE)
    return np.clip(SCALE * np.log(np.maximum(error, smallest)) + START, 0, SCORE.highest)


def train_region_trigger(
    background: TriggerEvents,
    *,
    student: Literal["dense", "convolutional"] = "dense",
    teacher: Teacher | None = None,
    rate_power: float = 0.5,
    teacher_epochs: int = 8,
    student_epochs: int = 20,
    batch_size: int = 256,
    seed: int = 0,
) -> RegionTrigger:
    """Train the teacher on background images, then the student on the teacher's scores.

    Args:
        background: events with regions and weights [Hz].
        student: the kind of network that imitates the teacher.
        teacher: one that is trained already; None trains one.
        rate_power: the power of its rate with which an event counts.
        teacher_epochs, student_epochs, batch_size, seed: of the trainings.

    Raises:
        ValueError: without regions or weights, or for another kind of student.
    """
    if student not in STUDENTS:
        raise ValueError(f"student is {student!r}: choose one of {[*STUDENTS]}")
    images = regions_of(background)
    importance = importance_of(background, rate_power)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        new_teacher = Teacher()
        pupil: Student | ConvolutionalStudent = STUDENTS[student]()

    def error(model: nn.Module, image: Tensor, weight: Tensor) -> Tensor:
        return (weight * torch.log1p(model(image))).mean()  # a few hard events do not rule it

    def imitation(model: nn.Module, image: Tensor, wanted: Tensor, weight: Tensor) -> Tensor:
        return (weight * (model(image) - wanted).square()).mean()

    def train(model: nn.Module, data: Arrays, loss: Loss, epochs: int, rate: float) -> None:
        training.fit(
            model,
            data,
            loss,
            epochs=epochs,
            batch_size=batch_size,
            learning_rate=rate,
            schedule=training.cosine,
            seed=seed,
            progress=False,
        )

    if teacher is None:
        teacher = new_teacher
        train(teacher, (images, importance), error, teacher_epochs, 2e-3)
    scores = log_score(training.predict(teacher, (images,), ROWS_AT_ONCE).astype(float))
    train(pupil, (images, scores.astype(np.float32), importance), imitation, student_epochs, 5e-3)
    return RegionTrigger(teacher, pupil)
