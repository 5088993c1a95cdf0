#include <CLI/App.hpp>
#include <array>

#include "base/toml_reader.h"
#include "cli/settings.h"
#include "entry_points.h"
#include "invariant.h"
#include "temporary_folder.h"
#include "tinynas/mcu.h"
#include "tinynas/memory_plan.h"
#include "tinynas/search_space.h"

namespace tinynas::fuzzing {
namespace {

/// A network that takes no time to plan.
Graph small_graph() {
  Graph graph;
  graph.input = graph.add_tensor({4, 4, 2});
  Op convolution;
  convolution.kernel_h = convolution.kernel_w = 3;
  convolution.pad_top = convolution.pad_left = 1;
  graph.output = graph.add_op(convolution, std::array{graph.input}, {4, 4, 3});
  return graph;
}

void read_keys(std::string_view content, const std::string& path) {
  const TomlTable file = TomlTable::parse(content, path);
  const auto ask = [&](auto get) { reads_or_refuses(path, [&] { get(file); }); };
  for (const std::string key : {"name", "bytes", "list", "words", "stage", "stem", "a"}) {
    ask([&](const TomlTable& table) { table.get_string(key); });
    ask([&](const TomlTable& table) { table.get_int(key, INT64_MIN, INT64_MAX); });
    ask([&](const TomlTable& table) { table.get_number(key, -1, 1); });
    ask([&](const TomlTable& table) { table.get_bool(key); });
    ask([&](const TomlTable& table) { table.get_bytes(key); });
    ask([&](const TomlTable& table) { table.get_numbers(key, -1e300, 1e300); });
    ask([&](const TomlTable& table) { table.get_strings(key); });
    ask([&](const TomlTable& table) { table.get_texts(key); });
    ask([&](const TomlTable& table) { table.location(key); });
    ask([&](const TomlTable& table) { table.get_table(key).finish(); });
    ask([&](const TomlTable& table) {
      for (const TomlTable& item : table.get_tables(key)) item.finish();
    });
  }
  file.finish();
}

void read_board(const std::string& path) {
  const Mcu mcu = load_mcu_file(path);
  BudgetOverrides overrides;
  if (!mcu.flash_internal) overrides.flash_bytes = std::int64_t{1} << 40;
  budget(mcu, overrides);  // load_mcu_file has seen that the reserves leave something
  total_sram_bytes(mcu);
}

void read_runtime(const std::string& path) {
  const RuntimeModel runtime = find_runtime(path);
  plan_memory(small_graph(), runtime);
}

void read_space(std::string_view content, const std::string& path) {
  const SearchSpace space = SearchSpace::parse(std::string(content), path);
  if (SearchSpace::parse(space.toml_text(), path).hash() != space.hash()) {
    throw Finding("a space that is written and read again has another hash");
  }
  for (const Genotype& genotype : {space.smallest(), space.largest()}) {
    const Subnet subnet = space.decode(space.canonical(genotype));
    const Graph graph = lower(subnet);
    reads_or_refuses(path, [&] {
      validate(graph, path);
      plan_if_small(graph, graph);
    });
  }
}

/// As cli_main does before it parses the command line.
void read_config(const std::string& path) {
  CLI::App app("fuzz");
  app.add_option("--config")->configurable(false);
  app.add_flag("-q,--quiet");
  CLI::App* plan = app.add_subcommand("plan", "");
  plan->add_option("--mcu");
  plan->add_option("--reserve-sram");
  app.add_subcommand("search", "")->add_option("--seed");
  resolve_arguments(app, {"plan", "--config", path});
}

}  // namespace

void read_toml(std::string_view content) {
  static const testing::TemporaryFolder kFolder;
  const std::string path = kFolder.write("fuzz.toml", std::string(content));
  reads_or_refuses(path, [&] { read_keys(content, path); });
  reads_or_refuses(path, [&] { read_board(path); });
  reads_or_refuses(path, [&] { read_runtime(path); });
  reads_or_refuses(path, [&] { read_space(content, path); });
  reads_or_refuses(path, [&] { read_config(path); });
}

}  // namespace tinynas::fuzzing
