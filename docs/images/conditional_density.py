"""Draw conditional_density.png, the picture of the second idea in docs/densities.md.

Run: python docs/images/conditional_density.py
"""

from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

from hepml_lite import densities, plotting

rng = np.random.default_rng(0)
condition = rng.uniform(-1, 1, size=10000)
angle = rng.uniform(0, 2 * np.pi, size=10000)
ring = (1.5 + condition)[:, None] * np.column_stack([np.cos(angle), np.sin(angle)])
x = ring + 0.15 * rng.normal(size=ring.shape)
plan = densities.TrainingPlan(epochs=40, learning_rate=3e-3, progress=False)
model = densities.Flow(plan=plan).fit(x, condition)

plotting.use_style()
figure, (left, right) = plt.subplots(1, 2, figsize=(9, 4.3), sharex=True, sharey=True)
rows = left.scatter(*x[:2000].T, c=condition[:2000], vmin=-1, vmax=1, s=3)
figure.colorbar(rows, ax=(left, right), label="condition c")
left.set_title("rows (x, c) of the fit")
for value in (-0.5, 0.5):
    drawn = model.sample(600, [value])
    right.scatter(*drawn.T, c=np.full(600, value), vmin=-1, vmax=1, s=3)
right.set_title("samples for c = −0.5 and c = 0.5")
for ax in (left, right):
    ax.set_xlabel("$x_1$")
    ax.set_ylabel("$x_2$")
figure.savefig(Path(__file__).with_suffix(".png"), dpi=90)
