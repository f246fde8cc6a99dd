// CSV: what RFC 4180 allows, and the place of everything that it does not.
#include "runtime/data/csv.hpp"

#include "runtime/base/errors.hpp"
#include "tests/data/idx_files.hpp"

namespace understudy {
namespace {

using testing::ElementsAre;

std::string error_of(std::string_view text) {
  return data_error([&] { parse_csv(text, "t.csv"); });
}

TEST(Csv, CellsInQuotesHoldAnything) {
  const CsvTable table = parse_csv(
      "\xef\xbb\xbfname, age\r\n\"Braund, Mr. \"\"Owen\"\"\",22\n\n  \"a\nb\" , 3 ", "t.csv");
  EXPECT_THAT(table.header, ElementsAre("name", "age"));
  ASSERT_EQ(table.rows.size(), 2u);
  EXPECT_THAT(table.rows[0].cells, ElementsAre("Braund, Mr. \"Owen\"", "22"));
  EXPECT_EQ(table.rows[0].line, 2);
  EXPECT_THAT(table.rows[1].cells, ElementsAre("a\nb", "3"));
  EXPECT_EQ(table.rows[1].line, 4);
}

TEST(Csv, EmptyCellsStay) {
  EXPECT_THAT(parse_csv("a,b,c\n,,\n", "t.csv").rows.at(0).cells, ElementsAre("", "", ""));
}

TEST(Csv, ErrorsNameTheFileTheLineAndTheColumn) {
  const std::string nul("a,b\n1,x\0y\n", 10);
  for (const auto& [text, sentence] : std::vector<std::pair<std::string, std::string>>{
           {"", "t.csv:1:1: is empty, where a header of columns belongs"},
           {"\n \n", "t.csv:1:1: is empty, where a header of columns belongs"},
           {"a,b\n", "t.csv:2:1: holds no row below the header"},
           {"a,b\n1,2\n1\n", "t.csv:3:2: the row has 1 cells, where the header has 2"},
           {"a,b\n1,2,3\n", "t.csv:2:3: the row has 3 cells, where the header has 2"},
           {"a,b,a\n1,2,3\n", "t.csv:1:3: the column 'a' is there twice"},
           {"a,b\n1,\"2\n3", "t.csv:2:2: opens a quote that never closes"},
           {"a,b\n1,\"2\"3\n", "t.csv:2:2: goes on after its closing quote"},
           {"a,b\n1,\xff\n", "t.csv:2:2: is not UTF-8"},
           {nul, "t.csv:2:2: holds the control character '\\x00'"}}) {
    EXPECT_EQ(error_of(text), sentence);
  }
}

TEST(Csv, IsBounded) {
  std::string header = "c0";
  for (std::size_t i = 1; i < kMaxCsvColumns; ++i) header += ",c" + std::to_string(i);
  EXPECT_EQ(error_of(header + "\n"), "t.csv:2:1: holds no row below the header");
  EXPECT_EQ(error_of(header + ",d\n"), "t.csv:1:257: has more than 256 columns");
  EXPECT_EQ(error_of(std::string(kMaxCsvBytes + 1, 'x')),
            "t.csv: is larger than the 16777216 bytes that are allowed");
}

TEST(Csv, AFileThatIsNotThere) {
  EXPECT_EQ(data_error([] { read_csv("no/such.csv"); }), "no/such.csv: No such file or directory");
}

// Any bytes give a table or a DataError.
TEST(Csv, AnyBytesAreRefusedInOrder) {
  const std::string valid = "a,b\n\"x,\"\"y\",2\r\n3,4\n";
  for (std::size_t i = 0; i < valid.size(); ++i) {
    for (const char c : {'\0', '\xff', '"', ',', '\n', '\r', ' '}) {
      std::string bytes = valid;
      bytes[i] = c;
      data_error([&] { parse_csv(bytes, "t.csv"); });
      data_error([&] { parse_csv(bytes.substr(0, i), "t.csv"); });
    }
  }
}

}  // namespace
}  // namespace understudy
