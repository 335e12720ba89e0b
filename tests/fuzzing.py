"""What the fuzz tests share: bad arguments, and the law that functions are right or refuse."""

import traceback
from pathlib import Path

import numpy as np
import torch
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

import data_fetch
import hepml_lite

HOMES = tuple(str(Path(package.__file__).parent) for package in (hepml_lite, data_fetch))
RNG = np.random.default_rng(0)
N = 40
LABELS = np.tile([0, 1], N // 2)
SCORES = RNG.normal(size=N) + LABELS
SHARES = RNG.random(N)

BAD_ARRAYS = (
    None, "text", 3.0, [], {}, [[1], [1, 2]], [None] * N, ["a"] * N, np.zeros((N, 2)),
    np.zeros(N - 1), np.full(N, np.nan), np.append(SHARES[1:], np.nan),
    np.append(SCORES[1:], np.inf), np.ma.masked_less(SCORES, 0), SCORES + 1j,
    torch.ones(N, requires_grad=True), -SHARES, np.zeros((N, 0)), np.zeros((0, 3)),
)  # fmt: skip
BAD_NUMBERS = (
    None, "text", "0.5", np.nan, np.inf, -np.inf, -1, 0, 2.5, 1e300, 10**400, True, [], [0.5, 0.7],
    np.array([0.3]), {}, 1j,
)  # fmt: skip


def one_of(good, bad):
    """Mostly good values, so that a single bad one among the arguments is often the only one."""
    return st.one_of(*[st.sampled_from([*good])] * 3, st.sampled_from([*bad]))


def assert_right_or_refused(function, *arguments, also=()):
    refusal = None
    result = None
    try:
        result = function(*arguments)
    except (ValueError, TypeError, *also) as error:
        refusal = error
    if refusal is None:
        assert not holds_nan(result), f"{result} holds NaN"
        return
    last = traceback.extract_tb(refusal.__traceback__)[-1]
    assert last.filename.startswith(HOMES), f"raised outside of the library: {refusal!r}"
    assert last.line.startswith("raise"), f"raised by no check, in {last}: {refusal!r}"
    assert len(str(refusal)) > 20


def holds_nan(value):
    if isinstance(value, (tuple, list)):
        return any(holds_nan(part) for part in value)
    if isinstance(value, torch.Tensor):
        value = value.detach().numpy()
    if not isinstance(value, (int, float, np.ndarray, np.number)):
        return False
    return bool(np.isnan(np.asarray(value, float)).any())


def fuzzed(max_examples):
    return settings(
        derandomize=True, deadline=None, database=None, max_examples=max_examples,
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
