// The parts of a report's page that are files of their own, built into the program.
#pragma once

#include <string_view>

namespace understudy {

std::string_view page_style();          // results/page/style.css
std::string_view page_charts();         // results/page/charts.js
std::string_view page_chart_library();  // Chart.js, minified

}  // namespace understudy
