"""Families of a few networks, scaled by width and resolution: which of them fits a part best."""

from __future__ import annotations

from typing import Any

import numpy as np
import tinynas as tn


def largest_that_fits(
    name: str, classes: int, image_size: int | None, **limits: Any
) -> tn.Subnet | None:
    """The network of space `name` that fits and has the most MACs, at no more pixels than the
    images have, or at the fewest that the space has; `limits` are arguments of Subnet.plan.

    Raises ValueError for a space that is too large to try all."""
    space = tn.SearchSpace(name).with_classes(classes)
    if space.cardinality() > 10_000:
        raise ValueError(f"space '{name}' is too large to try all")
    counts = [len(choices) for choices in space.genes.values()]
    best: tn.Subnet | None = None
    for genotype in np.ndindex(*counts):
        subnet = space.subnet(list(genotype))
        most_pixels = max(image_size or subnet.resolution, space.smallest().resolution)
        if subnet.resolution > most_pixels:
            continue
        if best is not None and subnet.macs <= best.macs:
            continue
        if subnet.plan(**limits).fits:
            best = subnet
    return best


def genes_of(subnet: tn.Subnet) -> str:
    """As --subnet takes them."""
    return " ".join(f"{gene}={value:g}" for gene, value in subnet.choices.items())
