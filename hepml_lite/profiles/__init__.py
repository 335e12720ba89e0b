"""The sizes of a run. Only these differ between smoke (CI), lesson (class) and paper (GPU)."""

from hepml_lite.profiles.sizes import PROFILES, SIZES, Sizes, require, sizes

__all__ = ["PROFILES", "SIZES", "Sizes", "require", "sizes"]
