// How a search walks through a space: every result is canonical.

#include <algorithm>

#include "space/layout.h"

namespace tinynas {
namespace {

std::uint8_t draw(Rng& rng, std::size_t choices) {
  return static_cast<std::uint8_t>(rng.below(static_cast<std::uint32_t>(choices)));
}

/// Uniform over the choices other than `current`.
std::uint8_t draw_other(Rng& rng, std::size_t choices, std::uint8_t current) {
  const std::uint8_t other = draw(rng, choices - 1);
  return other >= current ? static_cast<std::uint8_t>(other + 1) : other;
}

}  // namespace

Genotype SearchSpace::sample(Rng& rng) const {
  Genotype genotype;
  for (const Gene& gene : genes()) genotype.push_back(draw(rng, gene.choices.size()));
  return held(std::move(genotype));
}

Genotype SearchSpace::mutate(const Genotype& parent, double probability, Rng& rng) const {
  const Genotype before = canonical(parent);
  Genotype child = held(before);
  for (std::size_t gene = 0; gene < child.size(); ++gene) {
    const std::size_t choices = genes()[gene].choices.size();
    if (!layout_->is_active(child, gene) || is_frozen(gene)) continue;
    if (!layout_->is_active(before, gene)) {
      child[gene] = draw(rng, choices);
    } else if (rng.chance(probability)) {
      child[gene] = draw_other(rng, choices, child[gene]);
    }
  }
  child = held(std::move(child));
  if (child != before) return child;
  // Nothing changed, or only to a choice with the same effect: one step to a network that differs.
  const std::vector<Genotype> others = neighbours(before);
  return others.empty() ? before : others[rng.below(static_cast<std::uint32_t>(others.size()))];
}

Genotype SearchSpace::crossover(const Genotype& a, const Genotype& b, Rng& rng) const {
  layout_->check(a);
  layout_->check(b);
  Genotype child(genes().size(), 0);
  for (std::size_t gene = 0; gene < child.size(); ++gene) {
    const bool first = rng.chance(0.5);
    const bool in_a = layout_->is_active(a, gene), in_b = layout_->is_active(b, gene);
    child[gene] = in_a && (first || !in_b) ? a[gene] : b[gene];
  }
  return held(std::move(child));
}

std::vector<Genotype> SearchSpace::neighbours(const Genotype& genotype) const {
  const Genotype centre = held(genotype);
  std::vector<Genotype> found;
  for (std::size_t gene = 0; gene < centre.size(); ++gene) {
    if (!layout_->is_active(centre, gene) || is_frozen(gene)) continue;
    const std::size_t first = found.size();
    for (std::size_t choice = 0; choice < genes()[gene].choices.size(); ++choice) {
      Genotype other = centre;
      other[gene] = static_cast<std::uint8_t>(choice);
      other = held(std::move(other));
      // Equal results can only come from choices of one gene: another gene leaves this one alone.
      if (other != centre && std::find(found.begin() + static_cast<std::ptrdiff_t>(first),
                                       found.end(), other) == found.end()) {
        found.push_back(std::move(other));
      }
    }
  }
  return found;
}

void SearchSpace::enumerate(const std::function<void(const Genotype&)>& visit) const {
  // Genes are settled from the first to the last. Whether a choice is canonical depends on earlier
  // genes alone (see SpaceLayout), so a prefix is rejected before anything is built on it.
  Genotype genotype(genes().size(), 0);
  const std::function<void(std::size_t)> settle = [&](std::size_t gene) {
    if (gene == genotype.size()) return visit(genotype);
    if (!layout_->is_active(genotype, gene)) return settle(gene + 1);
    const int frozen = frozen_choice(gene);
    const int first = std::max(frozen, 0);
    const int last = frozen < 0 ? static_cast<int>(genes()[gene].choices.size()) - 1 : frozen;
    for (int choice = first; choice <= last; ++choice) {
      genotype[gene] = static_cast<std::uint8_t>(choice);
      Genotype same = genotype;
      layout_->make_canonical(same);
      if (frozen >= 0) genotype[gene] = same[gene];
      if (same == genotype) settle(gene + 1);
    }
    genotype[gene] = 0;
  };
  settle(0);
}

}  // namespace tinynas
