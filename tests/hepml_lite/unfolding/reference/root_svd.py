"""Unfold two small problems with TSVDUnfold of ROOT, and store inputs and results in root_svd.json.

    python -m venv root_peer
    root_peer/bin/pip install root numpy
    root_peer/bin/python tests/hepml_lite/unfolding/reference/root_svd.py

TSVDUnfold is the code of Höcker and Kartvelishvili's method (hep-ph/9509307) that RooUnfold calls.
ROOT is no dependency of the suite: tests read the stored numbers. Both problems have a falling
spectrum with a bump, smeared, with an efficiency below one. The measured bins of the first have
Poisson errors; those of the second have a common normalisation error of 5 % besides.
"""

import json
from pathlib import Path

import numpy as np
import ROOT

STORED = Path(__file__).with_name("root_svd.json")
N_BINS = 12
RANKS = (3, 7)


def spectra() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Counts (B, B), measured in i and true in j; simulated truth (B,); data (B,)."""
    middles = np.arange(N_BINS) + 0.5
    truth = 40_000 * np.exp(-middles / 5)
    nature = 0.5 * truth * (1 + 0.4 * np.exp(-((middles - 7) ** 2) / 4))
    response = np.exp(-((middles[:, None] - middles) ** 2) / 2)
    response *= (0.6 + 0.02 * middles) / response.sum(axis=0)
    counts = np.round(response * truth)
    data = np.random.default_rng(3).poisson(response @ nature).astype(float)
    return counts, np.round(truth), data


def histogram(name: str, heights: np.ndarray) -> "ROOT.TH1D":
    """A histogram of ROOT with these heights and their square roots as errors."""
    made = ROOT.TH1D(name, name, N_BINS, 0, N_BINS)
    for number, height in enumerate(heights, start=1):
        made.SetBinContent(number, float(height))
        made.SetBinError(number, float(np.sqrt(height)))
    return made


def matrix(name: str, values: np.ndarray) -> "ROOT.TH2D":
    """A two-dimensional histogram of ROOT."""
    made = ROOT.TH2D(name, name, N_BINS, 0, N_BINS, N_BINS, 0, N_BINS)
    for (row, column), value in np.ndenumerate(values):
        made.SetBinContent(row + 1, column + 1, float(value))
    return made


def heights_of(made: "ROOT.TH1D") -> list[float]:
    """The heights (B,) of a histogram of ROOT."""
    return [made.GetBinContent(number) for number in range(1, N_BINS + 1)]


def unfolded(
    counts: np.ndarray, truth: np.ndarray, data: np.ndarray, covariance: np.ndarray, k: int
) -> dict[str, object]:
    """What TSVDUnfold finds with k singular values."""
    inputs = (
        histogram("data", data),
        matrix("covariance", covariance),
        histogram("simulated", counts.sum(axis=1)),
        histogram("truth", truth),
        matrix("counts", counts),
    )
    method = ROOT.TSVDUnfold(*inputs)
    ROOT.SetOwnership(method, False)  # its destructor deletes histograms that Python owns too
    method.SetNormalize(False)
    spectrum = heights_of(method.Unfold(k))
    found = method.GetXtau()
    cells = range(1, N_BINS + 1)
    return {
        "k": k,
        "unfolded": spectrum,
        "covariance": [[found.GetBinContent(i, j) for j in cells] for i in cells],
        "d": heights_of(method.GetD()),
        "singular_values": heights_of(method.GetSV()),
    }


def main() -> None:
    """Unfold and store."""
    ROOT.TH1.AddDirectory(False)
    counts, truth, data = spectra()
    poisson = np.diag(data)
    common = poisson + 0.05**2 * np.outer(data, data)
    problems = []
    for name, covariance in (("Poisson", poisson), ("common normalisation", common)):
        found = [unfolded(counts, truth, data, covariance, k) for k in RANKS]
        problems.append({"errors": name, "covariance": covariance.tolist(), "results": found})
    stored = {
        "made_by": f"TSVDUnfold of ROOT {ROOT.__version__}",
        "counts": counts.tolist(),
        "truth": truth.tolist(),
        "data": data.tolist(),
        "problems": problems,
    }
    STORED.write_text(json.dumps(stored) + "\n", "utf8")


if __name__ == "__main__":
    main()
