// Scenarios with boards: every kind of board gives the host's weights, a bad line changes none, and a
// board that is lost leaves the run with the shards that survive, each counted once.
#include <fmt/format.h>
#include <gmock/gmock.h>

#include <map>

#include "results/summary/curve.hpp"
#include "runtime/base/errors.hpp"
#include "runtime/data/partition.hpp"
#include "runtime/data/preprocess.hpp"
#include "runtime/workloads/averaging.hpp"
#include "runtime/workloads/board_trainer.hpp"
#include "runtime/workloads/weights_hash.hpp"
#include "tests/experiment/support.hpp"
#include "tests/workloads/shards.hpp"

namespace understudy {
namespace {

using ::testing::HasSubstr;

// 60 passengers, so that a round takes a board a tenth of a second.
class Passengers {
 public:
  Passengers() {
    std::string csv = "Survived,Pclass,Sex,Age,SibSp,Parch,Fare,Embarked\n";
    RandomStream random({.seed = 5, .purpose = Purpose::kTest});
    for (int i = 0; i < 60; ++i) {
      const bool woman = random.below(2) == 0;
      const bool survives = random.uniform() < (woman ? 0.75 : 0.2);
      csv += fmt::format("{},{},{},{},{},{},{},{}\n", survives ? 1 : 0, 1 + random.below(3),
                         woman ? "female" : "male", 1 + random.below(70), random.below(3),
                         random.below(2), 7 + random.below(60), "SCQ"[random.below(3)]);
    }
    write_file(folder_ / "passengers.csv", csv);
  }
  std::string file() const { return (folder_ / "passengers.csv").string(); }

