#include "supernet/state_file.h"

#include <sstream>

#include "base/files.h"
#include "data/archive_check.h"
#include "tinynas/error.h"

namespace tinynas {
namespace {

constexpr const char* kMetadataKey = "tinynas_metadata";

std::string tensor_key(std::size_t index) { return std::string("t").append(std::to_string(index)); }

std::string shape_text(at::IntArrayRef shape) {
  std::ostringstream text;
  text << shape;
  return text.str();
}

}  // namespace

const torch::Tensor& StateFile::tensor(const std::string& name, at::IntArrayRef shape,
                                       const std::string& path) const {
  for (const auto& [key, value] : tensors) {
    if (key != name) continue;
    if (value.sizes() != shape) {
      throw BadInput(path + ": tensor '" + name + "' has shape " + shape_text(value.sizes()) +
                     ", expected " + shape_text(shape) +
                     "; the file belongs to another search space");
    }
    return value;
  }
  throw BadInput(path + ": tensor '" + name +
                 "' is missing; the file belongs to another search space or is damaged");
}

void write_state_file(const StateFile& state, const std::string& path) {
  Json head = state.metadata;
  Json names = Json::array();
  torch::serialize::OutputArchive archive;
  for (std::size_t i = 0; i < state.tensors.size(); ++i) {
    names.push_back(state.tensors[i].first);
    archive.write(tensor_key(i),
                  state.tensors[i].second.detach().to(torch::kCPU).contiguous().clone());
  }
  head["tensors"] = names;
  archive.write(kMetadataKey, c10::IValue(head.dump()));
  std::ostringstream bytes;
  archive.save_to(bytes);
  write_file_atomic(path, bytes.str());
}

StateFile read_state_file(const std::string& path, const char* format, int newest_version) {
  const std::string content = read_file(path);
  if (!archive_is_whole(path)) {
    throw BadInput(path + ": is not a tinynas file or is damaged; fetch or write it again");
  }
  StateFile state;
  state.file_hash = hash_bytes(content.data(), content.size());
  std::istringstream bytes(content);
  try {
    torch::serialize::InputArchive archive;
    archive.load_from(bytes);
    c10::IValue head;
    archive.read(kMetadataKey, head);
    state.metadata = parse_json(head.toStringRef(), path + " (head)");
    check_format(state.metadata, format, newest_version, path);
    const Json& names = json_at(state.metadata, "tensors", path);
    for (std::size_t i = 0; i < names.size(); ++i) {
      torch::Tensor tensor;
      archive.read(tensor_key(i), tensor);
      state.tensors.emplace_back(names[i].get<std::string>(), tensor);
    }
  } catch (const c10::Error&) {
    throw BadInput(path + ": is not a tinynas file or is damaged; fetch or write it again");
  } catch (const nlohmann::json::exception&) {
    throw BadInput(path + ": its head is damaged; fetch or write it again");
  }
  state.metadata.erase("tensors");
  return state;
}

}  // namespace tinynas
