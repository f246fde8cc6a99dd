#include "runtime/data/csv.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>

#include "runtime/base/errors.hpp"
#include "runtime/base/text.hpp"

namespace understudy {
namespace {

class Reader {
 public:
  Reader(std::string_view text, const std::string& source) : rest_(text) {
    table_.source = source;
    if (rest_.starts_with("\xef\xbb\xbf")) rest_.remove_prefix(3);  // as spreadsheets begin UTF-8
  }

  CsvTable read() {
    while (!rest_.empty()) {
      CsvRow row = read_row();
      if (row.cells.size() == 1 && row.cells[0].empty()) continue;
      if (table_.header.empty()) {
        take_header(std::move(row));
      } else {
        take(std::move(row));
      }
    }
    if (table_.header.empty()) fail(1, 1, "is empty, where a header of columns belongs");
    if (table_.rows.empty()) fail(line_, 1, "holds no row below the header");
    return std::move(table_);
  }

 private:
  [[noreturn]] void fail(int line, std::size_t column, const std::string& sentence) const {
    throw DataError(fmt::format("{}: {}", csv_place(table_, line, column), sentence));
  }

  CsvRow read_row() {
    CsvRow row;
    row.line = line_;
    do {
      if (row.cells.size() == kMaxCsvColumns)
        fail(line_, kMaxCsvColumns + 1, fmt::format("has more than {} columns", kMaxCsvColumns));
      column_ = row.cells.size() + 1;
      const std::string cell = read_cell();
      if (!is_utf8(cell)) fail(line_, column_, "is not UTF-8");
      row.cells.emplace_back(trim(cell));
    } while (take_if(','));
    take_if('\r');
    if (!rest_.empty()) take();  // the line feed
    return row;
  }

  std::string read_cell() {
    while (!rest_.empty() && rest_.front() == ' ') take();
    if (take_if('"')) return read_quoted();
    std::string cell;
    while (!at_end_of_cell()) cell += take_visible();
    return cell;
  }

  std::string read_quoted() {
    const int opened = line_;
    std::string cell;
    while (true) {
      if (rest_.empty()) fail(opened, column_, "opens a quote that never closes");
      if (!take_if('"')) {
        cell += take_visible();
      } else if (take_if('"')) {
        cell += '"';
      } else {
        break;
      }
    }
    while (!rest_.empty() && rest_.front() == ' ') take();
    if (!at_end_of_cell()) fail(line_, column_, "goes on after its closing quote");
    return cell;
  }

  bool at_end_of_cell() const {
    return rest_.empty() || rest_.front() == ',' || rest_.front() == '\n' ||
           rest_.starts_with("\r\n") || rest_ == "\r";
  }
  char take() {
    const char c = rest_.front();
    rest_.remove_prefix(1);
    if (c == '\n') ++line_;
    return c;
  }
  // Line ends and tabs may stand in quotes; other control characters nowhere.
  char take_visible() {
    const char c = take();
    if (!is_printable(c) && c != '\n' && c != '\r' && c != '\t')
      fail(line_, column_,
           fmt::format("holds the control character {}", quote(std::string_view(&c, 1))));
    return c;
  }
  bool take_if(char c) {
    if (rest_.empty() || rest_.front() != c) return false;
    take();
    return true;
  }

  void take_header(CsvRow row) {
    for (std::size_t i = 0; i < row.cells.size(); ++i) {
      const auto before = row.cells.begin() + static_cast<std::ptrdiff_t>(i);
      if (std::find(row.cells.begin(), before, row.cells[i]) != before)
        fail(row.line, i + 1, fmt::format("the column {} is there twice", quote(row.cells[i])));
    }
    table_.header = std::move(row.cells);
  }
  void take(CsvRow row) {
    const std::size_t has = row.cells.size(), wanted = table_.header.size();
    if (has != wanted) {
      fail(row.line, std::min(has, wanted) + 1,
           fmt::format("the row has {} cells, where the header has {}", has, wanted));
    }
    table_.rows.push_back(std::move(row));
  }

  std::string_view rest_;
  CsvTable table_;
  int line_ = 1;
  std::size_t column_ = 1;
};

}  // namespace

std::string csv_place(const CsvTable& table, int line, std::size_t column) {
  return fmt::format("{}:{}:{}", table.source, line, column);
}

CsvTable parse_csv(std::string_view text, const std::string& source) {
  if (text.size() > kMaxCsvBytes) {
    throw DataError(
        fmt::format("{}: is larger than the {} bytes that are allowed", source, kMaxCsvBytes));
  }
  return Reader(text, source).read();
}

CsvTable read_csv(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) throw DataError(fmt::format("{}: {}", path, std::strerror(errno)));
  std::string text(kMaxCsvBytes + 1, '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (file.bad()) throw DataError(fmt::format("{}: can't be read", path));
  text.resize(static_cast<std::size_t>(file.gcount()));
  return parse_csv(text, path);
}

}  // namespace understudy
