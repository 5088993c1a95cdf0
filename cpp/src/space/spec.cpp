#include "space/spec.h"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "base/toml_reader.h"

namespace tinynas {
namespace {

constexpr int kMaxChoices = 255;
constexpr double kMaxChannels = 4096;

/// A strictly ascending list, so that the last choice is the largest.
std::vector<double> ascending(const TomlTable& table, const char* key, double low, double high) {
  std::vector<double> values = table.get_numbers(key, low, high);
  if (values.size() > kMaxChoices) {
    table.fail(key, "has " + std::to_string(values.size()) + " choices; at most 255 are possible");
  }
  for (std::size_t i = 1; i < values.size(); ++i) {
    if (values[i] <= values[i - 1]) {
      table.fail(key, "must ascend, but " + format_number(values[i]) + " follows " +
                          format_number(values[i - 1]));
    }
  }
  return values;
}

std::vector<double> whole_ascending(const TomlTable& table, const char* key, double low,
                                    double high) {
  std::vector<double> values = ascending(table, key, low, high);
  for (const double value : values) {
    if (value != std::floor(value)) {
      table.fail(key, format_number(value) + " is not a whole number");
    }
  }
  return values;
}

std::vector<double> kernels(const TomlTable& table, const char* key) {
  std::vector<double> values = whole_ascending(table, key, 1, 7);
  for (const double value : values) {
    if (static_cast<int>(value) % 2 == 0) {
      table.fail(key, "kernel " + format_number(value) + " is even; 1, 3, 5 and 7 are possible");
    }
  }
  return values;
}

ChannelSpec channel_spec(const TomlTable& table, double least_width) {
  ChannelSpec spec;
  spec.channels = static_cast<int>(table.get_int("channels", 1, kMaxChannels));
  if (table.has("width")) spec.width = ascending(table, "width", least_width, 8);
  return spec;
}

BlockSpec block_spec(const TomlTable& table) {
  BlockSpec block;
  block.kernel = kernels(table, "kernel");
  block.expand = ascending(table, "expand", 1, 16);
  if (block.expand.size() > 1 && block.expand.front() == 1) {
    table.fail("expand",
               "1 (no expand convolution) cannot be mixed with other ratios: a block is sliced "
               "from the largest one, which has that convolution; write [1], or ratios above 1");
  }
  return block;
}

StageSpec stage_spec(const TomlTable& table) {
  StageSpec stage;
  stage.out = channel_spec(table, 0.01);
  stage.stride = static_cast<int>(table.get_int("stride", 1, 2));
  stage.depth = whole_ascending(table, "depth", 1, 32);
  const std::vector<TomlTable> blocks = table.get_tables("block");
  if (blocks.empty()) {
    stage.blocks.push_back(block_spec(table));
  } else if (table.has("kernel") || table.has("expand")) {
    table.fail(table.has("kernel") ? "kernel" : "expand",
               "cannot stand beside [[stage.block]], where each block has its own");
  } else if (static_cast<double>(blocks.size()) != stage.depth.back()) {
    table.fail("block", "has " + std::to_string(blocks.size()) +
                            " tables, but the depth is up to " + format_number(stage.depth.back()));
  }
  for (const TomlTable& block : blocks) {
    stage.blocks.push_back(block_spec(block));
    block.finish();
  }
  table.finish();
  return stage;
}

/// A headless subnet's classifier is a slice of the largest one's, so the head must be wide enough.
void check_optional_head(const TomlTable& table, const SpaceSpec& spec) {
  if (spec.head.width.empty() || spec.head.width.front() != 0) return;
  if (spec.head.width.size() == 1) {
    table.fail("width", "0 alone means no head; leave [head] out");
  }
  const ChannelSpec& last = spec.stages.back().out;
  const double last_width = last.width.empty() ? spec.width.back() : last.width.back();
  const int head =
      make_divisible(spec.head.channels * spec.head.width.back(), spec.channel_divisor);
  const int tail = make_divisible(last.channels * last_width, spec.channel_divisor);
  if (head < tail) {
    table.fail("channels", "an optional head needs at least the " + std::to_string(tail) +
                               " channels of the last stage, but has " + std::to_string(head));
  }
}

void check_name(const TomlTable& table, const std::string& name) {
  const bool fine =
      !name.empty() &&
      name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789._-") == std::string::npos;
  if (!fine) table.fail("name", "must be lower-case letters, digits, '.', '_' and '-'");
}

bool any_part_follows_width(const SpaceSpec& spec) {
  const auto follows = [](const ChannelSpec& part) {
    return part.channels > 0 && part.width.empty();
  };
  return follows(spec.stem) || follows(spec.head) ||
         std::any_of(spec.stages.begin(), spec.stages.end(),
                     [&](const StageSpec& stage) { return follows(stage.out); });
}

}  // namespace

int make_divisible(double value, int divisor) {
  // Products such as 0.3 * 40 miss the whole number by an ulp; the slack keeps them on the side
  // that decimal arithmetic gives.
  constexpr double kSlack = 1e-9;
  const int rounded =
      std::max(divisor, static_cast<int>((value + kSlack) / divisor + 0.5) * divisor);
  return rounded < 0.9 * value - kSlack ? rounded + divisor : rounded;
}

SpaceSpec parse_space(const std::string& toml_text, const std::string& source) {
  const TomlTable root = TomlTable::parse(toml_text, source);
  SpaceSpec spec;
  spec.name = root.get_string("name");
  check_name(root, spec.name);
  spec.description = root.string_or("description", "");
  spec.image_channels = static_cast<int>(root.get_int("image_channels", 1, 3));
  if (spec.image_channels == 2) root.fail("image_channels", "must be 1 or 3");
  spec.classes = static_cast<int>(root.get_int("classes", 2, kMaxClasses));
  spec.resolutions = whole_ascending(root, "resolutions", 4, 1024);
  spec.channel_divisor = static_cast<int>(root.int_or("channel_divisor", 8, 1, 64));
  if (root.has("width")) spec.width = ascending(root, "width", 0.01, 8);

  const TomlTable stem = root.get_table("stem");
  spec.stem = channel_spec(stem, 0.01);
  const std::vector<double> stem_kernel = kernels(stem, "kernel");
  if (stem_kernel.size() != 1)
    stem.fail("kernel", "must be one number; the stem's kernel is fixed");
  spec.stem_kernel = static_cast<int>(stem_kernel.front());
  spec.stem_stride = static_cast<int>(stem.get_int("stride", 1, 2));
  stem.finish();

  const std::vector<TomlTable> stages = root.get_tables("stage");
  if (stages.empty()) root.fail("stage", "is missing; a space needs at least one [[stage]]");
  if (stages.size() > 64) root.fail("stage", "at most 64 stages are possible");
  for (const TomlTable& stage : stages) spec.stages.push_back(stage_spec(stage));

  if (root.has("head")) {
    const TomlTable head = root.get_table("head");
    spec.head = channel_spec(head, 0);
    check_optional_head(head, spec);
    head.finish();
  }
  if (root.has("width") && !any_part_follows_width(spec)) {
    root.fail("width", "has no effect: stem, stages and head all have their own width");
  }
  root.finish();
  return spec;
}

std::string format_number(double value) {
  char text[32];
  return std::string(text, std::to_chars(text, text + sizeof text, value).ptr);
}

namespace {

std::string toml_quoted(const std::string& text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) {
      constexpr const char* kHex = "0123456789ABCDEF";
      out += "\\u00";
      out += kHex[c >> 4];
      out += kHex[c & 15];
    } else {
      out += c;
    }
  }
  return out + "\"";
}

