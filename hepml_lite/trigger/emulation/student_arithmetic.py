"""The student on the calorimeter image in whole numbers and nothing else, to be read at once.

`regions.Student.whole()` computes the same with types that can be chosen. Here the types are
written out, as shifts and limits of whole numbers: this is what the wires of the chip do.
"""

import numpy as np


def wrapped(total: np.ndarray, bits: int) -> np.ndarray:
    """Whole numbers as an accumulator of so many bits holds them: what does not fit is dropped."""
    half = 1 << (bits - 1)
    return ((total + half) & ((1 << bits) - 1)) - half


def student_codes(
    energy: np.ndarray,
    hidden_weight: np.ndarray,
    hidden_bias: np.ndarray,
    last_weight: np.ndarray,
    last_bias: np.ndarray,
) -> np.ndarray:
    """The score of each image in quarters, (N,) int64.

    Args:
        energy: (N, 252) int64, whole GeV.
        hidden_weight, hidden_bias: (252, 15) and (15,) int64, in steps of 1/64.
        last_weight, last_bias: (15,) and () int64, in steps of 1/64.
    """
    energy = np.clip(energy, 0, 1023)  # 10 bits, no sign
    total = energy @ hidden_weight + hidden_bias  # whole GeV times 1/64: steps of 1/64
    total = wrapped(total, 24)
    hidden = np.clip(total, 0, 65535)  # ReLU, then 16 bits without a sign
    total = hidden @ last_weight + (last_bias << 6)  # 1/64 times 1/64: steps of 1/4096
    total = wrapped(total, 30)
    total = np.maximum(total, 0)
    score = total >> 10  # steps of 1/4: ten bits fewer
    rest = total & 1023  # what the shift drops
    tie_to_odd = (rest == 512) & (score & 1 == 1)
    score += (rest > 512) | tie_to_odd  # to the nearest, a tie to the even one
    return np.minimum(score, 1023)  # 10 bits, no sign
