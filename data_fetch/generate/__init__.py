"""Recipes that make the samples: Pythia 8 settings, final state, detector response, jets.

Only `run.recipe(name)` imports the recipes, because they need FastJet and awkward.
"""

from data_fetch.generate import run, sample_files
from data_fetch.generate.run import make_chunks, recipe, recipes
from data_fetch.generate.sample_files import agreement, bundle, generate

__all__ = [
    "agreement",
    "bundle",
    "generate",
    "make_chunks",
    "recipe",
    "recipes",
    "run",
    "sample_files",
]
