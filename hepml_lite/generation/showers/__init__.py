"""Showers in voxels: what is measured of them, and models that generate them."""

from hepml_lite.generation.showers import (
    coordinates,
    features,
    hit_masks,
    layer_transformer,
    point_cloud,
    profiles,
    refinement,
    super_resolution,
    three_steps,
    two_steps,
    views,
    voxel_logs,
    voxel_rows,
)
from hepml_lite.generation.showers.features import high_level_features
from hepml_lite.generation.showers.profiles import ShowerProfiles, profiles_by, profiles_of
from hepml_lite.generation.showers.three_steps import ThreeStepVoxels
from hepml_lite.generation.showers.two_steps import TwoStepVoxels
from hepml_lite.generation.showers.views import judge_showers

__all__ = [
    "ShowerProfiles",
    "ThreeStepVoxels",
    "TwoStepVoxels",
    "coordinates",
    "features",
    "high_level_features",
    "hit_masks",
    "judge_showers",
    "layer_transformer",
    "point_cloud",
    "profiles",
    "profiles_by",
    "profiles_of",
    "refinement",
    "super_resolution",
    "three_steps",
    "two_steps",
    "views",
    "voxel_logs",
    "voxel_rows",
]
