"""The network as C++ for high-level synthesis by hls4ml, compiled and run on this machine.

Duarte et al., arXiv:1804.06913, and the hls4ml project. The compiled C++ does, bit by bit, what the
chip would do; a chip's timing comes from other tools.
"""

import contextlib
import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from hepml_lite.trigger.emulation.integer_network import IntegerNetwork
from hepml_lite.trigger.firmware.tools import TOOLS

LARGEST_WIDTH = 24  # bits of the whole numbers of float32
WRITTEN_FLAGS = 'CFLAGS="-O3 -fPIC"'  # as hls4ml writes them into its script
LIGHTER_FLAGS = """CFLAGS="-O1 -fPIC"
SPARING="--param ggc-min-expand=10 --param ggc-min-heapsize=32768"
if echo "" | ${CC} -Werror -fsyntax-only ${SPARING} -xc++ - -o /dev/null &> /dev/null; then
  CFLAGS+=" ${SPARING}"
fi"""  # half the memory of the compiler (57-28-15-8: 210 MB for 440 MB), in the same time


def compiled(network: IntegerNetwork, folder: Path) -> Callable[[np.ndarray], np.ndarray]:
    """Write the network as C++ into a folder, compile it, and return it as a function.

    Args:
        network: dense layers in fixed point.
        folder: is made; some 2 MB of sources and the library, 5 to 20 s of compiling.

    Returns:
        A function of (N, n_in) numbers that gives (N, n_out) numbers; the input is rounded to the
        network's input type before.

    Raises:
        ModuleNotFoundError: without hls4ml or g++; the message says how to install them.
        ValueError: for inputs or outputs of more than 24 bits: the C++ gets and gives float32.
    """
    for kind in (network.input_type, network.output_type):
        if kind.width > LARGEST_WIDTH:
            raise ValueError(
                f"{kind} has {kind.width} bits, and float32, in which the C++ gets and gives "
                f"numbers, holds {LARGEST_WIDTH}: choose fewer"
            )
    TOOLS["hls4ml"].require()
    TOOLS["g++"].require()
    import hls4ml  # an optional tool

    model = as_torch(network)
    n_in, n_out = network.layers[0].weight.shape[0], network.layers[-1].weight.shape[1]
    with contextlib.redirect_stdout(io.StringIO()):  # it prints each layer
        settings = hls4ml.utils.config_from_pytorch_model(
            model, (n_in,), granularity="name", backend="Vitis"
        )
        _set_types(settings["LayerName"], network)
        project = hls4ml.converters.convert_from_pytorch_model(
            model,
            hls_config=settings,
            output_dir=str(folder),
            backend="Vitis",
            io_type="io_parallel",
        )
        project.write()
        _spare_memory(folder / "build_lib.sh")
        project._compile()  # its compile() would write the script anew

    def run(x: np.ndarray) -> np.ndarray:
        rounded = network.input_type.quantise(x)  # in float64: float32 would round a second time
        if rounded.ndim != 2 or rounded.shape[1] != n_in or not len(rounded):
            raise ValueError(f"x has shape {rounded.shape}: give (N, {n_in}) with N >= 1")
        numbers = np.ascontiguousarray(rounded, np.float32)
        return np.asarray(project.predict(numbers), float).reshape(-1, n_out)

    return run


def _spare_memory(script: Path) -> None:
    """Let the script of hls4ml compile with less memory, where it has the flags that are known."""
    text = script.read_text(encoding="utf-8")
    script.write_text(text.replace(WRITTEN_FLAGS, LIGHTER_FLAGS), encoding="utf-8")


def as_torch(network: IntegerNetwork) -> nn.Sequential:
    """The layers as float modules with the rounded weights, without the roundings in between."""
    modules: list[nn.Module] = []
    for layer in network.layers:
        linear = nn.Linear(*layer.weight.shape)
        linear.weight.data = torch.tensor(layer.weight.T * layer.weight_type.step).float()
        linear.bias.data = torch.tensor(layer.bias * layer.bias_type.step).float()
        modules.append(linear)
        if layer.relu:
            modules.append(nn.ReLU())
    return nn.Sequential(*modules).eval()


def _set_types(layers: dict[str, Any], network: IntegerNetwork) -> None:
    """Write the types of the network into the settings of hls4ml, layer by layer in their order."""
    names = list(layers)
    layers[names.pop(0)]["Precision"]["result"] = str(network.input_type)
    for layer in network.layers:
        kinds = layers[names.pop(0)]["Precision"]
        kinds["weight"] = str(layer.weight_type)
        kinds["bias"] = str(layer.bias_type)
        kinds["accum"] = str(layer.accumulator)
        kinds["result"] = str(layer.accumulator if layer.relu else layer.output_type)
        if layer.relu:
            layers[names.pop(0)]["Precision"]["result"] = str(layer.output_type)
