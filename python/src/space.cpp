#include <pybind11/stl.h>

#include "bindings.h"
#include "tinynas/error.h"

namespace tinynas::python {
namespace {

void check_space(const SearchSpace& space, const BoundSubnet& subnet) {
  if (space.hash() == subnet.space.hash()) return;
  throw BadInput("subnet " + subnet.space.id(subnet.genotype) + " is one of space '" +
                 subnet.space.name() + "', not of '" + space.name() + "'");
}

py::dict active_choices(const BoundSubnet& subnet) {
  py::dict choices;
  const std::vector<Gene>& genes = subnet.space.genes();
  for (std::size_t i = 0; i < genes.size(); ++i) {
    if (!subnet.space.is_active(subnet.genotype, i)) continue;
    choices[py::str(genes[i].name)] = genes[i].choices[subnet.genotype[i]];
  }
  return choices;
}

BoundSubnet from_indices(const SearchSpace& space, const std::vector<int>& indices) {
  Genotype genotype;
  for (const int index : indices) {
    if (index < 0 || index > 255) throw BadInput("genotype: index out of range");
    genotype.push_back(static_cast<std::uint8_t>(index));
  }
  return {space, space.canonical(std::move(genotype))};
}

py::tuple indices(const BoundSubnet& subnet) {
  py::tuple result(subnet.genotype.size());
  for (std::size_t i = 0; i < subnet.genotype.size(); ++i) {
    result[i] = static_cast<int>(subnet.genotype[i]);
  }
  return result;
}

BoundSubnet load_subnet(const py::object& path_value, const py::object& space_value) {
  const std::string path = path_text(path_value);
  const SearchSpace space =
      space_value.is_none() ? find_space_of_subnet(path) : space_value.cast<const SearchSpace&>();
  return {space, read_subnet_file(space, path)};
}

BoundPlan plan_subnet(const BoundSubnet& subnet, const py::object& mcu, const py::object& sram,
                      const py::object& flash, const py::object& reserve_sram,
                      const py::object& reserve_flash, const std::string& runtime,
                      const std::string& input, const std::string& depthwise_rows,
                      const py::object& latency_ms, const py::object& calibration,
                      bool allow_uncalibrated) {
  return make_plan({lower(subnet.space.decode(subnet.genotype)), {}, {}, {}},
                   mcu_options(mcu, sram, flash, reserve_sram, reserve_flash, latency_ms,
                               calibration, allow_uncalibrated),
                   runtime, input, depthwise_rows);
}

void bind_subnet(py::class_<BoundSubnet>& subnet) {
  subnet.def_property_readonly("space", [](const BoundSubnet& s) { return s.space; })
      .def_property_readonly("id", [](const BoundSubnet& s) { return s.space.id(s.genotype); })
      .def_property_readonly("genotype", &indices)
      .def_property_readonly("choices", &active_choices)
      .def_property_readonly(
          "resolution", [](const BoundSubnet& s) { return s.space.decode(s.genotype).resolution; })
      .def_property_readonly(
          "macs",
          [](const BoundSubnet& s) { return graph_macs(lower(s.space.decode(s.genotype))); })
      .def_property_readonly(
          "params",
          [](const BoundSubnet& s) { return graph_params(lower(s.space.decode(s.genotype))); })
      .def("describe", [](const BoundSubnet& s) { return describe(s.space.decode(s.genotype)); })
      .def("plan", &plan_subnet, py::kw_only(), py::arg("mcu") = py::none(),
           py::arg("sram") = py::none(), py::arg("flash") = py::none(),
           py::arg("reserve_sram") = py::none(), py::arg("reserve_flash") = py::none(),
           py::arg("runtime") = kDefaultRuntime, py::arg("input") = "resident",
           py::arg("depthwise_rows") = "int8", py::arg("latency_ms") = py::none(),
           py::arg("calibration") = py::none(), py::arg("allow_uncalibrated") = false)
      .def("to_dict",
           [](const BoundSubnet& s) { return to_python(subnet_json(s.space, s.genotype)); })
      .def(
          "save",
          [](const BoundSubnet& s, const py::object& path) {
            write_subnet_file(s.space, s.genotype, path_text(path));
          },
          py::arg("path"))
      .def("__eq__",
           [](const BoundSubnet& a, const py::object& other) {
             if (!py::isinstance<BoundSubnet>(other)) return false;
             const auto& b = other.cast<const BoundSubnet&>();
             return a.space.hash() == b.space.hash() && a.genotype == b.genotype;
           })
      .def("__hash__",
           [](const BoundSubnet& s) { return py::hash(py::str(s.space.id(s.genotype))); })
      .def("__repr__", [](const BoundSubnet& s) {
        return "<tinynas.Subnet " + s.space.id(s.genotype) + ": " +
               describe(s.space.decode(s.genotype)) + ">";
      });
}

void bind_moves(py::class_<SearchSpace>& space) {
  space.def("smallest",
            [](const SearchSpace& s) {
              return BoundSubnet{s, s.smallest()};
            })
      .def("largest",
           [](const SearchSpace& s) {
             return BoundSubnet{s, s.largest()};
           })
      .def(
          "sample",
          [](const SearchSpace& s, std::uint64_t seed) {
            Rng rng(seed);
            return BoundSubnet{s, s.sample(rng)};
          },
          py::arg("seed"))
      .def(
          "mutate",
          [](const SearchSpace& s, const BoundSubnet& parent, std::uint64_t seed, double p) {
            check_space(s, parent);
            if (!(p >= 0 && p <= 1)) throw BadInput("probability: must be 0 to 1");
            Rng rng(seed);
            return BoundSubnet{s, s.mutate(parent.genotype, p, rng)};
          },
          py::arg("parent"), py::arg("seed"), py::arg("probability") = 0.1)
      .def(
          "crossover",
          [](const SearchSpace& s, const BoundSubnet& a, const BoundSubnet& b, std::uint64_t seed) {
            check_space(s, a);
            check_space(s, b);
            Rng rng(seed);
            return BoundSubnet{s, s.crossover(a.genotype, b.genotype, rng)};
          },
          py::arg("a"), py::arg("b"), py::arg("seed"))
      .def(
          "neighbours",
          [](const SearchSpace& s, const BoundSubnet& subnet) {
            check_space(s, subnet);
            std::vector<BoundSubnet> result;
            for (Genotype& genotype : s.neighbours(subnet.genotype)) {
              result.push_back({s, std::move(genotype)});
            }
            return result;
          },
          py::arg("subnet"))
      .def(
          "enumerate",
          [](const SearchSpace& s) {
            std::vector<BoundSubnet> all;
            s.enumerate([&](const Genotype& genotype) { all.push_back({s, genotype}); });
            return all;
          },
          "Every network, for spaces small enough to list.")
      .def("subnet", &from_indices, py::arg("genotype"));
}

}  // namespace

void bind_space(py::module_& module) {
  py::class_<SearchSpace> space(module, "SearchSpace", "Which networks may be built.");
  py::class_<BoundSubnet> subnet(module, "Subnet", "A network of a space; equal by its layers.");
  space
      .def(py::init([](const py::object& name) { return SearchSpace::find(path_text(name)); }),
           py::arg("name_or_path"))
      .def_property_readonly("name", &SearchSpace::name)
      .def_property_readonly("description", &SearchSpace::description)
      .def_property_readonly("hash", &SearchSpace::hash)
      .def_property_readonly("classes", &SearchSpace::classes)
      .def_property_readonly("image_channels", &SearchSpace::image_channels)
      .def_property_readonly("genes",
                             [](const SearchSpace& s) {
                               py::dict genes;
                               for (const Gene& gene : s.genes()) {
                                 genes[py::str(gene.name)] = py::tuple(py::cast(gene.choices));
                               }
                               return genes;
                             })
      .def("cardinality", &SearchSpace::cardinality)
      .def("with_classes", &SearchSpace::with_classes, py::arg("classes"))
      .def(
          "frozen",
          [](const SearchSpace& s, const std::map<std::string, double>& choices) {
            return s.frozen({choices.begin(), choices.end()});
          },
          py::arg("choices"),
          "The same space, of which only the networks with these choices are visited; a gene's "
          "name may hold `*` for any text.")
      .def("__repr__",
           [](const SearchSpace& s) { return "<tinynas.SearchSpace " + s.name() + ">"; });
  bind_moves(space);
  bind_subnet(subnet);
  module.def("list_spaces", &SearchSpace::list_names, "Names of the shipped spaces.");
  module.def("load_subnet", &load_subnet, py::arg("path"), py::arg("space") = py::none());
}

}  // namespace tinynas::python
