"""How accurate is it? Predicted against linked and measured, on emulated Cortex-M cores, as tables
in Markdown; beside TensorFlow Lite Micro where TFLITE_MICRO_DIR names a checkout of it, and with
the kernels of CMSIS-NN where CMSIS_NN_DIR names one too (see tflm.py)."""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tests"), str(ROOT / "python"), str(Path(__file__).resolve().parent)]
import tinynas  # noqa: E402
from firmware.board import MACHINES, run_tool  # noqa: E402
from tflm import PeerOutcome, Tflm  # noqa: E402

# A part a core; memory is set so that every network fits.
PARTS = {"m7": "stm32h743", "m4": "nrf52840", "m33": "stm32u575"}
MEMORY = ["--sram", "2MiB", "--flash", "3MiB"]
# Subnets with drawn weights: space, seed, which.
SUBNETS = [
    ("fashion-mnist", 0, "sample"),
    ("fashion-mnist", 0, "largest"),
    ("mcunet", 5, "sample"),
    ("proxyless", 0, "smallest"),
]
INPUTS = 3  # of the peers


@dataclass(frozen=True)
class Network:
    name: str
    file: Path


def networks(drawn: Path, files: list[Path], folder: Path) -> list[Network]:
    found = []
    for space, seed, choice in SUBNETS:
        file = folder / f"{space}-{choice}-{seed}.tflite"
        run_tool(drawn, space, str(seed), file, choice)
        found.append(Network(f"{space}, {choice} {seed}", file))
    for file in files:
        winner = file.is_dir()
        found.append(
            Network(file.name, file / "best" / "model.tflite")
            if winner
            else Network(file.stem, file)
        )
    return found


def verify(executable: Path, network: Network, core: str) -> Any:
    """The document of `tinynas verify`; exit 1, not as planned, is a row like any other."""
    command = [executable, "verify", network.file, "--mcu", PARTS[core], *MEMORY, "--json", "-q"]
    done = subprocess.run([str(word) for word in command], capture_output=True, check=False)
    if done.returncode not in (0, 1):
        raise SystemExit(done.stderr.decode())
    return json.loads(done.stdout)


def pair(said: Any, key: str) -> str:
    """One figure where predicted and measured are equal, else both."""
    predicted, measured = said["predicted"][key], said["measured"][key]
    return f"{predicted:,} =" if predicted == measured else f"{predicted:,}, {measured:,}"


def row(cells: list[str]) -> None:
    print("| " + " | ".join(cells) + " |", flush=True)


def head(*cells: str) -> None:
    row(list(cells))
    print("|" + "---|" * len(cells), flush=True)


def millions(instructions: float) -> str:
    return f"{instructions / 1e6:,.1f}"


def run_peer(
    peer: Tflm, executable: Path, network: Network, folder: Path
) -> tuple[PeerOutcome, npt.NDArray[np.bool_]]:
    """And which of its outputs equal ours."""
    exported = folder / "exported"
    run_tool(executable, "export", network.file, "--out", exported)
    interpreter = tinynas.Int8Network(network.file)
    shape = (INPUTS, *interpreter.input_shape)
    inputs = np.random.default_rng(0).integers(-128, 128, shape, np.int8)
    expected = interpreter.run(inputs)
    outcome = peer.run(
        network.file.read_bytes(), exported, inputs.reshape(INPUTS, -1), expected.shape[1]
    )
    return outcome, outcome.outputs == expected


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("executable", type=Path)
    parser.add_argument("files", type=Path, nargs="*", help="models (.tflite) and run directories")
    parser.add_argument("--cores", default="m7,m4", help=f"of {', '.join(PARTS)}")
    parser.add_argument("--folder", type=Path, default=ROOT / "build" / "bench-accuracy")
    options = parser.parse_intermixed_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    drawn = options.executable.parent / "tests" / "cpp" / "drawn_subnets"
    cases = networks(drawn, options.files, options.folder)
    ours: dict[tuple[str, str], Any] = {}
    print("Predicted, then linked or measured; one figure and = where both are equal.\n")
    head("network", "core", "arena", "statics", "stack", "flash", "outputs equal", "instructions")
    for core in options.cores.split(","):
        for network in cases:
            said = verify(options.executable, network, core)
            ours[core, network.name] = said
            equal = f"{'yes' if said['equal'] == said['inputs'] else 'NO'}, {said['equal']}"
            cells = [network.name, said["core"].removeprefix("Cortex-")]
            cells += [pair(said, "arena_bytes"), pair(said, "statics_bytes")]
            cells += [pair(said, "stack_bytes"), pair(said, "flash_bytes")]
            row([*cells, equal, millions(np.mean(said["measured"]["instructions"])) + " M"])
    checkout = os.environ.get("TFLITE_MICRO_DIR")
    if not checkout:
        return
    cmsis_nn = os.environ.get("CMSIS_NN_DIR")
    kinds = {"TFLM": None, **({"TFLM + CMSIS-NN": Path(cmsis_nn)} if cmsis_nn else {})}
    print("\nSRAM (arena and statics), stack, flash and instructions, ours and peers.\n")
    head("network", "core", "runtime", "SRAM", "stack", "flash", "M instructions", "as ours")
    for core in options.cores.split(","):
        peers = {
            name: Tflm(MACHINES["Cortex-" + core.upper()], Path(checkout), options.folder, path)
            for name, path in kinds.items()
        }
        for network in cases:
            measured = ours[core, network.name]["measured"]
            sram = measured["arena_bytes"] + measured["statics_bytes"]
            flash = measured["flash_bytes"]
            cells = ["tinynas", f"{sram:,}", f"{measured['stack_bytes']:,}", f"{flash:,}"]
            cells.append(millions(np.mean(measured["instructions"])))
            row([network.name, core.upper(), *cells, ""])
            for name, peer in peers.items():
                unknown = peer.unknown_operators(network.file.read_bytes())
                if unknown:
                    row(["", "", name, f"has no {', '.join(unknown)} here", "", "", "", ""])
                    continue
                found, same = run_peer(peer, options.executable, network, options.folder)
                cells = [name, f"{found.sram_bytes:,}", f"{found.stack_bytes:,}"]
                cells += [f"{found.flash_bytes:,}", millions(found.instructions)]
                row(["", "", *cells, f"{same.sum():,} of {same.size:,} values"])


if __name__ == "__main__":
    main()
