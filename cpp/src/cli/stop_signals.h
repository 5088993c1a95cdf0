#pragma once
// Batch systems and people ask a program to end: SIGTERM, SIGINT (Ctrl-C), SIGUSR1 (Slurm's notice
// before a kill).

#include "tinynas/process_group.h"
#include "tinynas/progress.h"

namespace tinynas {

/// From now on these signals set a flag that the returned function reads; a second one ends the
/// process at once, except in a group: torchrun passes on what the terminal has sent already, and
/// kills after 30 seconds. The work stops at its next safe point, after a checkpoint, with exit
/// code 75.
StopFn catch_stop_signals(const ProcessGroup& group = {});

}  // namespace tinynas
