"""Physics and learning for the notebooks of the course: no downloads, no widgets."""

import os

# oneDNN keeps a compiled kernel for each shape of its last thousand products. Networks that skip
# padding have another number of particles in every batch: a gigabyte, of which nothing is reused
# behind the training step that it was made for.
for _cache in ("ONEDNN_PRIMITIVE_CACHE_CAPACITY", "LRU_CACHE_CAPACITY"):
    os.environ.setdefault(_cache, "64")
