// Whole runs of the built program on Fashion-MNIST: what they leave behind, what they exit with, and
// that an interrupt loses nothing.
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <nlohmann/json.hpp>
#include <optional>
#include <sstream>

#include "runtime/base/errors.hpp"
#include "scenarios/sweep.hpp"
#include "tests/data/idx_files.hpp"

namespace understudy {
namespace {

using namespace std::chrono_literals;
using Json = nlohmann::json;
using Clock = std::chrono::steady_clock;
namespace fs = std::filesystem;

const std::string kTiny = R"(
seed: 2
repeats: 2
topology: {kind: cluster, machines: 2}
workload: {kind: image_classifier, dataset: fashion_mnist, model: lenet, batch: 16, updates: 4,
           train_limit: 128, test_limit: 50}
sweep: {network.kind: [ideal, queued]}
)";

std::string content(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

std::vector<std::string> lines_of(const fs::path& path) {
  std::istringstream text(content(path));
  std::vector<std::string> lines;
  for (std::string line; std::getline(text, line);) lines.push_back(line);
  return lines;
}

// The program at work in a folder; killed where it has not ended.
class Process {
 public:
  Process(const fs::path& folder, std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), UNDERSTUDY_PROGRAM);
    std::vector<char*> argv;
    for (std::string& argument : arguments) argv.push_back(argument.data());
    argv.push_back(nullptr);
    pid_ = fork();
    if (pid_ != 0) return;
    const bool ready = chdir(folder.c_str()) == 0 && redirect("/dev/null", O_RDONLY, 0) &&
                       redirect("../out", O_WRONLY | O_CREAT | O_TRUNC, 1) &&
                       redirect("../err", O_WRONLY | O_CREAT | O_TRUNC, 2);
    if (ready) execv(argv[0], argv.data());
    _exit(126);
  }
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;
  ~Process() {
    if (has_ended()) return;
    kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
  }

  void signal(int number) const { kill(pid_, number); }
  bool has_ended() {
    int status = 0;
    if (!exit_code_ && waitpid(pid_, &status, WNOHANG) == pid_)
      exit_code_ = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    return exit_code_.has_value();
  }
  // Its exit code, or nullopt where it takes longer.
  std::optional<int> exit_code_within(Clock::duration limit) {
    wait_until(limit, [this] { return has_ended(); });
    return exit_code_;
  }
  // Whether the file is there while the program still runs.
  bool makes_within(Clock::duration limit, const fs::path& file) {
    wait_until(limit, [&] { return fs::exists(file) || has_ended(); });
    return fs::exists(file) && !has_ended();
  }

 private:
  static bool redirect(const char* path, int flags, int to) {
    const int file = ::open(path, flags, 0644);
    return file >= 0 && dup2(file, to) == to;
  }
  template <class Condition>
  static void wait_until(Clock::duration limit, Condition condition) {
    const auto deadline = Clock::now() + limit;
    while (!condition() && Clock::now() < deadline) poll(nullptr, 0, 5);
  }
  pid_t pid_ = -1;
  std::optional<int> exit_code_;
};

class Run : public testing::Test {
 protected:
  Run() : work_(folder_ / "work") { fs::create_directory(work_); }

  // The exit code.
  std::optional<int> understudy(const std::vector<std::string>& arguments) const {
    return Process(work_, arguments).exit_code_within(200s);
  }
  std::string err() const { return content(folder_ / "err"); }
  // One line, without the names of other people's exceptions.
  void expect_one_sentence() const {
    EXPECT_EQ(std::ranges::count(err(), '\n'), 1) << err();
    EXPECT_THAT(err(), testing::Not(testing::HasSubstr("json.exception")));
  }
  std::vector<Json> metrics(const std::string& run, bool with_wall_time) const {
    std::vector<Json> records;
    for (const std::string& line : lines_of(work_ / run / "metrics.jsonl")) {
      records.push_back(Json::parse(line));
      if (!with_wall_time) records.back().erase("wall_s");
    }
    return records;
  }

  TemporaryFolder folder_;
  fs::path work_;
};

