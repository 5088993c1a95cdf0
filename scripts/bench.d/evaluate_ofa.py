"""Subnets measured a second: ours against once-for-all's Python evaluation of the same networks.

    OFA_DIR=CHECKOUT evaluate_ofa.py TINYNAS

The space is once-for-all's ProxylessNAS at width 0.5 and 48 px (kernels 3 to 7, ratios 3 to 6,
depths 2 to 4), weights are random, images noise: neither matters for speed. Both do the same work
for each subnet: set and cut it out, BN statistics from 128 images, 1,000 images measured. Of
once-for-all: set_active_subnet, get_active_subnet, set_running_statistics, forward in batches of
128; its image loaders (which need torchvision) are left out. Least of all rounds; time on cores
tells apart on a busy machine too."""

from __future__ import annotations

import os
import random
import struct
import subprocess
import sys
import tempfile
import time
import types
from collections.abc import Callable
from pathlib import Path
from typing import Any

import tinynas as tn
import torch

SUBNETS, CALIBRATION, IMAGES, BATCH, ROUNDS = 8, 128, 1000, 128, 3
SIDE, CLASSES, WIDTH = 48, 10, 0.5
KERNELS, RATIOS, DEPTHS = [3, 5, 7], [3, 4, 6], [2, 3, 4]
STAGES = [(24, 2), (40, 2), (80, 2), (96, 1), (192, 2)]
TRAINED, TESTED = 14_500, 200  # images; validation and calibration are dealt from the first


def space_toml() -> str:
    text = (
        f'name = "ofa-proxyless"\ndescription = "as once-for-all has it"\nimage_channels = 3\n'
        f"classes = {CLASSES}\nresolutions = [{SIDE}]\nchannel_divisor = 8\nwidth = [{WIDTH}]\n"
        "[stem]\nchannels = 32\nkernel = 3\nstride = 2\n"
        "[[stage]]\nchannels = 16\nstride = 1\ndepth = [1]\nkernel = [3]\nexpand = [1]\n"
    )
    for channels, stride, depth in [*((c, s, DEPTHS) for c, s in STAGES), (320, 1, [1])]:
        text += (
            f"[[stage]]\nchannels = {channels}\nstride = {stride}\ndepth = {depth}\n"
            f"kernel = {KERNELS}\nexpand = {RATIOS}\n"
        )
    return text + "[head]\nchannels = 1280\n"


def write_images(folder: Path) -> None:
    """Noise in idx files."""
    chance = random.Random(0)
    folder.mkdir()
    for part, count in (("train", TRAINED), ("t10k", TESTED)):
        pixels = chance.randbytes(count * SIDE * SIDE)
        head = struct.pack(">IIII", 0x803, count, SIDE, SIDE)
        (folder / f"{part}-images-idx3-ubyte").write_bytes(head + pixels)
        labels = bytes(i % CLASSES for i in range(count))
        head = struct.pack(">II", 0x801, count)
        (folder / f"{part}-labels-idx1-ubyte").write_bytes(head + labels)


