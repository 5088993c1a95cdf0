#pragma once
// The front end as it stands in supernets, checkpoints and .tflite files.

#include <string>

#include "base/json_io.h"
#include "tinynas/audio.h"

namespace tinynas {

Json front_end_json(const AudioFrontEnd& front_end);
/// Throws BadInput with `where` and the field that is missing or impossible.
AudioFrontEnd parse_front_end(const Json& json, const std::string& where);

}  // namespace tinynas
