// `understudy list KIND`: the names that a scenario may use.
#include <fmt/format.h>

#include <algorithm>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>

#include "cli/commands.hpp"
#include "scenarios/catalogue.hpp"

namespace understudy {
namespace {

void print_names(const std::string& kind, bool as_json) {
  const std::vector<CatalogueEntry> entries = catalogue(kind);
  if (as_json) {
    nlohmann::ordered_json out = nlohmann::ordered_json::array();
    for (const CatalogueEntry& entry : entries)
      out.push_back({{"name", entry.name}, {"description", entry.doc}});
    std::cout << out.dump(2) << '\n';
    return;
  }
  std::size_t width = 0;
  for (const CatalogueEntry& entry : entries) width = std::max(width, entry.name.size());
  for (const CatalogueEntry& entry : entries)
    std::cout << fmt::format("{:<{}}  {}\n", entry.name, width, entry.doc);
}

}  // namespace

void add_list(CLI::App& app, Session& session) {
  CLI::App* command = app.add_subcommand("list", "List the names that a scenario may use");
  auto kind = std::make_shared<std::string>();
  command->add_option("kind", *kind, fmt::format("One of {}", fmt::join(catalogue_kinds(), ", ")))
      ->required();
  add_common_flags(*command, session);
  command->callback([kind, &session] { print_names(*kind, session.json); });
}

}  // namespace understudy
