#include "runtime/data/tabular_dataset.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cmath>
#include <limits>
#include <span>
#include <utility>

#include "runtime/base/errors.hpp"
#include "runtime/base/text.hpp"

// The assembler includes the file; CMake names it.
asm(".pushsection .rodata\n"
    "understudy_titanic_begin:\n"
    ".incbin \"" TITANIC_CSV
    "\"\n"
    "understudy_titanic_end:\n"
    ".byte 0\n"
    ".popsection\n");
extern "C" const char understudy_titanic_begin[], understudy_titanic_end[];

namespace understudy {
namespace {

constexpr double kMissing = std::numeric_limits<double>::quiet_NaN();
constexpr double kMostOfAnything = 1e6;  // years, pounds or relatives

// How a cell is written, and the category that it stands for.
struct Spelling {
  std::string_view text;
  std::string_view category;
};
constexpr std::array<Spelling, 10> kClasses = {{{"1st", "1st"},
                                                {"1", "1st"},
                                                {"2nd", "2nd"},
                                                {"2", "2nd"},
                                                {"3rd", "3rd"},
                                                {"3", "3rd"},
                                                {"deck crew", "deck crew"},
                                                {"engineering crew", "engineering crew"},
                                                {"restaurant staff", "restaurant staff"},
                                                {"victualling crew", "victualling crew"}}};
constexpr std::array<Spelling, 2> kGenders = {{{"female", "female"}, {"male", "male"}}};
// Belfast, Cherbourg, Queenstown, Southampton.
constexpr std::array<Spelling, 4> kPorts = {{{"B", "B"}, {"C", "C"}, {"Q", "Q"}, {"S", "S"}}};
constexpr std::array<Spelling, 4> kSurvival = {
    {{"no", "no"}, {"0", "no"}, {"yes", "yes"}, {"1", "yes"}}};

std::string lower(std::string text) {
  for (char& c : text) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return text;
}

bool is_passenger(std::string_view category) {
  return category == "1st" || category == "2nd" || category == "3rd";
}

// The cells of one column of a CSV file, by what they mean.
class Cells {
 public:
  Cells(const CsvTable& csv, std::string_view name, std::string_view kaggle_name)
      : csv_(csv), name_(name) {
    for (; column_ < csv.header.size(); ++column_) {
      const std::string header = lower(csv.header[column_]);
      if (header == name || header == kaggle_name) return;
    }
    const std::string either = name == kaggle_name ? "" : fmt::format(" (or '{}')", kaggle_name);
    throw DataError(fmt::format("{}: has no column '{}'{}",
                                csv_place(csv, 1, csv.header.size() + 1), name, either));
  }

  double number(std::size_t row) const {
    const std::string& cell = csv_.rows[row].cells[column_];
    if (is_missing(cell)) return kMissing;
    const std::optional<double> value = parse_number(cell);
    if (!value || *value < 0 || *value > kMostOfAnything) fail(row, "is no number from 0 to 1e6");
    return *value;
  }

  // Empty where missing.
  std::string_view category(std::size_t row, std::span<const Spelling> spellings) const {
    const std::string& cell = csv_.rows[row].cells[column_];
    if (is_missing(cell)) return {};
    for (const Spelling& spelling : spellings) {
      if (cell == spelling.text) return spelling.category;
    }
    std::string known;
    for (const Spelling& spelling : spellings)
      known += fmt::format("{}{}", known.empty() ? "" : ", ", spelling.text);
    fail(row, fmt::format("is none of {}", known));
  }
  std::string_view present(std::size_t row, std::span<const Spelling> spellings) const {
    const std::string_view found = category(row, spellings);
    if (found.empty()) fail(row, "is missing, and every row needs one");
    return found;
  }

 private:
  static bool is_missing(const std::string& cell) { return cell.empty() || cell == "NA"; }
  [[noreturn]] void fail(std::size_t row, const std::string& rest) const {
    const CsvRow& of = csv_.rows[row];
    throw DataError(fmt::format("{}: the {} {} {}", csv_place(csv_, of.line, column_ + 1), name_,
                                quote(of.cells[column_]), rest));
  }

  const CsvTable& csv_;
  std::string_view name_;
  std::size_t column_ = 0;
};

TableColumn numbers(std::string name, const std::vector<std::size_t>& rows, const Cells& cells) {
  TableColumn column{std::move(name), {}, {}};
  for (const std::size_t row : rows) column.values.push_back(cells.number(row));
  return column;
}

TableColumn categories(std::string name, const std::vector<std::size_t>& rows, const Cells& cells,
                       std::span<const Spelling> spellings) {
  std::vector<std::string_view> found;
  for (const std::size_t row : rows) found.push_back(cells.category(row, spellings));
  TableColumn column{std::move(name), {}, {}};
  for (const Spelling& spelling : spellings) {
    const bool occurs = std::find(found.begin(), found.end(), spelling.category) != found.end();
    const bool is_new = column.categories.empty() || column.categories.back() != spelling.category;
    if (occurs && is_new) column.categories.emplace_back(spelling.category);
  }
  const auto& known = column.categories;
  for (const std::string_view category : found) {
    const auto at = std::find(known.begin(), known.end(), category);
    column.values.push_back(at == known.end() ? kMissing : static_cast<double>(at - known.begin()));
  }
  return column;
}

}  // namespace

const TableColumn& ValueTable::column(std::string_view name) const {
  const auto found = std::find_if(columns.begin(), columns.end(),
                                  [&](const TableColumn& c) { return c.name == name; });
  UNDERSTUDY_CHECK(found != columns.end());
  return *found;
}

ValueTable titanic_table(const CsvTable& csv, RowSelection selection) {
  const Cells survived(csv, "survived", "survived"), of_class(csv, "class", "pclass"),
      gender(csv, "gender", "sex"), age(csv, "age", "age"), fare(csv, "fare", "fare"),
      sibsp(csv, "sibsp", "sibsp"), parch(csv, "parch", "parch"),
      embarked(csv, "embarked", "embarked");
  ValueTable table;
  std::vector<std::size_t> rows;
  for (std::size_t row = 0; row < csv.rows.size(); ++row) {
    const bool passenger = is_passenger(of_class.present(row, kClasses));
    const std::uint8_t label = survived.present(row, kSurvival) == "yes" ? 1 : 0;
    if (selection == RowSelection::kPassengers && !passenger) continue;
    rows.push_back(row);
    table.labels.push_back(label);
  }
  if (rows.empty()) throw DataError(fmt::format("{}: holds no passenger", csv.source));
  // The sum of missing relatives is missing: a NaN.
  TableColumn family = numbers("family_size", rows, sibsp);
  for (std::size_t i = 0; i < rows.size(); ++i) family.values[i] += parch.number(rows[i]) + 1;
  table.columns = {categories("class", rows, of_class, kClasses),
                   categories("gender", rows, gender, kGenders),
                   numbers("age", rows, age),
                   numbers("fare", rows, fare),
                   std::move(family),
                   categories("embarked", rows, embarked, kPorts)};
  return table;
}

const CsvTable& builtin_titanic() {
  static const CsvTable table =
      parse_csv({understudy_titanic_begin, understudy_titanic_end}, "titanic.csv");
  return table;
}

}  // namespace understudy
