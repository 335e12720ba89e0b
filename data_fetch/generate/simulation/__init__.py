"""Pythia 8, the fast detector, jet finding, and what the recipes of collisions share."""
