"""Draw seven_views.png, the picture at the top of the tutorial on representations."""

from pathlib import Path

import numpy as np

from data_fetch import load
from hepml_lite import plotting
from hepml_lite.representations.figures import seven_views


def main() -> None:
    """Write the picture beside this script."""
    plotting.use_style()
    tops = load("top_tagging", "smoke", "test").of_class("top")
    figure = seven_views(tops[np.abs(tops.mass - 172) < 10][0])
    path = Path(__file__).with_suffix(".png")
    figure.savefig(path, dpi=60, pil_kwargs={"optimize": True})


if __name__ == "__main__":
    main()
