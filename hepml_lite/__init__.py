"""Physics and learning for the notebooks of the course: no downloads, no widgets."""

import os

# oneDNN keeps a compiled kernel for each shape of its last thousand products. Networks that skip
# padding have a different number of particles in every batch. So these kernels would fill a
# gigabyte, and later training steps would not use them again.
for _cache in ("ONEDNN_PRIMITIVE_CACHE_CAPACITY", "LRU_CACHE_CAPACITY"):
    os.environ.setdefault(_cache, "64")
