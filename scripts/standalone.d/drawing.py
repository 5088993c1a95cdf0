"""Which networks of a space are trained alone."""

from __future__ import annotations

import math
import random
from dataclasses import dataclass

import tinynas as tn

MOST_DRAWS = 20_000
BAND = 0.05  # of log MACs on either side, about 5 %


@dataclass(frozen=True)
class Drawn:
    subnet: tn.Subnet
    kind: str  # "stratified" or "band"

    @property
    def genes(self) -> str:
        return " ".join(f"{name}={value:g}" for name, value in self.subnet.choices.items())


def _towards_ends(space: tn.SearchSpace, seed: int) -> tn.Subnet:
    """Uniform draws are all of middling size: none, one or two crossovers with an end."""
    chance = random.Random(seed)
    subnet = space.sample(seed)
    end = chance.choice([space.smallest(), space.largest()])
    for _ in range(chance.randrange(4)):
        subnet = space.crossover(subnet, end, chance.getrandbits(32))
    return subnet


def stratified(space: tn.SearchSpace, count: int, seed: int) -> list[Drawn]:
    """One in each of `count` equal steps of log MACs between the smallest and the largest network;
    where a step has none, another one of the fullest."""
    low, high = math.log(space.smallest().macs), math.log(space.largest().macs)
    strata: list[list[tn.Subnet]] = [[] for _ in range(count)]
    seen: set[str] = set()
    for draw in range(MOST_DRAWS):
        if all(strata):
            break
        subnet = _towards_ends(space, seed * MOST_DRAWS + draw)
        if subnet.id in seen:
            continue
        seen.add(subnet.id)
        step = int((math.log(subnet.macs) - low) / (high - low) * count)
        strata[min(step, count - 1)].append(subnet)
    chosen = [stratum.pop(0) for stratum in strata if stratum]
    while len(chosen) < count and any(strata):
        chosen.append(max(strata, key=len).pop(0))
    return [Drawn(subnet, "stratified") for subnet in sorted(chosen, key=lambda s: s.macs)]


def band(space: tn.SearchSpace, count: int, seed: int, taken: set[str]) -> list[Drawn]:
    """Networks whose MACs lie within 5 % of the median of uniform draws."""
    draws = [space.sample(seed * MOST_DRAWS + MOST_DRAWS // 2 + i) for i in range(MOST_DRAWS // 2)]
    middle = math.log(sorted(s.macs for s in draws)[len(draws) // 2])
    chosen: dict[str, tn.Subnet] = {}
    for subnet in draws:
        if len(chosen) == count:
            break
        if abs(math.log(subnet.macs) - middle) <= BAND and subnet.id not in taken:
            chosen.setdefault(subnet.id, subnet)
    return [Drawn(subnet, "band") for subnet in chosen.values()]
