"""Networks of images: convolutions move with the image, and parallel paths add up."""

import pytest
import torch
from laws import assert_learns
from torch import nn

from hepml_lite.networks.image_networks import Bottleneck, ImageCNN, ImageResNet
from hepml_lite.training import count_parameters


def images(n=8, pixels=21):
    generator = torch.Generator().manual_seed(1)
    return torch.rand(n, 1, pixels, pixels, generator=generator).pow(8)  # few pixels are bright


def small_cnn():
    return ImageCNN(1, 21, (4, 4, 6, 6), (12,))


def small_resnet():
    return ImageResNet(1, 8, (16, 16), (2, 1), 2)


NETWORKS = small_cnn, small_resnet


@pytest.mark.parametrize("make", NETWORKS)
def test_logits_for_each_image(make):
    model = make().eval()
    logits = model(images())
    assert logits.shape == (8, 2)
    torch.testing.assert_close(model(images()[3:4]), logits[3:4])  # one does not touch another
    assert model(images()[:0]).shape == (0, 2)
    assert torch.isfinite(model(torch.zeros(2, 1, 21, 21))).all()


@pytest.mark.parametrize("make", NETWORKS)
def test_they_learn_what_is_planted(make):
    data, labels = images(128), torch.arange(128) % 2
    data[labels == 1, :, 6:9, 12:15] += 1  # a second prong
    assert_learns(make(), data, labels, steps=20)


def test_convolutions_move_with_the_image():
    """Shifted by four pixels, two poolings' worth, the maps are shifted by one."""
    model, image = small_cnn().eval(), torch.zeros(1, 1, 33, 33)
    image[..., 12:16, 12:16] = torch.rand(4, 4)
    maps = model.convolutions(image)
    shifted = model.convolutions(image.roll(4, 3))
    assert maps[..., 2:-2].std() > 0
    torch.testing.assert_close(shifted[..., 3:-1], maps[..., 2:-2])  # away from the borders


def test_the_papers_sizes():
    assert count_parameters(ImageResNet.paper()) == 1_453_090  # quoted as 1.46M
    assert count_parameters(ImageResNet.paper(n_channels=3)) == 1_459_362
    assert ImageResNet.paper().eval()(torch.rand(1, 1, 64, 64)).shape == (1, 2)
    assert "609,666 parameters" in repr(ImageCNN.paper())
    assert "16 blocks; 1,453,090 parameters" in repr(ImageResNet.paper())


def test_a_block_is_the_sum_of_its_parallel_paths():
    """Figure 3 of arXiv:1611.05431: a grouped convolution is one small network for each group."""
    block = Bottleneck(8, 8, groups=2).double()
    for norm in (block.transform[1], block.transform[4], block.transform[7]):
        norm.running_mean.normal_()
        norm.running_var.uniform_(0.5, 2)
    block.eval()
    reduce, norm1, _, grouped, norm2, _, expand, norm3 = block.transform
    x = torch.rand(3, 8, 5, 5).double()
    inner = norm1(reduce(x)).relu()  # (3, 4, 5, 5)
    paths = []
    for path in (slice(0, 2), slice(2, 4)):
        y = nn.functional.conv2d(inner[:, path], grouped.weight[path], padding=1)
        mean, variance = norm2.running_mean[path], norm2.running_var[path]
        y = nn.functional.batch_norm(y, mean, variance, norm2.weight[path], norm2.bias[path])
        paths.append(nn.functional.conv2d(y.relu(), expand.weight[:, path]))
    torch.testing.assert_close(block(x), (x + norm3(sum(paths))).relu())


def test_a_block_with_a_stride_halves_the_image():
    assert Bottleneck(8, 16, 2, stride=2)(torch.rand(2, 8, 9, 9)).shape == (2, 16, 5, 5)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: ImageCNN(maps=(8, 8)), r"maps=\(8, 8\)"),
        (lambda: ImageCNN(pixels=8), "pixels=8"),
        (lambda: ImageCNN(n_channels=0), "n_channels=0"),
        (lambda: ImageResNet(channels=(30,), blocks=(1,)), "groups=4"),
        (lambda: ImageResNet(channels=(32,)), "give both"),
        (lambda: ImageResNet(channels=(), blocks=()), "give both"),
        (lambda: ImageResNet(groups=0), "groups=0"),
        (lambda: small_cnn()(torch.zeros(2, 1, 40, 40)), r"\(2, 1, 40, 40\)"),
    ],
)
def test_sizes_that_do_not_fit_are_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()
