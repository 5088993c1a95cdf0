// Subnet files: {"format": "tinynas-subnet", "format_version": 1, "space", "space_hash", "classes",
// "id", "description", "genes": {"resolution": 24, "stage1.block0.kernel": 5, ...}}. Inactive genes
// are left out; id and description are for people and are not read back.

#include <algorithm>

#include "base/files.h"
#include "base/json_io.h"
#include "space/spec.h"
#include "tinynas/error.h"
#include "tinynas/search_space.h"

namespace tinynas {
namespace {

constexpr const char* kFormat = "tinynas-subnet";
constexpr int kVersion = 1;

/// Integers without a decimal point, so that a kernel reads 5 and not 5.0.
Json number(double value) {
  const auto whole = static_cast<std::int64_t>(value);
  return static_cast<double>(whole) == value ? Json(whole) : Json(value);
}

Json read_document(const std::string& path) {
  Json document = read_json_file(path);
  if (!document.is_object()) throw BadInput(path + ": not a subnet file: it must be an object");
  check_format(document, kFormat, kVersion, path);
  return document;
}

void check_hash(const SearchSpace& space, const Json& document, const std::string& path) {
  const std::string hash = json_string(document, "space_hash", path);
  if (hash == space.hash()) return;
  throw BadInput(path + ": field 'space_hash' is " + hash + " (space '" +
                 json_string(document, "space", path) + "', " +
                 std::to_string(json_int(document, "classes", path)) + " classes), but space '" +
                 space.name() + "' with " + std::to_string(space.classes()) + " classes has " +
                 space.hash() + "; use the space that the subnet was found in");
}

std::uint8_t read_choice(const Gene& gene, const Json& value, const std::string& path) {
  const std::string field = path + ": field 'genes." + gene.name + "' ";
  if (!value.is_number()) throw BadInput(field + "must be a number");
  const auto at = std::find(gene.choices.begin(), gene.choices.end(), value.get<double>());
  if (at != gene.choices.end()) return static_cast<std::uint8_t>(at - gene.choices.begin());
  std::string choices;
  for (const double choice : gene.choices) {
    choices += (choices.empty() ? "" : ", ") + format_number(choice);
  }
  throw BadInput(field + "is " + value.dump() + ", choices are " + choices);
}

void refuse_unknown_genes(const SearchSpace& space, const Json& genes, const std::string& path) {
  std::vector<std::string> names;
  for (const Gene& gene : space.genes()) names.push_back(gene.name);
  for (const auto& [name, value] : genes.items()) {
    if (std::find(names.begin(), names.end(), name) == names.end()) {
      throw BadInput(path + ": field 'genes." + name + "' is no gene of space '" + space.name() +
                     "'" + did_you_mean(name, names));
    }
  }
}

}  // namespace

Genotype read_subnet_file(const SearchSpace& space, const std::string& path) {
  const Json document = read_document(path);
  check_hash(space, document, path);
  const Json& genes = json_at(document, "genes", path);
  if (!genes.is_object()) throw BadInput(path + ": field 'genes' must be an object");
  refuse_unknown_genes(space, genes, path);
  Genotype genotype = space.smallest();
  for (std::size_t i = 0; i < genotype.size(); ++i) {
    const Gene& gene = space.genes()[i];
    const auto at = genes.find(gene.name);
    if (at != genes.end()) {
      genotype[i] = read_choice(gene, *at, path);
    } else if (space.is_active(genotype, i)) {  // a depth precedes the genes that it wakes
      throw BadInput(path + ": field 'genes." + gene.name + "' is missing");
    }
  }
  return space.canonical(std::move(genotype));
}

std::string subnet_json(const SearchSpace& space, const Genotype& genotype) {
  const Genotype canonical = space.canonical(genotype);
  Json genes = Json::object();
  for (std::size_t i = 0; i < canonical.size(); ++i) {
    const Gene& gene = space.genes()[i];
    if (space.is_active(canonical, i)) genes[gene.name] = number(gene.choices[canonical[i]]);
  }
  const Json document = {{"format", kFormat},
                         {"format_version", kVersion},
                         {"space", space.name()},
                         {"space_hash", space.hash()},
                         {"classes", space.classes()},
                         {"id", space.id(canonical)},
                         {"description", describe(space.decode(canonical))},
                         {"genes", std::move(genes)}};
  return document.dump(2) + "\n";
}

void write_subnet_file(const SearchSpace& space, const Genotype& genotype,
                       const std::string& path) {
  write_file_atomic(path, subnet_json(space, genotype));
}

SearchSpace find_space_of_subnet(const std::string& path) {
  const Json document = read_document(path);
  const std::string name = json_string(document, "space", path);
  const std::vector<std::string> names = SearchSpace::list_names();
  if (std::find(names.begin(), names.end(), name) == names.end()) {
    throw BadInput(path + ": field 'space': no shipped space is called '" + name +
                   "'; name its file with --space");
  }
  const std::int64_t classes = json_int(document, "classes", path);
  if (classes < 2 || classes > kMaxClasses) {
    throw BadInput(path + ": field 'classes' must lie between 2 and 100000");
  }
  SearchSpace space = SearchSpace::find(name).with_classes(static_cast<int>(classes));
  check_hash(space, document, path);
  return space;
}

}  // namespace tinynas
