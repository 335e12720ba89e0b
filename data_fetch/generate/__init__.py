"""Recipes that make the samples: Pythia 8 settings, final state, detector response, jets."""
