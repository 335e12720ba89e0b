"""Public data sets of the field: registry, file layouts, counterparts of the course's samples."""

from data_fetch.public import counterparts, layouts, registry
from data_fetch.public.registry import PublicFile, PublicSet, dataset, fetch, public_sets

__all__ = [
    "PublicFile",
    "PublicSet",
    "counterparts",
    "dataset",
    "fetch",
    "layouts",
    "public_sets",
    "registry",
]
