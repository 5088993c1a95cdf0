"""Cells as tasks of a Slurm job array, through submitit."""

from __future__ import annotations

import contextlib
import io
import json
import os
import shlex
import shutil
import warnings
from collections.abc import Callable
from typing import Any

from tinynas.batch.slurm_queue import job_name
from tinynas.batch.slurm_task import PREEMPT_SIGNAL, SETUP, TEARDOWN, CellTask
from tinynas.batch.sweep import Cell, SlurmOptions
from tinynas.batch.sweep_directory import SweepDirectory
from tinynas.errors import BadInputError

TASKS_PER_ARRAY = 1000  # Slurm's default MaxArraySize is 1,001
# What a task must find as it is here: the package and the choice of its program.
FORWARDED = ("PYTHONPATH", "TINYNAS_DATA_DIR", "TINYNAS_EXECUTABLE")


class _RefusedError(Exception):
    """Slurm takes no job like this one."""


def require_slurm() -> None:
    """Raises BadInputError where nothing can be submitted from here."""
    if shutil.which("sbatch") is None or shutil.which("srun") is None:
        raise BadInputError(
            "--cluster slurm: sbatch and srun are not in $PATH; submit from a machine of the "
            "cluster, or use --cluster local"
        )
    _import_submitit()


def submit(
    directory: SweepDirectory, cells: list[Cell], options: SlurmOptions, file: str
) -> dict[str, str]:
    """Submits each cell as a task; the tasks by cell, which submissions.jsonl keeps too. Raises
    BadInputError with `file`, where the options come from, and what sbatch said where it refuses.
    """
    tasks: dict[str, str] = {}
    for start in range(0, len(cells), TASKS_PER_ARRAY):
        part = cells[start : start + TASKS_PER_ARRAY]
        try:
            submitted = _submit_array(directory, part, options)
        except _RefusedError as error:
            raise BadInputError(f"{file}: slurm: {error}; correct [slurm]") from None
        line = json.dumps({"cluster": "slurm", "tasks": submitted})
        with directory.submissions.open("a", encoding="utf-8") as log:
            log.write(line + "\n")
            log.flush()
            os.fsync(log.fileno())
        tasks.update(submitted)
    return tasks


def _import_submitit() -> Any:
    os.environ["SUBMITIT_PREEMPT_SIGNAL"] = PREEMPT_SIGNAL  # read when it is imported
    try:
        import submitit
    except ImportError:
        raise BadInputError(
            "--cluster slurm needs the Python package submitit: pip install 'tinynas[batch]', or "
            "use --cluster local"
        ) from None
    return submitit


def _submit_array(
    directory: SweepDirectory, cells: list[Cell], options: SlurmOptions
) -> dict[str, str]:
    submitit = _import_submitit()
    further: dict[str, Any] = {"requeue": True, **options.options}
    if options.memory_mib is not None:
        further["mem"] = f"{options.memory_mib}M"  # Slurm's M are MiB
    parameters = {
        "name": job_name(directory),
        "timeout_min": options.minutes,
        "cpus_per_task": options.cpus,
        "slurm_partition": options.partition,
        "slurm_account": options.account,
        "slurm_qos": options.qos,
        "slurm_constraint": options.constraint,
        "gpus_per_node": options.gpus or None,
        "slurm_array_parallelism": options.parallel,
        "slurm_setup": [*_exports(), *SETUP],
        "slurm_teardown": TEARDOWN,
        "slurm_additional_parameters": further,
    }

    def run() -> list[Any]:
        executor = submitit.AutoExecutor(folder=directory.slurm_dir, cluster="slurm")
        executor.update_parameters(
            **{name: value for name, value in parameters.items() if value is not None}
        )
        with executor.batch():
            return [executor.submit(CellTask(str(directory.path), cell.name)) for cell in cells]

    jobs = _with_one_line_errors(run)
    return {cell.name: str(job.job_id) for cell, job in zip(cells, jobs, strict=True)}


def _exports() -> list[str]:
    """Lines of the batch script: not every cluster hands the environment on."""
    lines = []
    for name in FORWARDED:
        value = os.environ.get(name)
        if value:
            paths = [os.path.abspath(path) for path in value.split(os.pathsep) if path]  # noqa: PTH100
            lines.append(f"export {name}={shlex.quote(os.pathsep.join(paths))}")
    return lines


def _with_one_line_errors(run: Callable[[], list[Any]]) -> list[Any]:
    try:
        # submitit warns of a missing sacct and old parameters, and repeats what sbatch said.
        with warnings.catch_warnings(), contextlib.redirect_stderr(io.StringIO()):
            warnings.simplefilter("ignore")
            return run()
    except Exception as error:  # submitit raises several of its own
        said = [line.strip() for line in str(error).splitlines() if line.strip()]
        reasons = [line for line in said if line.startswith("sbatch: ")] or said[-1:]
        reason = "; ".join(
            line.removeprefix("sbatch: ").removeprefix("error: ") for line in reasons
        )
        raise _RefusedError(reason) from None
