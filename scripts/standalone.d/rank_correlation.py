"""Kendall's tau-b of what a supernet says of networks with what they reach when trained alone.

    scripts/rank_correlation --out DIR [--supernet FILE.pt] [--space NAME|FILE.toml] [--data PATH]
                             [--subnets 24] [--band 16] [--seeds 2] [--epochs 3]
                             [--only stratified|band] [--recipe NAME|FILE.toml]
                             [--beside OTHER-DIR] [-- TRAIN OPTIONS]

Networks are drawn in equal steps of log MACs, others within 5 % of one number of MACs; with --only
one kind of these counts, of the same draw (more epochs tell near networks apart). With --beside
another DIR ranks them, too, where the same networks were trained otherwise (for fewer epochs, say).
Each is trained with `tinynas train --subnet`, once a seed. What is finished in DIR is skipped, so
the command can be killed and given again. Writes DIR/ranking.json and DIR/ranking.md, prints the
latter. TRAIN OPTIONS go to every training."""

from __future__ import annotations

import argparse
import hashlib
import json
import math
import sys
from pathlib import Path
from typing import Any

import numpy as np
import tinynas as tn
from drawing import Drawn, band, stratified
from ranking import ceiling, ceiling_interval, interval, tau_b
from tinynas._core import predict_scores
from trainings import Training, run_all, stop, table, write_atomic

RECALIBRATION = [64, 128, 256, 512, 1024, 2048]
VALIDATION = [250, 500, 1000, 2000, 5000]
REPORTED = (0, 0)  # recalibration and validation images: all
SEARCHED = (128, 1000)  # as a search ranks
SURROGATE_TRIALS = 60
Fidelity = tuple[int, int]


class Measured:
    """What the supernet says of the drawn networks, kept in measured.json."""

    def __init__(self, supernet: tn.Supernet, drawn: list[Drawn], path: Path) -> None:
        self.supernet = supernet
        self.subnets = [one.subnet for one in drawn]
        self.path = path
        digest = hashlib.sha256(Path(supernet.path).read_bytes()).hexdigest()
        self.key = {"supernet": digest, "ids": [subnet.id for subnet in self.subnets]}
        self.found: dict[str, Any] = {}
        if path.is_file():
            before = json.loads(path.read_text())
            if before.pop("key") == self.key:
                self.found = before

    def at(self, fidelity: Fidelity) -> dict[str, list[float]]:
        name = f"{fidelity[0]}+{fidelity[1]}"
        if name not in self.found:
            print(f"supernet at {name} images (0: all)", file=sys.stderr)
            measurements = self.supernet.evaluate(
                self.subnets, recalibration_images=fidelity[0], images=fidelity[1]
            )
            self.found[name] = {
                "score": [m.score for m in measurements],
                "accuracy": [m.accuracy for m in measurements],
                "images": measurements[0].images,
            }
            self.save()
        found: dict[str, list[float]] = self.found[name]
        return found

    def surrogate(self, seed: int) -> tuple[list[float], list[float]]:
        """The search's model of the drawn networks, fitted to others as a search measures them:
        what it predicts of them, and what it believes once they are measured, too."""
        if "believed" not in self.found:
            print(f"surrogate on {SURROGATE_TRIALS} other networks", file=sys.stderr)
            ours = {subnet.id for subnet in self.subnets}
            others: dict[str, tn.Subnet] = {}
            draw = 0
            while len(others) < SURROGATE_TRIALS:
                subnet = self.supernet.space.sample(10**9 + 10**6 * seed + draw)
                draw += 1
                if subnet.id not in ours:
                    others.setdefault(subnet.id, subnet)
                if draw > 100 * SURROGATE_TRIALS:
                    raise stop("the space is too small for a surrogate and networks to rank")
            trials = [*others.values(), *self.subnets]
            scores = self.supernet.evaluate(
                trials, recalibration_images=SEARCHED[0], images=SEARCHED[1]
            )
            self.found["predicted"] = predict_scores(
                trials[:SURROGATE_TRIALS], scores[:SURROGATE_TRIALS], self.subnets
            )
            self.found["believed"] = predict_scores(trials, scores, self.subnets)
            self.save()
        return self.found["predicted"], self.found["believed"]

    def save(self) -> None:
        write_atomic(self.path, json.dumps({"key": self.key, **self.found}) + "\n")


def draw(options: argparse.Namespace, space: tn.SearchSpace) -> list[Drawn]:
    drawn = stratified(space, options.subnets, options.seed)
    drawn += band(space, options.band, options.seed, {one.subnet.id for one in drawn})
    if len(drawn) < options.subnets + options.band:
        print(f"the space gave {len(drawn)} networks only", file=sys.stderr)
    return [one for one in drawn if options.only in (None, one.kind)]


