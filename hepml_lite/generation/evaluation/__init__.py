"""How good generated samples are: judges, neighbours, copies, distances, and what each one sees."""

from hepml_lite.generation.evaluation import (
    baselines,
    distortions,
    extrapolation,
    metric_table,
    multiclass,
    neighbours,
    strong_judge,
)
from hepml_lite.generation.evaluation.baselines import GaussianModel, Resampler
from hepml_lite.generation.evaluation.extrapolation import (
    ExtrapolatedDistance,
    extrapolated_frechet_distance,
)
from hepml_lite.generation.evaluation.metric_table import all_metrics, significances
from hepml_lite.generation.evaluation.multiclass import log_posteriors
from hepml_lite.generation.evaluation.neighbours import (
    Memorisation,
    NeighbourMetrics,
    memorisation,
    neighbour_metrics,
)
from hepml_lite.generation.evaluation.strong_judge import (
    Verdict,
    View,
    judge_views,
    table_views,
)

__all__ = [
    "ExtrapolatedDistance",
    "GaussianModel",
    "Memorisation",
    "NeighbourMetrics",
    "Resampler",
    "Verdict",
    "View",
    "all_metrics",
    "baselines",
    "distortions",
    "extrapolated_frechet_distance",
    "extrapolation",
    "judge_views",
    "log_posteriors",
    "memorisation",
    "metric_table",
    "multiclass",
    "neighbour_metrics",
    "neighbours",
    "significances",
    "strong_judge",
    "table_views",
]
