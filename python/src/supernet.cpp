#include <pybind11/stl.h>

#include "bindings.h"
#include "tinynas/error.h"
#ifdef TINYNAS_WITH_TORCH
#include "cli/data_options.h"
#include "tinynas/supernet.h"
#endif

namespace tinynas::python {

#ifdef TINYNAS_WITH_TORCH
namespace {

/// Networks measured between two looks for Ctrl-C; results do not depend on it.
constexpr std::size_t kBatch = 4;

struct BoundSupernet {
  std::unique_ptr<SupernetEvaluator> evaluator;
};

Split parse_split(const std::string& word) {
  for (const Split split : {Split::kTrain, Split::kCalibration, Split::kValidation, Split::kTest}) {
    if (word == split_name(split)) return split;
  }
  throw BadInput("split: '" + word + "' is not one of train, calibration, validation, test");
}

std::unique_ptr<BoundSupernet> load(const py::object& path_or_name, const py::object& data,
                                    const std::string& device, int threads) {
  if (threads < 0) throw BadInput("threads: must be 0 or more");
  const std::string name = path_text(path_or_name), images = path_text(data);
  const py::gil_scoped_release unlocked;
  const std::string path = name.ends_with(".pt") ? name : shipped_supernet_path(name);
  const SupernetInfo info = read_supernet_info(path);
  const SearchSpace space = SearchSpace::parse(info.space_toml, path);
  auto dataset = std::make_shared<const Dataset>(
      load_data_for(space, images, info.dataset_name, info.skip_bad_files));
  return std::make_unique<BoundSupernet>(
      BoundSupernet{SupernetEvaluator::load(path, std::move(dataset), {device, threads})});
}

Subnet decode_own(const BoundSupernet& supernet, const BoundSubnet& subnet) {
  const SearchSpace& own = supernet.evaluator->space();
  const Subnet network = subnet.space.decode(subnet.genotype);
  if (own.hash() != subnet.space.hash()) own.encode(network);  // throws what is not in the space
  return network;
}

std::vector<Measurement> evaluate(BoundSupernet& supernet, const std::vector<BoundSubnet>& bound,
                                  int images, int recalibration_images, const std::string& split) {
  if (images < 0) throw BadInput("images: must be 0 or more");
  if (recalibration_images < 0) throw BadInput("recalibration_images: must be 0 or more");
  const Fidelity fidelity{recalibration_images, images, parse_split(split)};
  std::vector<Subnet> subnets;
  for (const BoundSubnet& subnet : bound) subnets.push_back(decode_own(supernet, subnet));
  std::vector<Measurement> measurements;
  for (std::size_t first = 0; first < subnets.size(); first += kBatch) {
    check_signals();
    const py::gil_scoped_release unlocked;
    const std::size_t count = std::min(kBatch, subnets.size() - first);
    for (const Measurement& m : supernet.evaluator->evaluate({&subnets[first], count}, fidelity)) {
      measurements.push_back(m);
    }
  }
  return measurements;
}

void extract(BoundSupernet& supernet, const BoundSubnet& subnet, const py::object& path_value) {
  const Subnet network = decode_own(supernet, subnet);
  const std::string path = path_text(path_value);
  const py::gil_scoped_release unlocked;
  supernet.evaluator->extract(network, path);
}

}  // namespace

void bind_supernet(py::module_& module) {
  py::class_<BoundSupernet>(module, "Supernet", "Weights of every network of a space, and images.")
      .def(py::init(&load), py::arg("path_or_name") = "fashion-mnist", py::kw_only(),
           py::arg("data") = py::none(), py::arg("device") = "cpu", py::arg("threads") = 0)
      .def("evaluate", &evaluate, py::arg("subnets"), py::kw_only(),
           py::arg("images") = Fidelity{}.images,
           py::arg("recalibration_images") = Fidelity{}.recalibration_images,
           py::arg("split") = "validation")
      .def("extract", &extract, py::arg("subnet"), py::arg("path"))
      .def_property_readonly("space", [](const BoundSupernet& s) { return s.evaluator->space(); })
      .def_property_readonly("path",
                             [](const BoundSupernet& s) { return s.evaluator->info().path; })
      .def_property_readonly(
          "dataset_name", [](const BoundSupernet& s) { return s.evaluator->info().dataset_name; })
      .def_property_readonly(
          "class_names", [](const BoundSupernet& s) { return s.evaluator->info().class_names; });
}

#else

/// tinynas/__init__.py says what is missing.
void bind_supernet(py::module_&) {}

#endif

}  // namespace tinynas::python
