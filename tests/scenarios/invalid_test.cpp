// The corpus of bad scenarios: each gives exactly the sentence that lies beside it.
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "runtime/base/errors.hpp"
#include "scenarios/sweep.hpp"

namespace understudy {
namespace {

namespace fs = std::filesystem;

std::vector<fs::path> corpus() {
  std::vector<fs::path> files;
  for (const auto& entry :
       fs::directory_iterator(UNDERSTUDY_SOURCE_DIR "/tests/invalid_scenarios")) {
    if (entry.path().extension() == ".yaml") files.push_back(entry.path().filename());
  }
  std::sort(files.begin(), files.end());
  return files;
}

std::string content(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

std::string error_of(const std::string& path) {
  try {
    load_experiment(path, {});
  } catch (const ScenarioError& problem) {
    return problem.what();
  }
  return "";
}

// Names in messages are as given: the tests stand in the corpus's folder.
class InvalidScenarios : public testing::Test {
 protected:
  void SetUp() override { fs::current_path(UNDERSTUDY_SOURCE_DIR "/tests/invalid_scenarios"); }
  void TearDown() override { fs::current_path(before_); }
  fs::path before_ = fs::current_path();
};

TEST_F(InvalidScenarios, EachGivesItsSentence) {
  const auto files = corpus();
  EXPECT_GE(files.size(), 60u);
  for (const fs::path& file : files) {
    const std::string expected = content(fs::path(file).replace_extension(".expected"));
    EXPECT_FALSE(expected.empty()) << file << " has no sentence beside it";
    EXPECT_EQ(error_of(file.string()) + "\n", expected) << file;
  }
}

TEST_F(InvalidScenarios, EachSentenceIsOneLineThatNamesTheFile) {
  for (const fs::path& file : corpus()) {
    const std::string sentence = error_of(file.string());
    EXPECT_TRUE(sentence.starts_with(file.string() + ":")) << sentence;
    EXPECT_EQ(sentence.find('\n'), std::string::npos) << sentence;
  }
}

TEST(InvalidFile, MissingOrAFolder) {
  EXPECT_EQ(error_of("no/such/file.yaml"), "no/such/file.yaml: No such file or directory");
  EXPECT_EQ(error_of("/"), "/: is a folder, not a scenario file");
}

TEST(InvalidFile, AsLargeAsAllowedAndNoLarger) {
  const std::string head = "seed: 1\n#";
  const std::string most = head + std::string(kMaxYamlBytes - head.size(), 'x');
  EXPECT_NO_THROW(parse_document(most, "large.yaml"));
  EXPECT_THROW(parse_document(most + "x", "large.yaml"), ScenarioError);
}

// Depth counts sections and lists around a value; the deepest allowed is refused for its key alone.
TEST(InvalidFile, AsDeepAsAllowedAndNoDeeper) {
  const auto nested = [](int depth) {
    return "a: " + std::string(depth - 1, '[') + std::string(depth - 1, ']');
  };
  EXPECT_NO_THROW(parse_document(nested(kMaxYamlDepth), "deep.yaml"));
  EXPECT_THROW(parse_document(nested(kMaxYamlDepth + 1), "deep.yaml"), ScenarioError);
  EXPECT_THROW(parse_document(nested(200'000), "deep.yaml"), ScenarioError);
}

// As many keys as fit into a file take no longer than its size lets expect.
TEST(InvalidFile, ManyKeysAreReadAtOnce) {
  std::string yaml = "{";
  for (int i = 0; i < 95'000; ++i) yaml += std::to_string(i) + ": 0,";
  EXPECT_EQ(parse_document(yaml + "a: 0}", "many.yaml").root.entries.size(), 95'001u);
  try {
    parse_document(yaml + "7: 0}", "many.yaml");
    FAIL();
  } catch (const ScenarioError& problem) {
    EXPECT_STREQ(problem.what(), "many.yaml:1: the key '7' is given twice, first in line 1");
  }
}

TEST(InvalidFile, LinesMayEndAsOnWindows) {
  const Document document = parse_document("seed: 1\r\nname: a b\r\n", "test.yaml");
  EXPECT_EQ(document.root.find("name")->text, "a b");
}

// Any bytes give a scenario or a ScenarioError.
TEST(InvalidFile, AnyBytesAreRefusedInOrder) {
  const std::string valid =
      "topology: {kind: ring, nodes: 4}\nworkload: {kind: quadratic, a: [1, 2]}\nsweep: {seed: "
      "[1]}\n";
  for (std::size_t i = 0; i < valid.size(); ++i) {
    for (const char c : {'\0', '\xff', '{', ']', ':', '-', '&', '*', '"', '\n', '\t', '9'}) {
      std::string bytes = valid;
      bytes[i] = c;
      try {
        expand(parse_document(bytes, "bytes.yaml"));
      } catch (const ScenarioError&) {
      }
    }
    try {
      expand(parse_document(valid.substr(0, i), "bytes.yaml"));
    } catch (const ScenarioError&) {
    }
  }
}

}  // namespace
}  // namespace understudy