def trainings_of(
    options: argparse.Namespace, drawn: list[Drawn], supernet: tn.Supernet
) -> list[list[Training]]:
    """By seed, then in the order of `drawn`."""
    shared = ["--space", options.space, "--epochs", f"{options.epochs:g}"]
    if options.recipe:
        shared += ["--recipe", options.recipe]
    if options.data:
        shared += ["--data", options.data]
    if tn.SearchSpace(options.space).hash != supernet.space.hash:
        raise stop(f"--space: {options.space} is not the space of {supernet.path}")
    return [
        [
            Training(
                Path(options.out) / "trainings" / f"{one.subnet.id}-{seed}",
                (*shared, "--subnet", one.genes, "--seed", str(seed), *options.train_options),
            )
            for one in drawn
        ]
        for seed in range(options.seeds)
    ]


class Beside:
    """What a finished DIR says of the same networks."""

    def __init__(self, folder: str, drawn: list[Drawn]) -> None:
        path = Path(folder) / "ranking.json"
        try:
            document = json.loads(path.read_text())
            found = {one["id"]: float(np.mean(one["test"])) for one in document["trained"]}
            epochs, seeds = float(document["epochs"]), int(document["seeds"])
        except OSError as error:
            raise stop(f"--beside: {path}: {error.strerror}; give a DIR that is finished") from None
        except (ValueError, KeyError, TypeError):
            raise stop(f"--beside: {path}: no ranking that this script wrote") from None
        missing = [one.subnet.id for one in drawn if one.subnet.id not in found]
        if missing:
            raise stop(
                f"--beside: {path}: has no network {missing[0]}; give a DIR of the same --space, "
                "--subnets, --band and --seed"
            )
        self.name = f"trained alone for {epochs:g} epochs with {seeds} seeds, in {folder}"
        self.truth = [found[one.subnet.id] for one in drawn]


def tau_json(tau: float, bounds: tuple[float, float]) -> dict[str, float | None]:
    """Nothing where all networks are equally good."""
    if math.isnan(tau):
        return {"tau": None, "low": None, "high": None}
    low, high = bounds
    return {"tau": tau, "low": low, "high": high}


class Report:
    def __init__(self, drawn: list[Drawn], by_seed: list[list[float]]) -> None:
        self.groups = {
            kind: [i for i, one in enumerate(drawn) if one.kind == kind]
            for kind in ("stratified", "band")
        }
        self.by_seed = by_seed
        self.truth = np.mean(by_seed, axis=0).tolist()

    def row(self, values: list[float]) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for kind, indices in self.groups.items():
            if len(indices) < 3:
                continue
            chosen = [values[i] for i in indices]
            truth = [self.truth[i] for i in indices]
            found[kind] = tau_json(tau_b(chosen, truth), interval(chosen, truth))
        return found

    def ceiling_row(self) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for kind, indices in self.groups.items():
            if len(indices) < 3 or len(self.by_seed) < 2:
                continue
            chosen = [[seed[i] for i in indices] for seed in self.by_seed]
            found[kind] = tau_json(ceiling(chosen), ceiling_interval(chosen))
        return found


def cell(found: dict[str, Any], kind: str) -> str:
    if kind not in found or found[kind]["tau"] is None:
        return "-"
    return f"{found[kind]['tau']:.2f} ({found[kind]['low']:.2f} to {found[kind]['high']:.2f})"


def markdown(document: dict[str, Any]) -> str:
    counts = document["networks"]
    text = (
        f"Space {document['space']}: {counts['stratified']} networks in equal steps of log MACs, "
        f"{counts['band']} within 5 % of {document['band_macs']:,} MACs; each trained alone for "
        f"{document['epochs']:g} epochs with {document['seeds']} seeds "
        f"({document['seconds'] / 3600:.2f} hours of training in all). Kendall's tau-b with the "
        "mean test accuracy (95 % interval, bootstrap over networks).\n\n"
    )
    rows = [
        [row["name"], cell(row["tau"], "stratified"), cell(row["tau"], "band")]
        for row in document["rows"]
    ]
    text += table(["ranked by", "over all MACs", "within the band"], rows) + "\n"
    for name, title in (
        ("recalibration", "BN recalibration (at most the split)"),
        ("validation", "validation"),
    ):
        rows = [
            [f"{point['images']:,}", cell(point["tau"], "stratified"), cell(point["tau"], "band")]
            for point in document["curves"][name]
        ]
        fixed = (
            "all validation images"
            if name == "recalibration"
            else f"{SEARCHED[0]} BN recalibration images"
        )
        text += f"Supernet's score, {fixed}:\n\n"
        text += table([f"{title} images", "over all MACs", "within the band"], rows) + "\n"
    return text


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="scripts/rank_correlation",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--out", required=True, metavar="DIR")
    parser.add_argument("--space", default="fashion-mnist", metavar="NAME|FILE.toml")
    parser.add_argument("--supernet", metavar="FILE.pt", help="default: the space's shipped one")
    parser.add_argument("--data", metavar="PATH", help="default: Debian's Fashion-MNIST")
    parser.add_argument("--subnets", type=int, default=24)
    parser.add_argument("--band", type=int, default=16)
    parser.add_argument("--only", choices=["stratified", "band"], help="default: both")
    parser.add_argument(
        "--beside", metavar="DIR", action="append", default=[], help="another DIR, finished"
    )
    parser.add_argument("--recipe", help="of every training (default: that of the space)")
    parser.add_argument("--seeds", type=int, default=2)
    parser.add_argument("--epochs", type=float, default=3)
    parser.add_argument("--seed", type=int, default=0, help="of the networks that are drawn")
    parser.add_argument("--side-by-side", type=int, default=2, help="trainings, a core each")
    parser.add_argument("train_options", nargs="*", metavar="TRAIN OPTIONS", help="after --")
    options = parser.parse_args()
    if options.subnets < 3 or options.seeds < 1 or options.band < 0 or options.side_by_side < 1:
        parser.error("at least 3 subnets, 1 seed and 1 training at a time")
    return options


