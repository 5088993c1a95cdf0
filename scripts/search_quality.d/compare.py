"""Searches against each other on measured tables: regret against the number of distinct measurements.

    scripts/search_quality [--tables fashion-mnist] [--seeds 30] [--measurements 150] [--engines NAME...] [--out FOLDER]

Each search runs on every budget and seed, through one evaluator that looks up the table (tests/golden, scripts/golden_tables);
networks that do not fit cost nothing and are told as such. Prints Markdown: median regret and quartiles after 30, 60, 100 and all
measurements, the share of runs within 0.3 points, measurements until the median is, and Wilcoxon's signed-rank test of paired
differences to ours. FOLDER gets regret.csv and regret.png; runs that are in regret.jsonl there are not done again."""

from __future__ import annotations

import argparse
import csv
import json
import multiprocessing
import statistics
import sys
from pathlib import Path

import engines
from picture import draw
from recorder import Recorder, budgets, regret
from scipy import stats
from tables import SPECS, read_table

OURS = "tinynas"
WITHIN = 0.3  #: points
Job = tuple[str, int, str, int, int]
Curve = list[float]


def run_one(job: Job) -> tuple[Job, Curve]:
    """Regret after 1, 2, ... measurements; after the last one it stays."""
    name, budget, engine, seed, limit = job
    table = read_table(name)
    recorder = Recorder(table, budgets(table)[budget], limit)
    engines.run(engine, recorder, seed)
    curve = [regret(recorder, count) for count in range(1, len(recorder.measured) + 1)]
    return job, curve + curve[-1:] * (limit - len(curve))


def all_curves(jobs: list[Job], kept: Path) -> dict[Job, Curve]:
    done: dict[Job, Curve] = {}
    if kept.exists():
        for line in kept.read_text().splitlines():
            record = json.loads(line)
            done[tuple(record["job"])] = record["curve"]
    left = [job for job in jobs if job not in done]
    with kept.open("a") as file, multiprocessing.get_context("spawn").Pool() as pool:
        for number, (job, curve) in enumerate(pool.imap_unordered(run_one, left)):
            done[job] = curve
            file.write(json.dumps({"job": job, "curve": [round(r, 4) for r in curve]}) + "\n")
            if number % 50 == 0:
                print(f"search_quality: {number} of {len(left)} runs", file=sys.stderr)
                file.flush()
    return {job: done[job] for job in jobs}


def quartiles(values: list[float]) -> str:
    low, middle, high = statistics.quantiles(values, n=4)
    return f"{middle:.2f} ({low:.2f} to {high:.2f})"


def until_within(curves: list[Curve]) -> str:
    for count in range(len(curves[0])):
        if statistics.median(curve[count] for curve in curves) <= WITHIN:
            return str(count + 1)
    return f"> {len(curves[0])}"


def wilcoxon(a: list[float], b: list[float]) -> str:
    if all(x == y for x, y in zip(a, b, strict=True)):
        return "1"
    return f"{stats.wilcoxon(a, b).pvalue:.1g}"


def print_table(name: str, names: list[str], curves: dict[str, list[Curve]], limit: int) -> None:
    counts = [count for count in (30, 60, 100) if count < limit] + [limit]
    print(f"\n{name}, {len(curves[names[0]])} runs each\n")
    heads = [f"after {count}" for count in counts]
    print("| search | " + " | ".join(heads) + f" | within {WITHIN} | until median is | p |")
    print("|---|" + "---|" * (len(counts) + 3))
    for engine in names:
        cells = [quartiles([curve[count - 1] for curve in curves[engine]]) for count in counts]
        last = [curve[limit - 1] for curve in curves[engine]]
        within = 100 * sum(value <= WITHIN for value in last) / len(last)
        p = wilcoxon(last, [curve[limit - 1] for curve in curves[OURS]]) if engine != OURS else "-"
        print(
            f"| {engine} | "
            + " | ".join(cells)
            + f" | {within:.0f} % | {until_within(curves[engine])} | {p} |"
        )


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--tables", nargs="+", default=list(SPECS), choices=list(SPECS))
    parser.add_argument("--seeds", type=int, default=30)
    parser.add_argument("--measurements", type=int, default=150)
    parser.add_argument("--engines", nargs="+", default=list(engines.ENGINES))
    parser.add_argument("--out", type=Path, default=Path("build/search_quality"))
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    names = [OURS] + [name for name in options.engines if name != OURS]
    written: list[list[object]] = []
    for name in options.tables:
        table = read_table(name)
        limits = range(len(budgets(table)))
        jobs = [
            (name, budget, engine, seed, options.measurements)
            for engine in names
            for budget in limits
            for seed in range(options.seeds)
        ]
        found = all_curves(jobs, options.out / "regret.jsonl")
        curves = {engine: [found[job] for job in jobs if job[2] == engine] for engine in names}
        print_table(name, names, curves, options.measurements)
        for job, curve in found.items():
            for count in (30, 60, 100, options.measurements):
                if count <= options.measurements:
                    written.append([*job[:4], count, curve[count - 1]])
        draw(options.out / f"{name}.png", name, curves)
    with (options.out / "regret.csv").open("w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["table", "budget", "search", "seed", "measurements", "regret_points"])
        writer.writerows(written)


if __name__ == "__main__":
    main()
