// `understudy selfcheck`: every algorithm against its closed form.
#include <fmt/format.h>

#include <algorithm>
#include <iostream>
#include <nlohmann/json.hpp>

#include "cli/commands.hpp"
#include "results/experiment/selfcheck.hpp"
#include "results/report/text_table.hpp"

namespace understudy {
namespace {

void print_table(const std::vector<SelfCheck>& checks) {
  std::vector<std::vector<std::string>> rows{
      {"", "algorithm", "", "expected", "found", "difference", ""}};
  for (const SelfCheck& c : checks) {
    rows.push_back({c.area, c.name, c.about, fmt::format("{:.12g}", c.expected),
                    fmt::format("{:.12g}", c.found), fmt::format("{:.1e}", c.found - c.expected),
                    c.ok ? "ok" : "WRONG"});
  }
  std::cout << text_table(rows);
}

void print_json(const std::vector<SelfCheck>& checks) {
  nlohmann::ordered_json list = nlohmann::ordered_json::array();
  for (const SelfCheck& c : checks) {
    list.push_back({{"area", c.area},
                    {"algorithm", c.name},
                    {"about", c.about},
                    {"expected", c.expected},
                    {"found", c.found},
                    {"ok", c.ok}});
  }
  std::cout << list.dump(2) << '\n';
}

void self_check(Session& session) {
  const std::vector<SelfCheck> checks = run_self_checks();
  const auto wrong =
      std::count_if(checks.begin(), checks.end(), [](const SelfCheck& c) { return !c.ok; });
  if (session.json) {
    print_json(checks);
  } else {
    if (!session.quiet) print_table(checks);
    std::cout << (wrong == 0
                      ? fmt::format("All {} values are as their closed forms say.\n", checks.size())
                      : fmt::format("{} of {} values are not as their closed forms say.\n", wrong,
                                    checks.size()));
  }
  if (wrong > 0) session.exit_code = ExitCode::kFailed;
}

}  // namespace

void add_selfcheck(CLI::App& app, Session& session) {
  CLI::App* command =
      app.add_subcommand("selfcheck", "Run every algorithm on parabolas against its closed form");
  add_common_flags(*command, session);
  command->callback([&session] { self_check(session); });
}

}  // namespace understudy
