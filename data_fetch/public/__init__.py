"""Public data sets of the field: registry, file layouts, counterparts of the course's samples."""
