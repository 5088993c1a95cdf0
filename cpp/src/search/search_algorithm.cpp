#include "tinynas/search_algorithm.h"

#include <algorithm>
#include <cmath>
#include <stdexcept>
#include <tuple>

#include "search/candidate.h"
#include "tinynas/error.h"

namespace tinynas {

const char* origin_name(Origin origin) {
  switch (origin) {
    case Origin::kLargest:
      return "largest";
    case Origin::kIncluded:
      return "included";
    case Origin::kRandom:
      return "random";
    case Origin::kMutation:
      return "mutation";
    case Origin::kCrossover:
      return "crossover";
    case Origin::kNeighbour:
      return "neighbour";
    case Origin::kKnown:
      return "known";
  }
  return "";
}

double rank_value(const Measurement& measurement, RankBy rank_by) {
  return rank_by == RankBy::kScore ? measurement.score : measurement.accuracy;
}

bool better_trial(const Trial& a, const Trial& b, RankBy rank_by) {
  const auto key = [&](const Trial& t) {
    const Candidate& c = t.proposal.candidate;
    return std::make_tuple(-rank_value(t.measurement, rank_by), c.footprint.peak_sram_bytes,
                           c.footprint.flash_bytes, c.id);
  };
  return key(a) < key(b);
}

SearchAlgorithm::SearchAlgorithm(SearchProblem problem, int measurements, RankBy rank_by,
                                 std::vector<Genotype> include)
    : checker_(std::make_unique<CandidateChecker>(std::move(problem))),
      measurements_(measurements),
      rank_by_(rank_by),
      include_(std::move(include)) {
  if (measurements < 1) throw BadInput("measurements: must be 1 or more");
}

SearchAlgorithm::~SearchAlgorithm() = default;

const PlanningRecord& SearchAlgorithm::planning() const { return checker_->record(); }
const SearchProblem& SearchAlgorithm::problem() const { return checker_->problem(); }

bool SearchAlgorithm::done() const { return queue_.empty() && (exhausted_ || enough()); }

void SearchAlgorithm::know(std::span<const KnownNetwork> networks) {
  if (!queue_.empty()) throw std::invalid_argument("know: a generation is under way");
  const SearchSpace& space = checker_->space();
  for (const KnownNetwork& network : networks) {
    Candidate candidate = checker_->check(space.canonical(network.genotype));
    if (!checker_->claim(candidate.id)) continue;
    const bool eligible =
        candidate.violation.fits() && space.held(candidate.genotype) == candidate.genotype;
    std::vector<Trial>& kept = eligible ? trials_ : known_beyond_;
    known_ += eligible;
    const int number = eligible ? static_cast<int>(kept.size()) : -1;
    kept.push_back({{number, 0, Origin::kKnown, std::move(candidate)}, network.measurement, {}});
  }
}

std::vector<Trial> SearchAlgorithm::finalists(int count) const {
  std::vector<Trial> ranked = trials_;
  std::sort(ranked.begin(), ranked.end(),
            [&](const Trial& a, const Trial& b) { return better_trial(a, b, rank_by_); });
  ranked.resize(std::min(ranked.size(), static_cast<std::size_t>(count)));
  return ranked;
}

void SearchAlgorithm::start_generation() {
  const int left = measurements_ - measured();
  queue_ = included(left);
  if (!queue_.empty()) return;
  queue_ = next_generation(generation_++, static_cast<int>(trials_.size()), left);
  exhausted_ = queue_.empty();
}

std::vector<Proposal> SearchAlgorithm::included(int most) {
  std::vector<Proposal> proposals;
  for (const Genotype& genotype : include_) {
    if (static_cast<int>(proposals.size()) == most) break;
    Candidate candidate = checker_->check(checker_->space().canonical(genotype));
    const bool held = checker_->space().held(candidate.genotype) == candidate.genotype;
    if (!held || !candidate.violation.fits() || !checker_->claim(candidate.id)) continue;
    const auto number = static_cast<int>(trials_.size() + proposals.size());
    proposals.push_back({number, 0, Origin::kIncluded, std::move(candidate)});
  }
  include_.clear();
  return proposals;
}

std::vector<Proposal> SearchAlgorithm::ask(int n) {
  if (n < 1) throw std::invalid_argument("ask: n must be 1 or more");
  if (queue_.empty() && !exhausted_ && !enough()) start_generation();
  const std::size_t end = std::min(queue_.size(), asked_ + static_cast<std::size_t>(n));
  std::vector<Proposal> proposals(queue_.begin() + static_cast<std::ptrdiff_t>(asked_),
                                  queue_.begin() + static_cast<std::ptrdiff_t>(end));
  asked_ = end;
  return proposals;
}

void SearchAlgorithm::tell(std::span<const TrialResult> results) {
  std::vector<Trial> accepted;
  const int first = static_cast<int>(trials_.size());
  const auto known = [&](int trial) {
    const auto same = [&](const Trial& t) { return t.proposal.trial == trial; };
    return std::any_of(told_.begin(), told_.end(), same) ||
           std::any_of(accepted.begin(), accepted.end(), same);
  };
  for (const TrialResult& result : results) {
    const int place = result.trial - first;
    if (place < 0 || place >= static_cast<int>(asked_) || known(result.trial)) {
      throw std::invalid_argument("tell: trial " + std::to_string(result.trial) +
                                  " is not pending");
    }
    if (!std::isfinite(result.measurement.score) || !std::isfinite(result.measurement.accuracy)) {
      throw std::invalid_argument("tell: trial " + std::to_string(result.trial) +
                                  " has a score or an accuracy that is no number");
    }
    accepted.push_back({queue_[static_cast<std::size_t>(place)], result.measurement, {}});
  }
  told_.insert(told_.end(), accepted.begin(), accepted.end());
  if (!queue_.empty() && told_.size() == queue_.size()) close_generation();
}

void SearchAlgorithm::end() {
  if (told_.size() < asked_) throw std::invalid_argument("end: results are awaited");
  close_generation();
  exhausted_ = true;
}

void SearchAlgorithm::close_generation() {
  std::sort(told_.begin(), told_.end(),
            [](const Trial& a, const Trial& b) { return a.proposal.trial < b.proposal.trial; });
  trials_.insert(trials_.end(), told_.begin(), told_.end());
  queue_.clear();
  told_.clear();
  asked_ = 0;
}

}  // namespace tinynas
