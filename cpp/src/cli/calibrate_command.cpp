#include <CLI/App.hpp>
#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <ostream>
#include <sstream>

#include "base/files.h"
#include "cli/commands.h"
#include "cli/mcu_options.h"
#include "cli/network_file.h"
#include "tinynas/bytes.h"
#include "tinynas/error.h"
#include "tinynas/latency.h"

namespace tinynas {
namespace {

struct CalibrateOptions {
  std::string file, out;
  McuOptions mcu;
};

/// A CSV file with a line of names; cells hold no commas.
class Measurements {
 public:
  explicit Measurements(const std::string& path) : path_(path) {
    std::istringstream lines(read_file(path));
    for (std::string line; std::getline(lines, line);) {
      if (!line.empty() && line.back() == '\r') line.pop_back();
      ++line_;
      if (line.find_first_not_of(" \t,") == std::string::npos) continue;
      const std::vector<std::string> cells = split(line);
      if (columns_.empty()) {
        read_names(cells);
      } else {
        if (cells.size() != columns_.size()) {
          fail("has " + std::to_string(cells.size()) + " cells, the first line " +
               std::to_string(columns_.size()));
        }
        rows_.push_back({line_, cells});
      }
    }
    if (rows_.empty()) throw BadInput(path + ": no measurements; one a line, after the names");
  }

  /// Plans the models of the rows for the part.
  std::vector<LatencyMeasurement> read(const RuntimeModel& runtime, const McuTarget& target) {
    std::vector<LatencyMeasurement> all;
    for (const auto& [line, cells] : rows_) {
      line_ = line;
      LatencyMeasurement row;
      row.ms = number(cells, "measured_ms");
      if (has("model")) {
        plan_model(cells[column("model")], runtime, target, row);
      } else {
        row.instructions = std::llround(number(cells, "instructions"));
        if (has("weight_bytes")) row.weight_bytes = std::llround(number(cells, "weight_bytes"));
      }
      all.push_back(row);
    }
    return all;
  }

 private:
  static std::vector<std::string> split(const std::string& line) {
    std::vector<std::string> cells;
    std::size_t start = 0;
    while (true) {
      const std::size_t end = std::min(line.find(',', start), line.size());
      const std::size_t first = std::min(line.find_first_not_of(" \t\"", start), end);
      std::size_t last = end;
      while (last > first && std::string(" \t\"").find(line[last - 1]) != std::string::npos) --last;
      cells.push_back(line.substr(first, last - first));
      if (end == line.size()) return cells;
      start = end + 1;
    }
  }

  void read_names(const std::vector<std::string>& names) {
    for (const std::string& name : names) {
      if (name != "model" && name != "instructions" && name != "weight_bytes" &&
          name != "measured_ms") {
        fail("column '" + name + "' is unknown" +
             did_you_mean(name, {"model", "instructions", "weight_bytes", "measured_ms"}) +
             "; known: model, instructions, weight_bytes, measured_ms");
      }
    }
    columns_ = names;
    if (!has("measured_ms")) fail("column 'measured_ms' is missing");
    if (!has("model") && !has("instructions"))
      fail("a column 'model' or 'instructions' is missing");
  }

  bool has(const std::string& name) const { return column(name) < columns_.size(); }
  std::size_t column(const std::string& name) const {
    return static_cast<std::size_t>(std::find(columns_.begin(), columns_.end(), name) -
                                    columns_.begin());
  }

  double number(const std::vector<std::string>& cells, const std::string& name) const {
    const std::string& cell = cells[column(name)];
    double value = 0;
    const auto parsed = std::from_chars(cell.data(), cell.data() + cell.size(), value);
    const bool whole = parsed.ec == std::errc() && parsed.ptr == cell.data() + cell.size();
    if (!whole || !(value > 0) || !std::isfinite(value) || value > 1e15) {
      fail("column '" + name + "': '" + cell + "' is not a number above 0");
    }
    return value;
  }

  /// A path beside the CSV file, or of its own.
  void plan_model(const std::string& model, const RuntimeModel& runtime, const McuTarget& target,
                  LatencyMeasurement& row) const {
    namespace fs = std::filesystem;
    const fs::path beside = fs::path(path_).parent_path() / model;
    const std::string file = fs::exists(beside) ? beside.string() : model;
    if (model.empty() || !fs::exists(file)) {
      fail("column 'model': there is no file '" + model + "'");
    }
    PlanOptions options;
    options.sram_budget_bytes = target.budget.sram_bytes;
    options.predict_instructions = true;
    const MemoryPlan plan =
        plan_memory(read_network_file(file, "").under(runtime), runtime, options);
    row.instructions = plan.instructions;
    row.weight_bytes = plan.flash.weight_bytes;
    if (row.instructions == 0) {
      fail("column 'model': instructions of '" + model + "' on a " + runtime.core +
           " are not predicted; give a column 'instructions' instead");
    }
  }

  [[noreturn]] void fail(const std::string& message) const {
    throw BadInput(path_ + ": row " + std::to_string(line_) + ": " + message);
  }

  struct Row {
    int line;
    std::vector<std::string> cells;
  };
  std::string path_;
  std::vector<std::string> columns_;
  std::vector<Row> rows_;
  int line_ = 0;
};

int calibrate(CliContext& context, const CalibrateOptions& options) {
  const RuntimeModel runtime = target_runtime(kDefaultRuntime, options.mcu);
  const McuTarget target = resolve_mcu(options.mcu, runtime);
  const auto rows = Measurements(options.file).read(runtime, target);
  const LatencyFit fit = fit_latency(rows, static_cast<double>(target.mcu.clock_hz));
  write_file_atomic(options.out, calibration_toml(target.mcu, fit, rows.size(), options.file));
  char text[256];
  std::snprintf(text, sizeof text,
                "%zu measurements: %.3f cycles an instruction, %.3f a weight byte; leave-one-out "
                "error %.1f %% mean, %.1f %% max",
                rows.size(), fit.cpi, fit.cycles_per_weight_byte, 100 * fit.mean_error,
                100 * fit.max_error);
  context.out << text << (rows.size() == 1 ? " (assumed: one row cannot tell)" : "") << "\n"
              << options.out << ": use it as --calibration\n";
  return 0;
}

}  // namespace

void add_calibrate_command(CLI::App& app, CliContext& context) {
  auto options = std::make_shared<CalibrateOptions>();
  CLI::App* command =
      app.add_subcommand("calibrate", "Milliseconds of your own board, from a few networks on it");
  command
      ->add_option("file", options->file,
                   "CSV with names in its first line: measured_ms, and model (.tflite) or "
                   "instructions and, where known, weight_bytes")
      ->type_name("FILE.csv")
      ->required();
  add_mcu_options(*command, context, options->mcu, true);
  command->add_option("--out", options->out, "File to write")->type_name("FILE.toml")->required();
  command->footer("Exit codes: 0 written, 2 usage or bad input.");
  command->callback([options, &context] {
    context.command = [options, &context] { return calibrate(context, *options); };
  });
}

}  // namespace tinynas
