"""What engines themselves take: their share of a search's time, and whether they stay fast."""

from __future__ import annotations

import gc
import math
import sys
import time
from pathlib import Path
from typing import Any

import ours
import tinynas as tn

SPACE = "fashion-mnist"


def share(names: list[str], mcu: str, measurements: int, data: str | None) -> list[dict[str, Any]]:
    """Processor seconds in ask and tell, and in measuring as `tinynas search` ranks; one thread."""
    supernet = tn.Supernet(SPACE, data=data, threads=1)
    supernet.evaluate([supernet.space.smallest()])  # what loading puts off
    rows = []
    name: Any
    for name in names:
        engine_seconds = measuring_seconds = 0.0
        begun = time.process_time()
        engine = tn.Engine(supernet.space, mcu, engine=name, measurements=measurements)
        engine_seconds += time.process_time() - begun
        measured = 0
        while not engine.done:
            begun = time.process_time()
            proposals = engine.ask(ours.BATCH)
            asked = time.process_time()
            results = supernet.evaluate([proposal.subnet for proposal in proposals])
            told = time.process_time()
            engine.tell(list(zip(proposals, results, strict=True)))
            engine_seconds += asked - begun + time.process_time() - told
            measuring_seconds += told - asked
            measured += len(proposals)
        rows.append(
            {
                "engine": name,
                "measurements": measured,
                "engine_seconds": round(engine_seconds, 3),
                "measuring_seconds": round(measuring_seconds, 2),
                "share": round(engine_seconds / measuring_seconds, 5),
            }
        )
    return rows


def resident_bytes() -> int:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * 4096


def score(proposal: tn.Proposal) -> float:
    """Something that a search can climb, and that depends on the network alone."""
    return math.log(proposal.macs) + (int(proposal.id[:4], 16) % 97) / 50


def endurance(name: Any, mcu: str, trials: int, blocks: int = 10) -> dict[str, Any]:
    """Trials and networks looked at a processor second, and resident memory, block by block;
    results cost nothing."""
    gc.collect()
    before = resident_bytes()
    engine = tn.Engine(SPACE, mcu, engine=name, measurements=trials)
    block = trials // blocks
    speeds: list[float] = []
    looks: list[float] = []
    memory: list[int] = []
    told = planned = 0
    begun = time.process_time()
    while not engine.done:
        proposals = engine.ask(ours.BATCH)
        engine.tell([(proposal, score(proposal)) for proposal in proposals])
        told += len(proposals)
        if told >= block * (len(speeds) + 1):
            now = time.process_time()
            speeds.append(round(block / (now - begun), 1))
            looks.append(round((engine.planned - planned) / (now - begun), 1))
            planned = engine.planned
            memory.append(resident_bytes() - before)
            begun = now
            print(
                f"search_quality: {name}: {told:,} trials, {speeds[-1]:,} a second, "
                f"{memory[-1] / 2**20:.1f} MiB",
                file=sys.stderr,
            )
    return {
        "engine": name,
        "trials": told,
        "trials_a_second": speeds,
        "looks_a_second": looks,
        "bytes": memory,
    }


def share_markdown(rows: list[dict[str, Any]]) -> str:
    text = "| engine | measurements | engine, s | measuring, s | share |\n|---|---|---|---|---|\n"
    for row in rows:
        text += (
            f"| {row['engine']} | {row['measurements']} | {row['engine_seconds']:.2f} "
            f"| {row['measuring_seconds']:.1f} | {row['share']:.2%} |\n"
        )
    return text


def endurance_markdown(rows: list[dict[str, Any]]) -> str:
    text = "| engine | trials | trials a second: first, middle, last tenth "
    text += "| networks looked at a second | MiB: first, last tenth |\n|---|---|---|---|---|\n"
    for row in rows:
        memory = row["bytes"]
        trials, looks = (
            ", ".join(f"{row[key][i]:,.0f}" for i in (0, len(row[key]) // 2, -1))
            for key in ("trials_a_second", "looks_a_second")
        )
        text += f"| {row['engine']} | {row['trials']:,} | {trials} | {looks} "
        text += f"| {memory[0] / 2**20:.1f}, {memory[-1] / 2**20:.1f} |\n"
    return text
