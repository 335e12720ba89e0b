"""The features of a dijet search, and the change of variables that a density of them needs."""

from collections.abc import Mapping, Sequence

import numpy as np

from hepml_lite.anomaly_detection.resonant.events import ResonantEvents
from hepml_lite.containers.events import Events
from hepml_lite.densities.change_of_variables import Chain, Logit, Standardise, chain, on


def dijet_features(events: Events, more: Sequence[str] = ()) -> ResonantEvents:
    """The baseline features of the LHC Olympics (arXiv:2101.08320), with mjj as the mass.

    Mass of the lighter jet, difference of the masses, and tau21 of both jets; masses in GeV.

    Args:
        events: with mjj, m1, m2, tau21_1 and tau21_2; dequantise stored events first.
        more: further quantities, as columns after these, such as "delta_r".
    """
    difference = events["m2"].astype(float) - events["m1"]
    columns = [events["m1"], difference, events["tau21_1"], events["tau21_2"]]
    columns += [events[name] for name in more]
    return ResonantEvents(events["mjj"], np.column_stack(columns))


def logit_then_standardise(bounds: Mapping[int, tuple[float, float]]) -> Chain:
    """Logit of bounded columns, then all columns standardised; a density keeps its units.

    A flow has trouble with an edge, and the logit moves it to infinity. The logarithm of the
    Jacobian of both steps is added to log p(x), so that densities can be compared.

    Args:
        bounds: (low, high) by the number of the column, a little outside of all values, such as
            {2: (-0.01, 1.01)} for a ratio between 0 and 1 that has been dequantised.
    """
    changes = [on([column], Logit(low, high)) for column, (low, high) in bounds.items()]
    return chain(*changes, Standardise())
