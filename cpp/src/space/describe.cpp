#include "space/spec.h"
#include "tinynas/search_space.h"

namespace tinynas {

std::string describe(const Subnet& subnet) {
  std::string out =
      "r" + std::to_string(subnet.resolution) + " | stem " + std::to_string(subnet.stem_channels);
  int stage = -1;
  for (const Block& block : subnet.blocks) {
    out += block.stage != stage ? " | s" + std::to_string(block.stage) : ",";
    stage = block.stage;
    out += " k" + std::to_string(block.kernel) + " e" + format_number(block.expand_ratio) + " c" +
           std::to_string(block.out_channels);
  }
  if (subnet.head_channels > 0) out += " | head " + std::to_string(subnet.head_channels);
  return out;
}

}  // namespace tinynas
