"""Random changes of trigger events: some keep the physics, some make it strange.

The physical ones are what a network should not see; the anomalous ones are a guess of what new
particles may look like, without a model: more objects, harder objects, more missing momentum
(B. Dillon, L. Favaro, F. Feiden, T. Modak, T. Plehn, "Anomalies, Representations, and
Self-Supervision", arXiv:2301.04660).

Each maps events (N, 19, 3) of pT [GeV], eta, phi [rad], in the layout of `TriggerEvents` and zero
in empty places, to such events; inputs do not change. The order of pT within a kind may change:
networks of sets do not see it. Random numbers come from `generator`, or from torch's global one.
"""

import math
from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from hepml_lite.networks.layers.kinematic_features import delta_phi

Generator = torch.Generator | None
EventAugmentation = Callable[[Tensor, Generator], Tensor]

MET = 0  # the place of the missing momentum
PLACES = {"egamma": slice(1, 5), "muons": slice(5, 9), "jets": slice(9, 19)}
THRESHOLDS = {"egamma": 3.0, "muons": 3.0, "jets": 15.0}  # smallest pT [GeV] of the sample
REACHES = {"egamma": 3.0, "muons": 2.1, "jets": 4.0}  # largest |eta| of the sample
RESOLUTION = (0.052, 1.502)  # of jets: sigma² = 0.052 pT² + 1.502 GeV pT, as in the paper's code
ANGLE = 0.028  # rad, largest smearing of soft objects, as in the paper's code
SOFT = 25.0  # GeV: objects above are not smeared in angle
LARGEST_SHIFT = 5.0  # factor on momenta


def rotate(events: Tensor, generator: Generator = None) -> Tensor:
    """Physical: turn each event around the beam by a random angle."""
    angle = 2 * math.pi * _uniform(events, (len(events), 1), generator)
    pt, eta, phi = events.unbind(-1)
    return _cleaned(torch.stack([pt, eta, delta_phi(phi, -angle)], -1), events)


def smear_angles(events: Tensor, generator: Generator = None) -> Tensor:
    """Physical: smear eta and phi of soft objects; the missing momentum stays."""
    is_soft = events[..., 0] < SOFT
    noise = ANGLE * _normal(events, (*events.shape[:2], 2), generator) * is_soft.unsqueeze(-1)
    noise[:, MET] = 0
    pt, eta, phi = events.unbind(-1)
    moved = [pt, eta + noise[..., 0], delta_phi(phi, -noise[..., 1])]
    return _cleaned(torch.stack(moved, -1), events)


def smear_jets(events: Tensor, generator: Generator = None) -> Tensor:
    """Physical: smear the pT of jets by their resolution; jets below zero are lost."""
    changed = events.clone()
    pt = changed[:, PLACES["jets"], 0]
    square, linear = RESOLUTION
    width = (square * pt**2 + linear * pt).sqrt()
    smeared = pt + width * _normal(events, pt.shape, generator)
    changed[:, PLACES["jets"], 0] = smeared.clamp(min=0)
    return _cleaned(changed, changed)


def add_objects(events: Tensor, generator: Generator = None) -> Tensor:
    """Anomalous: random new objects in a random number of empty places; missing momentum recoils.

    Their pT is uniform from the threshold to the hardest object of the event.
    """
    changed = events.clone()
    hardest = events[..., 0].amax(1, keepdim=True)  # (N, 1)
    for kind, places in PLACES.items():
        old = events[:, places]
        is_new = _some_empty(old[..., 0], generator)
        low = THRESHOLDS[kind]
        high = hardest.clamp(min=low)
        pt = low + (high - low) * _uniform(events, is_new.shape, generator)
        eta = REACHES[kind] * (2 * _uniform(events, is_new.shape, generator) - 1)
        phi = math.pi * (2 * _uniform(events, is_new.shape, generator) - 1)
        new = torch.stack([pt, eta, phi], -1)
        changed[:, places] = torch.where(is_new.unsqueeze(-1), new, old)
    return _with_recoil(changed, events)