def main() -> None:
    options = parse()
    try:
        supernet = tn.Supernet(options.supernet or options.space, data=options.data)
        drawn = draw(options, supernet.space)
        by_seed = trainings_of(options, drawn, supernet)
        beside = [Beside(folder, drawn) for folder in options.beside]
    except tn.TinynasError as error:
        raise stop(str(error)) from None
    measured = Measured(supernet, drawn, Path(options.out) / "measured.json")
    fidelities = [(n, 0) for n in RECALIBRATION] + [(SEARCHED[0], n) for n in VALIDATION]
    for fidelity in [REPORTED, SEARCHED, *fidelities]:
        measured.at(fidelity)
    predicted, believed = measured.surrogate(options.seed)
    run_all([one for seed in by_seed for one in seed], options.side_by_side)

    results = [[training.result for training in seed] for seed in by_seed]
    report = Report(drawn, [[r["accuracy"]["test"] for r in seed] for seed in results])
    named = [
        ("supernet: cross-entropy to the largest's softmax", measured.at(REPORTED)["score"]),
        ("supernet: accuracy", measured.at(REPORTED)["accuracy"]),
        ("supernet's score as a search measures it", measured.at(SEARCHED)["score"]),
        (f"surrogate fitted to {SURROGATE_TRIALS} other networks", predicted),
        ("surrogate, these networks measured, too (chooses a search's finalists)", believed),
        ("MACs", [float(one.subnet.macs) for one in drawn]),
        ("parameters", [float(one.subnet.params) for one in drawn]),
        *((other.name, other.truth) for other in beside),
    ]
    rows = [{"name": name, "tau": report.row(values)} for name, values in named]
    rows.append({"name": "ceiling: one seed by another", "tau": report.ceiling_row()})

    def point(fidelity: Fidelity, images: float) -> dict[str, Any]:
        return {"images": int(images), "tau": report.row(measured.at(fidelity)["score"])}

    in_band = [one.subnet.macs for one in drawn if one.kind == "band"]
    document = {
        "format": "tinynas-ranking",
        "format_version": 1,
        "space": supernet.space.name,
        "supernet": supernet.path,
        "networks": {kind: len(found) for kind, found in report.groups.items()},
        "band_macs": int(np.median(in_band)) if in_band else 0,
        "epochs": options.epochs,
        "seeds": options.seeds,
        "recipe": options.recipe,
        "train_options": options.train_options,
        "seconds": sum(r["seconds"] for seed in results for r in seed),
        "rows": rows,
        "curves": {
            "recalibration": [point((n, 0), n) for n in RECALIBRATION],
            "validation": [
                point((SEARCHED[0], n), measured.found[f"{SEARCHED[0]}+{n}"]["images"])
                for n in VALIDATION
            ],
        },
        "trained": [
            {
                "id": one.subnet.id,
                "genes": one.genes,
                "kind": one.kind,
                "macs": one.subnet.macs,
                "params": one.subnet.params,
                "test": [seed[i]["accuracy"]["test"] for seed in results],
                "supernet_score": measured.at(REPORTED)["score"][i],
                "supernet_accuracy": measured.at(REPORTED)["accuracy"][i],
            }
            for i, one in enumerate(drawn)
        ],
    }
    out = Path(options.out)
    write_atomic(out / "ranking.json", json.dumps(document, indent=2) + "\n")
    text = markdown(document)
    write_atomic(out / "ranking.md", text)
    print(text, end="")


if __name__ == "__main__":
    main()