std::string list_line(const char* key, const std::vector<double>& values) {
  std::string out = std::string(key) + " = [";
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (i > 0) out += ", ";
    out += format_number(values[i]);
  }
  return out + "]\n";
}

std::string int_line(const char* key, int value) {
  return std::string(key) + " = " + std::to_string(value) + "\n";
}

std::string block_lines(const BlockSpec& block) {
  return list_line("kernel", block.kernel) + list_line("expand", block.expand);
}

std::string channel_lines(const ChannelSpec& spec) {
  return int_line("channels", spec.channels) +
         (spec.width.empty() ? "" : list_line("width", spec.width));
}

}  // namespace

std::string space_to_toml(const SpaceSpec& spec, bool with_name) {
  std::string out;
  if (with_name) {
    out += "name = " + toml_quoted(spec.name) + "\n";
    out += "description = " + toml_quoted(spec.description) + "\n";
  }
  out += int_line("image_channels", spec.image_channels) + int_line("classes", spec.classes);
  out += list_line("resolutions", spec.resolutions);
  out += int_line("channel_divisor", spec.channel_divisor);
  if (any_part_follows_width(spec)) out += list_line("width", spec.width);
  out += "\n[stem]\n" + channel_lines(spec.stem) + int_line("kernel", spec.stem_kernel) +
         int_line("stride", spec.stem_stride);
  for (const StageSpec& stage : spec.stages) {
    out += "\n[[stage]]\n" + channel_lines(stage.out) + int_line("stride", stage.stride) +
           list_line("depth", stage.depth);
    if (stage.blocks.size() == 1) {
      out += block_lines(stage.blocks.front());
      continue;
    }
    for (const BlockSpec& block : stage.blocks) out += "[[stage.block]]\n" + block_lines(block);
  }
  if (spec.head.channels > 0) out += "\n[head]\n" + channel_lines(spec.head);
  return out;
}

}  // namespace tinynas
