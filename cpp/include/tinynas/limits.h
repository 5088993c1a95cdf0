#pragma once
// Which limit of a budget stops a network from growing, and at which operator.

#include <string>
#include <vector>

#include "tinynas/search_algorithm.h"

namespace tinynas {

enum class Limit : std::uint8_t { kSram, kFlash, kLatency, kMacs };
/// "SRAM", "flash", "latency", "MACs".
const char* limit_name(Limit limit);

/// One limit of a budget and how a network that fits stands to it. Bytes, milliseconds or MACs.
struct LimitUse {
  Limit limit = Limit::kSram;
  double need = 0, available = 0;
  int exceeded = 0;        ///< grown networks that need more than there is
  int exceeded_alone = 0;  ///< of these, those that keep every other limit
  std::string where;       ///< the operator that needs the most of it
  double need_there = 0;
};

/// Grown networks are the neighbours (one gene changed) with more parameters or more MACs.
struct GrowthLimits {
  int grown = 0;               ///< networks
  int fitting = 0;             ///< of these, those that keep every limit
  std::vector<LimitUse> uses;  ///< SRAM and flash, then latency and MACs where they are limited

  /// The limit that most grown networks exceed; null where all of them fit.
  const LimitUse* binding() const;
};

/// `candidate` must fit `problem`. Plans each neighbour: exact, measures nothing.
GrowthLimits growth_limits(const SearchProblem& problem, const Candidate& candidate);

/// `problem` with one limit, which it must have, raised by `share` (0.1: 10 %); its budget is
/// called "NAME+10% SRAM".
SearchProblem relaxed(const SearchProblem& problem, Limit limit, double share);

}  // namespace tinynas