 private:
  TemporaryFolder folder_;
};
const Passengers& passengers() {
  static const Passengers passengers;
  return passengers;
}

struct Setting {
  int nodes = 3;
  std::string boards;  // the section, empty: none
  std::string more{};  // of the workload
  int rounds = 2;
};

const std::string kFirmware = UNDERSTUDY_FIRMWARE_DIR "/understudy.elf";
// An entry of `boards`.
std::string board(const std::string& kind, const std::string& more = "") {
  return fmt::format("{{kind: {}, firmware: {}{}{}}}", kind, kFirmware, more.empty() ? "" : ", ",
                     more);
}

Unit run(const Setting& setting, const ExperimentOptions& options = {}) {
  const std::string yaml = fmt::format(
      "seed: 3\ntopology: {{kind: star, nodes: {}}}\nnetwork: {{kind: ideal}}\n"
      "workload: {{kind: logistic_regression, file: {}, epochs: 2, batch: 5, lr: 0.2, l2: 0.01, "
      "rounds: {}{}{}}}\n{}",
      setting.nodes, passengers().file(), setting.rounds, setting.more.empty() ? "" : ", ",
      setting.more, setting.boards.empty() ? "" : "boards: [" + setting.boards + "]\n");
  return run_all(experiment_of(yaml), options).at(0);
}

// ---- The same weights

class EveryShard
    : public testing::TestWithParam<std::tuple<const char*, const char*, const char*>> {
 protected:
  std::string workload() const {
    const auto [path, element, update] = GetParam();
    return fmt::format("shard: {}, element: {}, update: {}", path, element, update);
  }
};
INSTANTIATE_TEST_SUITE_P(Boards, EveryShard,
                         testing::Combine(testing::Values("streamed", "cached"),
                                          testing::Values("float32", "int16", "int8"),
                                          testing::Values("per_batch", "after_epochs")));

TEST_P(EveryShard, TrainsToTheHostsWeights) {
  const Unit host = run({.boards = "", .more = workload()});
  const Unit boards = run({.boards = board("simavr", "count: 2"), .more = workload()});
  ASSERT_FALSE(host.weights_hash.empty());
  EXPECT_EQ(boards.weights_hash, host.weights_hash);
  EXPECT_EQ(final_metrics(boards).at("answers"), 3);
}

TEST(BoardKinds, AllGiveTheSameWeights) {
  const Setting setting{.nodes = 2, .more = "element: int8, shard: cached", .rounds = 1};
  const std::string host = run(setting).weights_hash;
  for (const std::string& boards :
       {board("simavr"), board("pty"), board("simavr") + ", " + board("pty")}) {
    Setting with = setting;
    with.boards = boards;
    EXPECT_EQ(run(with).weights_hash, host) << boards;
  }
}

TEST(BoardKinds, FiftyRoundsOnOneToEightBoardsEndWithTheHostsBits) {
  for (const int nodes : {1, 2, 4, 8}) {
    Setting setting{.nodes = nodes, .more = "element: int16, shard: cached", .rounds = 50};
    const std::string host = run(setting).weights_hash;
    setting.boards = board("simavr", "count: 0");
    EXPECT_EQ(run(setting).weights_hash, host) << nodes;
  }
}

TEST(BoardIds, AreOneBoards) {
  BoardIds ids;
  ids.add(protocol::kNoId, "a");
  ids.add(protocol::kNoId, "b");
  ids.add(7, "a");
  ids.add(7, "a");  // opened anew
  try {
    ids.add(7, "b");
    ADD_FAILURE() << "two boards of one id";
  } catch (const BoardError& problem) {
    EXPECT_STREQ(problem.what(),
                 "a and b both have the id 7: give one another ('understudy board id')");
  }
}

TEST(BoardKinds, JobsAndRepeatedRunsChangeNothing) {
  const Setting setting{.nodes = 4, .boards = board("simavr", "count: 0")};
  const Unit one = run(setting, {.jobs = 1});
  const Unit four = run(setting, {.jobs = 4});
  EXPECT_EQ(one.weights_hash, four.weights_hash);
  EXPECT_EQ(one.time, four.time);
  EXPECT_EQ(records_without_wall_time({one}), records_without_wall_time({four}));
}

// ---- A bad line

TEST(BoardFaults, ABadLineCostsTimeAndChangesNoWeight) {
  const Setting clean{.boards = board("simavr", "count: 3")};
  const Unit without = run(clean);
  for (const char* faults :
       {"flip: 0.001", "lose: 0.001", "repeat: 0.001", "flip: 0.0005, lose: 0.0005, repeat: 0.0005",
        "delay: 20ms", "delay: 200ms"}) {
    const Unit with =
        run({.boards = board("simavr", fmt::format("count: 3, faults: {{{}}}", faults))});
    EXPECT_EQ(with.weights_hash, without.weights_hash) << faults;
    EXPECT_GT(with.time, without.time) << faults;
  }
}

// ---- A board that is lost

// The weights of a run in which these shards were there, round by round, computed on the host alone.
std::string hash_of_survivors(int nodes, const std::vector<std::vector<std::size_t>>& present) {
  const auto stream = [](Purpose purpose) {
    return RandomStream({.seed = 3, .node = UINT32_MAX, .purpose = purpose});
  };
  const PreparedData data =
      prepare(titanic_table(read_csv(passengers().file()), RowSelection::kPassengers), {},
              stream(Purpose::kData));
  const auto shards = partition(IidPartition{}, {data.train.labels},
                                static_cast<std::size_t>(nodes), stream(Purpose::kPartition));
  const ShardTraining training{.epochs = 2, .batch = 5, .rate = 0.2f, .l2 = 0.01f};
  std::vector<float> weights(data.train.features + 1);
  for (const auto& round : present) {
    std::vector<TrainedShard> trained;
    for (const std::size_t i : round) {
      const LabelledSamples samples = select(data.train, shards[i]);
      trained.push_back({train_on_shard(samples, training, weights), samples.size()});
    }
    std::vector<const TrainedShard*> pointers;
    for (const TrainedShard& shard : trained) pointers.push_back(&shard);
    weights = weighted_mean(pointers);
  }
  WeightsHash hash;
  hash.add(Rank{0}, std::span<const float>(weights));
  return hash.text();
}

const std::vector<std::size_t> kAll{0, 1, 2}, kSurvivors{0, 2};
// Node 1's board has the faults, the others have none.
Setting with_faults(const std::string& faults, int rounds, bool quorum) {
  return {.boards = board("simavr") + ", " + board("simavr", "faults: {" + faults + "}") + ", " +
                    board("simavr"),
          .more = quorum ? "deadline: 60s, quorum: 2" : "",
          .rounds = rounds};
}

TEST(BoardFaults, SurvivorsAloneMakeARunWithoutFaults) {
  EXPECT_EQ(run(with_faults("", 2, true)).weights_hash, hash_of_survivors(3, {kAll, kAll}));
}

class LostBoard : public testing::TestWithParam<int> {};
// In the hello (11 bytes there, 21 back), while weights are set, in the middle of the samples.
INSTANTIATE_TEST_SUITE_P(Bytes, LostBoard, testing::Values(40, 90, 400, 1000));

TEST_P(LostBoard, IsLeftOutOfTheRoundThatItMisses) {
  for (const char* fault : {"stuck_at", "unplug_at"}) {
    const std::string faults = fmt::format("{}: {}", fault, GetParam());
    const Unit unit = run(with_faults(faults, 1, true));
    EXPECT_EQ(unit.weights_hash, hash_of_survivors(3, {kSurvivors})) << faults;
    EXPECT_EQ(final_metrics(unit).at("answers"), 2) << faults;
  }
}

// A board that was reset has lost its training, and the next round takes it in again.
TEST_P(LostBoard, ABrownOutCostsOneRound) {
  const std::string faults = fmt::format("reset_at: {}", GetParam());
  EXPECT_EQ(run(with_faults(faults, 2, true)).weights_hash,
            hash_of_survivors(3, {kSurvivors, kAll}));
}

TEST_P(LostBoard, IsTakenInAgainWhenItIsBack) {
  // The two others take longer for a round than 100 ms, so it is back for the second.
  const std::string faults = fmt::format("unplug_at: {}, return_after: 100ms", GetParam());
  EXPECT_EQ(run(with_faults(faults, 2, true)).weights_hash,
            hash_of_survivors(3, {kSurvivors, kAll}));
}

TEST(BoardFaults, ABoardThatIsGoneForGoodMissesAllRounds) {
  EXPECT_EQ(run(with_faults("unplug_at: 400", 3, true)).weights_hash,
            hash_of_survivors(3, {kSurvivors, kSurvivors, kSurvivors}));
}

std::string failure(const Setting& setting) {
  try {
    run(setting);
  } catch (const BoardError& error) {
    return error.what();
  }
  return "none";
}

TEST_P(LostBoard, EndsARunWithoutAQuorumAndIsNamed) {
  const auto at = [](const char* fault) { return fmt::format("{}: {}", fault, GetParam()); };
  EXPECT_EQ(failure(with_faults(at("unplug_at"), 1, false)), "board 1 (simavr) is gone: unplugged");
  EXPECT_EQ(failure(with_faults(at("reset_at"), 1, false)),
            "board 1 (simavr) was reset by its reset pin and has lost what it was told");
  const std::string stuck = failure(with_faults(at("stuck_at"), 1, false));
  EXPECT_THAT(stuck, testing::StartsWith("board 1 (simavr) fell silent: "));
  EXPECT_THAT(stuck, testing::EndsWith("was sent 10 times without an answer"));
  EXPECT_EQ(stuck.find('\n'), std::string::npos);
}

TEST(BoardFaults, TooFewBoardsForTheQuorumEndTheRun) {
  const std::string faults =
      "{kind: simavr, firmware: " + kFirmware + ", count: 2, faults: {unplug_at: 400}}";
  const Setting setting{.boards = faults, .more = "deadline: 60s, quorum: 2", .rounds = 1};
  try {
    run(setting);
    ADD_FAILURE();
  } catch (const RunError& error) {
    EXPECT_STREQ(error.what(),
                 "round 1 ended with the weights of 1 of 3 nodes, fewer than the quorum of 2");
  }
}

// ---- What boards are asked for in vain

TEST(BoardRefusals, AShardThatDoesNotFit) {
  const Setting setting{.nodes = 1, .boards = board("simavr"), .more = "shard: cached"};
  try {
    run(setting);
    ADD_FAILURE();
  } catch (const ScenarioError& error) {
    EXPECT_THAT(error.what(), HasSubstr("workload.shard: 48 samples do not fit on board 0"));
  }
}

TEST(BoardRefusals, AFirmwareThatSpeaksNoProtocol) {
  const std::string other = UNDERSTUDY_FIRMWARE_DIR "/serial_event.elf";
  EXPECT_EQ(
      failure({.nodes = 1, .boards = "{kind: simavr, firmware: " + other + "}"}),
      "board 0 (simavr) did not answer within 5s: it runs another firmware, or its line is not "
      "at 115200 baud");
}

TEST(BoardRefusals, AFirmwareForAnotherChip) {
  const std::string mega = UNDERSTUDY_FIRMWARE_DIR "/serial_event_mega.elf";
  EXPECT_EQ(failure({.nodes = 1, .boards = "{kind: simavr, firmware: " + mega + "}"}),
            mega + ": is built for the atmega2560, but the board has an atmega328p");
}

}  // namespace
}  // namespace understudy
