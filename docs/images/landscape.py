"""Draw landscape.png, the picture at the top of the notebooks on tagging.

Run: python docs/images/landscape.py
"""

from pathlib import Path

import matplotlib.pyplot as plt

from hepml_lite import plotting
from hepml_lite.tagging.figures import rejection_against_parameters
from hepml_lite.tagging.landscape import read_landscape

plotting.use_style()
figure, ax = plt.subplots(figsize=(11, 6))
rejection_against_parameters(ax, read_landscape().values(), 0.5)
ax.set_title("Top taggers, trained on 30 000 jets")
figure.savefig(Path(__file__).with_suffix(".png"), dpi=90)
