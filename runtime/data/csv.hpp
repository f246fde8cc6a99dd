// Comma-separated values as RFC 4180 has them: cells in quotes may hold commas, line ends and doubled
// quotes.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace understudy {

inline constexpr std::size_t kMaxCsvBytes = std::size_t{16} << 20;
inline constexpr std::size_t kMaxCsvColumns = 256;

struct CsvRow {
  int line = 0;  // on which it begins, from 1
  std::vector<std::string> cells;
};

// A header and rows of as many cells. Cells come without the blanks at their ends.
struct CsvTable {
  std::string source;  // the file, for messages
  std::vector<std::string> header;
  std::vector<CsvRow> rows;  // blank lines are left out
};

// "titanic.csv:17:2", the second cell of line 17.
std::string csv_place(const CsvTable& table, int line, std::size_t column);

// Throws DataError, with file:line:column, for a text without a row, beyond the bounds, that holds
// control characters or is no UTF-8, for names that repeat, quotes that do not close or close too
// early, and for a row of more or fewer cells than the header.
CsvTable parse_csv(std::string_view text, const std::string& source);
// Also throws DataError for a file that can't be read.
CsvTable read_csv(const std::string& path);

}  // namespace understudy
