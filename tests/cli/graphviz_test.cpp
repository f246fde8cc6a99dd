#include "cli/graphviz.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "runtime/base/errors.hpp"

namespace understudy {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

// A program called dot that is found before any other.
class FakeDot {
 public:
  explicit FakeDot(const std::string& body) : path_(std::getenv("PATH")) {
    std::string pattern = testing::TempDir() + "understudy-dot-XXXXXX";
    folder_ = mkdtemp(pattern.data());
    std::ofstream(folder_ / "dot") << "#!/bin/sh\n" << body << '\n';
    fs::permissions(folder_ / "dot", fs::perms::owner_all);
    setenv("PATH", (folder_.string() + ":" + path_).c_str(), 1);
  }
  ~FakeDot() {
    setenv("PATH", path_.c_str(), 1);
    fs::remove_all(folder_);
  }

 private:
  std::string path_;
  fs::path folder_;
};

TEST(Graphviz, GetsTheWholeTextAndGivesItsOutput) {
  const FakeDot echo("cat; echo \"$@\"");
  const std::string large(1 << 20, 'x');  // more than a pipe holds
  EXPECT_EQ(svg_of(large), large + "-Tsvg\n");
}

TEST(Graphviz, IsStoppedAfterItsTime) {
  const FakeDot asleep("exec sleep 60");
  const auto began = std::chrono::steady_clock::now();
  try {
    svg_of("graph {}", 50ms);
    FAIL();
  } catch (const RunError& problem) {
    EXPECT_STREQ(problem.what(), "Graphviz did not finish the drawing within 0.05 s");
  }
  EXPECT_LT(std::chrono::steady_clock::now() - began, 30s);
}

}  // namespace
}  // namespace understudy
