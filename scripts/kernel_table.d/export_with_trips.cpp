// Exports networks as C and prints the trips of one inference of each.
//   export_with_trips FOLDER < lines "NAME MODEL.tflite INPUT DEPTHWISE_ROWS SRAM_BYTES"
// SRAM_BYTES -1: no budget. To FOLDER/NAME goes the C; to stdout a JSON object, NAME to
// {"family.trip": count, ...}.

#include <filesystem>
#include <iostream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "base/files.h"
#include "tinyengine/plan_trips.h"
#include "tinynas/codegen.h"
#include "tinynas/error.h"
#include "tinynas/tflite.h"

namespace {

using namespace tinynas;

nlohmann::json export_network(const std::string& folder, const std::string& line) {
  std::istringstream words(line);
  std::string name, file, input, rows;
  PlanOptions options;
  words >> name >> file >> input >> rows >> options.sram_budget_bytes;
  if (!words) throw BadInput("stdin: not five words: " + line);
  options.input = parse_input_mode(input, "stdin");
  options.depthwise_rows = parse_depthwise_rows(rows, "stdin");
  const Graph graph = parse_tflite(read_file(file), file).graph;
  const MemoryPlan plan = plan_memory(graph, find_runtime(kDefaultRuntime), options);
  const std::filesystem::path to = std::filesystem::path(folder) / name;
  std::filesystem::create_directories(to);
  CodeLabels labels;
  labels.network = name;
  for (const GeneratedFile& generated : generate_c(graph, plan, labels, file)) {
    write_file_atomic((to / generated.name).string(), generated.content);
  }
  nlohmann::json counts = nlohmann::json::object();
  count_plan_trips(graph, plan, [&counts](std::int32_t, const TripList& trips) {
    for (const auto& [trip, count] : trips) {
      const TripName& of = kTripNames[static_cast<std::size_t>(trip)];
      nlohmann::json& sum = counts[std::string(of.family) + "." + of.name];
      sum = (sum.is_null() ? 0.0 : sum.get<double>()) + count;
    }
  });
  return {name, counts};
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    std::cerr << "export_with_trips: one argument, the folder to write to\n";
    return 2;
  }
  try {
    nlohmann::json all = nlohmann::json::object();
    for (std::string line; std::getline(std::cin, line);) {
      const auto entry = export_network(argv[1], line);
      all[entry[0].get<std::string>()] = entry[1];
    }
    std::cout << all.dump() << '\n';
    return 0;
  } catch (const std::exception& error) {
    std::cerr << "export_with_trips: " << error.what() << '\n';
    return 1;
  }
}
