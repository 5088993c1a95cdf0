"""What schedule and search buy, each alone and together: {TensorFlow Lite Micro's memory, the
published scheduler, ours} x {MobileNetV2 scaled by hand, search} at some sizes of the arena.

    scripts/codesign --out DIR [--space fashion-mnist] [--supernet FILE.pt] [--data PATH]
                     [--arenas 64 24 10 6.5 4.5 2.5] [--weights 184]
                     [--hand-scaled mobilenetv2-28px] [--epochs 20] [--learning-rates 0.1 0.2 0.4]
                     [--measurements 120] [--seed 0] [--finetune] [--searches-only]
                     [-- TRAIN OPTIONS]

Flash is what --weights says and what each runtime counts as code for the largest network of the
space, so that code plays no part. Scaled by hand: the width and resolution with the most MACs that
fit, trained alone with the supernet's recipe, learning rate tuned on validation images. Search: the
supernet's weights; with --finetune the winner is also trained on (`tinynas train --finetune`). Test
images are used once, for what is printed. What is finished in DIR is skipped, so the command can be
killed and given again. Writes DIR/codesign.json and DIR/codesign.md, prints the latter."""

from __future__ import annotations

import argparse
import json
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import tinynas as tn
from hand_scaled import genes_of, largest_that_fits
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

MCU = "stm32g031k8"  # whose core and reserves count; its SRAM and flash do not
RULES = {
    "tflm": "TensorFlow Lite Micro",
    "tinyengine": "published scheduler",
    "tinynas": "ours",
}


@dataclass(frozen=True)
class Cell:
    """One arena under one runtime's rules."""

    arena_kib: float
    runtime: str
    flash: int  # bytes, code included

    @property
    def sram(self) -> int:
        """Bytes of a part whose arena is as large as asked, reserves apart."""
        reserved = tn.Budget(MCU, runtime=self.runtime).reserved_sram_bytes
        return int(self.arena_kib * 1024) + reserved


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="scripts/codesign",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--out", required=True, metavar="DIR", type=Path)
    parser.add_argument("--space", default="fashion-mnist", help="that has a supernet")
    parser.add_argument("--supernet", metavar="FILE.pt", help="default: the space's shipped one")
    parser.add_argument("--data", metavar="PATH", help="of fashion-mnist the default: Debian's")
    parser.add_argument("--hand-scaled", default="mobilenetv2-28px", metavar="SPACE")
    parser.add_argument(
        "--arenas", type=float, nargs="+", default=[64, 24, 10, 6.5, 4.5, 2.5], metavar="KIB"
    )
    parser.add_argument(
        "--weights", type=float, default=184, metavar="KIB", help="flash beside the runtime's code"
    )
    parser.add_argument("--recipe", default="default", help="of the trainings, as ours has it")
    parser.add_argument("--epochs", type=float, default=20, help="of the trainings")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--learning-rates", type=float, nargs="+", default=[0.1, 0.2, 0.4])
    parser.add_argument("--measurements", type=int, default=120, help="of each search")
    parser.add_argument("--finetune", action="store_true", help="the winners, too")
    parser.add_argument("--searches-only", action="store_true", help="nothing scaled by hand")
    parser.add_argument("--side-by-side", type=int, default=2, help="trainings, a core each")
    options = parse_with_train_options(parser)
    if options.space == "fashion-mnist" and not options.data:
        options.data = FASHION_MNIST  # the trainings are of another space, which has no default
    return options


def data_arguments(options: argparse.Namespace) -> list[str]:
    return ["--data", options.data] if options.data else []


def search(cell: Cell, options: argparse.Namespace) -> dict[str, Any] | None:
    """The `best` of one search, or None where nothing fits."""
    folder = options.out / f"search-{cell.runtime}-{cell.arena_kib:g}KiB-seed{options.seed}"
    command = [str(PROGRAM), "search", "--mcu", MCU, "--runtime", cell.runtime, "--json"]
    command += ["--sram", str(cell.sram), "--flash", str(cell.flash)]
    command += ["--space", options.space, "--seed", str(options.seed), "--run-dir", str(folder)]
    command += [*data_arguments(options), "--measurements", str(options.measurements)]
    if options.supernet:
        command += ["--supernet", options.supernet]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode not in (0, 3):
        raise stop(f"{folder}: the search ended with {done.returncode}", done.returncode)
    document = json.loads(done.stdout)
    assert document["mcu"]["sram_budget_bytes"] == int(cell.arena_kib * 1024), document["mcu"]
    best: dict[str, Any] | None = document["best"]
    if best is None or not options.finetune:
        return best
    command = [str(PROGRAM), "train", "--finetune", str(folder), *data_arguments(options)]
    done = subprocess.run(command, stdout=subprocess.DEVNULL, text=True, check=False)
    if done.returncode != 0:
        raise stop(f"{folder}: fine-tuning ended with {done.returncode}", done.returncode)
    finetuned = json.loads((folder / "best" / "finetuned.json").read_text())
    kept = next(s for s in finetuned["stages"] if s["name"] == finetuned["kept"])
    return {**best, "finetuned": kept}