TEST_F(Run, LeavesEveryFileOfTheContract) {
  write_file(work_ / "tiny.yaml", kTiny);
  ASSERT_EQ(understudy({"run", "tiny.yaml", "--out", "run"}), 0) << err();
  EXPECT_EQ(err(), "");
  EXPECT_EQ(load_experiment(work_ / "run" / "scenario.yaml", {}).runs.size(), 2u);
  const Json run = Json::parse(content(work_ / "run/run.json"));
  EXPECT_EQ(run["exit"], 0);
  EXPECT_EQ(run["seed"], 2);
  for (const char* key : {"version", "commit", "machine", "start", "end"})
    EXPECT_TRUE(run.contains(key)) << key;
  EXPECT_TRUE(run["libraries"].contains("libtorch"));
  for (const Json& record : metrics("run", true)) {
    for (const char* key : {"run", "repeat", "node", "time_s", "wall_s", "name", "value"})
      EXPECT_TRUE(record.contains(key)) << record;
  }
  const auto links = lines_of(work_ / "run/links.csv");
  EXPECT_EQ(links.size(), 1 + 2 * 2 * 4u);  // two runs, two repeats, two cables to a switch
  for (const std::string& line : links) EXPECT_EQ(std::ranges::count(line, ','), 13) << line;
  const Json summary = Json::parse(content(work_ / "run/summary.json"));
  ASSERT_EQ(summary["runs"].size(), 2u);
  for (const char* key : {"seed", "final", "time_s", "bytes_sent", "weights_hash", "wall_s"})
    EXPECT_TRUE(summary["runs"][0]["repeats"][1].contains(key)) << key;
  EXPECT_THAT(content(work_ / "run/report.html"), testing::HasSubstr("</html>"));
  for (const char* unit : {"0000-00", "0000-01", "0001-00", "0001-01"}) {
    const auto file = work_ / "run/checkpoints" / (std::string("unit-") + unit + ".json");
    EXPECT_TRUE(Json::parse(content(file)).is_object());
  }
}

// The second run shares the first one's.
TEST_F(Run, LeavesWeightsThatCanBeExported) {
  write_file(work_ / "tiny.yaml", kTiny);
  ASSERT_EQ(understudy({"run", "tiny.yaml", "--out", "run"}), 0) << err();
  std::size_t files = 0;
  for ([[maybe_unused]] const auto& file : fs::directory_iterator(work_ / "run/weights")) ++files;
  EXPECT_EQ(files, 2u);
  for (const char* run : {"0", "1"}) {
    ASSERT_EQ(
        understudy({"model", "export", "run", "--run", run, "--repeat", "1", "--out", "w.pt"}), 0)
        << err();
    EXPECT_EQ(content(work_ / "w.pt"), content(work_ / "run/weights/unit-0000-01.pt"));
  }
  EXPECT_EQ(understudy({"model", "export", "run", "--weights", "best", "--out", "w.pt"}), 2);
  EXPECT_EQ(err(), "run: has no weights 'best' of this repeat; there are final\n");
  EXPECT_EQ(understudy({"model", "export", "run", "--repeat", "2", "--out", "w.pt"}), 2);
  EXPECT_EQ(err(), "run: has no finished repeat 2 of run 0\n");
}

TEST_F(Run, AlteredRecordsAreRefused) {
  write_file(work_ / "tiny.yaml", kTiny);
  ASSERT_EQ(understudy({"run", "tiny.yaml", "--out", "run"}), 0) << err();
  EXPECT_EQ(understudy({"report", "run"}), 0) << err();
  EXPECT_EQ(understudy({"retime", "run", "--out", "retimed"}), 0) << err();
  EXPECT_EQ(understudy({"report", "retimed"}), 0) << err();
  const auto file = work_ / "run/checkpoints/unit-0000-01.json";
  Json unit = Json::parse(content(file));
  unit["updates_per_epoch"] = 0;
  for (const std::string& altered : {unit.dump(), std::string("{\"run\": 0")}) {
    write_file(file, altered);
    for (const std::vector<std::string>& command :
         {std::vector<std::string>{"report", "run"},
          {"retime", "run"},
          {"run", "tiny.yaml", "--resume", "--out", "run"}}) {
      EXPECT_EQ(understudy(command), 2) << command[0];
      EXPECT_THAT(err(), testing::HasSubstr("unit-0000-01.json: "));
      expect_one_sentence();
    }
  }
}

TEST_F(Run, AMissedExpectationExitsWithOne) {
  write_file(work_ / "tiny.yaml", kTiny + "expect: {test_accuracy: \">= 0.999\"}\n");
  EXPECT_EQ(understudy({"run", "tiny.yaml", "--out", "run", "--junit", "junit.xml", "--set",
                        "sweep=null", "--set", "repeats=1"}),
            1);
  expect_one_sentence();
  const std::string junit = content(work_ / "junit.xml");
  EXPECT_THAT(junit, testing::HasSubstr("failures=\"1\""));
  EXPECT_THAT(junit, testing::HasSubstr("<failure"));
  EXPECT_EQ(Json::parse(content(work_ / "run/run.json"))["exit"], 1);
  EXPECT_FALSE(fs::exists(work_ / "junit.xml.part"));
  // Nor does a second failure hide the first.
  fs::remove(work_ / "run/run.json");
  fs::create_directory(work_ / "run/run.json");
  EXPECT_EQ(understudy({"run", "tiny.yaml", "--out", "run", "--resume", "--set", "sweep=null",
                        "--set", "repeats=1"}),
            1);
  EXPECT_THAT(err(), testing::HasSubstr("test_accuracy"));
  expect_one_sentence();
}

