#pragma once
// The log-mel front end as C99: features.h, features.c and its tables.

#include <vector>

#include "tinynas/codegen.h"

namespace tinynas {

/// Float arithmetic with the tables of tinynas/audio.h; its pixels are the host's to within one
/// step. Two buffers of fft_samples floats are its statics.
std::vector<GeneratedFile> emit_features(const AudioFrontEnd& front_end);

}  // namespace tinynas
