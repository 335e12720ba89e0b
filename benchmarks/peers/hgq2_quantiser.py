"""Rounding with bits of its own for each weight: HGQ2 beside ours, values and slopes.

Environment as in `hgq2_tagger.py`:

    KERAS_BACKEND=torch hgq2/bin/python benchmarks/peers/hgq2_quantiser.py

The quantiser of HGQ2 rounds to nearest, ties to even, and saturates far outside of these weights.
Both get the same weights, bits after the point and slopes from above; the script stops with an
error where a value or a slope differs.
"""

import os

import numpy as np
import torch

from hepml_lite.trigger.compression.own_bits import rounded_with_own_bits

INTEGER_BITS = 20  # of HGQ2's quantiser: no weight overflows
FRACTIONS = range(-2, 13)


def of_ours(weight, fraction, from_above):
    """Values and slopes by weight and by bits, each (N,), of our rounding."""
    w, f = (torch.tensor(one, requires_grad=True) for one in (weight, fraction))
    rounded = rounded_with_own_bits(w, f)
    rounded.backward(torch.tensor(from_above))
    return rounded.detach().numpy(), w.grad.numpy(), f.grad.numpy()


def of_hgq2(weight, fraction, from_above):
    """The same of the quantiser that HGQ2's layers call."""
    from quantizers.fixed_point._fixed_point_ops import _get_fixed_quantizer

    quantiser = _get_fixed_quantizer("RND_CONV", "SAT_SYM")
    w, f = (torch.tensor(one, requires_grad=True) for one in (weight, fraction))
    whole = torch.full_like(w, INTEGER_BITS)
    rounded = quantiser(w, torch.ones_like(w), whole, f)
    rounded.backward(torch.tensor(from_above))
    return rounded.detach().numpy(), w.grad.numpy(), f.grad.numpy()


def main() -> None:
    """Compare on random weights, on ties and on zeros, for all numbers of bits."""
    os.environ.setdefault("KERAS_BACKEND", "torch")
    rng = np.random.default_rng(1)
    ties = np.arange(-64, 65) / 128
    weight = np.concatenate([rng.normal(0, 1, 5000), rng.normal(0, 0.01, 5000), ties])
    largest = {"value": 0.0, "slope by weight": 0.0, "slope by bits": 0.0}
    for bits in FRACTIONS:
        fraction = np.full_like(weight, bits)
        from_above = rng.normal(0, 1, weight.shape)
        pairs = zip(
            of_ours(weight, fraction, from_above),
            of_hgq2(weight, fraction, from_above),
            strict=True,
        )
        for name, (ours, theirs) in zip(largest, pairs, strict=True):
            np.testing.assert_allclose(ours, theirs, rtol=1e-9, atol=1e-12, err_msg=name)
            largest[name] = max(largest[name], float(np.abs(ours - theirs).max()))
    print(f"{weight.size * len(FRACTIONS):,} roundings, largest differences:", largest)


if __name__ == "__main__":
    main()
