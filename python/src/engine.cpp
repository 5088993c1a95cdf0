// Ask and tell from Python.

#include <pybind11/stl.h>

#include <mutex>

#include "bindings.h"
#include "search/engine_fields.h"
#include "tinynas/engines.h"
#include "tinynas/error.h"
#include "tinynas/pareto.h"

namespace tinynas::python {
namespace {

/// tinynas.Engine. Python threads may share one; asking plans thousands of networks, so the GIL
/// is released and a lock of its own keeps order.
class BoundEngine {
 public:
  BoundEngine(SearchProblem problem, const EngineOptions& options)
      : problem_(std::make_shared<const SearchProblem>(std::move(problem))),
        rank_by_(options.rank_by),
        search_(make_search(*problem_, options)) {}

  std::vector<BoundProposal> ask(int n) {
    if (n < 0) throw BadInput("ask: n must be 0 or more");
    const py::gil_scoped_release unlocked;
    const std::lock_guard lock(mutex_);
    std::vector<BoundProposal> proposals;
    for (Proposal& proposal : search_->ask(n)) proposals.push_back({problem_, std::move(proposal)});
    return proposals;
  }

  void tell(const std::vector<TrialResult>& results) {
    const py::gil_scoped_release unlocked;
    const std::lock_guard lock(mutex_);
    try {
      search_->tell(results);
    } catch (const std::invalid_argument& error) {
      throw BadInput(error.what());
    }
  }

  void know(const std::vector<KnownNetwork>& networks) {
    const py::gil_scoped_release unlocked;
    const std::lock_guard lock(mutex_);
    try {
      search_->know(networks);
    } catch (const std::invalid_argument& error) {
      throw BadInput(error.what());
    }
  }

  bool done() {
    const py::gil_scoped_release unlocked;
    const std::lock_guard lock(mutex_);
    return search_->done();
  }

  std::vector<BoundCandidate> trials() { return bound(measured()); }

  std::vector<BoundCandidate> pareto() { return bound(pareto_front(measured(), rank_by_)); }

  std::int64_t planned() {
    const std::lock_guard lock(mutex_);
    return search_->planning().planned;
  }

  const SearchProblem& problem() const { return *problem_; }

 private:
  std::vector<Trial> measured() {
    const py::gil_scoped_release unlocked;
    const std::lock_guard lock(mutex_);
    return search_->trials();
  }

  std::vector<BoundCandidate> bound(const std::vector<Trial>& trials) const {
    std::vector<BoundCandidate> result;
    for (const Trial& trial : trials) {
      result.push_back({{problem_, trial.proposal}, trial.measurement, trial.int8, {}, {}});
    }
    return result;
  }