TEST_F(Run, WhatCannotBeginLeavesNoFolder) {
  write_file(work_ / "tiny.yaml", kTiny);
  EXPECT_EQ(understudy({"run", "tiny.yaml", "--out", "run", "--data-dir", "none"}), 2);
  EXPECT_THAT(err(), testing::StartsWith("tiny.yaml:5:workload.dataset: "));
  expect_one_sentence();
  EXPECT_EQ(understudy({"run", "tiny.yaml", "--set", "workload.train_limit=70000"}), 2);
  EXPECT_THAT(err(), testing::StartsWith("--set workload.train_limit: "));
  expect_one_sentence();
  EXPECT_EQ(understudy({"run", "tiny.yaml", "--junit", "none/junit.xml"}), 1);
  expect_one_sentence();
  EXPECT_EQ(std::distance(fs::directory_iterator(work_), fs::directory_iterator{}), 1);
}

// A small variant of scenarios/collectives_in_processes.yaml. Real machines are late; the bits are not.
TEST_F(Run, ProcessesAreComparedWithVirtualTime) {
  write_file(work_ / "small.yaml", R"(
topology: {kind: mesh, nodes: 2, bandwidth: 100Mbit/s, latency: 5ms}
workload: {kind: collective, bytes: 100kB, iterations: 2}
sweep: {strategy.collective: [ring, tree]}
)");
  ASSERT_EQ(understudy({"run", "small.yaml", "--quiet", "--out", "predicted"}), 0) << err();
  ASSERT_EQ(
      understudy({"run", "small.yaml", "--quiet", "--out", "measured", "--set", "mode=emulated"}),
      0)
      << err();
  ASSERT_EQ(understudy({"compare", "measured", "predicted", "--json"}), 0) << err();
  const Json found = Json::parse(content(folder_ / "out"));
  EXPECT_EQ(found["predicted"], "predicted");
  ASSERT_EQ(found["runs"].size(), 2u);
  for (const Json& run : found["runs"]) {
    EXPECT_EQ(run["measured_mode"], "emulated");
    const Json& repeat = run["repeats"].at(0);
    EXPECT_EQ(repeat["records"], "equal");
    EXPECT_EQ(repeat["messages"]["error"], 0);
    EXPECT_EQ(repeat["bytes"]["error"], 0);
    ASSERT_EQ(repeat["exchanges"].size(), 1u);
    EXPECT_EQ(repeat["exchanges"][0]["predicted_calls"], 4);  // two on each of two nodes
    EXPECT_EQ(repeat["exchanges"][0]["measured_calls"], 4);
    // No message comes before its time; a single node's exchange is shorter where it sets out late.
    EXPECT_GE(repeat["time_s"]["error"], -1e-9);
    EXPECT_EQ(repeat["steps"]["count"], 2);
    EXPECT_EQ(repeat["emulation"]["transport"], "shared_memory");
  }
  ASSERT_EQ(understudy({"compare", "predicted", "measured"}), 0) << err();
  EXPECT_THAT(content(folder_ / "out"),
              testing::ContainsRegex("\nEmulated (is within|takes the times of) "));
  const Json summary = Json::parse(content(work_ / "measured/summary.json"));
  EXPECT_EQ(summary["runs"][0]["mode"], "emulated");
  EXPECT_TRUE(summary["runs"][0]["repeats"][0]["emulation"].contains("lateness_p99_s"));
  EXPECT_EQ(understudy({"compare", "predicted", "."}), 2);
  EXPECT_EQ(err(), ".: is no run directory\n");
  EXPECT_EQ(understudy({"run", "small.yaml", "--trace", "--set", "mode=emulated"}), 2);
  EXPECT_THAT(err(), testing::StartsWith("--trace: "));
  expect_one_sentence();
}

TEST_F(Run, AnInterruptLosesNothing) {
  write_file(work_ / "long.yaml", kTiny);
  const std::vector<std::string> whole{"run",   "long.yaml",  "--jobs", "1",
                                       "--set", "repeats=6",  "--set",  "workload.updates=60",
                                       "--set", "sweep=null", "--out"};
  const auto into = [&](const std::string& folder) {
    auto arguments = whole;
    arguments.push_back(folder);
    return arguments;
  };
  ASSERT_EQ(understudy(into("whole")), 0) << err();
  {
    Process process(work_, into("cut"));
    ASSERT_TRUE(process.makes_within(100s, work_ / "cut/checkpoints/unit-0000-00.json")) << err();
    process.signal(SIGINT);
    EXPECT_EQ(process.exit_code_within(2s), 130);
  }
  expect_one_sentence();
  EXPECT_EQ(Json::parse(content(work_ / "cut/run.json"))["exit"], 130);
  EXPECT_FALSE(fs::exists(work_ / "cut/checkpoints/unit-0000-05.json"));
  auto resume = into("cut");
  resume.push_back("--resume");
  ASSERT_EQ(understudy(resume), 0) << err();
  EXPECT_EQ(metrics("cut", false), metrics("whole", false));
}

}  // namespace
}  // namespace understudy
