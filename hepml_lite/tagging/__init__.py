"""Taggers, from a cut on the mass to networks on trees, all with the same `fit` and `score`."""
