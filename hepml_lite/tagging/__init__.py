"""Taggers: from a cut on the mass to networks on trees, with one way to fit, score and compare."""
