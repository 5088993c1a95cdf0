#include "supernet/torch_module.h"

#include <caffe2/serialize/inline_container.h>
#include <torch/csrc/jit/serialization/pickler.h>

#include "base/json_io.h"
#include "supernet/state_file.h"
#include "supernet/supernet_file.h"
#include "tinynas/search_space.h"
#include "tinynas/version.h"

namespace tinynas {
namespace {

constexpr const char* kWeightsFormat = "tinynas-subnet-weights";
constexpr int kWeightsVersion = 1;

constexpr const char* kLayers = R"(

def convolution(inputs: int, outputs: int, kernel: int, stride: int, groups: int = 1) -> nn.Conv2d:
    return nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, groups=groups)


class InvertedBottleneck(nn.Module):
    """1x1 to `expanded` channels (None: absent), depthwise, 1x1 to `outputs` channels."""

    def __init__(
        self,
        inputs: int,
        expanded: int | None,
        outputs: int,
        kernel: int,
        stride: int = 1,
        residual: bool = False,
    ) -> None:
        super().__init__()
        channels = expanded or inputs
        self.expand = convolution(inputs, expanded, 1, 1) if expanded else None
        self.depthwise = convolution(channels, channels, kernel, stride, groups=channels)
        self.project = convolution(channels, outputs, 1, 1)
        self.residual = residual

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y = self.expand(x).relu() if self.expand else x
        y = self.project(self.depthwise(y).relu())
        return x + y if self.residual else y

)";

constexpr const char* kFunctions = R"(

def preprocess(images: torch.Tensor) -> torch.Tensor:
    """uint8 (N, channels, rows, columns) to what the network was trained on."""
    mean = torch.tensor(MEAN, dtype=torch.double).view(-1, 1, 1)
    deviation = torch.tensor(DEVIATION, dtype=torch.double).view(-1, 1, 1)
    x = ((images.double() / 255 - mean) / deviation).float()
    if x.shape[-2:] != (RESOLUTION, RESOLUTION):
        size = (RESOLUTION, RESOLUTION)
        x = functional.interpolate(x, size, mode="bilinear", align_corners=False, antialias=True)
    return x


def load(state_dict: str | Path = Path(__file__).with_name("state_dict.pt")) -> Network:
    """The network with its weights, for inference."""
    network = Network()
    network.load_state_dict(torch.load(state_dict, weights_only=True))
    return network.eval()
)";

/// As torch.save writes a dictionary of tensors.
std::string saved_state_dict(const NamedTensors& tensors) {
  c10::Dict<std::string, torch::Tensor> dictionary;
  for (const auto& [name, tensor] : tensors) {
    dictionary.insert(
        name, tensor.detach().to(torch::kCPU).contiguous().clone(at::MemoryFormat::Contiguous));
  }
  std::string pickled;
  // Without tags, which only TorchScript needs and weights_only=True refuses.
  torch::jit::Pickler pickler(
      [&](const char* data, std::size_t size) { pickled.append(data, size); }, nullptr, nullptr,
      nullptr, {}, /*tag_aggregates=*/false);
  pickler.protocol();
  pickler.pushIValue(dictionary);
  pickler.stop();
  std::string archive;
  caffe2::serialize::PyTorchStreamWriter writer([&](const void* data, std::size_t size) {
    archive.append(static_cast<const char*>(data), size);
    return size;
  });
  writer.writeRecord("data.pkl", pickled.data(), pickled.size());
  const std::string order = "little";
  writer.writeRecord("byteorder", order.data(), order.size());
  const std::vector<at::Tensor>& storages = pickler.tensorData();
  for (std::size_t i = 0; i < storages.size(); ++i) {
    writer.writeRecord("data/" + std::to_string(i), storages[i].const_data_ptr(),
                       storages[i].nbytes());
  }
  writer.writeEndOfFile();
  return archive;
}

/// Names and shapes in the order of the weights file.
class SubnetParameters {
 public:
  SubnetParameters(const StateFile& state, const std::string& path) : state_(state), path_(path) {}

  void add_convolution(const std::string& name, int outputs, int inputs, int kernel) {
    add("layer" + std::to_string(layers_++), name, {outputs, inputs, kernel, kernel});
  }
  void add(const std::string& stored, const std::string& name, at::IntArrayRef shape) {
    tensors_.emplace_back(name + ".weight", state_.tensor(stored + ".weight", shape, path_));
    tensors_.emplace_back(name + ".bias", state_.tensor(stored + ".bias", {shape[0]}, path_));
  }
  const NamedTensors& tensors() const { return tensors_; }

 private:
  const StateFile& state_;
  const std::string& path_;
  int layers_ = 0;
  NamedTensors tensors_;
};

int features_of(const Subnet& subnet) {
  return subnet.head_channels > 0 ? subnet.head_channels : subnet.blocks.back().out_channels;
}

