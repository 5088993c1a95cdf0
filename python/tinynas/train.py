"""`python -m tinynas.train ...` is `tinynas train ...`; under torchrun, in many processes.

    torchrun --nproc-per-node 4 -m tinynas.train --out DIR --shards 4 ...

Python only makes the process group (torch.distributed: NCCL for GPUs, gloo for CPUs). The trainer
in C++ finds it by its name and sums gradients over it.
"""

from __future__ import annotations

import os
import sys
from datetime import timedelta

from tinynas._cli import let_signals_reach_native_code
from tinynas._core import cli_main

# A process waits this long for the others, which may be measuring or have hung.
TIMEOUT = timedelta(minutes=30)


def main() -> None:
    let_signals_reach_native_code()
    arguments = ["tinynas", "train", *sys.argv[1:]]
    if os.environ.get("WORLD_SIZE", "1") == "1":
        sys.exit(cli_main(arguments))
    # Not needed by one process, and takes seconds to load.
    import torch.distributed as dist

    try:
        dist.init_process_group(timeout=TIMEOUT)
    except (ValueError, RuntimeError) as error:
        line = str(error).partition("\n")[0]
        print(f"tinynas: error: the processes do not find each other: {line}", file=sys.stderr)
        sys.exit(2)
    group = dist.group.WORLD
    assert group is not None
    local_rank = int(os.environ.get("LOCAL_RANK", "0"))
    code = cli_main(arguments, group.group_name, group.rank(), group.size(), local_rank)
    # Where one has failed the others may wait for it: that it ends tells them.
    if code == 0:
        dist.destroy_process_group()
    sys.exit(code)


if __name__ == "__main__":
    main()
