"""`tinynas batch submit | status | collect`: the command line."""

from __future__ import annotations

import argparse
import json
import shlex
import signal
import sys
from pathlib import Path
from typing import Any, NoReturn

from tinynas.batch import slurm_cluster
from tinynas.batch.cell_search import INTERRUPTED, command
from tinynas.batch.collect import collect, collect_csv, collect_document, collect_text
from tinynas.batch.local_cluster import LocalCluster
from tinynas.batch.status import (
    FAILED,
    QUEUED,
    RUNNING,
    CellStatus,
    status_document,
    status_text,
    summary,
    sweep_status,
)
from tinynas.batch.sweep import Cell, Sweep
from tinynas.batch.sweep_directory import (
    SweepDirectory,
    make_directory,
    open_directory,
    remove_directory,
    require_usable,
)
from tinynas.batch.sweep_file import load_sweep
from tinynas.batch.terminal import say
from tinynas.batch.toml_table import did_you_mean
from tinynas.errors import BadInputError

BAD_INPUT, FAILURE = 2, 1
CLUSTERS = ("local", "slurm")
COMMANDS = ("submit", "status", "collect")


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise BadInputError(f"{message}; `{self.prog} --help` shows what it takes")


def _parser() -> _Parser:
    parser = _Parser(
        prog="tinynas batch", description="Many searches as one job", allow_abbrev=False
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    submit = commands.add_parser(
        "submit",
        help="search every cell of a sweep file that is not finished",
        allow_abbrev=False,
        epilog="Exit codes: 0 all submitted (slurm) or searched (local), 1 a cell failed, 2 usage "
        "or bad input, 75 interrupted after checkpoints: the same command goes on.",
    )
    submit.add_argument(
        "sweep", type=Path, help="sweep file, see configs/batch", metavar="FILE.toml"
    )
    submit.add_argument(
        "--cluster", default="local", help="local (default) or slurm", metavar="NAME"
    )
    submit.add_argument(
        "--out", type=Path, help="sweep directory (default: runs/FILE)", metavar="DIR"
    )
    submit.add_argument(
        "--dry-run", action="store_true", help="check everything, print the searches, run nothing"
    )
    status = commands.add_parser(
        "status", help="how far every cell is, from the run directories", allow_abbrev=False
    )
    gather = commands.add_parser(
        "collect", help="the winners of all cells and their Pareto front", allow_abbrev=False
    )
    for reader in (status, gather):
        reader.add_argument("directory", type=Path, help="sweep directory", metavar="DIR")
    formats = gather.add_mutually_exclusive_group()
    formats.add_argument("--csv", action="store_true", help="comma-separated, a line a winner")
    for group in (status, formats):
        group.add_argument("--json", action="store_true", help="one JSON document on stdout")
    return parser


def _parse(words: list[str]) -> argparse.Namespace:
    if words and not words[0].startswith("-") and words[0] not in COMMANDS:
        raise BadInputError(
            f"batch: unknown command '{words[0]}'{did_you_mean(words[0], COMMANDS)}; "
            f"it takes {', '.join(COMMANDS)}"
        )
    options = _parser().parse_args(words)
    if options.command == "submit" and options.cluster not in CLUSTERS:
        near = did_you_mean(options.cluster, CLUSTERS)
        raise BadInputError(f"--cluster: unknown '{options.cluster}'{near}; known: local, slurm")
    return options


def _submit(options: argparse.Namespace) -> int:
    sweep = load_sweep(options.sweep)
    out: Path = options.out or Path("runs") / sweep.name
    directory = require_usable(sweep, out)
    if options.dry_run:
        shown = directory or SweepDirectory(out.resolve(), sweep.name, sweep.axes, sweep.cells)
        for cell in sweep.cells:
            print(shlex.join(command(shown, cell)))
        return 0
    if options.cluster == "slurm":
        slurm_cluster.require_slurm()
    made = directory is None
    if directory is None:
        directory = make_directory(sweep, out)
    lock = directory.lock()
    try:
        cells = _unfinished(directory, sweep_status(directory))
        if options.cluster == "slurm":
            return _submit_to_slurm(sweep, directory, cells, made)
        return _search_here(sweep, directory, cells, out)
    finally:
        lock.close()


def _unfinished(directory: SweepDirectory, statuses: list[CellStatus]) -> list[Cell]:
    """Those that nobody is at work on. What Slurm has, even a failed task's second try, is left to
    it."""
    at_work = [s.cell for s in statuses if s.state in (RUNNING, QUEUED) or s.task]
    done = [status.cell for status in statuses if status.done]
    if done or at_work:
        say(f"{len(done)} of {len(statuses)} cells are finished, {len(at_work)} are at work")
    return [c for c in directory.cells if c.name not in done and c.name not in at_work]


def _submit_to_slurm(sweep: Sweep, directory: SweepDirectory, cells: list[Cell], made: bool) -> int:
    try:
        tasks = slurm_cluster.submit(directory, cells, sweep.slurm, sweep.file) if cells else {}
    except BaseException:
        if made and not directory.submissions.exists():
            remove_directory(directory)
        raise
    for cell, task in tasks.items():
        print(f"{task}  {cell}")
    say(
        f"submitted {len(tasks)} of {len(sweep.cells)} cells; "
        f"see `tinynas batch status {directory.path}`"
    )
    return 0


def _search_here(sweep: Sweep, directory: SweepDirectory, cells: list[Cell], out: Path) -> int:
    try:
        complete = LocalCluster(directory, sweep.jobs).run(cells)
    except OSError as error:
        raise BadInputError(f"{error.filename or directory.path}: {error.strerror}") from None
    statuses = sweep_status(directory)
    if not complete:
        say(f"interrupted; the same command goes on ({summary(statuses)}, --out {out})")
        return INTERRUPTED
    print(status_text(statuses), end="")
    return FAILURE if any(status.state == FAILED for status in statuses) else 0


def _status(options: argparse.Namespace) -> int:
    directory = open_directory(options.directory)
    statuses = sweep_status(directory)
    _print(status_document(directory, statuses) if options.json else status_text(statuses))
    return 0


def _collect(options: argparse.Namespace) -> int:
    directory = open_directory(options.directory)
    statuses = sweep_status(directory)
    winners = collect(directory, statuses)
    if not winners and not options.json:
        raise BadInputError(f"{directory.path}: has no winner yet ({summary(statuses)})")
    if options.json:
        _print(collect_document(directory, winners, statuses))
    else:
        _print(collect_csv(winners) if options.csv else collect_text(winners, statuses))
    return 0


def _print(result: str | dict[str, Any]) -> None:
    print(result if isinstance(result, str) else json.dumps(result, indent=2) + "\n", end="")


def main() -> None:
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)  # a reader that goes away is no error
    try:
        options = _parse(sys.argv[1:])
        run = {"submit": _submit, "status": _status, "collect": _collect}[options.command]
        code = run(options)
        sys.stdout.flush()
    except BadInputError as error:
        say(f"error: {error}")
        code = BAD_INPUT
    except KeyboardInterrupt:
        say("interrupted")
        code = INTERRUPTED
    except OSError as error:
        say(f"error: {error.filename or 'stdout'}: {error.strerror}")
        code = FAILURE
    sys.exit(code)


if __name__ == "__main__":
    main()