def our_supernet(program: str, folder: Path) -> tn.Supernet:
    """After two steps of training."""
    (folder / "space.toml").write_text(space_toml())
    write_images(folder / "images")
    command = [program, "train", "--space", str(folder / "space.toml")]
    command += ["--data", str(folder / "images"), "--out", str(folder / "supernet")]
    command += ["--epochs", "0.01", "--batch", "64"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise SystemExit(f"evaluate_ofa: {done.stderr}")
    return tn.Supernet(folder / "supernet" / "supernet.pt", data=folder / "images", threads=1)


def best_seconds(work: Callable[[], object]) -> tuple[float, float]:
    passed, on_cores = [], []
    for _ in range(ROUNDS):
        start, start_on_cores = time.perf_counter(), time.process_time()
        work()
        passed.append(time.perf_counter() - start)
        on_cores.append(time.process_time() - start_on_cores)
    return min(passed), min(on_cores)


class OnceForAll:
    def __init__(self, checkout: str) -> None:
        sys.path.insert(0, checkout)
        sys.modules["ofa.utils.my_dataloader"] = types.ModuleType("ofa.utils.my_dataloader")
        from ofa.imagenet_classification.elastic_nn.networks import OFAProxylessNASNets
        from ofa.imagenet_classification.elastic_nn.utils import set_running_statistics

        self.set_running_statistics = set_running_statistics
        self.net: Any = OFAProxylessNASNets(
            n_classes=CLASSES,
            width_mult=WIDTH,
            ks_list=KERNELS,
            expand_ratio_list=RATIOS,
            depth_list=DEPTHS,
        )
        noise = torch.Generator().manual_seed(0)
        shape = (CALIBRATION + IMAGES, 3, SIDE, SIDE)
        images = torch.randn(shape, generator=noise)
        self.calibration = [(x, None) for x in images[:CALIBRATION].split(BATCH)]
        self.batches = images[CALIBRATION:].split(BATCH)

    def choose(self, subnet: tn.Subnet) -> Any:
        """Its depth comes from genes; kernels and ratios of blocks that are left out do not
        matter. Our stage 0 is its fixed first block."""
        genes = subnet.choices
        depths = [int(genes[f"stage{s + 1}.depth"]) for s in range(len(STAGES))] + [1]
        kernels, ratios = [], []
        for stage, most in enumerate([max(DEPTHS)] * len(STAGES) + [1], start=1):
            for block in range(most):
                kernels.append(int(genes.get(f"stage{stage}.block{block}.kernel", 3)))
                ratios.append(int(genes.get(f"stage{stage}.block{block}.expand", 3)))
        self.net.set_active_subnet(ks=kernels, e=ratios, d=depths)
        return self.net.get_active_subnet(preserve_weight=True)

    def evaluate(self, subnet: tn.Subnet) -> float:
        network = self.choose(subnet)
        self.set_running_statistics(network, self.calibration)
        network.eval()
        total = 0.0
        with torch.no_grad():
            for batch in self.batches:
                total += float(network(batch).argmax(1).sum())
        return total


def parameters(network: Any) -> int:
    """As tinynas counts them: weights, and a bias a channel."""
    count = 0
    for module in network.modules():
        if isinstance(module, torch.nn.Conv2d):
            count += module.weight.numel() + module.out_channels
        elif isinstance(module, torch.nn.Linear):
            count += module.weight.numel() + module.out_features
    return count


def row(name: str, ours: tuple[float, float], theirs: tuple[float, float]) -> None:
    print(
        f"{name:46} {SUBNETS / ours[0]:7.2f} subnets/s {theirs[0] / ours[0]:5.2f} x "
        f"{SUBNETS / ours[1]:8.2f} a core-second {theirs[1] / ours[1]:5.2f} x"
    )


def main() -> None:
    peer = OnceForAll(os.environ["OFA_DIR"])
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as folder:
        supernet = our_supernet(sys.argv[1], Path(folder))
        subnets = [supernet.space.sample(seed) for seed in range(SUBNETS)]
        for subnet in subnets:
            if parameters(peer.choose(subnet)) != subnet.params:
                raise SystemExit(f"evaluate_ofa: {subnet} is another network there")

        def ours() -> None:
            supernet.evaluate(subnets, recalibration_images=CALIBRATION, images=IMAGES)

        ours()  # images and the largest subnet's softmax are kept from here on
        theirs = best_seconds(lambda: [peer.evaluate(subnet) for subnet in subnets])
        print(
            f"{SUBNETS} random subnets of once-for-all's ProxylessNAS, width {WIDTH}, {SIDE} px, "
            f"{CALIBRATION} + {IMAGES} images each, best of {ROUNDS} rounds"
        )
        row("once-for-all, Python, 1 thread", theirs, theirs)
        row("supernet evaluator, 1 thread", best_seconds(ours), theirs)


if __name__ == "__main__":
    main()
