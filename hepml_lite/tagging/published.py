"""Published results to compare with ours, each with its source."""

from dataclasses import dataclass

from hepml_lite.statistics.intervals import Interval

measured = Interval.symmetric


@dataclass(frozen=True)
class PublishedTagger:
    """A row of a tagging table; rejection is 1/eps_B at eps_S = 0.3 of a single network.

    AUC and accuracy are None where they are not known here. The interval of the rejection has zero
    width where the paper gives no error.
    """

    name: str
    auc: float | None
    accuracy: float | None
    rejection: Interval
    parameters: int | None = None
    training_jets: int = 1_200_000
    source: str = "Kasieczka et al., arXiv:1902.09914, Table 1"


# Trained and tested (404k jets) on the public data set, doi:10.5281/zenodo.2603256;
# errors are the spread over nine trainings.
TOP_TAGGING_LANDSCAPE = (
    PublishedTagger("CNN", 0.981, 0.930, measured(914, 14), 610_000),
    PublishedTagger("ResNeXt", 0.984, 0.936, measured(1122, 47), 1_460_000),
    PublishedTagger("TopoDNN", 0.972, 0.916, measured(295, 5)),
    PublishedTagger("Multi-body N-subjettiness 6", 0.979, 0.922, measured(792, 18), 57_000),
    PublishedTagger("Multi-body N-subjettiness 8", 0.981, 0.929, measured(867, 15), 58_000),
    PublishedTagger("TreeNiN", 0.982, 0.933, measured(1025, 11), 34_000),
    PublishedTagger("P-CNN", 0.980, 0.930, measured(732, 24), 348_000),
    PublishedTagger("ParticleNet", 0.985, 0.938, measured(1298, 46), 498_000),
    PublishedTagger("LBN", 0.981, 0.931, measured(836, 17), 705_000),
    PublishedTagger("LoLa", 0.980, 0.929, measured(722, 17), 127_000),
    PublishedTagger("LDA", 0.955, 0.892, measured(151, 0.4), 184_000),
    PublishedTagger("EFP", 0.980, 0.932, measured(384), 1_000),
    PublishedTagger("EFN", 0.979, 0.927, measured(633, 31), 82_000),
    PublishedTagger("PFN", 0.982, 0.932, measured(891, 18), 82_000),
    PublishedTagger("GoaT", 0.985, 0.939, measured(1368, 140), 35_000),
)

# Later results on the same data set, with a newer ParticleNet; errors are over several trainings.
TOP_TAGGING_LATER = (
    PublishedTagger("ParticleNet (2020)", 0.9858, None, measured(1615, 93), 366_000,
           source="Qu, Gouskos, arXiv:1902.08570, Table 3"),
    PublishedTagger("ParT", 0.9858, None, measured(1602, 81), 2_140_000,
           source="Qu, Li, Qian, arXiv:2202.03772"),
    PublishedTagger("LorentzNet", 0.9868, 0.942, measured(2195, 173), 224_000,
           source="Gong et al., arXiv:2201.08187"),
    PublishedTagger("PELICAN", 0.9870, None, measured(2250, 75), 208_000,
           source="Bogatskiy et al., arXiv:2307.16506"),
    PublishedTagger("L-GATr", 0.9870, 0.9423, measured(2240, 70), 1_100_000,
           source="Brehmer et al., arXiv:2411.00446"),
    PublishedTagger("L-GATr-slim", None, None, measured(2264, 93), 2_010_978,
           source="Petitjean et al., arXiv:2512.17011"),
)  # fmt: skip


def top_tagger(name: str) -> PublishedTagger:
    """The row of the top tagging landscape, or of the later networks, with this name.

    Raises:
        ValueError: no such row; the message lists all rows.
    """
    rows = {row.name: row for row in (*TOP_TAGGING_LANDSCAPE, *TOP_TAGGING_LATER)}
    if name not in rows:
        raise ValueError(f"no published row {name!r}; there are: {', '.join(rows)}")
    return rows[name]
