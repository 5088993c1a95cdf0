"""What the better schedule buys: the same search under published and under our memory rules.

Usage: codesign.py TINYNAS [SEED]. Fashion-MNIST, the shipped supernet, flash unbounded. One line a
budget: bytes of the arena, then accuracy of each winner (supernet weights, float and int8; test
images are used once, for the winner).
"""

import json
import subprocess
import sys
import tempfile

BUDGETS_KIB = (14, 10, 8, 6.5, 4.5, 3.5, 2.5)
RUNTIMES = ("tinyengine", "tinynas")
RESERVED_KIB = 1.5  # stack and statics of the part named below


def search(tinynas: str, runtime: str, kib: float, seed: str) -> dict | None:
    """The winner of one search, or None where nothing fits."""
    with tempfile.TemporaryDirectory() as folder:
        command = [tinynas, "search", "--mcu", "stm32g031k8", "--runtime", runtime, "--json"]
        command += ["--sram", str(int((kib + RESERVED_KIB) * 1024)), "--flash", "8MiB"]
        command += ["--seed", seed, "--run-dir", folder + "/run"]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode not in (0, 3):
        sys.exit(done.stderr)
    best: dict | None = json.loads(done.stdout)["best"]
    return best


def main() -> None:
    tinynas = sys.argv[1]
    seed = sys.argv[2] if len(sys.argv) > 2 else "0"
    print(
        "arena      runtime     validation    test      int8   test, int8   peak SRAM       MACs"
        "  resolution"
    )
    for kib in BUDGETS_KIB:
        for runtime in RUNTIMES:
            best = search(tinynas, runtime, kib, seed)
            row = f"{kib:4.1f} KiB   {runtime:10s}"
            if best is None:
                print(row + "  nothing fits", flush=True)
                continue
            accuracy = best["accuracy"]
            print(
                f"{row}  {100 * accuracy['validation']:8.2f} %  {100 * accuracy['test']:6.2f} %"
                f"  {100 * accuracy['validation_int8']:6.2f} %"
                f"     {100 * accuracy['test_int8']:6.2f} %"
                f"  {best['peak_sram_bytes']:10,}  {best['macs']:9,}  {best['resolution']:5d} px",
                flush=True,
            )


if __name__ == "__main__":
    main()
