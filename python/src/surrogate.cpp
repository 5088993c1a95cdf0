// The search's model of scores, for scripts/rank_correlation.

#include "search/surrogate.h"

#include <pybind11/stl.h>

#include <limits>

#include "bindings.h"
#include "search/candidate.h"
#include "tinynas/error.h"

namespace tinynas::python {
namespace {

std::vector<double> predict_scores(const std::vector<BoundSubnet>& measured,
                                   const std::vector<Measurement>& measurements,
                                   const std::vector<BoundSubnet>& subnets) {
  if (measured.size() < 2 || measured.size() != measurements.size())
    throw BadInput("measurements: one for each of at least two subnets");
  const py::gil_scoped_release unlocked;
  const SearchSpace& space = measured.front().space;
  constexpr std::int64_t kAny = std::numeric_limits<std::int64_t>::max() / 4;
  McuBudget budget;
  budget.sram_bytes = budget.flash_bytes = kAny;
  const SearchProblem problem{space, budget, find_runtime(kDefaultRuntime)};
  CandidateChecker checker(problem);
  const auto candidate = [&](const BoundSubnet& subnet) {
    if (subnet.space.hash() != space.hash()) throw BadInput("subnets: of different spaces");
    return checker.check(subnet.genotype);
  };
  std::vector<Trial> trials;
  for (std::size_t i = 0; i < measured.size(); ++i) {
    Trial trial;
    trial.proposal.candidate = candidate(measured[i]);
    trial.measurement = measurements[i];
    trials.push_back(std::move(trial));
  }
  std::vector<const Trial*> taken;
  for (const Trial& trial : trials) taken.push_back(&trial);
  std::vector<Candidate> others;
  for (const BoundSubnet& subnet : subnets) others.push_back(candidate(subnet));
  std::vector<const Candidate*> asked;
  for (const Candidate& other : others) asked.push_back(&other);
  const SurrogateKernel kernel = Surrogate::fit_kernel(space, taken, RankBy::kScore);
  const Eigen::VectorXd mean = Surrogate(space, taken, RankBy::kScore, kernel).predict(asked).mean;
  return {mean.begin(), mean.end()};
}

}  // namespace

void bind_surrogate(py::module_& module) {
  module.def("predict_scores", &predict_scores, py::arg("measured"), py::arg("measurements"),
             py::arg("subnets"),
             "What a search's surrogate, fitted to measured networks, says of others: higher is "
             "better, in standard deviations of the measured.");
}

}  // namespace tinynas::python
