// Cells as aligned text.
#pragma once

#include <string>
#include <vector>

namespace understudy {

// A line a row, columns two spaces apart; rows are equally long, cells UTF-8.
std::string text_table(const std::vector<std::vector<std::string>>& rows);

}  // namespace understudy
