#include "sim/emulation/worker_record.hpp"

#include <fmt/format.h>

namespace understudy {

void WorkerRecord::note(const nlohmann::json& beat) {
  gradients = beat.at("gradients").get<std::int64_t>();
  activity_ = beat.at("activity");
  const auto sent = beat.at("messages").get<std::int64_t>();
  const auto received = beat.at("received").get<std::int64_t>();
  const auto traffic = sent + received;
  surplus = sent - received;
  // What it says may be older than what it has been told.
  const bool up_to_date = beat.at("heard").get<std::int64_t>() == told;
  const bool stuck = beat.contains("stuck") && traffic == traffic_ && up_to_date;
  stuck_beats = stuck ? stuck_beats + 1 : 0;
  traffic_ = traffic;
  waits_for = beat.value("stuck", std::vector<std::string>{});
}

std::string WorkerRecord::last_seen() const {
  std::string text;
  if (activity_.contains("step"))
    text += fmt::format(", last in step {}", activity_.at("step").get<std::int64_t>());
  if (activity_.contains("collective"))
    text += fmt::format("{} in a {}", text.empty() ? ", last" : "",
                        activity_.at("collective").get<std::string>());
  return text;
}

void WorkerRecord::add_to(EmulationReport& report, std::vector<nlohmann::json>& results) const {
  if (lost) return results.emplace_back(), void();
  const nlohmann::json& told = *finished;
  results.push_back(told.at("result"));
  report.lateness += parse_lateness(told.at("lateness"));
  report.overruns += told.at("overruns").get<std::int64_t>();
  report.overrun_time += Duration(told.at("overrun_ps").get<std::int64_t>());
  report.turned_away += told.at("turned_away").get<std::uint64_t>();
  report.refused += told.at("refused").get<std::uint64_t>();
}

}  // namespace understudy
