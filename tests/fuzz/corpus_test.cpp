// The corpus, and every file of it cut short and with bytes changed, through the fuzz target.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "tests/fuzz/fuzz.hpp"

namespace understudy {
namespace {

std::vector<std::string> corpus() {
  std::vector<std::string> texts;
  for (const auto& entry : std::filesystem::directory_iterator(UNDERSTUDY_CORPUS)) {
    std::ostringstream text;
    text << std::ifstream(entry.path(), std::ios::binary).rdbuf();
    texts.push_back(text.str());
  }
  return texts;
}

TEST(Corpus, IsAcceptedOrRefused) {
  EXPECT_GE(corpus().size(), 5u);
  for (const std::string& text : corpus()) fuzz(text);
}

TEST(Corpus, IsAcceptedOrRefusedWithAByteMoreOrLess) {
  for (const std::string& text : corpus()) {
    for (std::size_t i = 0; i < text.size(); ++i) {
      fuzz(std::string_view(text).substr(0, i));
      for (const char c : {'\0', '\xff', '\n', '"', '-', '9'}) {
        std::string bytes = text;
        bytes[i] = c;
        fuzz(bytes);
      }
    }
  }
}

}  // namespace
}  // namespace understudy
