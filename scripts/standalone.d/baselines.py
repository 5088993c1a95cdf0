"""Published networks trained alone with the same budget, data and augmentation.

    scripts/baselines --out DIR [--data PATH] [--image-size N] [--epochs 20] [--seeds 3]
                      [--tuning-epochs N] [--recipe NAME|FILE.toml] [--ours FOLDER...]
                      [--mcu NAME] [--sram SIZE] [--flash SIZE] --networks NETWORK...
                      [-- TRAIN OPTIONS]

A NETWORK is one of configs/networks (resnet8, dscnn, FILE.toml); a published MCUNet, whose layer
table must be at hand (../shared/reference/networks), at its own resolution
or another one (mcunet-in0, mcunet-vww1@64); a space, whose network with the most
MACs that fits the part is taken (mobilenetv2, proxyless); or SPACE:GENES, SPACE:FILE. The learning
rate is tuned on validation images with seed 0, in as many epochs or in --tuning-epochs. What is
finished in DIR is skipped, so the command can be killed and given again. Each FOLDER of --ours is
one seed of ours: what `tinynas train --subnet` wrote, or a run, fine-tuned or not. Writes
DIR/baselines.json and DIR/baselines.md, prints the latter."""

from __future__ import annotations

import argparse
import json
import math
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import tinynas as tn
from hand_scaled import genes_of, largest_that_fits
from published import SPACE as PUBLISHED_SPACE
from published import published_genes, published_names
from scipy import stats
from trainings import (
    FASHION_MNIST,
    PROGRAM,
    Training,
    parse_with_train_options,
    run_all,
    stop,
    table,
    write_atomic,
)


@dataclass(frozen=True)
class Network:
    name: str
    arguments: tuple[str, ...]  # of tinynas train: which network


def fitting(name: str, options: argparse.Namespace) -> Network:
    if not options.mcu:
        raise stop(f"--networks: what of space '{name}' fits depends on --mcu")
    limits = {"mcu": options.mcu, "sram": options.sram, "flash": options.flash}
    try:
        best = largest_that_fits(name, options.classes, options.image_size, **limits)
    except ValueError as error:
        raise stop(f"--networks: {error}; name SPACE:GENES") from None
    if best is None:
        raise stop(f"--networks: nothing of space '{name}' fits", 3)
    return Network(name, ("--space", name, "--subnet", genes_of(best)))


def find_network(name: str, options: argparse.Namespace) -> Network:
    family, _, resolution = name.partition("@")
    if family in published_names():
        genes = published_genes(family)
        if resolution:
            genes = re.sub(r"\bresolution=\d+", f"resolution={resolution}", genes)
        return Network(name, ("--space", PUBLISHED_SPACE, "--subnet", genes))
    if name in tn.list_spaces():
        return fitting(name, options)
    space, colon, genes = name.partition(":")
    if colon:
        return Network(name, ("--space", space, "--subnet", genes))
    return Network(name, ("--network", name))


def folder_name(network: Network, rate: float, seed: int, epochs: float) -> str:
    plain = re.sub(r"[^A-Za-z0-9._@-]+", "-", network.name).strip("-")[:60]
    return f"{plain}-rate{rate:g}-seed{seed}-epochs{epochs:g}"


@dataclass
class Accuracies:
    """Of the same network, one a seed."""

    name: str
    test: list[float]
    test_int8: list[float]
    peak_sram_bytes: int
    flash_bytes: int
    macs: int
    params: int
    seconds: float  # of one training, mean
    rate: float | None = None


def ours(folders: list[str]) -> Accuracies | None:
    found: Accuracies | None = None
    for folder in map(Path, folders):
        if (folder / "result.json").is_file() and (folder / "best" / "finetuned.json").is_file():
            document = json.loads((folder / "best" / "finetuned.json").read_text())
            kept = next(s for s in document["stages"] if s["name"] == document["kept"])
            best = json.loads((folder / "result.json").read_text())["best"]
            about = planned = best  # as the search planned it, for its budget
        elif (folder / "result.json").is_file():
            document = json.loads((folder / "result.json").read_text())
            if document.get("format") == "tinynas-standalone":
                kept, about = document["accuracy"], document["network"]
                planned = plan(folder / "model.tflite")
            elif document.get("best"):
                about = planned = document["best"]  # with the supernet's weights
                kept = about["accuracy"]
            else:
                raise stop(f"--ours: {folder} is a search in which nothing fits")
        else:
            raise stop(f"--ours: {folder} holds neither a training nor a finished search")
        if found is None:
            needs = planned["peak_sram_bytes"], planned["flash_bytes"]
            found = Accuracies("ours", [], [], *needs, about["macs"], about["params"], 0)
        found.test.append(kept["test"])
        found.test_int8.append(kept["test_int8"])
        found.seconds += document.get("seconds", 0.0) / len(folders)  # a search has none
    return found


