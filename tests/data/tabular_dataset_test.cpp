// The passenger list: the one that is built in, Kaggle's columns, cells that can't be.
#include "runtime/data/tabular_dataset.hpp"

#include <algorithm>
#include <cmath>

#include "runtime/base/errors.hpp"
#include "tests/data/idx_files.hpp"

namespace understudy {
namespace {

using testing::ElementsAre;

std::ptrdiff_t missing(const TableColumn& column) {
  return std::count_if(column.values.begin(), column.values.end(),
                       [](double v) { return std::isnan(v); });
}

// The counts of the file, told by scenarios/data/README.md.
TEST(Titanic, EveryoneAboard) {
  const ValueTable all = titanic_table(builtin_titanic(), RowSelection::kAll);
  EXPECT_EQ(all.rows(), 2207u);
  EXPECT_EQ(std::count(all.labels.begin(), all.labels.end(), 1), 711);
  EXPECT_EQ(missing(all.column("fare")), 916);
  EXPECT_EQ(missing(all.column("family_size")), 900);
  EXPECT_EQ(missing(all.column("age")), 2);
  EXPECT_EQ(all.column("class").categories.size(), 7u);
}

TEST(Titanic, Passengers) {
  const ValueTable table = titanic_table(builtin_titanic(), RowSelection::kPassengers);
  EXPECT_EQ(table.rows(), 1317u);  // 324 + 284 + 709
  EXPECT_THAT(table.column("class").categories, ElementsAre("1st", "2nd", "3rd"));
  EXPECT_THAT(table.column("gender").categories, ElementsAre("female", "male"));
  EXPECT_THAT(table.column("embarked").categories, ElementsAre("B", "C", "Q", "S"));
  // male,42.0,3rd,S,United States,5547,7.11,0,0,no
  EXPECT_EQ(table.column("class").values[0], 2);
  EXPECT_EQ(table.column("gender").values[0], 1);
  EXPECT_EQ(table.column("age").values[0], 42);
  EXPECT_EQ(table.column("fare").values[0], 7.11);
  EXPECT_EQ(table.column("family_size").values[0], 1);
  EXPECT_EQ(table.column("embarked").values[0], 3);
  EXPECT_EQ(table.labels[0], 0);
  EXPECT_EQ(table.column("family_size").values[1], 3);  // 0 siblings, 2 parents
}

const std::string kKaggle =
    "PassengerId,Survived,Pclass,Name,Sex,Age,SibSp,Parch,Ticket,Fare,Cabin,Embarked\n"
    "1,0,3,\"Braund, Mr. Owen Harris\",male,22,1,0,A/5 21171,7.25,,S\n"
    "2,1,1,\"Cumings, Mrs. John \"\"Florence\"\"\",female,,1,2,PC 17599,71.2833,C85,\n";

TEST(Titanic, KagglesColumns) {
  const ValueTable table =
      titanic_table(parse_csv(kKaggle, "train.csv"), RowSelection::kPassengers);
  EXPECT_THAT(table.labels, ElementsAre(0, 1));
  EXPECT_THAT(table.column("class").categories, ElementsAre("1st", "3rd"));
  EXPECT_THAT(table.column("class").values, ElementsAre(1, 0));
  EXPECT_THAT(table.column("gender").values, ElementsAre(1, 0));
  EXPECT_THAT(table.column("family_size").values, ElementsAre(2, 4));
  EXPECT_THAT(table.column("fare").values, ElementsAre(7.25, 71.2833));
  EXPECT_EQ(missing(table.column("age")), 1);
  EXPECT_EQ(missing(table.column("embarked")), 1);
}

std::string error_with(const std::string& from, const std::string& to) {
  std::string text = kKaggle;
  text.replace(text.find(from), from.size(), to);
  return data_error(
      [&] { titanic_table(parse_csv(text, "train.csv"), RowSelection::kPassengers); });
}

TEST(Titanic, CellsThatCannotBe) {
  EXPECT_EQ(error_with("Fare", "Price"), "train.csv:1:13: has no column 'fare'");
  EXPECT_EQ(error_with("Sex", "S"), "train.csv:1:13: has no column 'gender' (or 'sex')");
  EXPECT_EQ(error_with(",22,", ",old,"), "train.csv:2:6: the age 'old' is no number from 0 to 1e6");
  EXPECT_EQ(error_with(",22,", ",nan,"), "train.csv:2:6: the age 'nan' is no number from 0 to 1e6");
  EXPECT_EQ(error_with("71.2833", "-1"),
            "train.csv:3:10: the fare '-1' is no number from 0 to 1e6");
  EXPECT_EQ(error_with("male,22", "man,22"),
            "train.csv:2:5: the gender 'man' is none of female, male");
  EXPECT_EQ(error_with("2,1,1", "2,,1"),
            "train.csv:3:2: the survived '' is missing, and every row needs one");
  EXPECT_EQ(
      error_with("2,1,1", "2,1,4"),
      "train.csv:3:3: the class '4' is none of 1st, 1, 2nd, 2, 3rd, 3, deck crew, engineering "
      "crew, restaurant staff, victualling crew");
}

TEST(Titanic, CrewAlone) {
  EXPECT_EQ(data_error([] {
              titanic_table(parse_csv("survived,class,gender,age,fare,sibsp,parch,embarked\n"
                                      "no,deck crew,male,30,,,,B\n",
                                      "crew.csv"),
                            RowSelection::kPassengers);
            }),
            "crew.csv: holds no passenger");
}

}  // namespace
}  // namespace understudy
