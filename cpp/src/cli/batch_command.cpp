#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>

#include "cli/commands.h"
#include "cli/python_program.h"

namespace tinynas {

// Sweeps are written in Python (python/tinynas/batch), which reads what follows the command.
void add_batch_command(CLI::App& app, CliContext& context) {
  CLI::App* batch = app.add_subcommand(
      "batch", "Many searches as one job: boards, budgets, spaces and seeds of a sweep file");
  batch->prefix_command();  // options after the first word are Python's, --help among them
  batch->allow_extras();
  batch->footer(
      "tinynas batch submit FILE.toml [--cluster local|slurm] [--out DIR] [--dry-run]\n"
      "tinynas batch status DIR [--json]\n"
      "tinynas batch collect DIR [--csv|--json]\n"
      "`tinynas batch submit --help` says more; configs/batch has sweep files to copy.");
  batch->callback([batch, &context] {
    context.command = [batch]() -> int {
      become_python_program("run_batch.py", batch->remaining(), "batch");
    };
  });
}

}  // namespace tinynas