def difference(a: list[float], b: list[float]) -> dict[str, float] | None:
    """Mean of a minus mean of b, in points, and half of its 95 % interval: Welch's, or with the one
    deviation that is known for both; nothing where none is known."""
    spread = [float(np.var(x, ddof=1)) if len(x) > 1 else None for x in (a, b)]
    known = [variance for variance in spread if variance is not None]
    if not known:
        return None
    parts = []
    for values, variance in zip((a, b), spread, strict=True):
        parts.append((known[0] if variance is None else variance) / len(values))
    error = math.sqrt(sum(parts))
    if len(known) == 2 and error > 0:
        freedom = sum(parts) ** 2 / sum(
            part**2 / (len(x) - 1) for part, x in zip(parts, (a, b), strict=True)
        )
    else:
        freedom = max(len(a), len(b)) - 1
    half = float(stats.t.ppf(0.975, freedom)) * error
    return {"points": 100 * float(np.mean(a) - np.mean(b)), "half": 100 * half}


def plan(model: Path) -> dict[str, Any]:
    done = subprocess.run(
        [str(PROGRAM), "plan", str(model), "--json"], capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        raise stop(f"{model}: {done.stderr.strip()}", done.returncode)
    document: dict[str, Any] = json.loads(done.stdout)
    return document


def shown_mean(values: list[float]) -> str:
    text = f"{100 * float(np.mean(values)):.2f}"
    return text + (f" ± {100 * float(np.std(values, ddof=1)):.2f}" if len(values) > 1 else "")


def shown_difference(found: dict[str, float] | None) -> str:
    return "-" if found is None else f"{found['points']:+.2f} ± {found['half']:.2f}"


def row_of(one: Accuracies, reference: Accuracies | None) -> dict[str, Any]:
    against = reference if reference is not one else None
    return {
        "network": one.name,
        "learning_rate": one.rate,
        "test": one.test,
        "test_int8": one.test_int8,
        "difference": difference(against.test, one.test) if against else None,
        "difference_int8": difference(against.test_int8, one.test_int8) if against else None,
        "peak_sram_bytes": one.peak_sram_bytes,
        "flash_bytes": one.flash_bytes,
        "macs": one.macs,
        "params": one.params,
        "hours": one.seconds / 3600,
    }


def markdown(rows: list[dict[str, Any]], options: argparse.Namespace, hours: float) -> str:
    rates = ", ".join(f"{rate:g}" for rate in options.learning_rates)
    text = (
        f"Recipe {options.recipe}, {options.epochs:g} epochs, learning rate tuned on validation "
        f"images over {rates} in {options.tuning_epochs:g} epochs, {options.seeds} seeds; "
        f"{hours:.2f} hours in all. Test accuracy in %: mean ± deviation over seeds. "
        "Differences: ours minus theirs, in points, with 95 % confidence.\n\n"
    )
    header = ["network", "float", "int8", "ours better by", "in int8", "SRAM KiB", "flash KiB"]
    header += ["MACs", "parameters", "learning rate", "seeds", "hours each"]
    lines = [
        [
            row["network"],
            shown_mean(row["test"]),
            shown_mean(row["test_int8"]),
            shown_difference(row["difference"]),
            shown_difference(row["difference_int8"]),
            f"{row['peak_sram_bytes'] / 1024:.1f}",
            f"{row['flash_bytes'] / 1024:.1f}",
            f"{row['macs']:,}",
            f"{row['params']:,}",
            "-" if row["learning_rate"] is None else f"{row['learning_rate']:g}",
            str(len(row["test"])),
            f"{row['hours']:.2f}" if row["hours"] else "-",
        ]
        for row in rows
    ]
    return text + table(header, lines)


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="scripts/baselines",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--out", required=True, metavar="DIR")
    parser.add_argument("--networks", required=True, nargs="+", metavar="NETWORK")
    parser.add_argument(
        "--data", metavar="PATH", default=FASHION_MNIST, help="default: Debian's Fashion-MNIST"
    )
    parser.add_argument("--classes", type=int, default=10, help="of the data, for what fits")
    parser.add_argument("--image-size", type=int, help="that our supernet sees, in pixels")
    parser.add_argument("--recipe", default="default", help="of every training, as ours has it")
    parser.add_argument("--epochs", type=float, default=20)
    parser.add_argument("--tuning-epochs", type=float, help="default: --epochs")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--learning-rates", type=float, nargs="+", default=[0.1, 0.2, 0.4])
    parser.add_argument("--ours", nargs="+", default=[], metavar="FOLDER")
    parser.add_argument("--mcu", metavar="NAME", help="part that a space's network fits")
    parser.add_argument("--sram", metavar="SIZE", help="of that part, instead of its own")
    parser.add_argument("--flash", metavar="SIZE", help="likewise")
    parser.add_argument("--side-by-side", type=int, default=2, help="trainings, a core each")
    options = parse_with_train_options(parser)
    if options.seeds < 1 or options.side_by_side < 1:
        parser.error("at least 1 seed and 1 training at a time")
    options.tuning_epochs = options.tuning_epochs or options.epochs
    return options


def main() -> None:
    options = parse()
    shared = ["--recipe", options.recipe, "--data", options.data]
    if options.image_size:
        shared += ["--image-size", str(options.image_size)]
    try:
        networks = [find_network(name, options) for name in options.networks]
    except tn.TinynasError as error:
        raise stop(str(error)) from None
    reference = ours(options.ours)

    def training(network: Network, rate: float, seed: int, epochs: float) -> Training:
        arguments = [*shared, "--epochs", f"{epochs:g}", *network.arguments]
        arguments += ["--learning-rate", f"{rate:g}", "--seed", str(seed), *options.train_options]
        folder = folder_name(network, rate, seed, epochs)
        return Training(Path(options.out) / folder, tuple(arguments))

    def tuning_of(network: Network, rate: float) -> Training:
        return training(network, rate, 0, options.tuning_epochs)

    def validation(network: Network, rate: float) -> float:
        one = tuning_of(network, rate)
        accuracy: float = -1 if one.diverged else one.result["accuracy"]["validation"]
        return accuracy

    rates = options.learning_rates
    tuning = [tuning_of(network, rate) for network in networks for rate in rates]
    run_all(tuning, options.side_by_side, may_diverge=True)
    best = {n: max(rates, key=lambda rate: validation(n, rate)) for n in networks}
    chosen = {
        network: [
            training(network, best[network], seed, options.epochs) for seed in range(options.seeds)
        ]
        for network in networks
    }
    run_all([one for group in chosen.values() for one in group], options.side_by_side)

    found = [reference] if reference else []
    for network, group in chosen.items():
        results = [one.result for one in group]
        planned = plan(group[0].folder / "model.tflite")
        found.append(
            Accuracies(
                network.name,
                [result["accuracy"]["test"] for result in results],
                [result["accuracy"]["test_int8"] for result in results],
                planned["peak_sram_bytes"],
                planned["flash_bytes"],
                results[0]["network"]["macs"],
                results[0]["network"]["params"],
                float(np.mean([result["seconds"] for result in results])),
                best[network],
            )
        )
    rows = [row_of(one, reference) for one in found]
    every = {one.folder: one for one in [*tuning, *(t for g in chosen.values() for t in g)]}
    every = {folder: one for folder, one in every.items() if one.finished}
    hours = sum(one.result["seconds"] for one in every.values()) / 3600
    document = {
        "format": "tinynas-baselines",
        "format_version": 1,
        "recipe": options.recipe,
        "epochs": options.epochs,
        "tuning_epochs": options.tuning_epochs,
        "learning_rates": rates,
        "seeds": options.seeds,
        "train_options": options.train_options,
        "networks": {network.name: list(network.arguments) for network in networks},
        "hours": hours,
        "rows": rows,
    }
    out = Path(options.out)
    write_atomic(out / "baselines.json", json.dumps(document, indent=2) + "\n")
    text = markdown(rows, options, hours)
    write_atomic(out / "baselines.md", text)
    print(text, end="")


if __name__ == "__main__":
    main()
