// Part of a space: the networks in which some genes have a given choice.

#include <fnmatch.h>

#include <algorithm>

#include "base/files.h"
#include "space/layout.h"
#include "tinynas/error.h"

namespace tinynas {
namespace {

std::int16_t choice_of(const Gene& gene, double value) {
  const auto at = std::find(gene.choices.begin(), gene.choices.end(), value);
  if (at != gene.choices.end()) return static_cast<std::int16_t>(at - gene.choices.begin());
  std::string choices;
  for (const double choice : gene.choices) {
    choices += (choices.empty() ? "" : ", ") + format_number(choice);
  }
  throw BadInput(gene.name + "=" + format_number(value) + ": choices are " + choices);
}

}  // namespace

SearchSpace SearchSpace::frozen(const std::vector<std::pair<std::string, double>>& choices) const {
  SearchSpace space = *this;
  space.frozen_.resize(genes().size(), -1);
  std::vector<std::string> names;
  for (const Gene& gene : genes()) names.push_back(gene.name);
  for (const auto& [pattern, value] : choices) {
    bool known = false;
    for (std::size_t gene = 0; gene < genes().size(); ++gene) {
      if (fnmatch(pattern.c_str(), names[gene].c_str(), 0) != 0) continue;
      space.frozen_[gene] = choice_of(genes()[gene], value);
      known = true;
    }
    if (!known) {
      throw BadInput("'" + pattern + "' is no gene of space '" + name() + "'" +
                     did_you_mean(pattern, names));
    }
  }
  return space;
}

std::vector<std::pair<std::string, double>> SearchSpace::frozen_choices() const {
  std::vector<std::pair<std::string, double>> choices;
  for (std::size_t gene = 0; gene < frozen_.size(); ++gene) {
    if (!is_frozen(gene)) continue;
    choices.emplace_back(genes()[gene].name,
                         genes()[gene].choices[static_cast<std::size_t>(frozen_[gene])]);
  }
  return choices;
}

Genotype SearchSpace::held(Genotype genotype) const {
  layout_->check(genotype);
  for (std::size_t gene = 0; gene < frozen_.size(); ++gene) {
    if (is_frozen(gene)) genotype[gene] = static_cast<std::uint8_t>(frozen_[gene]);
  }
  layout_->make_canonical(genotype);
  return genotype;
}

}  // namespace tinynas
