"""What a menu cuts on: momenta of the leading objects, sums and numbers of objects."""

import numpy as np

from hepml_lite.containers.trigger_events import OFFLINE, TriggerEvents

KINDS = ("egamma", "muons", "jets")
JET_PT = 30.0  # GeV, of the jets in the sum and in their number
JET_ETA = 2.5


def checked_events(events: TriggerEvents) -> TriggerEvents:
    """The events.

    Raises:
        TypeError: for anything but `TriggerEvents`.
    """
    if not isinstance(events, TriggerEvents):
        raise TypeError(
            f"events are {type(events).__name__}: give TriggerEvents, as load('trigger_objects')"
        )
    return events


def quantities(events: TriggerEvents) -> dict[str, np.ndarray]:
    """What can be cut on, by name, each (N,) float32 in GeV or a number of objects.

    `met`; `egamma 1` to `egamma 4`, `muons 1` to `muons 4`, `jets 1` to `jets 10`, in falling pT
    (0 if there are fewer); `HT`, the sum of pT of the jets above 30 GeV with |eta| < 2.5, and their
    number `n jets`; `sum pT` of all objects but the missing momentum; `n leptons`, the number of
    electrons, photons and muons.

    Raises:
        TypeError: for anything but `TriggerEvents`.
    """
    checked_events(events)
    columns = {"met": events.met[:, 0, 0]}
    for kind in KINDS:
        pt = getattr(events, kind)[..., 0]
        columns |= {f"{kind} {place + 1}": pt[:, place] for place in range(pt.shape[1])}
    pt, eta = events.jets[..., 0], events.jets[..., 1]
    central = (pt > JET_PT) & (np.abs(eta) < JET_ETA)
    columns["HT"] = (pt * central).sum(axis=1)
    columns["n jets"] = central.sum(axis=1)
    columns["sum pT"] = events.objects[:, 1:, 0].sum(axis=1)
    leptons = np.concatenate([events.egamma, events.muons], axis=1)[..., 0]
    columns["n leptons"] = (leptons > 0).sum(axis=1)
    return {name: np.ascontiguousarray(column, np.float32) for name, column in columns.items()}


def offline(events: TriggerEvents) -> dict[str, np.ndarray]:
    """The leading pT [GeV] of each kind after the better reconstruction, each (N,).

    Raises:
        TypeError: for anything but `TriggerEvents`.
        ValueError: if the sample has no offline quantities.
    """
    checked_events(events)
    if events.offline_pt is None:
        raise ValueError("these events have no offline_pt: load('trigger_objects') has it")
    return dict(zip(OFFLINE, events.offline_pt.T, strict=True))
