#pragma once

#include <string>

namespace tinynas {

/// Reads every entry of a zip against its checksum, which torch does not do for its own files.
/// False when `path` is no zip, is cut short or holds other bytes than were written.
bool archive_is_whole(const std::string& path);

}  // namespace tinynas
