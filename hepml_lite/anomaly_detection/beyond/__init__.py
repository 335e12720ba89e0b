"""Searches beyond a resonance and a few features: tails, sets, clusters, correlations, and all."""
