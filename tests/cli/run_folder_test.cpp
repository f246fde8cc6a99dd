// Default run folders: never one that is taken, never another scenario's.
#include "cli/run_folder.hpp"

#include <fstream>

#include "runtime/base/errors.hpp"
#include "tests/data/idx_files.hpp"

namespace understudy {
namespace {

TEST(RunFolder, OneThatIsTakenGetsANumber) {
  const TemporaryFolder folder;
  const auto now = std::chrono::system_clock::now();
  const auto first = make_fresh_folder(folder / "runs", "a", now);
  EXPECT_THAT(first.filename().string(), testing::MatchesRegex("a-[0-9]{8}-[0-9]{6}"));
  EXPECT_EQ(make_fresh_folder(folder / "runs", "a", now), first.string() + "-2");
  EXPECT_EQ(make_fresh_folder(folder / "runs", "a", now), first.string() + "-3");
  EXPECT_EQ(newest_folder(folder / "runs", "a"), first.string() + "-3");
}

TEST(RunFolder, ANameStaysAFileName) {
  const TemporaryFolder folder;
  const auto made = make_fresh_folder(folder.path(), "../a b/" + std::string(200, 'x'),
                                      std::chrono::system_clock::now());
  EXPECT_EQ(made.parent_path(), folder.path());
  EXPECT_TRUE(made.filename().string().starts_with(".._a_b_x"));
  EXPECT_EQ(made.filename().string().size(), 100 + std::string("-20260101-000000").size());
  EXPECT_EQ(newest_folder(folder.path(), "../a b/" + std::string(200, 'x')), made);
}

TEST(RunFolder, TheNewestIsThisScenariosOwn) {
  const TemporaryFolder folder;
  for (const char* name :
       {"a-20260101-000000", "a-20260102-000000", "a-20260102-000000-2", "a-20260102-000000-10",
        "a-b-20270101-000000", "a-20280101-000000-x", "a-copy", "b-20260103-000000"})
    std::filesystem::create_directory(folder / name);
  EXPECT_EQ(newest_folder(folder.path(), "a").filename(), "a-20260102-000000-10");
  EXPECT_EQ(newest_folder(folder.path(), "a-b").filename(), "a-b-20270101-000000");
  EXPECT_THROW(newest_folder(folder.path(), "c"), ScenarioError);
  EXPECT_THROW(newest_folder(folder / "none", "a"), ScenarioError);
}

}  // namespace
}  // namespace understudy
