"""The networks of benchmarks/tagging.py: ours and others, of equal sizes on equal jets."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from data_fetch import load
from hepml_lite.networks.deep_sets import ParticleFlowNetwork
from hepml_lite.networks.fast import choice
from hepml_lite.networks.inputs import OnFourVectors, four_vectors
from hepml_lite.networks.l_gatr import GEV, LGATrSlim
from hepml_lite.networks.layers.kinematic_features import kinematic_features
from hepml_lite.networks.lorentz_net import LorentzNet
from hepml_lite.networks.particle_net import ParticleNet
from hepml_lite.networks.particle_transformer import ParticleTransformer
from hepml_lite.networks.pelican import PELICAN

PHI, F = (100, 100, 128), (100, 100, 100)  # layers of the particle flow network
LITE = ((7, (32,) * 3), (7, (64,) * 3)), 128
FULL = ((16, (64,) * 3), (16, (128,) * 3), (16, (256,) * 3)), 256


@dataclass(frozen=True)
class Entry:
    """A network: its code, how it is made, and its inputs from constituents and mask."""

    network: str
    code: str
    make: Callable[[], nn.Module]
    read: Callable[[Tensor, Tensor], tuple[Tensor, ...]] = lambda *inputs: inputs


class Readable(nn.Module):
    """A network on its readable path, as in published code: all pairs in one tensor.

    `hepml_lite.networks.fast` is compared with it.
    """

    def __init__(self, network: nn.Module):
        super().__init__()
        self.network = network

    def forward(self, *inputs: Tensor) -> Tensor:
        """The output of the network."""
        with choice.readable():
            return self.network(*inputs)


def jets(n: int, slots: int = 60) -> tuple[Tensor, Tensor, Tensor]:
    """Constituents (N, P, 3): pT [GeV], η, φ; mask; labels: the first top and QCD jets."""
    sample = load("top_tagging", split="train")[:n].truncate(slots)
    return tuple(torch.from_numpy(a) for a in (sample.constituents, sample.mask, sample.label))


def features(constituents: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
    """Numbers of order one for the particle flow network."""
    return constituents / constituents.new_tensor([10, 1, 1]), mask


def weaver_net(blocks: tuple, head: int) -> nn.Module:
    """ParticleNet of weaver-core, as in its paper."""
    from weaver.nn.model.ParticleNet import ParticleNet as Peer

    return Peer(7, 2, list(blocks), [(head, 0.1)], use_fusion=False)


def for_weaver_net(constituents: Tensor, mask: Tensor) -> tuple[Tensor, ...]:
    """Points, features and mask, channels first; made beforehand (ours makes them every time)."""
    read = kinematic_features(constituents, mask).mT.contiguous()
    return read[:, :2].contiguous(), read, mask.unsqueeze(1)


def weaver_transformer(trim: bool, **sizes: Any) -> nn.Module:
    """Particle Transformer of weaver-core; with `trim`, its default, it drops particles."""
    from weaver.nn.model.ParticleTransformer import ParticleTransformer as Peer

    return Peer(7, 2, pair_input_dim=4, use_pre_activation_pair=False, trim=trim, **sizes)


def for_weaver_transformer(constituents: Tensor, mask: Tensor) -> tuple[Tensor, ...]:
    """Features, (px, py, pz, E) and mask, channels first; made beforehand."""
    vectors = four_vectors(constituents)[..., [1, 2, 3, 0]].mT.contiguous()
    return kinematic_features(constituents, mask).mT.contiguous(), vectors, mask.unsqueeze(1)


class PeerLGATrSlim(nn.Module):
    """The slim network of lgatr, whose first token is the jet."""

    def __init__(self, n_vectors: int, n_scalars: int, n_blocks: int, n_heads: int):
        super().__init__()
        from lgatr import LGATrSlim as Peer

        self.network = Peer(
            num_blocks=n_blocks, in_v_channels=1, out_v_channels=0, hidden_v_channels=n_vectors,
            in_s_channels=1, out_s_channels=2, hidden_s_channels=n_scalars, num_heads=n_heads,
        )  # fmt: skip

    def forward(self, vectors: Tensor, scalars: Tensor, visible: Tensor) -> Tensor:
        """Logits (N, 2)."""
        return self.network(vectors, scalars, attn_mask=visible)[1][:, 0]


def for_lgatr(constituents: Tensor, mask: Tensor) -> tuple[Tensor, ...]:
    """Vectors (N, 1 + P, 1, 4), the token's flag and the mask of attention; made beforehand."""
    vectors = nn.functional.pad(four_vectors(constituents) / GEV, (0, 0, 1, 0)).unsqueeze(2)
    scalars = torch.zeros_like(vectors[..., 0])
    scalars[:, 0] = 1
    visible = nn.functional.pad(mask, (1, 0), value=True)
    return vectors, scalars, visible[:, None, None]


NO_DROPOUT = {"dropout": 0, "attn_dropout": 0, "activation_dropout": 0}
SMALL_TRANSFORMER = {
    "embed_dims": (64, 128, 64), "pair_embed_dims": (32, 32), "num_heads": 4, "num_layers": 3,
    "num_cls_layers": 1, "block_params": NO_DROPOUT, "cls_block_params": NO_DROPOUT,
}  # fmt: skip
BEAMS = {"reference": ("beams",)}
ENTRIES = [
    Entry("PFN", "hepml_lite", lambda: ParticleFlowNetwork(3, PHI, F), features),
    Entry("ParticleNet-Lite", "hepml_lite", ParticleNet),
    Entry("ParticleNet-Lite", "weaver-core", lambda: weaver_net(*LITE), for_weaver_net),
    Entry("ParT small", "hepml_lite", ParticleTransformer),
    Entry(
        "ParT small", "weaver-core", lambda: weaver_transformer(False, **SMALL_TRANSFORMER),
        for_weaver_transformer,
    ),
    Entry(
        "ParT small", "weaver-core, trims", lambda: weaver_transformer(True, **SMALL_TRANSFORMER),
        for_weaver_transformer,
    ),
    Entry("L-GATr slim", "hepml_lite", lambda: OnFourVectors(LGATrSlim(8, 24, 3, 4))),
    Entry("L-GATr slim", "lgatr", lambda: PeerLGATrSlim(8, 24, 3, 4), for_lgatr),
    Entry("LorentzNet", "hepml_lite", lambda: OnFourVectors(LorentzNet(**BEAMS))),
    Entry(
        "LorentzNet", "hepml_lite, readable", lambda: Readable(OnFourVectors(LorentzNet(**BEAMS)))
    ),
    Entry("PELICAN", "hepml_lite", lambda: OnFourVectors(PELICAN(**BEAMS))),
    Entry("PELICAN", "hepml_lite, readable", lambda: Readable(OnFourVectors(PELICAN(**BEAMS)))),
    Entry("ParticleNet, paper", "hepml_lite", ParticleNet.paper),
    Entry("ParticleNet, paper", "weaver-core", lambda: weaver_net(*FULL), for_weaver_net),
    Entry("ParT, paper", "hepml_lite", ParticleTransformer.paper),
    Entry("ParT, paper", "weaver-core", lambda: weaver_transformer(False), for_weaver_transformer),
    Entry(
        "ParT, paper", "weaver-core, trims", lambda: weaver_transformer(True),
        for_weaver_transformer,
    ),
    Entry("LorentzNet, paper", "hepml_lite", lambda: OnFourVectors(LorentzNet.paper())),
    Entry("PELICAN, paper", "hepml_lite", lambda: OnFourVectors(PELICAN.paper())),
]  # fmt: skip
