"""Searches for an over-density at one mass: each method has `fit(events, region)` and `score`."""
