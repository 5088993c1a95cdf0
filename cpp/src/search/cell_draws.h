#pragma once
// Networks drawn from one cell and planned under several targets: most of what does not fit is
// known by a bound, in a fraction of a plan's time.

#include <memory>
#include <vector>

#include "tinynas/space_ranking.h"

namespace tinynas {

/// One network under one target.
struct Draw {
  /// As a search plans it: patches where the budget asks for them. MACs without what patches
  /// compute again. Where `planned` is false: what no plan goes below.
  Footprint footprint;
  Violation violation;
  bool planned = false;
  bool fits() const { return planned && violation.fits(); }
};

/// Draws from cells on all cores. Keeps the allocations of graphs and plans, one of each a thread.
/// Used by one thread.
class CellDraws {
 public:
  CellDraws(std::vector<RankingTarget> targets, int networks, std::uint64_t seed);
  ~CellDraws();

  /// Plans the cell's networks; the results of a cell before are gone.
  void draw(const SearchSpace& cell);
  /// Of the cell drawn last.
  const std::vector<Draw>& under(std::size_t target) const { return draws_[target]; }
  /// The network with the least violation, where none fits; the first of equals.
  Candidate nearest(std::size_t target);

 private:
  struct Workspaces;

  Genotype genotype(std::size_t draw) const;
  void plan(std::size_t draw, std::size_t target);

  std::vector<RankingTarget> targets_;
  std::uint64_t seed_, stream_ = 0;
  const SearchSpace* cell_ = nullptr;
  std::vector<std::vector<Draw>> draws_;  ///< by target
  std::unique_ptr<Workspaces> workspaces_;
};

}  // namespace tinynas
