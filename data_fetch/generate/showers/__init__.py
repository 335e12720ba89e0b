"""Electromagnetic showers: the cascade Monte Carlo, the parametrisation, sums in voxels."""
