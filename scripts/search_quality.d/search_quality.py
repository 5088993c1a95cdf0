"""Searches against each other on a table of measured networks (tests/golden).

    scripts/search_quality [regret]     every engine and the peers, every budget and seed: regret
                                        against distinct measurements; regret.md, .json and .png
    scripts/search_quality surrogate    Kendall's tau of the surrogate on networks held out, beside
                                        MACs and parameters
    scripts/search_quality constraints  short searches under drawn budgets; another process plans
                                        anew what they return; exit 1 on a violation
    scripts/search_quality share        the engines' own share of a search's processor time
    scripts/search_quality endurance    trials a second and memory over many trials

All searches are told the same accuracy by the same look-up. A measurement is a network that fits
and was not measured before: what does not fit, and what is asked again, costs the peers nothing
(a hundred such proposals in a row end a search); a package that knows constraints is told the
excess over the budget. The peers come from scripts/requirements-peers.txt and are installed into
build/peers, an environment of their own. Runs (two hours of one core) that are in OUT are not done
again while table, build of tinynas and releases of the peers are the same."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

import by_macs
import ours
import peers
import tables
import tinynas as tn
import tinynas._core

OURS = [*ours.NAMES, ours.SMALL_EVOLUTION]
SEARCHES = [*OURS, *peers.PEERS, by_macs.NAME]


def stop(message: str) -> SystemExit:
    print(f"search_quality: {message}", file=sys.stderr)
    return SystemExit(2)


def run_regret(options: argparse.Namespace, table: tables.Table) -> None:
    import numpy as np
    import regret
    from picture import draw
    from search_runs import Run, search_all

    names = [name for name in SEARCHES if name in options.searches or name == regret.OURS]
    runs = [
        Run(table.name, budget, name, seed, options.measurements)
        for seed in range(options.seeds)
        for name in names
        for budget in range(len(table.budgets))
    ]
    # Kept apart: a new build changes our runs, other releases of the packages those of the peers.
    table_file = tables.table_path(table.name)
    found: dict[Run, list[float]] = {}
    for kind, group, made_by in (
        ("tinynas", [*OURS, by_macs.NAME], Path(tinynas._core.__file__)),
        ("peers", list(peers.PEERS), tables.ROOT / "scripts" / "requirements-peers.txt"),
    ):
        kept = options.out / f"{kind}-{tables.digest(table_file, made_by)}.jsonl"
        found |= search_all([run for run in runs if run.search in group], kept, options.jobs)
    order = sorted(found, key=lambda run: (run.budget, run.seed))
    curves = {name: np.array([found[run] for run in order if run.search == name]) for name in names}
    comparison = regret.Comparison(
        table, options.measurements, options.seeds, curves, [n for n in names if n in peers.PEERS]
    )
    document = regret.document(comparison)
    (options.out / "regret.json").write_text(json.dumps(document, indent=1) + "\n")
    text = regret.markdown(document)
    (options.out / "regret.md").write_text(text)
    print(text, end="")
    best_peer = min(
        comparison.peers, key=lambda name: float(np.mean(comparison.curves[name])), default=None
    )
    banded = [name for name in (regret.OURS, best_peer, "random") if name in curves]
    budgets, seeds = len(table.budgets), options.seeds
    title = (
        f"{len(table.rows):,} networks ({table.head['data']}), {budgets} budgets x {seeds} seeds\n"
        f"lines: medians; bands: quartiles of {', '.join(banded)}"
    )
    told = {name: curves[name].tolist() for name in names}
    draw(options.out / "regret.png", title, told, OURS, banded, regret.AIM)


def run_surrogate(options: argparse.Namespace, table: tables.Table) -> None:
    import surrogate

    document = surrogate.document(table)
    (options.out / "surrogate.json").write_text(json.dumps(document, indent=1) + "\n")
    text = surrogate.markdown(document)
    (options.out / "surrogate.md").write_text(text)
    print(text, end="")


def run_constraints(options: argparse.Namespace, table: tables.Table) -> None:
    import constraints

    counts, broken = constraints.check(table.name, options.searches_drawn)
    print(", ".join(f"{name} {count:,}" for name, count in sorted(counts.items())))
    print(f"{options.searches_drawn:,} searches, {len(broken)} violations")
    for violation in broken[:20]:
        print(violation)
    if broken:
        raise SystemExit(1)


def our_names(options: argparse.Namespace) -> list[str]:
    return [name for name in ours.NAMES if name in options.searches]


def run_share(options: argparse.Namespace, table: tables.Table) -> None:
    import overhead

    rows = overhead.share(our_names(options), options.mcu, options.measurements, options.data)
    (options.out / "share.json").write_text(json.dumps(rows, indent=1) + "\n")
    print(overhead.share_markdown(rows), end="")


def run_endurance(options: argparse.Namespace, table: tables.Table) -> None:
    import overhead

    rows = [overhead.endurance(name, options.mcu, options.trials) for name in our_names(options)]
    (options.out / "endurance.json").write_text(json.dumps(rows, indent=1) + "\n")
    print(overhead.endurance_markdown(rows), end="")


COMMANDS = {
    "regret": run_regret,
    "surrogate": run_surrogate,
    "constraints": run_constraints,
    "share": run_share,
    "endurance": run_endurance,
}


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="scripts/search_quality",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("command", nargs="?", default="regret", choices=COMMANDS)
    parser.add_argument("--table", default="fashion-mnist", metavar="TABLE")
    parser.add_argument("--out", type=Path, default=tables.ROOT / "build" / "search_quality")
    parser.add_argument("--seeds", type=int, default=30)
    parser.add_argument("--measurements", type=int, help="default: 150; share: 120")
    parser.add_argument("--jobs", type=int, default=1, help="processes side by side (regret)")
    parser.add_argument(
        "--searches", nargs="+", default=SEARCHES, metavar="NAME", help="default: all"
    )
    parser.add_argument("--searches-drawn", type=int, default=10_000, help="of constraints")
    parser.add_argument("--trials", type=int, default=100_000, help="of endurance")
    parser.add_argument("--mcu", default="stm32g031k8", help="of share and endurance")
    parser.add_argument("--data", metavar="PATH", help="of share; default: Debian's Fashion-MNIST")
    options = parser.parse_args()
    options.measurements = options.measurements or (120 if options.command == "share" else 150)
    if options.seeds < 2 or options.measurements < 10 or options.jobs < 1 or options.trials < 10:
        parser.error("at least 2 seeds, 10 measurements, 1 job and 10 trials")
    return options


def main() -> None:
    options = parse()
    if options.table not in tables.names() or not tables.table_path(options.table).exists():
        raise stop(f"--table: no table '{options.table}'; `scripts/golden_tables TABLE` makes one")
    for name in options.searches:
        if name not in SEARCHES:
            raise stop(f"--searches: '{name}' is not one of {', '.join(SEARCHES)}")
    options.out.mkdir(parents=True, exist_ok=True)
    try:
        COMMANDS[options.command](options, tables.read_table(options.table))
    except tn.TinynasError as error:
        raise stop(str(error)) from None


if __name__ == "__main__":
    main()