  std::shared_ptr<const SearchProblem> problem_;
  RankBy rank_by_;
  std::unique_ptr<SearchAlgorithm> search_;
  std::mutex mutex_;
};

RankBy parse_rank_by(const std::string& word) {
  if (word == "score") return RankBy::kScore;
  if (word == "accuracy") return RankBy::kAccuracy;
  throw BadInput("rank_by: '" + word + "' is not one of score, accuracy");
}

SearchSpace space_of(const py::object& value) {
  if (py::isinstance<SearchSpace>(value)) return value.cast<const SearchSpace&>();
  return SearchSpace::find(path_text(value));
}

/// Sets what was given on the engine that has it.
void set_engine_options(EngineOptions& options, const py::kwargs& given) {
  for (const auto& [key, value] : given) {
    const auto wanted = key.cast<std::string>();
    bool known = false;
    visit_engine_options(options, [&](const char* name, auto& option) {
      if (wanted != name) return;
      option = value.cast<std::remove_reference_t<decltype(option)>>();
      known = true;
    });
    if (known) continue;
    throw BadInput("engine '" + std::string(engine_name(options.engine)) + "' has no option '" +
                   wanted + "'");
  }
}

std::unique_ptr<BoundEngine> make_engine(
    const py::object& space, const py::object& mcu, const std::string& engine, std::uint64_t seed,
    int measurements, const std::string& rank_by, const py::object& sram, const py::object& flash,
    const py::object& reserve_sram, const py::object& reserve_flash, const std::string& runtime,
    const std::string& input, const std::string& depthwise_rows, const py::object& latency_ms,
    const py::object& calibration, bool allow_uncalibrated, const py::object& macs,
    const py::kwargs& engine_options) {
  EngineOptions options;
  options.engine = parse_engine(engine, "engine");
  options.seed = seed;
  options.measurements = measurements;
  options.rank_by = parse_rank_by(rank_by);
  set_engine_options(options, engine_options);
  const McuOptions part = mcu_options(mcu, sram, flash, reserve_sram, reserve_flash, latency_ms,
                                      calibration, allow_uncalibrated, macs);
  const RuntimeModel model = target_runtime(runtime, part);
  const McuTarget target = resolve_mcu(part, model);
  require_latency_of_rows(target.budget, runtime_depthwise_rows(model, depthwise_rows));
  return std::make_unique<BoundEngine>(
      SearchProblem{space_of(space), target.budget, model, runtime_input(model, input),
                    runtime_depthwise_rows(model, depthwise_rows)},
      options);
}

/// A bare number is score and accuracy at once.
Measurement measurement_of(const py::object& what) {
  if (py::isinstance<Measurement>(what)) return what.cast<const Measurement&>();
  const auto value = what.cast<double>();
  return {value, value};
}

/// One (proposal or its trial number, Measurement or number) pair.
TrialResult trial_result(const py::handle& pair) {
  const auto parts = py::cast<py::sequence>(pair);
  if (parts.size() != 2) throw BadInput("tell: takes pairs of a proposal and its score");
  const py::object who = parts[0];
  TrialResult result;
  result.trial = py::isinstance<BoundProposal>(who)
                     ? who.cast<const BoundProposal&>().proposal.trial
                     : who.cast<int>();
  result.measurement = measurement_of(parts[1]);
  return result;
}

/// One (subnet or what was proposed, Measurement or number) pair.
KnownNetwork known_network(const SearchProblem& problem, const py::handle& pair) {
  const auto parts = py::cast<py::sequence>(pair);
  if (parts.size() != 2) throw BadInput("know: takes pairs of a subnet and its score");
  py::object who = parts[0];
  if (!py::isinstance<BoundSubnet>(who)) who = who.attr("subnet");
  const auto& subnet = who.cast<const BoundSubnet&>();
  if (subnet.space.hash() != problem.space.hash()) {
    throw BadInput("know: the subnet is of space '" + subnet.space.name() + "', not of '" +
                   problem.space.name() + "'");
  }
  return {subnet.genotype, measurement_of(parts[1])};
}

void bind_proposal(py::module_& module) {
  using P = BoundProposal;
  py::class_<P>(module, "Proposal", "A network that was planned against a budget.")
      .def_property_readonly("id", [](const P& p) { return p.proposal.candidate.id; })
      .def_property_readonly("subnet",
                             [](const P& p) {
                               return BoundSubnet{p.problem->space, p.proposal.candidate.genotype};
                             })
      .def_property_readonly("trial", [](const P& p) { return p.proposal.trial; })
      .def_property_readonly("generation", [](const P& p) { return p.proposal.generation; })
      .def_property_readonly("origin", [](const P& p) { return origin_name(p.proposal.origin); })
      .def_property_readonly(
          "peak_sram_bytes",
          [](const P& p) { return p.proposal.candidate.footprint.peak_sram_bytes; })
      .def_property_readonly("flash_bytes",
                             [](const P& p) { return p.proposal.candidate.footprint.flash_bytes; })
      .def_property_readonly("macs", [](const P& p) { return p.proposal.candidate.footprint.macs; })
      .def_property_readonly("params", [](const P& p) { return p.proposal.candidate.params; })
      .def_property_readonly("fits",
                             [](const P& p) { return p.proposal.candidate.violation.fits(); })
      .def_property_readonly("excess_sram_bytes",
                             [](const P& p) { return p.proposal.candidate.violation.sram_bytes; })
      .def_property_readonly("excess_flash_bytes",
                             [](const P& p) { return p.proposal.candidate.violation.flash_bytes; })
      .def_property_readonly("plan",
                             [](const P& p) {
                               BoundPlan bound;
                               bound.network.graph =
                                   lower(p.problem->space.decode(p.proposal.candidate.genotype));
                               bound.plan = plan_memory(bound.network.graph, p.problem->runtime,
                                                        p.problem->report_options());
                               bound.budget = p.problem->budget;
                               bound.runtime = p.problem->runtime;
                               bound.options = p.problem->report_options();
                               return bound;
                             })
      .def("__repr__", [](const P& p) {
        const Candidate& c = p.proposal.candidate;
        return "<tinynas.Proposal " + c.id +
               " peak_sram_bytes=" + std::to_string(c.footprint.peak_sram_bytes) +
               " flash_bytes=" + std::to_string(c.footprint.flash_bytes) + ">";
      });
}

std::optional<double> accuracy(const std::optional<Measurement>& measurement) {
  return measurement ? std::optional(measurement->accuracy) : std::nullopt;
}

void bind_candidate(py::module_& module) {
  using C = BoundCandidate;
  py::class_<C, BoundProposal>(module, "Candidate", "A network that was measured.")
      .def_property_readonly("measurement", [](const C& c) { return c.measurement; })
      .def_property_readonly("score", [](const C& c) { return c.measurement.score; })
      .def_property_readonly("accuracy", [](const C& c) { return c.measurement.accuracy; })
      .def_property_readonly("int8_accuracy", [](const C& c) { return accuracy(c.int8); })
      .def_property_readonly("test_accuracy", [](const C& c) { return accuracy(c.test); })
      .def_property_readonly("test_int8_accuracy", [](const C& c) { return accuracy(c.test_int8); })
      .def("__repr__", [](const C& c) {
        return "<tinynas.Candidate " + c.proposal.candidate.id +
               " accuracy=" + py::repr(py::float_(c.measurement.accuracy)).cast<std::string>() +
               ">";
      });
}

void bind_measurement(py::module_& module) {
  py::class_<Measurement>(module, "Measurement", "What measuring a network gave.")
      .def(py::init([](double score, double accuracy, int images, double standard_error) {
             return Measurement{score, accuracy, images, standard_error};
           }),
           py::arg("score"), py::arg("accuracy"), py::arg("images") = 0,
           py::arg("standard_error") = 0.0)
      .def_readonly("score", &Measurement::score)
      .def_readonly("accuracy", &Measurement::accuracy)
      .def_readonly("images", &Measurement::images)
      .def_readonly("standard_error", &Measurement::standard_error)
      .def("__eq__",
           [](const Measurement& a, const py::object& other) {
             if (!py::isinstance<Measurement>(other)) return false;
             const auto& b = other.cast<const Measurement&>();
             return a.score == b.score && a.accuracy == b.accuracy && a.images == b.images &&
                    a.standard_error == b.standard_error;
           })
      .def("__repr__", [](const Measurement& m) {
        const auto text = [](double x) { return py::repr(py::float_(x)).cast<std::string>(); };
        return "<tinynas.Measurement score=" + text(m.score) + " accuracy=" + text(m.accuracy) +
               " images=" + std::to_string(m.images) + ">";
      });
}

}  // namespace

void bind_engine(py::module_& module) {
  bind_measurement(module);
  bind_proposal(module);
  bind_candidate(module);
  const EngineOptions defaults;
  py::class_<BoundEngine>(module, "Engine",
                          "Ask for networks that fit, measure them, tell what came out.")
      .def(py::init(&make_engine), py::arg("space"), py::arg("mcu"), py::kw_only(),
           py::arg("engine") = engine_name(defaults.engine), py::arg("seed") = 0,
           py::arg("measurements") = defaults.measurements, py::arg("rank_by") = "score",
           py::arg("sram") = py::none(), py::arg("flash") = py::none(),
           py::arg("reserve_sram") = py::none(), py::arg("reserve_flash") = py::none(),
           py::arg("runtime") = kDefaultRuntime, py::arg("input") = "resident",
           py::arg("depthwise_rows") = "int8", py::arg("latency_ms") = py::none(),
           py::arg("calibration") = py::none(), py::arg("allow_uncalibrated") = false,
           py::arg("macs") = py::none())
      .def("ask", &BoundEngine::ask, py::arg("n") = 1)
      .def(
          "tell",
          [](BoundEngine& search, const py::iterable& pairs) {
            std::vector<TrialResult> results;
            for (const py::handle& pair : pairs) results.push_back(trial_result(pair));
            search.tell(results);
          },
          py::arg("results"))
      .def(
          "know",
          [](BoundEngine& search, const py::iterable& pairs) {
            std::vector<KnownNetwork> networks;
            for (const py::handle& pair : pairs) {
              networks.push_back(known_network(search.problem(), pair));
            }
            search.know(networks);
          },
          py::arg("networks"))
      .def_property_readonly("done", &BoundEngine::done)
      .def_property_readonly("trials", &BoundEngine::trials)
      .def_property_readonly("pareto", &BoundEngine::pareto)
      .def_property_readonly("planned", &BoundEngine::planned)
      .def_property_readonly("space", [](const BoundEngine& e) { return e.problem().space; });
}

}  // namespace tinynas::python
