// What a report draws, as data: results/report/page/charts.js makes pictures of it.
//
//   {"series": [name...], "shown": [name...], "charts": [chart...]}
//   chart  {"kind": "lines" | "bars" | "stack" | "spans", "title", "note", "by_series": whether boxes on the
//           page choose its lines, "x": axis, "y": axis, "lines": [line...]}
//   axis   {"title"} and either "labels" (categories) or "log", "ticks"
//   line   {"label", "series", "colour", "dash", "points": [point...]}
//   point  [x, y, half of the 95 % interval or null]; of a stack [length, category]; of spans
//          [start, end, category]
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <span>

#include "results/summary/summary.hpp"

namespace understudy {

// Charts without a point are left out. Accuracies are per cent, times seconds.
nlohmann::ordered_json charts(const Summary& summary, std::span<const Unit> units);

}  // namespace understudy
