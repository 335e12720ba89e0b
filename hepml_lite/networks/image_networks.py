"""Networks for jet images: a convolutional network and a residual one.

Both as in the comparison of top taggers, G. Kasieczka et al., arXiv:1902.09914: the first follows
S. Macaluso, D. Shih, "Pulling Out All the Tops with Computer Vision and Deep Learning",
arXiv:1803.00107, the second is a narrow ResNeXt (S. Xie et al., arXiv:1611.05431).
"""

from collections.abc import Sequence
from itertools import pairwise
from typing import Self

from torch import Tensor, nn

from hepml_lite.networks.inputs import check_images
from hepml_lite.networks.layers.mlp import MLP
from hepml_lite.networks.layers.settings import require_positive


class ImageCNN(nn.Module):
    """Two convolutions, a pooling, two convolutions, a pooling, and dense layers.

    If a feature moves by a pixel, its maps move by a pixel, too. Only the dense layers know the
    position. So jets are first centred, turned upright and flipped
    (`hepml_lite.jet_physics.views.images`).

    Args:
        n_channels: channels of the images, e.g. 1 for the momentum fraction.
        pixels: rows and columns of the images.
        maps: feature maps of the four convolutions.
        hidden: hidden dense layers.
        n_classes: number of logits.
        dropout: probability to drop a dense activation in training.

    Raises:
        ValueError: not four maps, a size below 1, images too small, a dropout outside [0, 1).
    """

    def __init__(
        self,
        n_channels: int = 1,
        pixels: int = 41,
        maps: Sequence[int] = (8, 8, 16, 16),
        hidden: Sequence[int] = (32, 32),
        n_classes: int = 2,
        dropout: float = 0.0,
    ):
        super().__init__()
        if len(maps) != 4 or min(maps) < 1 or pixels < 10:
            raise ValueError(
                f"maps={tuple(maps)}, pixels={pixels}: give four numbers of feature maps, all ≥ 1, "
                "and images of 10 x 10 pixels or more."
            )
        require_positive(n_channels=n_channels)
        self.shape = (n_channels, pixels, pixels)
        layers: list[nn.Module] = []
        for depth, (n_in, n_out) in enumerate(pairwise((n_channels, *maps))):
            # Kernels of 4 x 4 with one pixel of zeros around the image: it shrinks by one.
            layers += [nn.Conv2d(n_in, n_out, 4, padding=1), nn.ReLU()]
            layers += [nn.MaxPool2d(2)] if depth % 2 else []
        self.convolutions = nn.Sequential(*layers)
        left = ((pixels - 2) // 2 - 2) // 2
        self.dense = MLP((maps[-1] * left**2, *hidden, n_classes), dropout=dropout)

    @classmethod
    def paper(cls, n_channels: int = 1, n_classes: int = 2) -> Self:
        """128, 64, 64 and 64 maps, dense layers 64, 256 and 256, on 40 x 40 pixels.

        609 666 parameters; the table of arXiv:1902.09914 quotes 610k. The layers follow
        arXiv:1803.00107. We concluded from the count that the convolutions are padded by one
        pixel.
        """
        return cls(n_channels, 40, (128, 64, 64, 64), (64, 256, 256), n_classes)

    def forward(self, images: Tensor) -> Tensor:
        """Logits (N, n_classes) of images (N, C, pixels, pixels).

        Raises:
            ValueError: images of another size.
        """
        check_images(self, images, self.shape[0])
        if images.shape[1:] != self.shape:
            raise ValueError(
                f"images of shape {tuple(images.shape)}: this network is made for "
                f"(N, {', '.join(map(str, self.shape))}); set n_channels and pixels."
            )
        maps = self.convolutions(images)  # (N, C, H, W) → (N, C', H', W')
        return self.dense(maps.flatten(1))  # (N, C' H' W') → (N, n_classes)

    def __repr__(self) -> str:
        size = " x ".join(map(str, self.shape))
        return f"ImageCNN({size}; {sum(p.numel() for p in self.parameters()):,} parameters)"


class Bottleneck(nn.Module):
    """ReLU(shortcut(x) + T(x)), T: to half the channels, 3 x 3 in groups, back to all channels.

    The groups are the parallel paths of arXiv:1611.05431 (its figure 3c): each sees its own
    channels only, which saves parameters.
    """

    def __init__(self, n_in: int, n_out: int, groups: int = 1, stride: int = 1):
        super().__init__()
        inner = n_out // 2
        self.transform = nn.Sequential(
            *_normed(n_in, inner, 1), nn.ReLU(),
            *_normed(inner, inner, 3, stride, groups), nn.ReLU(),
            *_normed(inner, n_out, 1),
        )  # fmt: skip
        same = n_in == n_out and stride == 1
        self.shortcut = nn.Identity() if same else nn.Sequential(*_normed(n_in, n_out, 1, stride))

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, H, W) → (N, C', H / stride, W / stride)."""
        return (self.shortcut(x) + self.transform(x)).relu()


class ImageResNet(nn.Module):
    """Residual blocks on images, the mean over all pixels, one linear map.

    Images may have any size. In training, batches need two jets or more, because their statistics
    normalise the maps.

    Args:
        n_channels: channels of the images.
        stem: channels of the first convolution, 7 x 7 with a stride of 2 and a pooling by 2.
        channels: channels of each stage, multiples of twice the groups; each stage but the first
            halves rows and columns.
        blocks: residual blocks of each stage.
        groups: parallel paths in a block; 1 makes a plain ResNet, more a ResNeXt.
        n_classes: number of logits.
        dropout: probability to drop a pooled channel in training.

    Raises:
        ValueError: sizes below 1, channels the groups do not share, stages that do not match.
    """

    def __init__(
        self,
        n_channels: int = 1,
        stem: int = 16,
        channels: Sequence[int] = (32, 64, 64),
        blocks: Sequence[int] = (1, 1, 1),
        groups: int = 4,
        n_classes: int = 2,
        dropout: float = 0.0,
    ):
        super().__init__()
        require_positive(n_channels=n_channels, stem=stem, groups=groups, n_classes=n_classes)
        _check_stages(channels, blocks, groups)
        self.n_channels = n_channels
        layers: list[nn.Module] = []
        for stage, (n_in, n_out) in enumerate(pairwise((stem, *channels))):
            layers.append(Bottleneck(n_in, n_out, groups, stride=2 if stage else 1))
            layers += [Bottleneck(n_out, n_out, groups) for _ in range(blocks[stage] - 1)]
        self.stem = nn.Sequential(
            *_normed(n_channels, stem, 7, 2), nn.ReLU(), nn.MaxPool2d(3, 2, padding=1)
        )
        self.blocks = nn.Sequential(*layers)
        self.head = nn.Sequential(nn.Dropout(dropout), nn.Linear(channels[-1], n_classes))

    @classmethod
    def paper(cls, n_channels: int = 1, n_classes: int = 2) -> Self:
        """ResNeXt-50 with a fourth of the channels but in its first layer, dropout 0.5.

        1 453 090 parameters with one channel, 1 459 362 with three; the table of arXiv:1902.09914
        quotes 1.46M (there for 64 x 64 pixels). Details of its shortcuts and normalisations, and
        with them the last thousands, are not certain to us.
        """
        return cls(n_channels, 64, (64, 128, 256, 512), (3, 4, 6, 3), 32, n_classes, dropout=0.5)

    def forward(self, images: Tensor) -> Tensor:
        """Logits (N, n_classes) of images (N, C, H, W)."""
        check_images(self, images, self.n_channels)
        maps = self.blocks(self.stem(images))  # (N, C, H, W) → (N, C', H', W')
        return self.head(maps.mean((2, 3)))  # (N, C') → (N, n_classes)

    def __repr__(self) -> str:
        return (
            f"ImageResNet({len(self.blocks)} blocks; "
            f"{sum(p.numel() for p in self.parameters()):,} parameters)"
        )


def _normed(
    n_in: int, n_out: int, kernel: int, stride: int = 1, groups: int = 1
) -> tuple[nn.Module, nn.Module]:
    """A convolution that keeps the size (except for the stride), and its batch normalisation."""
    convolution = nn.Conv2d(
        n_in, n_out, kernel, stride, padding=kernel // 2, groups=groups, bias=False
    )
    return convolution, nn.BatchNorm2d(n_out)


def _check_stages(channels: Sequence[int], blocks: Sequence[int], groups: int) -> None:
    if len(channels) != len(blocks) or not channels or min(*channels, *blocks) < 1:
        raise ValueError(
            f"channels={tuple(channels)}, blocks={tuple(blocks)}: give both for each stage, ≥ 1."
        )
    if any(n % (2 * groups) for n in channels):
        raise ValueError(
            f"channels={tuple(channels)}, groups={groups}: half the channels of each stage must "
            "be a multiple of the groups, for instance 32 and 4."
        )
