// `understudy data fetch|list`: brings data sets onto this machine, and says which are here.
#include <fmt/format.h>
#include <unistd.h>

#include <chrono>
#include <iostream>
#include <nlohmann/json.hpp>
#include <set>

#include "cli/commands.hpp"
#include "runtime/data/image_files.hpp"
#include "runtime/fetch/fetch.hpp"

namespace understudy {
namespace {

namespace fs = std::filesystem;

struct Options {
  std::vector<std::string> names, mirrors;
  std::string data_dir;
  bool trust = false;
};

std::string megabytes(std::uint64_t bytes) {
  return fmt::format("{:.1f} MB", static_cast<double>(bytes) / 1e6);
}

std::uint64_t bytes_of(const Source& source) {
  std::uint64_t bytes = 0;
  for (const SourceFile& file : source.files) bytes += file.size_bytes;
  return bytes;
}

// One line on a terminal, overwritten at most ten times a second.
class TransferBar {
 public:
  explicit TransferBar(bool quiet) : enabled_(!quiet && isatty(STDERR_FILENO) == 1) {}
  void begin(const std::string& url) {
    name_ = url.substr(url.rfind('/') + 1);
    clear();
  }
  void show(std::uint64_t have, std::uint64_t all) {
    const auto now = std::chrono::steady_clock::now();
    if (!enabled_ || now - shown_ < std::chrono::milliseconds(100)) return;
    shown_ = now;
    const double share = all == 0 ? 1 : static_cast<double>(have) / static_cast<double>(all);
    const auto filled = static_cast<std::size_t>(std::min(share, 1.0) * kWidth);
    std::cerr << fmt::format("\r\033[K{} [{:<{}}] {:3.0f} % of {}", name_, std::string(filled, '='),
                             kWidth, 100 * share, megabytes(all))
              << std::flush;
  }
  void clear() {
    if (enabled_) std::cerr << "\r\033[K" << std::flush;
  }

 private:
  static constexpr int kWidth = 30;
  bool enabled_;
  std::string name_;
  std::chrono::steady_clock::time_point shown_{};
};

DataPaths paths_of(const Options& options) {
  return options.data_dir.empty() ? DataPaths{} : DataPaths{options.data_dir};
}

void fetch_source(const Source& source, const Options& options, const fs::path& to,
                  const Session& session) {
  TransferBar bar(session.quiet);
  FetchOptions how{to, options.mirrors.empty() ? mirrors_of_environment() : options.mirrors,
                   options.trust};
  how.download.on_progress = [&](std::uint64_t have, std::uint64_t all) { bar.show(have, all); };
  how.on_file = [&](const std::string& url) { bar.begin(url); };
  const fs::path folder = fetch(source, how);
  bar.clear();
  if (!session.quiet)
    std::cout << fmt::format("{}: in {}\n", fmt::join(source.datasets, ", "), folder.string());
}

void fetch_all(const Options& options, const Session& session) {
  if (options.trust && !session.quiet)
    std::cerr << "understudy: files are taken whatever their SHA-256\n";
  if (!options.data_dir.empty()) {
    std::error_code problem;
    fs::create_directories(options.data_dir, problem);
    if (problem)
      throw RunError(fmt::format("{}: can't be made: {}", options.data_dir, problem.message()));
  }
  const DataPaths paths = paths_of(options);
  const fs::path to = paths.folders().front();
  std::set<const Source*> done;
  for (const std::string& name : options.names) {
    const Source& source = source_of(name, known_sources());
    const auto found = find_dataset(known_dataset(name), paths);
    // What is in our own folder may lack files.
    if (found && *found != to / source.name) {
      if (!session.quiet)
        std::cout << fmt::format("{}: here already, in {}\n", name, found->string());
    } else if (done.insert(&source).second) {
      fetch_source(source, options, to, session);
    }
  }
}

nlohmann::ordered_json to_json(const std::string& name, const Source& source,
                               const std::optional<fs::path>& found) {
  nlohmann::ordered_json out{{"name", name}, {"found", nullptr}, {"urls", source.urls}};
  if (found) out["found"] = found->string();
  for (const SourceFile& file : source.files) {
    out["files"].push_back(
        {{"name", file.name}, {"size_bytes", file.size_bytes}, {"sha256", file.sha256}});
  }
  return out;
}

void list(const Options& options, const Session& session) {
  const DataPaths paths = paths_of(options);
  nlohmann::ordered_json all = nlohmann::ordered_json::array();
  for (const std::string& name : image_dataset_names()) {
    const Source& source = source_of(name, known_sources());
    const auto found = find_dataset(known_dataset(name), paths);
    all.push_back(to_json(name, source, found));
    if (session.json) continue;
    const std::string size = megabytes(bytes_of(source));
    const std::string where = found ? "in " + found->string() : "not here";
    const bool archive = !source.files[0].members.empty();
    std::cout << fmt::format("{:<16} {:>9}  {}{}\n", name, size, where,
                             found || !archive ? "" : ", from " + source.files[0].name);
  }
  if (session.json) std::cout << all.dump(2) << '\n';
}

void add_data_dir(CLI::App& command, Options& options) {
  command.add_option("--data-dir", options.data_dir, "Where data sets are looked for first");
}

}  // namespace

void add_data(CLI::App& app, Session& session) {
  CLI::App* command = app.add_subcommand("data", "Fetch data sets, or list which are here");
  command->require_subcommand(1);
  auto options = std::make_shared<Options>();

  CLI::App* fetching = command->add_subcommand(
      "fetch", "Download data sets into --data-dir, $UNDERSTUDY_DATA or ~/.local/share/datasets");
  fetching->add_option("names", options->names, "Data sets; 'data list' prints them")->required();
  fetching
      ->add_option("--mirror", options->mirrors,
                   "Fetch URL/SOURCE/FILE in place of the data sets' own; repeatable; default "
                   "$UNDERSTUDY_MIRROR")
      ->allow_extra_args(false);
  fetching->add_flag("--trust", options->trust,
                     "Take what a mirror has, even if its SHA-256 is not the known one");
  add_data_dir(*fetching, *options);
  add_common_flags(*fetching, session);
  fetching->callback([options, &session] { fetch_all(*options, session); });

  CLI::App* listing =
      command->add_subcommand("list", "Data sets, what they take, and where they are");
  add_data_dir(*listing, *options);
  add_common_flags(*listing, session);
  listing->callback([options, &session] { list(*options, session); });
}

}  // namespace understudy
