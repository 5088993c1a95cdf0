#include <CLI/App.hpp>
#include <cmath>
#include <cstdio>
#include <memory>
#include <ostream>

#include "cli/commands.h"
#include "cli/text_table.h"
#include "tinynas/bytes.h"
#include "tinynas/memory_plan.h"
#include "tinynas/search_space.h"

namespace tinynas {
namespace {

struct SpacesOptions {
  std::string name;
  bool json = false;
};

/// One end of a space, lowered and planned.
struct Corner {
  std::string id, description;
  int resolution = 0;
  Footprint footprint;
  std::int64_t params = 0;
};

Corner plan_corner(const SearchSpace& space, const Genotype& genotype) {
  const Subnet subnet = space.decode(genotype);
  const Graph graph = lower(subnet);
  Corner corner;
  corner.id = space.id(genotype);
  corner.description = describe(subnet);
  corner.resolution = subnet.resolution;
  corner.footprint = plan_memory(graph, find_runtime(kDefaultRuntime)).footprint();
  corner.params = graph_params(graph);
  return corner;
}

Json to_json(const Corner& corner) {
  return {{"id", corner.id},
          {"description", corner.description},
          {"resolution", corner.resolution},
          {"peak_sram_bytes", corner.footprint.peak_sram_bytes},
          {"flash_bytes", corner.footprint.flash_bytes},
          {"macs", corner.footprint.macs},
          {"params", corner.params}};
}

Json to_json(const SearchSpace& space) {
  return {{"name", space.name()},
          {"hash", space.hash()},
          {"cardinality", space.cardinality()},
          {"smallest", to_json(plan_corner(space, space.smallest()))},
          {"largest", to_json(plan_corner(space, space.largest()))}};
}

/// "38,212" while that is readable, "1.2e+18" above.
std::string cardinality_text(double count) {
  if (count < 1e9) return format_count(std::llround(count));
  char text[32];
  std::snprintf(text, sizeof text, "%.1e", count);
  return text;
}

std::string compact_number(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%g", value);
  return text;
}

int list(CliContext& context, bool json) {
  Json document = {{"schema_version", 1}, {"spaces", Json::array()}};
  std::vector<std::vector<std::string>> rows{{"NAME", "NETWORKS", "PIXELS", "SRAM", "FLASH"}};
  for (const std::string& name : SearchSpace::list_names()) {
    const SearchSpace space = SearchSpace::find(name);
    if (json) {
      document["spaces"].push_back(to_json(space));
      continue;
    }
    const Corner small = plan_corner(space, space.smallest());
    const Corner large = plan_corner(space, space.largest());
    auto range = [](const std::string& a, const std::string& b) { return a + " to " + b; };
    rows.push_back({name, cardinality_text(space.cardinality()),
                    range(std::to_string(small.resolution), std::to_string(large.resolution)),
                    range(format_bytes(small.footprint.peak_sram_bytes),
                          format_bytes(large.footprint.peak_sram_bytes)),
                    range(format_bytes(small.footprint.flash_bytes),
                          format_bytes(large.footprint.flash_bytes))});
  }
  if (json) {
    print_json(context, document);
  } else {
    context.out << text_table(rows, {1})
                << "SRAM and flash of the smallest and the largest network, by the rules of "
                   "tinyengine.\n";
  }
  return 0;
}

std::string corner_text(const char* title, const Corner& corner) {
  return std::string(title) + " " + format_bytes(corner.footprint.peak_sram_bytes) + " SRAM, " +
         format_bytes(corner.footprint.flash_bytes) + " flash, " +
         format_count(corner.footprint.macs) + " MACs, " + format_count(corner.params) +
         " parameters\n    " + corner.description + "\n";
}

int show(CliContext& context, const SpacesOptions& options) {
  const SearchSpace space = SearchSpace::find(options.name);
  if (options.json) {
    Json document = {{"schema_version", 1}};
    document.update(to_json(space));
    document["genes"] = Json::array();
    for (const Gene& gene : space.genes()) {
      document["genes"].push_back({{"name", gene.name}, {"choices", gene.choices}});
    }
    print_json(context, document);
    return 0;
  }
  std::vector<std::vector<std::string>> rows{{"  GENE", "CHOICES"}};
  for (const Gene& gene : space.genes()) {
    std::string choices;
    for (const double choice : gene.choices) choices += compact_number(choice) + " ";
    rows.push_back({"  " + gene.name, choices});
  }
  context.out << space.name() << " (" << space.hash()
              << "): " << cardinality_text(space.cardinality()) << " distinct networks\n\n"
              << text_table(rows, {}) << "\n"
              << corner_text("smallest", plan_corner(space, space.smallest()))
              << corner_text("largest ", plan_corner(space, space.largest()));
  return 0;
}

}  // namespace

void add_spaces_command(CLI::App& app, CliContext& context) {
  auto options = std::make_shared<SpacesOptions>();
  CLI::App* spaces = app.add_subcommand("spaces", "Search spaces: which networks may be built");
  spaces->require_subcommand(0, 1);
  CLI::App* list_command = spaces->add_subcommand("list", "All shipped spaces (default)");
  CLI::App* show_command = spaces->add_subcommand("show", "One space, with its genes");
  for (CLI::App* command : {spaces, list_command, show_command}) {
    command->add_flag("--json", options->json, "One JSON document on stdout");
  }
  CLI::Option* name = show_command->add_option("name", options->name, "Space or space file")
                          ->type_name("NAME|FILE.toml")
                          ->required();
  context.choices[name] = SearchSpace::list_names;
  add_spaces_rank_command(*spaces, context);
  spaces->callback([options, &context] {
    if (!context.command) context.command = [=, &context] { return list(context, options->json); };
  });
  show_command->callback([options, &context] {
    context.command = [options, &context] { return show(context, *options); };
  });
}

}  // namespace tinynas
