// Tables of named columns with a label of 0 or 1 for each row: the Titanic's passenger list.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/data/csv.hpp"

namespace understudy {

struct TableColumn {
  std::string name;
  std::vector<std::string> categories;  // that occur, in order; empty: the column holds numbers
  std::vector<double> values;           // by row: a number or a category's index; NaN: missing

  bool is_categorical() const { return !categories.empty(); }
};

struct ValueTable {
  std::vector<TableColumn> columns;
  std::vector<std::uint8_t> labels;  // by row: 0 or 1

  std::size_t rows() const { return labels.size(); }
  // The name must be one of the columns'.
  const TableColumn& column(std::string_view name) const;
};

// passengers: the 1st, 2nd and 3rd class. all: the crew too.
enum class RowSelection { kPassengers, kAll };

// The columns class, gender, age, fare, family_size (sibsp + parch + 1, the person included) and
// embarked, the label "survived". Takes the column names of scenarios/data/titanic.csv and Kaggle's
// (PassengerId, Survived, Pclass, Name, Sex, Age, SibSp, Parch, Ticket, Fare, Cabin, Embarked),
// capitals or not; cells that are empty or NA are missing. Throws DataError for a column that is not
// there, a cell that can't be its column's (file:line:column), and where no row is selected.
ValueTable titanic_table(const CsvTable& csv, RowSelection rows);

// scenarios/data/titanic.csv, built into the program.
const CsvTable& builtin_titanic();

}  // namespace understudy
