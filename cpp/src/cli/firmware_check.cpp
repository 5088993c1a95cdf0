#include "cli/firmware_check.h"

#include <algorithm>
#include <numeric>

#include "base/child_process.h"
#include "cli/network_file.h"
#include "cli/text_table.h"
#include "tinynas/bytes.h"
#include "tinynas/codegen.h"
#include "tinynas/int8_interpreter.h"
#include "tinynas/rng.h"

namespace tinynas {
namespace {

/// The extremes alike, the extremes drawn, then drawn evenly.
std::vector<std::int8_t> make_inputs(std::int64_t bytes, int count) {
  Rng rng(0);
  std::vector<std::int8_t> values;
  for (int i = 0; i < count; ++i) {
    for (std::int64_t b = 0; b < bytes; ++b) {
      int value = static_cast<int>(rng.below(256)) - 128;
      if (i < 2) value = i == 0 ? -128 : 127;
      if (i == 2) value = value < 0 ? -128 : 127;
      values.push_back(static_cast<std::int8_t>(value));
    }
  }
  return values;
}

std::size_t count_equal(const std::vector<std::int8_t>& got, const std::vector<std::int8_t>& wanted,
                        std::size_t bytes) {
  if (got.size() != wanted.size()) return 0;
  std::size_t equal = 0;
  for (std::size_t at = 0; at < got.size(); at += bytes) {
    equal += std::equal(got.begin() + static_cast<std::ptrdiff_t>(at),
                        got.begin() + static_cast<std::ptrdiff_t>(at + bytes),
                        wanted.begin() + static_cast<std::ptrdiff_t>(at));
  }
  return equal;
}

FirmwareMemory part_memory(const McuTarget& target) {
  return {target.budget.sram_bytes + target.reserves.stack_bytes + target.reserves.runtime_bytes,
          target.budget.flash_bytes, target.reserves.stack_bytes};
}

}  // namespace

std::int64_t FirmwareVerdict::instructions() const {
  const std::int64_t all =
      std::accumulate(run.instructions.begin(), run.instructions.end(), std::int64_t{0});
  return run.instructions.empty() ? 0 : all / static_cast<std::int64_t>(run.instructions.size());
}

void require_firmware_check(const Mcu& mcu) {
  find_emulated_core(mcu);
  require_firmware_tools();
}

FirmwareVerdict check_firmware(const FirmwareQuestion& question, const ProgressFn& progress,
                               const StopFn& stop) {
  FirmwareVerdict verdict;
  verdict.core = find_emulated_core(question.target.mcu);
  const WorkFolder folder;
  EmulatedBoard board(verdict.core, folder.path(), stop);
  const std::string& file = question.network.file;
  const Network network = read_network_file(file, "");
  PlanOptions options;
  options.input = question.input;
  options.sram_budget_bytes = question.target.budget.sram_bytes;
  options.predict_instructions = true;
  verdict.plan = plan_memory(network.graph, question.runtime, options);
  const Int8Interpreter interpreter(network.graph, file);
  const CodeLabels labels{question.network.name, network.labels, {}};
  if (progress) progress("compiling");
  verdict.linked = board.build(generate_c(network.graph, verdict.plan, labels, file),
                               part_memory(question.target));
  if (progress) progress("running");
  const auto inputs = make_inputs(interpreter.input_bytes(), question.inputs);
  verdict.run = board.run(inputs);
  verdict.inputs = static_cast<std::size_t>(question.inputs);
  const auto bytes = static_cast<std::size_t>(interpreter.output_bytes());
  std::vector<std::int8_t> wanted(verdict.inputs * bytes);
  interpreter.run(inputs, wanted);
  verdict.equal = count_equal(verdict.run.outputs, wanted, bytes);
  return verdict;
}

std::string verdict_text(const FirmwareVerdict& v) {
  const auto row = [](const char* what, std::int64_t predicted, std::int64_t measured,
                      const char* comment) {
    return std::vector<std::string>{what, format_count(predicted), format_count(measured), comment};
  };
  const auto verb = [](bool holds, const char* word) { return holds ? word : "DIFFERS"; };
  const FlashBreakdown& flash = v.plan.flash;
  const std::int64_t macs = std::max<std::int64_t>(v.plan.macs, 1);
  std::string text = text_table(
      {{"", "predicted", "measured", ""},
       row("arena", v.plan.peak_sram_bytes, v.linked.arena_bytes, verb(v.arena_holds(), "equal")),
       row("statics", v.plan.runtime_bytes, v.linked.statics_bytes(),
           verb(v.statics_hold(), "equal")),
       row("stack", v.plan.stack_bytes, v.run.stack_bytes,
           verb(v.stack_holds(), v.run.stack_bytes == v.plan.stack_bytes ? "equal" : "within")),
       row("flash", flash.total_bytes(), v.linked.flash_bytes(),
           flash.code_is_estimate ? "an estimate" : verb(v.flash_holds(), "equal")),
       row("  tables", flash.rodata_bytes(), v.linked.rodata_bytes + v.linked.data_bytes, ""),
       row("  code", flash.code_bytes, v.linked.text_bytes, "")},
      {1, 2});
  text += "outputs equal: " + std::string(v.outputs_hold() ? "yes" : "NO") + ", " +
          std::to_string(v.equal) + " of " + std::to_string(v.inputs) + " inputs\n";
  text += "bytes around the arena: " +
          std::string(v.run.canaries_intact ? "untouched" : "OVERWRITTEN") + "\n";
  char ratio[32];
  std::snprintf(ratio, sizeof ratio, "%.2f",
                static_cast<double>(v.instructions()) / static_cast<double>(macs));
  return text + "instructions an inference: " + format_count(v.instructions()) + ", " + ratio +
         " a MAC" +
         (v.plan.instructions > 0 ? "; predicted " + format_count(v.plan.instructions) : "") +
         "\n\n" + (v.holds() ? "verified on an emulated " : "NOT as planned on an emulated ") +
         v.core.core + "\n";
}

Json verdict_json(const FirmwareVerdict& v) {
  return {{"core", v.core.core},
          {"machine", v.core.machine},
          {"input", input_mode_name(v.plan.input)},
          {"predicted",
           {{"arena_bytes", v.plan.peak_sram_bytes},
            {"statics_bytes", v.plan.runtime_bytes},
            {"stack_bytes", v.plan.stack_bytes},
            {"flash_bytes", v.plan.flash.total_bytes()},
            {"rodata_bytes", v.plan.flash.rodata_bytes()},
            {"text_bytes", v.plan.flash.code_bytes},
            {"instructions", v.plan.instructions > 0 ? Json(v.plan.instructions) : Json(nullptr)}}},
          {"measured",
           {{"arena_bytes", v.linked.arena_bytes},
            {"statics_bytes", v.linked.statics_bytes()},
            {"stack_bytes", v.run.stack_bytes},
            {"flash_bytes", v.linked.flash_bytes()},
            {"rodata_bytes", v.linked.rodata_bytes},
            {"text_bytes", v.linked.text_bytes},
            {"instructions", v.run.instructions}}},
          {"inputs", v.inputs},
          {"equal", v.equal},
          {"canaries_intact", v.run.canaries_intact}};
}

}  // namespace tinynas
