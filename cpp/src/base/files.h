#pragma once
// Whole files: read with an error that names the file, written so that nobody ever sees half of
// one.

#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace tinynas {

/// Throws BadInput when the file is missing or unreadable.
std::string read_file(const std::string& path);
/// Temporary file in the same folder, fsync, rename. Throws BadInput (the path came from the user)
/// on failure.
void write_file_atomic(const std::string& path, std::string_view content);
/// Lets `write` fill a temporary path, then fsync and rename; the temporary file is removed when
/// `write` throws.
void replace_file_atomic(const std::string& path,
                         const std::function<void(const std::string& temporary)>& write);

/// The folder that holds configs/, search_spaces/ and supernets/: $TINYNAS_DATA_DIR, else what lies
/// beside the running executable or library (../share/tinynas or a Python package's data/), else
/// the source tree of this build. Throws BadInput when none exists.
std::string data_dir();
/// The Python package tells where its data lies; called once, before anything else.
void set_data_dir(const std::string& path);

/// The candidate nearest to `word` by edit distance, "" when none is near enough to be a slip.
std::string nearest_name(std::string_view word, const std::vector<std::string>& candidates);
/// " (did you mean 'stm32f746'?)", or "".
std::string did_you_mean(std::string_view word, const std::vector<std::string>& candidates);

}  // namespace tinynas
