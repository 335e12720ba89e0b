"""Draw density_ratio.png, the picture of the first idea in docs/densities.md.

Run: python docs/images/density_ratio.py
"""

from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

from hepml_lite import densities, plotting

rng = np.random.default_rng(0)
numerator = rng.normal(0.5, 0.7, size=20000)
denominator = rng.normal(0.0, 1.0, size=20000)
ratio = densities.fit_ratio(numerator, denominator, model="trees")

plotting.use_style()
figure, ax = plt.subplots(figsize=(7, 4))
edges = np.linspace(-3, 3, 41)
shown = {"bins": edges, "density": True}
ax.hist(numerator, **shown, color="0.8", label="numerator p")
ax.hist(denominator, **shown, histtype="step", linestyle="--", label="denominator q")
weights = ratio.denominator.weights
ax.hist(denominator, **shown, weights=weights, histtype="step", label="q with weights p/q")
ax.set_xlabel("x")
ax.set_ylabel("density")
ax.set_title("A classifier is a density ratio")
ax.legend()
figure.savefig(Path(__file__).with_suffix(".png"), dpi=90)
