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

  Outcome understudy(const std::string& arguments, const std::string& environment = "") const {
    const std::string command = "cd '" + (root_ / "work").string() + "' && " + environment +
                                "'" UNDERSTUDY_PROGRAM "' " + arguments +
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
                           "sweep_too_large", "mode_real_dilation"}) {
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

TEST_F(CommandLine, TopologyOfAScenario) {
  write("ring.yaml",
        "topology: {kind: ring, nodes: 6, bandwidth: 1Gbit/s, latency: 5ms}\n"
        "workload: {kind: collective, bytes: 1MB}\n");
  const Outcome outcome = understudy("topology ring.yaml");
  EXPECT_EQ(outcome.exit_code, 0);
  EXPECT_EQ(outcome.err, "");
  for (const char* line :
       {"links                   12       in 6 cables\n", "diameter                3 hops\n",
        "diameter in latency     15ms\n", "mean route latency      9ms      between nodes\n",
        "bisection bandwidth     2Gbit/s  exact, by a search over all halves\n",
        "algebraic connectivity  1        of the vertices\n",
        "spectral gap            0.3333   of Metropolis mixing; 6 pairs of neighbours\n"})
    EXPECT_THAT(outcome.out, testing::HasSubstr(line));
  const auto json = nlohmann::json::parse(
      understudy("topology ring.yaml --json --set topology.nodes=4").out)["topologies"];
  ASSERT_EQ(json.size(), 1u);
  EXPECT_EQ(json[0]["vertices"], 4);
  EXPECT_EQ(json[0]["diameter_hops"], 2);
  EXPECT_EQ(json[0]["diameter_upper_bound_s"], 0.01);
  EXPECT_EQ(json[0]["bisection_bit_per_s"], 2e9);
  EXPECT_EQ(json[0]["bisection_proof"], "spectrum");  // it is a hypercube, too
  EXPECT_NEAR(json[0]["metropolis_spectral_gap"].get<double>(), 2.0 / 3, 1e-12);
}

TEST_F(CommandLine, TopologiesOfASweepThatDiffer) {
  write("sweep.yaml",
        "sweep: {topology.machines: [2, 4], network.kind: [ideal, queued], "
        "topology.device: ['', rtx3080]}\n");
  const Outcome outcome = understudy("topology sweep.yaml");
  EXPECT_EQ(outcome.exit_code, 0);
  EXPECT_EQ(std::count(outcome.out.begin(), outcome.out.end(), '\n'), 3) << outcome.out;
  EXPECT_THAT(outcome.out, testing::StartsWith("machines  all nodes  vertices"));
  const auto json = nlohmann::json::parse(understudy("topology sweep.yaml --json").out);
  ASSERT_EQ(json["topologies"].size(), 2u);
  EXPECT_EQ(json["topologies"][1]["overrides"]["topology.machines"], "4");
  const Outcome drawing = understudy("topology sweep.yaml --svg out.svg");
  EXPECT_EQ(drawing.exit_code, 2);
  EXPECT_EQ(drawing.err,
            "sweep.yaml: --svg draws one topology, and this sweep has 2; choose one with --set\n");
  EXPECT_EQ(files_in_work(), 1u);
}

TEST_F(CommandLine, TopologyOfAGraphByItself) {
  const std::string abilene = UNDERSTUDY_SOURCE_DIR "/topologies/zoo/Abilene.graphml";
  const auto json = nlohmann::json::parse(
      understudy("topology --json " + abilene + " --set topology.bandwidth=3Gbit/s").out);
  EXPECT_EQ(json["topologies"][0]["vertices"], 11);
  EXPECT_EQ(json["topologies"][0]["cables"], 14);
  EXPECT_EQ(json["topologies"][0]["nodes"], 11);
  EXPECT_EQ(json["topologies"][0]["diameter_hops"], 5);
  fs::copy_file(abilene, root_ / "work" / "abilene.xml");  // known by how it begins
  EXPECT_THAT(understudy("topology abilene.xml").out,
              testing::HasSubstr("vertices                11"));
  write("rtt.csv", "region,a,b,c\na,0,10,30\nb,10,0,20\nc,30,20,0\n");
  const Outcome matrix = understudy("topology rtt.csv --set topology.nodes_per_region=2");
  EXPECT_THAT(matrix.out, testing::HasSubstr("nodes                   6")) << matrix.err;
  EXPECT_EQ(understudy("topology " + abilene + " --set topology.bandwith=1Gbit/s").exit_code, 2);
}

TEST_F(CommandLine, TopologyThatIsNone) {
  EXPECT_EQ(understudy("topology none.graphml").err, "none.graphml: cannot be read\n");
  write("bad.yaml", "topology: {kind: rng}\n");
  for (const char* arguments : {"topology", "topology none.yaml", "topology none.graphml",
                                "topology bad.yaml", "topology . --json"}) {
    const Outcome outcome = understudy(arguments);
    EXPECT_EQ(outcome.exit_code, 2) << arguments;
    EXPECT_EQ(std::count(outcome.err.begin(), outcome.err.end(), '\n'), 1) << outcome.err;
    EXPECT_EQ(outcome.out, "") << arguments;
  }
}

TEST_F(CommandLine, DrawsWithGraphviz) {
  write("pair.yaml",
        "topology: {kind: path, nodes: 2}\nworkload: {kind: collective, bytes: 1MB}\n");
  const Outcome drawn = understudy("topology pair.yaml --svg pair.svg");
  if (drawn.err.find("not installed") != std::string::npos) GTEST_SKIP() << drawn.err;
  EXPECT_EQ(drawn.exit_code, 0) << drawn.err;
  EXPECT_THAT(content(root_ / "work" / "pair.svg"),
              testing::AllOf(testing::HasSubstr("<svg"), testing::HasSubstr(">node1</text>")));
  EXPECT_EQ(files_in_work(), 2u);
}

// A program called dot in front of the real one, or none at all.
TEST_F(CommandLine, SaysWhatGraphvizDoes) {
  write("pair.yaml",
        "topology: {kind: path, nodes: 2}\nworkload: {kind: collective, bytes: 1MB}\n");
  const auto draw = [&](const std::string& body) {
    fs::create_directories(root_ / "bin");
    fs::remove(root_ / "bin" / "dot");
    if (!body.empty()) {
      std::ofstream(root_ / "bin" / "dot") << "#!/bin/sh\n" << body << '\n';
      fs::permissions(root_ / "bin" / "dot", fs::perms::owner_all);
    }
    const Outcome outcome =
        understudy("topology pair.yaml --svg pair.svg", "PATH='" + (root_ / "bin").string() + "' ");
    EXPECT_EQ(files_in_work(), 1u);
    EXPECT_EQ(outcome.exit_code, 1);
    return outcome.err;
  };
  EXPECT_EQ(
      draw(""),
      "drawing needs Graphviz, which is not installed (on Debian: apt-get install graphviz)\n");
  EXPECT_EQ(draw("echo 'Error: bad day' >&2; echo more >&2; exit 3"),
            "Graphviz failed: Error: bad day\n");
  EXPECT_EQ(draw("kill -9 $$"), "Graphviz failed: it gave no reason\n");
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

const std::string kTorchscript = UNDERSTUDY_SOURCE_DIR "/tests/golden/torchscript/";

TEST_F(CommandLine, ShowsModelsByNameAndByFile) {
  const auto lenet = nlohmann::json::parse(understudy("model show lenet --json").out);
  EXPECT_EQ(lenet["parameters"], 21'840);
  EXPECT_EQ(lenet["buffers"], 0);
  EXPECT_EQ(lenet["slices"][0]["name"], "conv1.weight");
  EXPECT_EQ(lenet["slices"][0]["shape"], (std::vector<int>{10, 1, 5, 5}));
  // torchvision's with its 1000 classes.
  const auto vgg = nlohmann::json::parse(
      understudy("model show vgg19 --image 3x224x224 --classes 1000 --json").out);
  EXPECT_EQ(vgg["parameters"], 143'667'240);
  const auto net =
      nlohmann::json::parse(understudy("model show --json " + kTorchscript + "net.pt").out);
  EXPECT_EQ(net["parameters"], 4 * 9 + 4 + 4 + 4 + 640 + 10);
  EXPECT_EQ(net["buffers"], 4 + 4 + 1);
  EXPECT_THAT(understudy("model show " + kTorchscript + "net.pt").out,
              testing::HasSubstr("fc.weight               [10, 64]      640"));
}

TEST_F(CommandLine, ModelsOfBadInputExitWithOneSentence) {
  const std::string after = kTorchscript + "after.pt";
  const std::vector<std::tuple<std::string, int, std::string>> cases = {
      {"model show lennet", 2, "there is no model 'lennet'; did you mean 'lenet'?\n"},
      {"model show lenet --image 3x28", 2,
       "--image: '3x28' is no shape such as 3x32x32: channels, rows and columns\n"},
      {"model import " + after + " --model logistic --out w.pt", 2,
       after + ": does not fit logistic: fc.weight is [10, 64] and not [10, 784]; it has bn.bias, "
               "bn.running_mean, bn.running_var, bn.weight and 2 more besides\n"},
      {"model export . --out w.pt", 2, ".: is no run directory\n"}};
  for (const auto& [arguments, code, sentence] : cases) {
    const Outcome outcome = understudy(arguments);
    EXPECT_EQ(outcome.exit_code, code) << arguments;
    EXPECT_EQ(outcome.err, sentence) << arguments;
    EXPECT_EQ(files_in_work(), 0u) << arguments;
  }
}

}  // namespace
}  // namespace understudy
