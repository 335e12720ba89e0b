"""Sets of events: features of an event, the likelihood of their mean, errors that add up."""

from hepml_lite.inference.sets import error_growth, event_features, likelihood_of_means
from hepml_lite.inference.sets.event_features import EventFeatures, MeanFeatures

__all__ = [
    "EventFeatures",
    "MeanFeatures",
    "error_growth",
    "event_features",
    "likelihood_of_means",
]
