#pragma once
// The log-mel front end as C99: log_mel.h, log_mel.c and its tables.

#include <vector>

#include "tinynas/codegen.h"

namespace tinynas {

/// Not called features.h, which is a header of C libraries. Float arithmetic with the tables of
/// tinynas/audio.h; its pixels are the host's to within one step. Two buffers of fft_samples floats
/// are its statics.
std::vector<GeneratedFile> emit_log_mel(const AudioFrontEnd& front_end);

}  // namespace tinynas