def train(
    subnets: dict[Cell, tn.Subnet], options: argparse.Namespace
) -> dict[tn.Subnet, dict[str, Any]]:
    """Of each network the training whose learning rate validation images prefer."""

    def training(subnet: tn.Subnet, rate: float) -> Training:
        arguments = ["--recipe", options.recipe, "--epochs", f"{options.epochs:g}"]
        arguments += ["--space", options.hand_scaled, "--subnet", genes_of(subnet)]
        arguments += ["--learning-rate", f"{rate:g}", "--seed", str(options.seed)]
        arguments += [*data_arguments(options), *options.train_options]
        name = f"{options.hand_scaled}-{subnet.id}-rate{rate:g}-seed{options.seed}"
        return Training(options.out / name, tuple(arguments))

    # Cells may share a network.
    every = list(dict.fromkeys(subnets.values()))
    tried = {
        subnet: [training(subnet, rate) for rate in options.learning_rates] for subnet in every
    }
    run_all([one for group in tried.values() for one in group], options.side_by_side, True)

    def validation(one: Training) -> float:
        accuracy: float = -1 if one.diverged else one.result["accuracy"]["validation"]
        return accuracy

    return {subnet: max(group, key=validation).result for subnet, group in tried.items()}


def shown(share: float | None) -> str:
    return "-" if share is None else f"{100 * share:.2f} %"


def rows_of(options: argparse.Namespace) -> list[dict[str, Any]]:
    space = tn.Supernet(options.supernet or options.space, data=options.data).space
    classes, largest = space.classes, space.largest()
    cells = []
    for runtime in RULES:
        plan = largest.plan(mcu=MCU, runtime=runtime).to_dict()
        flash = int(options.weights * 1024) + plan["flash"]["code_bytes"]
        cells += [Cell(arena, runtime, flash) for arena in options.arenas]
    cells.sort(key=lambda cell: options.arenas.index(cell.arena_kib))
    subnets: dict[Cell, tn.Subnet] = {}
    for cell in [] if options.searches_only else cells:
        limits = {"mcu": MCU, "sram": cell.sram, "flash": cell.flash, "runtime": cell.runtime}
        subnet = largest_that_fits(options.hand_scaled, classes, largest.resolution, **limits)
        if subnet is not None:
            subnets[cell] = subnet
    found = {cell: search(cell, options) for cell in cells}
    trained = train(subnets, options)
    rows = []
    for cell in cells:
        by_hand = trained[subnets[cell]] if cell in subnets else None
        rows.append(
            {
                "arena_kib": cell.arena_kib,
                "runtime": cell.runtime,
                "hand_scaled": by_hand
                and {**by_hand["accuracy"], "macs": by_hand["network"]["macs"]},
                "search": found[cell],
            }
        )
    return rows


def markdown(rows: list[dict[str, Any]], options: argparse.Namespace) -> str:
    by_hand_header = ["MobileNetV2 scaled by hand", "its MACs"]
    header = ["arena", "rules", *([] if options.searches_only else by_hand_header), "search"]
    header += ["fine-tuned"] if options.finetune else []
    header += ["its peak SRAM, bytes", "its MACs"]
    lines = []
    for row in rows:
        by_hand, best = row["hand_scaled"], row["search"]
        line = [f"{row['arena_kib']:g} KiB", RULES[row["runtime"]]]
        if by_hand:
            line += [shown(by_hand["test_int8"]), f"{by_hand['macs']:,}"]
        elif not options.searches_only:
            line += ["none fits", "-"]
        line += [shown(best["accuracy"]["test_int8"]) if best else "none fits"]
        if options.finetune:
            line += [shown(best["finetuned"]["test_int8"]) if best else "-"]
        line += [f"{best['peak_sram_bytes']:,}", f"{best['macs']:,}"] if best else ["-", "-"]
        lines.append(line)
    rates = ", ".join(f"{rate:g}" for rate in options.learning_rates)
    by_hand_text = (
        f"By hand: {options.hand_scaled} trained alone, recipe {options.recipe}, "
        f"{options.epochs:g} epochs, learning rate of {rates}. "
    )
    return (
        f"Int8 test accuracy, space {options.space}, seed {options.seed}; flash: "
        f"{options.weights:g} KiB beside code. "
        f"{'' if options.searches_only else by_hand_text}Search: supernet weights.\n\n"
        + table(header, lines)
    )


def main() -> None:
    options = parse()
    try:
        rows = rows_of(options)
    except (tn.TinynasError, ValueError) as error:
        raise stop(str(error)) from None
    document = {"format": "tinynas-codesign", "format_version": 1, "rows": rows}
    write_atomic(options.out / "codesign.json", json.dumps(document, indent=2) + "\n")
    text = markdown(rows, options)
    write_atomic(options.out / "codesign.md", text)
    print(text, end="")


if __name__ == "__main__":
    main()
