"""What the detectors read: jets as images, constituents or observables, and trigger objects.

Each function gives rows (N, ...) for `fit` and `score`. The choice is a choice of what is strange:
no detector finds in a row what the row leaves out.
"""

import numpy as np

from hepml_lite import kinematics
from hepml_lite.containers.jets import Jets
from hepml_lite.containers.trigger_events import TriggerEvents
from hepml_lite.jet_physics.observables.catalogue import observable_table
from hepml_lite.jet_physics.views.images import images
from hepml_lite.statistics.settings_checks import checked_number

PIXELS = 20  # a quarter of the pixels of the papers' 40 x 40, for one core
REACH = 0.6  # 98 % of the momentum of the jets of `top_tagging` is inside
POWER = 0.5
OBSERVABLES = ("mass", "multiplicity", "width", "pt_dispersion", "tau21", "tau32", "c2", "d2")


def jet_images(
    jets: Jets, pixels: int = PIXELS, reach: float = REACH, power: float = POWER
) -> np.ndarray:
    """Images (N, pixels, pixels) of pixels * z**power, with z the momentum fraction in a pixel.

    A power below one makes soft particles visible: a mean squared error on z itself sees the two or
    three brightest pixels (B. Dillon et al., "A Normalized Autoencoder for LHC Triggers", compare
    such powers). With 1/2 the mean square over the pixels is the momentum fraction inside, near 1.

    Args:
        jets: centred, turned upright and flipped here.
        pixels: rows and columns.
        reach: half the side of the image, in eta and phi [rad].
        power: of the momentum fraction, positive.
    """
    exponent = checked_number("power", power, 0, ends="(]", example="0.5")
    return pixels * images(jets, pixels, reach)[:, 0] ** exponent


def momentum_fractions(jets: Jets, pixels: int = PIXELS, reach: float = REACH) -> np.ndarray:
    """Images (N, pixels, pixels) whose pixels sum to one: what the Dirichlet VAE reads.

    A jet without a particle in the image has all of its momentum in the central pixel.
    """
    fractions = images(jets, pixels, reach)[:, 0].astype(float)
    sums = fractions.sum((1, 2))
    fractions[sums == 0, pixels // 2, pixels // 2] = 1
    return fractions / fractions.sum((1, 2), keepdims=True)


def leading_constituents(jets: Jets, n: int = 20) -> np.ndarray:
    """The n leading constituents (N, n, 3): sqrt(pT fraction), eta and phi from the jet axis.

    Empty places are zero, as is a particle on the axis. The order is that of falling pT: where two
    particles are nearly as hard the row jumps, and an autoencoder pays for the jump.
    """
    leading = jets.truncate(n).padded(n).relative()  # (N, n, 3)
    leading[..., 0] = np.sqrt(leading[..., 0])
    return leading


def jet_observables(jets: Jets, names: tuple[str, ...] = OBSERVABLES) -> np.ndarray:
    """The named observables (N, F) of `jet_physics.observables.catalogue`, in their units."""
    return observable_table(jets, names).to_numpy()


def trigger_rows(events: TriggerEvents) -> np.ndarray:
    """Trigger objects (N, 19, 3) of order one: ln(1 + pT / GeV) / 3, eta / 2 and azimuth.

    The azimuth [rad] is relative to that of the missing momentum, since no direction around the
    beam is special. Empty places are zero. Use `change=None`: some places are empty in all events.
    """
    pt, eta, phi = np.moveaxis(events.objects, -1, 0)  # each (N, 19)
    relative = kinematics.delta_phi(phi, phi[:, :1])
    rows = np.stack([np.log1p(pt) / 3, eta / 2, relative], axis=-1)
    return np.where(pt[..., None] > 0, rows, 0)
