#ifdef TINYNAS_WITH_TORCH

#include "cli/boards_report.h"

#include <cstdio>

#include "base/percent.h"
#include "cli/need_text.h"
#include "cli/text_table.h"
#include "tinynas/bytes.h"

namespace tinynas {
namespace {

std::string share_of(const std::optional<Measurement>& measurement) {
  return measurement ? percent_text(measurement->accuracy, 2) : "-";
}

std::vector<std::string> row_of(const BoardResult& board) {
  const McuBudget& budget = board.problem.budget;
  const SearchResult& result = board.result;
  const std::string of_sram = " of " + format_bytes(budget.sram_bytes);
  const std::string of_flash = " of " + format_bytes(budget.flash_bytes);
  std::vector<std::string> row = {budget.name};
  if (result.best) {
    const Footprint& footprint = result.best->proposal.candidate.footprint;
    row.insert(row.end(),
               {result.best->proposal.candidate.id, share_of(result.best->int8),
                share_of(result.test_int8), format_bytes(footprint.peak_sram_bytes) + of_sram,
                format_bytes(footprint.flash_bytes) + of_flash, format_count(footprint.macs)});
  } else {
    const Footprint& nearest = result.planning.nearest->footprint;
    row.insert(
        row.end(),
        {"nothing fits", "-", "-", "needs " + format_bytes(nearest.peak_sram_bytes) + of_sram,
         "needs " + format_bytes(nearest.flash_bytes) + of_flash, format_count(nearest.macs)});
  }
  row.push_back(std::to_string(result.measured));
  row.push_back(std::to_string(result.trials.size() - static_cast<std::size_t>(result.measured)));
  return row;
}

}  // namespace

std::string boards_report(const SearchJobResult& job, double seconds) {
  std::vector<std::vector<std::string>> rows = {
      {"board", "network", "validation", "test", "SRAM", "flash", "MACs", "measured", "known"}};
  std::int64_t planned = 0, measured = 0;
  for (const BoardResult& board : job.boards) {
    rows.push_back(row_of(board));
    planned += board.result.planning.planned;
    measured += board.result.measured;
  }
  char time[32];
  std::snprintf(time, sizeof time, "%.1f s", seconds);
  std::string text =
      text_table(rows, {2, 3, 4, 5, 6, 7, 8}) +
      "\nAccuracy of int8 networks with the supernet's weights. Known: networks that "
      "were measured\nfor another board and fit this one, too. Planned " +
      format_count(planned) + " networks, measured " + format_count(measured) + ", in " + time +
      ".\n";
  if (job.run_dir.empty()) return text;
  return text + "\nRun directory: " + job.run_dir + "; each board's is " + job.run_dir + "/" +
         RunStore::board_folder("NAME") + "\n";
}

}  // namespace tinynas

#endif
