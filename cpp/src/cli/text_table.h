#pragma once
// Columns for people.

#include <string>
#include <vector>

namespace tinynas {

/// Rows of cells as aligned text, two blanks between columns, a newline after each row. The first
/// row is the head; columns named in `right_aligned` (from 0) are flush right.
std::string text_table(const std::vector<std::vector<std::string>>& rows,
                       const std::vector<std::size_t>& right_aligned);

}  // namespace tinynas
