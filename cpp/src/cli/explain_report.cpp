#include "cli/explain_report.h"

#include <cmath>
#include <cstdio>

#include "base/percent.h"
#include "cli/text_table.h"
#include "mcu/budget_json.h"
#include "search/candidate_json.h"
#include "tinyengine/plan_report.h"
#include "tinynas/bytes.h"

namespace tinynas {
namespace {

std::string amount(Limit limit, double value) {
  if (limit == Limit::kLatency) return format_ms(value);
  const auto whole = static_cast<std::int64_t>(std::llround(value));
  return limit == Limit::kMacs ? format_count(whole) : format_bytes(whole);
}

std::string points(double difference) {
  char text[32];
  std::snprintf(text, sizeof text, "%+.2f", 100 * difference);
  return text;
}

std::string uses_table(const Explanation& explanation) {
  const GrowthLimits& growth = explanation.growth;
  std::vector<std::vector<std::string>> rows = {
      {"", "needs", "of", "used", "too much for", "alone", "most of it in"}};
  for (const LimitUse& use : growth.uses) {
    rows.push_back({limit_name(use.limit), amount(use.limit, use.need),
                    amount(use.limit, use.available), percent_text(use.need / use.available, 0),
                    std::to_string(use.exceeded), std::to_string(use.exceeded_alone),
                    use.where + " (" + amount(use.limit, use.need_there) + ")"});
  }
  return text_table(rows, {1, 2, 3, 4, 5});
}

std::string binding_text(const GrowthLimits& growth) {
  const LimitUse* binding = growth.binding();
  const std::string ways = std::to_string(growth.grown) + " ways to grow it by one gene";
  if (growth.grown == 0) return "It is the largest network of the space: nothing binds.\n";
  if (binding == nullptr) return "All of " + ways + " fit: no limit binds.\n";
  return std::string(limit_name(binding->limit)) + " binds: of " + ways + ", " +
         std::to_string(binding->exceeded) + " need more of it than there is; " +
         std::to_string(growth.fitting) + " fit.\n";
}

std::vector<std::string> relief_row(const Explanation& explanation, const Relief& relief) {
  const std::string& name = relief.budget.name;
  std::vector<std::string> row = {name == explanation.problem.budget.name ? "as it is" : name};
  if (relief.better) {
    const Candidate& candidate = relief.better->proposal.candidate;
    const double accuracy = relief.better->int8->accuracy;
    row.insert(
        row.end(),
        {percent_text(accuracy, 2), points(accuracy - explanation.accuracy.accuracy), candidate.id,
         format_bytes(candidate.footprint.peak_sram_bytes),
         format_bytes(candidate.footprint.flash_bytes), format_count(candidate.footprint.macs)});
  } else {
    row.insert(row.end(), {"-", "0", "none better", "-", "-", "-"});
  }
  row.push_back(std::to_string(relief.measured));
  return row;
}

Json network_json(const Candidate& candidate, const Measurement& int8) {
  Json document = candidate_json(candidate);
  document.update({{"genotype", candidate.genotype},
                   {"validation_int8", int8.accuracy},
                   {"images", int8.images},
                   {"standard_error", int8.standard_error}});
  return document;
}

}  // namespace

std::string explain_report(const Explanation& explanation) {
  std::vector<std::vector<std::string>> rows = {
      {"with", "accuracy", "points", "network", "SRAM", "flash", "MACs", "measured"}};
  for (const Relief& relief : explanation.reliefs) rows.push_back(relief_row(explanation, relief));
  char error[32];
  std::snprintf(error, sizeof error, "%.2f", 100 * explanation.accuracy.standard_error);
  return "Network " + explanation.winner.id + " on " + explanation.problem.budget.name + ": " +
         percent_text(explanation.accuracy.accuracy, 2) + " (int8, supernet weights, " +
         format_count(explanation.accuracy.images) + " validation images, standard error " + error +
         " points)\n\n" + uses_table(explanation) + "\n" + binding_text(explanation.growth) +
         "\nWhat more would buy: the best of what was measured that fits then, where it is better "
         "than\n"
         "the network and what searching on finds for the board as it is\n" +
         text_table(rows, {1, 2, 4, 5, 6, 7});
}

Json explain_json(const Explanation& explanation) {
  const GrowthLimits& growth = explanation.growth;
  const LimitUse* binding = growth.binding();
  Json document = {{"schema_version", 1},
                   {"mcu", budget_json(explanation.problem.budget)},
                   {"winner", network_json(explanation.winner, explanation.accuracy)},
                   {"binds", binding == nullptr ? Json(nullptr) : Json(limit_name(binding->limit))},
                   {"grown", growth.grown},
                   {"grown_that_fit", growth.fitting},
                   {"limits", Json::array()},
                   {"reliefs", Json::array()}};
  for (const LimitUse& use : growth.uses) {
    document["limits"].push_back({{"limit", limit_name(use.limit)},
                                  {"need", use.need},
                                  {"available", use.available},
                                  {"exceeded", use.exceeded},
                                  {"exceeded_alone", use.exceeded_alone},
                                  {"operator", use.where},
                                  {"operator_need", use.need_there}});
  }
  for (const Relief& relief : explanation.reliefs) {
    const auto& better = relief.better;
    document["reliefs"].push_back(
        {{"mcu", budget_json(relief.budget)},
         {"measured", relief.measured},
         {"points", better ? 100 * (better->int8->accuracy - explanation.accuracy.accuracy) : 0},
         {"network",
          better ? network_json(better->proposal.candidate, *better->int8) : Json(nullptr)}});
  }
  return document;
}

}  // namespace tinynas
