#include "cli/program.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <exception>
#include <iostream>
#include <new>

#include "runtime/base/log.hpp"
#include "runtime/base/nearest.hpp"

namespace understudy {

void add_common_flags(CLI::App& command, Session& session) {
  command.add_flag("--quiet", session.quiet, "Print only errors and what was asked for");
  command.add_flag("--json", session.json, "Print results as JSON");
  command.parse_complete_callback([&session] {
    if (session.quiet) quiet_logging();
  });
}

namespace {

int finish(ExitCode code) { return static_cast<int>(code); }

// CLI11's own messages, such as an unknown flag, are usage errors; --help is not an error.
int finish(const CLI::App& app, const CLI::ParseError& problem) {
  if (problem.get_exit_code() == 0) return app.exit(problem);
  std::string sentence = problem.what();
  for (char& c : sentence) c = c == '\n' ? ' ' : c;
  std::cerr << "understudy: " << sentence << "; try 'understudy help'\n";
  return finish(ExitCode::kUsage);
}

// CLI11 takes a mistyped command for a missing one.
void require_command(const CLI::App& app, int argc, char** argv) {
  if (argc < 2 || argv[1][0] == '-') return;
  std::vector<std::string> known;
  for (const CLI::App* command : app.get_subcommands({})) known.push_back(command->get_name());
  const std::string given = argv[1];
  if (std::find(known.begin(), known.end(), given) != known.end()) return;
  const std::string nearest = nearest_name(given, known);
  throw ScenarioError(fmt::format("understudy: '{}' is no command{}", given,
                                  nearest.empty()
                                      ? fmt::format(" (one of {})", fmt::join(known, ", "))
                                      : fmt::format("; did you mean '{}'?", nearest)));
}

void parse(CLI::App& app, int argc, char** argv) {
  require_command(app, argc, argv);
  app.parse(argc, argv);
  std::cout.flush();
  if (!std::cout) throw RunError("the output cannot be written");
}

}  // namespace

int report(const std::exception_ptr& problem) {
  try {
    std::rethrow_exception(problem);
  } catch (const Error& ours) {
    std::cerr << ours.what() << '\n';
    return finish(ours.exit_code());
  } catch (const std::bad_alloc&) {
    std::cerr << "understudy: out of memory\n";
  } catch (const std::exception& other) {
    std::cerr << "understudy: " << other.what() << '\n';
  }
  return finish(ExitCode::kFailed);
}

int run_program(int argc, char** argv, const AddCommands& add_commands) {
  set_up_logging();
  Session session{.argc = argc, .argv = argv};
  CLI::App app("A testbed for distributed learning: real training, emulated machines and networks.",
               "understudy");
  app.require_subcommand(1);
  app.set_version_flag("--version", UNDERSTUDY_VERSION);
  add_commands(app, session);
  try {
    parse(app, argc, argv);
    return finish(session.exit_code);
  } catch (const CLI::ParseError& problem) {
    return finish(app, problem);
  } catch (...) {
    return report(std::current_exception());
  }
}

}  // namespace understudy
