"""A folder of small pictures of lines, and a search space for it: trainings take seconds."""

from __future__ import annotations

import random
import struct
import zlib
from pathlib import Path

SPACE = """
name = "shapes"
description = "tiny networks for pictures of shapes"
image_channels = 1
classes = 3
resolutions = [8, 10]
channel_divisor = 2
[stem]
channels = 6
width = [0.5, 1.0]
kernel = 3
stride = 1
[[stage]]
channels = 8
width = [0.5, 1.0]
stride = 2
depth = [1, 2]
kernel = [3, 5]
expand = [2, 3]
[head]
channels = 16
width = [1.0]
"""
SIDE = 12
RECIPE = """
description = "as default.toml, shorter and without flips"
[augmentation]
shift = 1
[[phase]]
name = "largest"
epochs = 2
subnets = ["largest"]
schedule = "constant"
[[phase]]
name = "sandwich"
epochs = 3
sort_channels = true
subnets = ["largest", "smallest", "random", "random"]
teacher = "in-place"
elastic = { resolution = "all", width = "all", depth = "all", kernel = "all", expand = "all" }
"""


def png(rows: list[list[int]]) -> bytes:
    """Grey, 8 bits: as small a PNG as the format allows."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        check = struct.pack(">I", zlib.crc32(kind + body))
        return struct.pack(">I", len(body)) + kind + body + check

    head = struct.pack(">IIBBBBB", len(rows[0]), len(rows), 8, 0, 0, 0, 0)
    scanlines = b"".join(b"\0" + bytes(row) for row in rows)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", head)
        + chunk(b"IDAT", zlib.compress(scanlines))
        + chunk(b"IEND", b"")
    )


def picture(kind: str, chance: random.Random) -> list[list[int]]:
    rows = [[chance.randrange(60) for _ in range(SIDE)] for _ in range(SIDE)]
    at = chance.randrange(3, SIDE - 3)
    for i in range(SIDE):
        bright = chance.randrange(180, 256)
        if kind in ("across", "cross"):
            rows[at][i] = bright
        if kind in ("down", "cross"):
            rows[i][at] = bright
    return rows


def write_shapes(root: Path, train: int = 80) -> list[tuple[str, list[list[int]]]]:
    """data/PART/CLASS/*.png, shapes.toml and recipe.toml in `root`; returns the test pictures.
    `train` is how many a class has for training."""
    chance = random.Random(0)
    tested: list[tuple[str, list[list[int]]]] = []
    for part, count in (("train", train), ("test", 20)):
        for kind in ("across", "cross", "down"):
            target = root / "data" / part / kind
            target.mkdir(parents=True)
            for i in range(count):
                rows = picture(kind, chance)
                (target / f"{i}.png").write_bytes(png(rows))
                if part == "test":
                    tested.append((kind, rows))
    (root / "shapes.toml").write_text(SPACE)
    (root / "recipe.toml").write_text(RECIPE)
    return tested
