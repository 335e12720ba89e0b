"""The methods of the comparison with the settings in which they are compared.

`METHODS` has a function for each method that makes an untrained one. The benchmark, the dashboard
and its stored results take the methods from here, so that a name means the same in all of them.
The sizes are for about 10 000 simulated events with six observables: seconds of training each.
"""

from collections.abc import Callable

from hepml_lite.densities import Bridge, BridgeDensity, Flow, FlowMatching, TrainingPlan
from hepml_lite.densities.change_of_variables import (
    ChangeOfVariables,
    SpikeAtZero,
    Standardise,
    chain,
    on,
)
from hepml_lite.unfolding.adversarial import ConditionalGAN
from hepml_lite.unfolding.conditional_generation import ConditionalGeneration
from hepml_lite.unfolding.distribution_mapping import DistributionMapping
from hepml_lite.unfolding.forward_model import ForwardModel
from hepml_lite.unfolding.latent import LatentDensity
from hepml_lite.unfolding.moments import MomentUnfolding
from hepml_lite.unfolding.omnifold import OmniFold

QUANTITIES = ("mass", "multiplicity", "width", "ln_rho", "tau21", "zg")
Compared = ConditionalGeneration | DistributionMapping | ForwardModel | MomentUnfolding | OmniFold


def plan(epochs: int, learning_rate: float = 4e-3, batch_size: int = 256) -> TrainingPlan:
    """A silent training."""
    return TrainingPlan(epochs, batch_size, learning_rate, progress=False)


def change() -> ChangeOfVariables:
    """The spike of zg at zero is spread out, then all is standardised."""
    return chain(on([QUANTITIES.index("zg")], SpikeAtZero(0.05)), Standardise())


def flow() -> Flow:
    """p(true | measured) or p(measured | true)."""
    return Flow(n_layers=2, n_bins=8, change=change(), plan=plan(15, 1e-2, 512))


def truth_flow() -> Flow:
    """p(true), for SPINUP."""
    return Flow(kind="affine", n_layers=4, change=change(), plan=plan(8, 1e-2, 512))


def flow_matching() -> FlowMatching:
    """p(true | measured)."""
    return FlowMatching(change=change(), plan=plan(60), sampler="heun", n_steps=10)


def latent() -> LatentDensity:
    """p(true | measured) by flow matching of codes."""
    of_codes = FlowMatching(plan=plan(60), sampler="heun", n_steps=10)
    return LatentDensity(change=change(), plan=plan(30), flow=of_codes)


def gan() -> ConditionalGAN:
    """p(true | measured) without a density."""
    return ConditionalGAN(n_steps=1500, change=change())


def bridge(noise: float = 1.0, sees_start: bool = False) -> Bridge:
    """From measured to true events; without noise the way is that of direct diffusion."""
    return Bridge(BridgeDensity(noise=noise, sees_start=sees_start, plan=plan(60), n_steps=20))


METHODS: dict[str, Callable[[], Compared]] = {
    "cINN": lambda: ConditionalGeneration(flow, n_samples=1),
    "flow matching": lambda: ConditionalGeneration(flow_matching, n_samples=1),
    "latent flow matching": lambda: ConditionalGeneration(latent, n_samples=1),
    "FCGAN": lambda: ConditionalGeneration(gan, n_samples=1),
    "conditional bridge": lambda: DistributionMapping(bridge(sees_start=True)),
    "Schrödinger bridge": lambda: DistributionMapping(bridge(noise=0.3), paired=False),
    "direct diffusion": lambda: DistributionMapping(bridge(noise=0.0), paired=False),
    "SPINUP": lambda: ForwardModel(flow, flow, truth_flow, n_proposals=12),
    "moments": lambda: MomentUnfolding(n_steps=800),
    "MultiFold": lambda: OmniFold(model="trees", folds=3),
    "MultiFold, calibrated": lambda: OmniFold(model="trees", folds=3, calibrate=True),
    "cINN, 2 iterations": lambda: ConditionalGeneration(flow, 2, n_samples=1),
}
