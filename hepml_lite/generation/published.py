"""Published results of the CaloChallenge, data set 2: electrons in 6480 voxels.

C. Krause et al., "CaloChallenge 2022: A Community Challenge for Fast Calorimeter Simulation",
arXiv:2410.21611; the numbers are those of its public repository (final_results), rounded.
"""

from typing import NamedTuple

import pandas as pd


class Submission(NamedTuple):
    """One row of the table.

    Attributes:
        auc_low: area of a dense network on voxels.
        auc_high: area of a dense network on high-level features.
        auc_resnet: area of a convolutional network on voxels.
        precision: share of generated showers in the region of the true ones, k = 5.
        recall: the reverse.
        ms_alone: CPU time of a shower made alone [ms].
        ms_hundred: GPU time of a shower among a hundred [ms].
    """

    auc_low: float
    auc_high: float
    auc_resnet: float
    precision: float
    recall: float
    ms_alone: float
    ms_hundred: float


NAN = float("nan")
DATA_SET_2 = {
    "Geant4": Submission(0.4996, 0.4993, 0.5004, 0.239, 0.241, NAN, NAN),
    "CaloDREAM": Submission(0.5308, 0.5208, 0.6812, 0.253, 0.220, 16_942, 74.29),
    "CaloDiffusion": Submission(0.5766, 0.591, 0.6795, 0.239, 0.235, 36_502, 99.49),
    "CaloScore": Submission(0.5946, 0.6657, 0.7948, 0.228, 0.228, 133_549, 241.3),
    "SuperCalo": Submission(0.6936, 0.7565, 0.9857, 0.120, 0.310, 397_940, 103.0),
    "conv. L2LFlows": Submission(0.7083, 0.7371, 0.941, 0.231, 0.177, 1969, 14.23),
    "CaloScore distilled": Submission(0.7098, 0.8906, 0.9655, 0.197, 0.181, 16_785, 31.86),
    "CaloINN": Submission(0.7426, 0.865, 0.9937, 0.193, 0.0896, 387.7, 1.183),
    "CaloScore single-shot": Submission(0.7465, 0.902, 0.973, 0.171, 0.208, 406.6, 2.533),
    "iCaloFlow teacher": Submission(0.7625, 0.837, 0.97, 0.152, 0.253, 250_171, 829.4),
    "iCaloFlow student": Submission(0.8187, 0.8855, 0.975, 0.155, 0.253, 3048, 13.19),
    "CaloPointFlow": Submission(0.8634, 0.9084, 0.9989, 0.0156, 0.335, 154.6, 3.002),
    "CaloVAE+INN": Submission(0.907, 0.9999, 0.9934, 0.739, 0.0264, 64.1, 1.223),
    "MDMA": Submission(0.9415, 0.9867, 0.9996, 0.00262, 0.937, 14.32, 1.178),
    "Calo-VQ": Submission(0.9858, 0.9941, 0.9993, 0.345, 0.217, 168.4, 1.117),
}


def table() -> pd.DataFrame:
    """All rows, the smallest area of the strongest judge first."""
    rows = pd.DataFrame(DATA_SET_2, index=list(Submission._fields)).T
    rows.insert(0, "auc", rows[["auc_low", "auc_high", "auc_resnet"]].max(axis=1))
    return rows.sort_values("auc")
