// The built program: exit codes, what goes to which stream, and that validating writes nothing.
#include <sys/wait.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "scenarios/scenario_yaml.hpp"

namespace understudy {
namespace {

namespace fs = std::filesystem;

struct Outcome {
  int exit_code = -1;
  std::string out;
  std::string err;
};

std::string content(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

// Each test has a folder of its own, in which the program runs.
class CommandLine : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = testing::TempDir() + "understudy-cli-XXXXXX";
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    root_ = pattern;
    fs::create_directory(root_ / "work");
  }
  void TearDown() override { fs::remove_all(root_); }

  Outcome understudy(const std::string& arguments) const {
    const std::string command = "cd '" + (root_ / "work").string() +
                                "' && '" UNDERSTUDY_PROGRAM "' " + arguments +
                                " > ../out 2> ../err < /dev/null";
    const int status = std::system(command.c_str());
    return {WIFEXITED(status) ? WEXITSTATUS(status) : -1, content(root_ / "out"),
            content(root_ / "err")};
  }
  void write(const std::string& name, const std::string& text) const {
    std::ofstream(root_ / "work" / name) << text;
  }
  std::size_t files_in_work() const {
    return static_cast<std::size_t>(
        std::distance(fs::directory_iterator(root_ / "work"), fs::directory_iterator{}));
  }

  fs::path root_;
};

TEST_F(CommandLine, ValidatePrintsTheRuns) {
  write("good.yaml", "sweep: {topology.machines: [1, 2]}\nrepeats: 3\n");
  const Outcome outcome = understudy("validate good.yaml");
  EXPECT_EQ(outcome.exit_code, 0);
  EXPECT_EQ(outcome.err, "");
  EXPECT_THAT(outcome.out, testing::HasSubstr("good: 2 runs, 3 repeats each\n"));
  EXPECT_EQ(std::count(outcome.out.begin(), outcome.out.end(), '\n'),
            5);  // a title, a head, two runs, the total
  EXPECT_EQ(files_in_work(), 1u);
  EXPECT_EQ(understudy("validate good.yaml --quiet").out, "");
}

TEST_F(CommandLine, ValidateForMachines) {
  write("good.yaml", "sweep: {network.kind: [ideal, queued]}\n");
  const auto json =
      nlohmann::json::parse(understudy("validate --json good.yaml --set seed=9 --set name=x").out);
  EXPECT_EQ(json["name"], "x");
  ASSERT_EQ(json["runs"].size(), 2u);
  EXPECT_EQ(json["runs"][1]["overrides"]["network.kind"], "queued");
  EXPECT_EQ(json["runs"][1]["weights_of_run"], 0);
  EXPECT_EQ(json["runs"][1]["scenario"]["seed"], 9);
}

TEST_F(CommandLine, BadScenariosExitWithTwoAndOneSentence) {
  for (const char* name : {"unknown_key", "zero_bandwidth", "time_without_unit", "unclosed",
                           "sweep_too_large", "mode_real"}) {
    const std::string file = std::string(name) + ".yaml";
    const fs::path corpus = UNDERSTUDY_SOURCE_DIR "/tests/invalid_scenarios";
    fs::copy_file(corpus / file, root_ / "work" / file);
    const Outcome outcome = understudy("validate " + file);
    EXPECT_EQ(outcome.exit_code, 2) << name;
    EXPECT_EQ(outcome.err, content(corpus / (std::string(name) + ".expected")));
    EXPECT_EQ(outcome.out, "") << name;
    fs::remove(root_ / "work" / file);
    EXPECT_EQ(files_in_work(), 0u) << name;
  }
}

TEST_F(CommandLine, BadUsageExitsWithTwo) {
  for (const char* arguments :
       {"", "validat", "validate", "validate none.yaml", "validate --colour x.yaml", "list",
        "list modells", "help validat", "validate x.yaml --set"}) {
    const Outcome outcome = understudy(arguments);
    EXPECT_EQ(outcome.exit_code, 2) << arguments;
    EXPECT_EQ(std::count(outcome.err.begin(), outcome.err.end(), '\n'), 1) << outcome.err;
    EXPECT_EQ(outcome.out, "") << arguments;
  }
  EXPECT_EQ(understudy("validat").err,
            "understudy: 'validat' is no command; did you mean 'validate'?\n");
  EXPECT_EQ(understudy("list modells").err,
            "list: 'modells' is no kind of thing to list; did you mean 'models'?\n");
}

TEST_F(CommandLine, ListsEveryKind) {
  for (const char* kind : {"workloads", "models", "strategies", "collectives", "networks",
                           "topologies", "devices", "datasets"}) {
    const Outcome outcome = understudy(std::string("list ") + kind);
    EXPECT_EQ(outcome.exit_code, 0) << kind;
    const auto json = nlohmann::json::parse(understudy(std::string("list --json ") + kind).out);
    EXPECT_EQ(json.size(),
              static_cast<std::size_t>(std::count(outcome.out.begin(), outcome.out.end(), '\n')))
        << kind;
    for (const auto& entry : json)
      EXPECT_THAT(outcome.out, testing::HasSubstr(entry["name"].get<std::string>()));
  }
}

TEST_F(CommandLine, HelpAndSchema) {
  EXPECT_THAT(understudy("help").out, testing::HasSubstr("validate"));
  EXPECT_THAT(understudy("help validate").out, testing::HasSubstr("--set"));
  EXPECT_EQ(understudy("help scenario").out, scenario_reference());
  EXPECT_EQ(nlohmann::ordered_json::parse(understudy("validate --schema").out), scenario_schema());
  EXPECT_EQ(understudy("--help").exit_code, 0);
  EXPECT_EQ(understudy("--version").exit_code, 0);
}

TEST_F(CommandLine, AFullDiskIsAFailure) {
  const std::string command = "'" UNDERSTUDY_PROGRAM "' help scenario > /dev/full 2> /dev/null";
  EXPECT_EQ(WEXITSTATUS(std::system(command.c_str())), 1);
}

}  // namespace
}  // namespace understudy
