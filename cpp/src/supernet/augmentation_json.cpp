#include "supernet/augmentation_json.h"

#include "tinynas/error.h"

namespace tinynas {
namespace {

/// visit(name, field) for each.
template <typename Fields, typename Visit>
void visit_fields(Fields& augmentation, Visit visit) {
  visit("shift_pixels", augmentation.shift_pixels);
  visit("horizontal_flip", augmentation.horizontal_flip);
  visit("erase_pixels", augmentation.erase_pixels);
  visit("least_crop", augmentation.least_crop);
  visit("operations", augmentation.operations);
  visit("magnitude", augmentation.magnitude);
  visit("mixup", augmentation.mixup);
}

}  // namespace

Json augmentation_json(const Augmentation& augmentation) {
  Json json;
  visit_fields(augmentation, [&](const char* name, const auto& field) { json[name] = field; });
  return json;
}

Augmentation parse_augmentation(const Json& json, const std::string& path) {
  Augmentation augmentation;
  visit_fields(augmentation, [&](const char* name, auto& field) {
    try {
      json_at(json, name, path).get_to(field);
    } catch (const nlohmann::json::exception&) {
      throw BadInput(path + ": field '" + name + "' is of the wrong type");
    }
  });
  return augmentation;
}

}  // namespace tinynas
