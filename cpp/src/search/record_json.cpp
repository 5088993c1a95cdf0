#include "search/record_json.h"

#include <array>
#include <cmath>

#include "search/candidate_json.h"
#include "tinynas/error.h"

namespace tinynas {
namespace {

constexpr std::array kKinds = {RecordKind::kTrial, RecordKind::kScreening, RecordKind::kFinalist,
                               RecordKind::kReference, RecordKind::kTest};
constexpr std::array kOrigins = {Origin::kLargest,  Origin::kIncluded,  Origin::kRandom,
                                 Origin::kMutation, Origin::kCrossover, Origin::kNeighbour,
                                 Origin::kKnown};
constexpr std::array kSplits = {Split::kTrain, Split::kCalibration, Split::kValidation,
                                Split::kTest};

template <typename Values, typename Name>
auto value_named(const Values& values, Name name, const Json& line, const char* key,
                 const std::string& where) {
  const std::string word = json_string(line, key, where);
  for (const auto value : values) {
    if (word == name(value)) return value;
  }
  throw BadInput(where + ": field '" + key + "' is '" + word + "', which is not known");
}

Genotype parse_genotype(const Json& line, const std::string& where) {
  const Json& genes = json_at(line, "genotype", where);
  if (!genes.is_array()) throw BadInput(where + ": field 'genotype' must be a list");
  Genotype genotype;
  for (const Json& gene : genes) {
    if (!gene.is_number_integer() || gene < 0 || gene > 255) {
      throw BadInput(where + ": field 'genotype' must hold numbers from 0 to 255");
    }
    genotype.push_back(gene.get<std::uint8_t>());
  }
  return genotype;
}

}  // namespace

std::string record_line(const MeasurementRecord& record) {
  const Candidate& candidate = record.proposal.candidate;
  Json line = {{"kind", record_kind_name(record.kind)},
               {"mcu", record.mcu},
               {"trial", record.proposal.trial},
               {"generation", record.proposal.generation},
               {"origin", origin_name(record.proposal.origin)},
               {"genotype", candidate.genotype}};
  line.update(candidate_json(candidate));
  line.update({{"split", split_name(record.fidelity.split)},
               {"recalibration_images", record.fidelity.recalibration_images},
               {"split_images", record.fidelity.images},
               {"int8", record.fidelity.int8},
               {"score", record.measurement.score},
               {"accuracy", record.measurement.accuracy},
               {"images", record.measurement.images},
               {"standard_error", record.measurement.standard_error}});
  return line.dump();
}

MeasurementRecord parse_record(std::string_view text, const std::string& where) {
  const Json line = parse_json(text, where);
  if (!line.is_object()) throw BadInput(where + ": must be an object");
  const auto integer = [&](const char* key) { return json_int(line, key, where); };
  MeasurementRecord record;
  record.kind = value_named(kKinds, record_kind_name, line, "kind", where);
  record.mcu = json_string(line, "mcu", where);
  record.proposal.trial = static_cast<int>(integer("trial"));
  record.proposal.generation = static_cast<int>(integer("generation"));
  record.proposal.origin = value_named(kOrigins, origin_name, line, "origin", where);
  Candidate& candidate = record.proposal.candidate;
  candidate.id = json_string(line, "id", where);
  candidate.genotype = parse_genotype(line, where);
  candidate.footprint = {integer("peak_sram_bytes"), integer("flash_bytes"), integer("macs")};
  candidate.params = integer("params");
  // Null where no limit asked for it; missing in runs of earlier versions.
  if (const auto latency = line.find("latency_high_ms");
      latency != line.end() && !latency->is_null())
    candidate.footprint.latency_ms = json_number(line, "latency_high_ms", where);
  record.fidelity.split = value_named(kSplits, split_name, line, "split", where);
  record.fidelity.recalibration_images = static_cast<int>(integer("recalibration_images"));
  record.fidelity.images = static_cast<int>(integer("split_images"));
  const Json& int8 = json_at(line, "int8", where);
  if (!int8.is_boolean()) throw BadInput(where + ": field 'int8' must be true or false");
  record.fidelity.int8 = int8.get<bool>();
  record.measurement.score = json_number(line, "score", where);
  record.measurement.accuracy = json_number(line, "accuracy", where);
  record.measurement.images = static_cast<int>(integer("images"));
  record.measurement.standard_error = json_number(line, "standard_error", where);
  return record;
}

TrialLines parse_trial_lines(const std::string& content, const std::string& path) {
  TrialLines lines;
  std::size_t start = 0;
  while (true) {
    const std::size_t end = content.find('\n', start);
    if (end == std::string::npos) return lines;
    const std::string where = path + ":" + std::to_string(lines.records.size() + 1);
    try {
      lines.records.push_back(
          parse_record(std::string_view(content).substr(start, end - start), where));
    } catch (const BadInput& error) {
      lines.damage = error.what();
      return lines;
    }
    start = end + 1;
    lines.ends.push_back(start);
  }
}

}  // namespace tinynas
