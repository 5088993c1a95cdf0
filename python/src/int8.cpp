#include <pybind11/numpy.h>

#include "base/files.h"
#include "bindings.h"
#include "cli/network_source.h"
#include "tinynas/error.h"
#include "tinynas/int8_interpreter.h"
#include "tinynas/tflite.h"

namespace tinynas::python {
namespace {

using Bytes = py::array_t<std::int8_t, py::array::c_style>;

/// tinynas.Int8Network.
struct BoundInt8Network {
  Int8Interpreter interpreter;
  Tensor input;
  std::vector<Tensor> outputs;
};

BoundInt8Network load(const py::object& path) {
  const std::string named = path_text(path);
  const py::gil_scoped_release unlocked;
  const std::string file = find_network(named).file;
  const Graph graph = parse_tflite(read_file(file), file).graph;
  if (graph.tensors[graph.input].dtype != DType::kInt8) {
    throw BadInput(file + ": the network's input is not int8");
  }
  BoundInt8Network network{Int8Interpreter(graph, file), graph.tensors[graph.input], {}};
  network.outputs.push_back(graph.tensors[graph.output]);
  for (const std::int32_t t : graph.more_outputs) network.outputs.push_back(graph.tensors[t]);
  return network;
}

py::tuple shape_of(const Tensor& tensor) {
  return py::make_tuple(tensor.shape.h, tensor.shape.w, tensor.shape.c);
}

Bytes run(const BoundInt8Network& network, const Bytes& images) {
  const std::int64_t bytes = network.interpreter.input_bytes();
  if (images.ndim() < 1 || images.size() != images.shape(0) * bytes) {
    throw BadInput("images: an int8 array of shape (count, " +
                   std::to_string(network.input.shape.h) + ", " +
                   std::to_string(network.input.shape.w) + ", " +
                   std::to_string(network.input.shape.c) + ") is needed");
  }
  Bytes outputs({images.shape(0), static_cast<py::ssize_t>(network.interpreter.output_bytes())});
  const std::span<const std::int8_t> in{images.data(), static_cast<std::size_t>(images.size())};
  const std::span<std::int8_t> out{outputs.mutable_data(),
                                   static_cast<std::size_t>(outputs.size())};
  const py::gil_scoped_release unlocked;
  network.interpreter.run(in, out);
  return outputs;
}

}  // namespace

void bind_int8(py::module_& module) {
  py::class_<BoundInt8Network>(
      module, "Int8Network",
      "An int8 network, a .tflite file or a run's winner, run on the host with the integer "
      "arithmetic of TensorFlow Lite's reference kernels. Thread-safe.")
      .def(py::init(&load), py::arg("path"))
      .def("run", &run, py::arg("images"),
           "int8 images (count, rows, columns, channels) to int8 outputs (count, bytes): several "
           "outputs one after another. Uses all cores.")
      .def_property_readonly("input_shape",
                             [](const BoundInt8Network& n) { return shape_of(n.input); })
      .def_property_readonly("input_scale", [](const BoundInt8Network& n) { return n.input.scale; })
      .def_property_readonly("input_zero_point",
                             [](const BoundInt8Network& n) { return n.input.zero_point; })
      .def_property_readonly("output_shapes",
                             [](const BoundInt8Network& n) {
                               py::list shapes;
                               for (const Tensor& t : n.outputs) shapes.append(shape_of(t));
                               return shapes;
                             })
      .def_property_readonly(
          "output_quantisations",
          [](const BoundInt8Network& n) {
            py::list pairs;
            for (const Tensor& t : n.outputs) {
              pairs.append(py::make_tuple(t.scale, t.zero_point));
            }
            return pairs;
          },
          "Scale and zero point of each output.")
      .def("__repr__", [](const BoundInt8Network& n) {
        return "<tinynas.Int8Network input_bytes=" + std::to_string(n.interpreter.input_bytes()) +
               " output_bytes=" + std::to_string(n.interpreter.output_bytes()) + ">";
      });
}

}  // namespace tinynas::python