def split_objects(events: Tensor, generator: Generator = None) -> Tensor:
    """Anomalous: split objects in two of the same direction; total pT and missing momentum stay."""
    changed = events.clone()
    for places in PLACES.values():
        old = events[:, places]
        pt = old[..., 0]
        n_real = (pt > 0).sum(1)
        n_split = torch.minimum(n_real, pt.shape[1] - n_real)  # into as many empty places
        at_most = (n_split + 1) * _uniform(events, n_split.shape, generator)
        rank = torch.arange(pt.shape[1], device=events.device)
        order = (-pt).argsort(dim=1)  # real objects first
        ordered = old.gather(1, order.unsqueeze(-1).expand_as(old))
        is_split = rank < at_most.long().unsqueeze(1)
        share = torch.where(is_split, _uniform(events, pt.shape, generator), 1)
        kept = ordered.clone()
        kept[..., 0] = ordered[..., 0] * share
        given = ordered.clone()
        given[..., 0] = ordered[..., 0] * (1 - share)
        given = torch.where(is_split.unsqueeze(-1), given, 0)
        changed[:, places] = kept + given.flip(1)  # the last places are empty
    return changed


def shift_momenta(events: Tensor, generator: Generator = None) -> Tensor:
    """Anomalous: multiply the missing momentum, or all other pT, or both, by a factor up to 5."""
    choice = (3 * _uniform(events, (len(events),), generator)).long()
    of_objects = 1 + (LARGEST_SHIFT - 1) * _uniform(events, choice.shape, generator)
    of_met = 0.5 + (LARGEST_SHIFT - 0.5) * _uniform(events, choice.shape, generator)
    changed = events.clone()
    met_factor = torch.where(choice == 0, of_met, torch.where(choice == 2, of_objects, 1))
    changed[:, MET, 0] *= met_factor
    changed[:, MET + 1 :, 0] *= torch.where(choice == 0, 1, of_objects).unsqueeze(1)
    return changed


PHYSICAL: Sequence[EventAugmentation] = (rotate, smear_angles, smear_jets)
ANOMALOUS: Sequence[EventAugmentation] = (add_objects, split_objects, shift_momenta)


def all_of(
    events: Tensor, steps: Sequence[EventAugmentation], generator: Generator = None
) -> Tensor:
    """Events after all steps in turn: a physical view."""
    for step in steps:
        events = step(events, generator)
    return events


def one_of(
    events: Tensor, steps: Sequence[EventAugmentation], generator: Generator = None
) -> Tensor:
    """Each event after one step, drawn at random: an anomalous view."""
    choice = (len(steps) * _uniform(events, (len(events),), generator)).long()
    views = torch.stack([step(events, generator) for step in steps])  # (S, N, 19, 3)
    return views[choice, torch.arange(len(events), device=events.device)]


def momentum_sum(events: Tensor) -> Tensor:
    """Vector sum of the missing momentum and of all objects in the plane, (N, 2) [GeV]."""
    pt, _, phi = events.unbind(-1)
    return torch.stack([(pt * phi.cos()).sum(1), (pt * phi.sin()).sum(1)], -1)


def _with_recoil(changed: Tensor, before: Tensor) -> Tensor:
    """The changed events with a missing momentum that keeps `momentum_sum` what it was before."""
    met = changed[:, MET]
    x = met[:, 0] * met[:, 2].cos()
    y = met[:, 0] * met[:, 2].sin()
    excess = momentum_sum(changed) - momentum_sum(before)
    x = x - excess[:, 0]
    y = y - excess[:, 1]
    changed[:, MET] = torch.stack([torch.hypot(x, y), torch.zeros_like(x), torch.atan2(y, x)], -1)
    return changed


def _some_empty(pt: Tensor, generator: Generator) -> Tensor:
    """A random number, from none to all, of the empty places of each event, (N, K) bool."""
    is_empty = pt == 0
    n_new = ((is_empty.sum(1) + 1) * _uniform(pt, (len(pt),), generator)).long()
    place_among_empty = is_empty.cumsum(1)
    return is_empty & (place_among_empty <= n_new.unsqueeze(1))


def _cleaned(events: Tensor, real: Tensor) -> Tensor:
    """Events with zeros wherever `real` (N, 19, 3) has no pT."""
    return torch.where(real[..., :1] > 0, events, 0)


def _uniform(like: Tensor, shape: Sequence[int], generator: Generator) -> Tensor:
    return torch.rand(tuple(shape), generator=generator, device=like.device, dtype=like.dtype)


def _normal(like: Tensor, shape: Sequence[int], generator: Generator) -> Tensor:
    return torch.randn(tuple(shape), generator=generator, device=like.device, dtype=like.dtype)
