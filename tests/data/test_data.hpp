// The folder with more data than the system has: $UNDERSTUDY_TEST_DATA, or shared/data beside the
// checkout. Tests that want it skip where it is missing.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <optional>

namespace understudy {

inline std::optional<std::filesystem::path> test_data() {
  const char* given = std::getenv("UNDERSTUDY_TEST_DATA");
  const std::filesystem::path folder =
      given != nullptr && *given != '\0' ? given : UNDERSTUDY_SOURCE_DIR "/../shared/data";
  std::error_code problem;
  if (!std::filesystem::is_directory(folder, problem)) return std::nullopt;
  return folder;
}

}  // namespace understudy

#define UNDERSTUDY_REQUIRE_TEST_DATA() \
  if (!understudy::test_data())        \
  GTEST_SKIP() << "needs the full MNIST under $UNDERSTUDY_TEST_DATA or ../shared/data/mnist"
