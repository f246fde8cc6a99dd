// A summary as one table: for the terminal as text, for the report as cells.
#pragma once

#include <string>
#include <vector>

#include "results/summary/summary.hpp"

namespace understudy {

struct ResultTable {
  std::vector<std::string> head;
  std::vector<std::vector<std::string>> rows;  // each as long as the head
  std::vector<std::string> notes;              // lines under the table
};

ResultTable result_table(const Summary& summary);

// As text, notes included.
std::string to_text(const ResultTable& table);
std::string table(const Summary& summary);

}  // namespace understudy
