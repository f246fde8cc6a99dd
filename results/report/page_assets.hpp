// The parts of a report's page that are files of their own, built into the program.
#pragma once

#include <string_view>

namespace understudy {

std::string_view page_style();          // results/report/page/style.css
std::string_view page_charts();         // results/report/page/charts.js
std::string_view page_chart_library();  // Chart.js, minified

}  // namespace understudy