/// Under the names that the module gives them.
NamedTensors module_parameters(const Subnet& subnet, const StateFile& state,
                               const std::string& path) {
  SubnetParameters parameters(state, path);
  parameters.add_convolution("stem", subnet.stem_channels, subnet.image_channels,
                             subnet.stem_kernel);
  for (std::size_t i = 0; i < subnet.blocks.size(); ++i) {
    const Block& block = subnet.blocks[i];
    const std::string name = "blocks." + std::to_string(i);
    if (block.expand_ratio != 1) {
      parameters.add_convolution(name + ".expand", block.mid_channels, block.in_channels, 1);
    }
    parameters.add_convolution(name + ".depthwise", block.mid_channels, 1, block.kernel);
    parameters.add_convolution(name + ".project", block.out_channels, block.mid_channels, 1);
  }
  if (subnet.head_channels > 0) {
    parameters.add_convolution("head", subnet.head_channels, subnet.blocks.back().out_channels, 1);
  }
  parameters.add("classifier", "classifier", {subnet.classes, features_of(subnet)});
  return parameters.tensors();
}

std::string block_call(const Block& block) {
  std::string text = "            InvertedBottleneck(" + std::to_string(block.in_channels) + ", ";
  text += block.expand_ratio == 1 ? "None" : std::to_string(block.mid_channels);
  text += ", " + std::to_string(block.out_channels) + ", kernel=" + std::to_string(block.kernel);
  if (block.stride != 1) text += ", stride=" + std::to_string(block.stride);
  if (block.residual) text += ", residual=True";
  return text + "),\n";
}

std::string network_class(const Subnet& subnet) {
  const std::string classes = std::to_string(subnet.classes);
  const std::string image = std::to_string(subnet.image_channels);
  const std::string head = std::to_string(subnet.head_channels);
  std::string text =
      "\nclass Network(nn.Module):\n"
      "    \"\"\"Images as preprocess() makes them to logits (N, " +
      classes +
      ").\"\"\"\n\n"
      "    def __init__(self) -> None:\n"
      "        super().__init__()\n"
      "        self.stem = convolution(" +
      image + ", " + std::to_string(subnet.stem_channels) +
      ", kernel=" + std::to_string(subnet.stem_kernel) +
      ", stride=" + std::to_string(subnet.stem_stride) +
      ")\n"
      "        self.blocks = nn.Sequential(\n";
  for (const Block& block : subnet.blocks) text += block_call(block);
  text += "        )\n";
  if (subnet.head_channels > 0) {
    text += "        self.head = convolution(" + std::to_string(subnet.blocks.back().out_channels) +
            ", " + head + ", kernel=1, stride=1)\n";
  }
  text += "        self.classifier = nn.Linear(" + std::to_string(features_of(subnet)) + ", " +
          classes +
          ")\n\n"
          "    def forward(self, x: torch.Tensor) -> torch.Tensor:\n"
          "        x = self.blocks(self.stem(x).relu())\n";
  if (subnet.head_channels > 0) text += "        x = self.head(x).relu()\n";
  return text + "        return self.classifier(x.mean((2, 3)))\n";
}

std::string header(const Subnet& subnet, const SupernetInfo& info, const std::string& name) {
  const bool grey = subnet.image_channels == 1;
  // Numbers and texts are written in JSON as in Python.
  const auto literal = [](const auto& values) { return Json(values).dump(); };
  std::string classes;
  for (const std::string& word : info.class_names) {
    classes += "    " + literal(word) + ",\n";
  }
  return "\"\"\"" + name + " as a plain PyTorch module: needs torch alone.\n\n" + describe(subnet) +
         "\n\n"
         "    import model\n"
         "    logits = model.load()(model.preprocess(images))\n\n"
         "`images`: uint8 (N, " +
         std::to_string(subnet.image_channels) + ", rows, columns), " +
         (grey ? "grey" : "channels red, green, blue") +
         ". The weights in state_dict.pt are those of the run's winner\n"
         "(float, batch normalisation folded in).\n\n"
         "Written by tinynas " +
         version() +
         ". This file is free to use, copy and change, without any warranty.\n"
         "\"\"\"\n\n"
         "from __future__ import annotations\n\n"
         "from pathlib import Path\n\n"
         "import torch\n"
         "from torch import nn\n"
         "from torch.nn import functional\n\n"
         "CLASSES = [\n" +
         classes + "]\nRESOLUTION = " + std::to_string(subnet.resolution) +
         "  # rows and columns that the network sees\n"
         "MEAN = " +
         literal(info.mean) +
         "  # of pixels / 255, one a channel\n"
         "DEVIATION = " +
         literal(info.deviation) + "\n";
}

}  // namespace

TorchModule torch_module(const std::string& weights_path, const std::string& subnet_path) {
  const StateFile state = read_state_file(weights_path, kWeightsFormat, kWeightsVersion);
  const SupernetInfo info = parse_supernet_metadata(state.metadata, weights_path);
  const SearchSpace space = SearchSpace::parse(info.space_toml, weights_path);
  const Genotype genotype = read_subnet_file(space, subnet_path);
  const Subnet subnet = space.decode(genotype);
  TorchModule module;
  module.state_dict = saved_state_dict(module_parameters(subnet, state, weights_path));
  module.source = header(subnet, info, space.name() + " " + space.id(genotype)) + kLayers +
                  network_class(subnet) + kFunctions;
  return module;
}

}  // namespace tinynas
