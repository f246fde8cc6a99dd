// A library's collectives inside of machines: every member makes the same calls in the same order, though
// they get their buckets ready at different times.
#include "sim/emulation/library_line.hpp"

#include <array>

#include "runtime/collectives/collective.hpp"
#include "tests/transport/harness.hpp"

namespace understudy {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t kRanks = 4, kEach = 2;  // of a machine

// What a machine's two members call, pairwise; both calls of a pair are done once it is whole.
class Pairs {
 public:
  void add(std::size_t member, LibraryOperation operation, std::span<float> values,
           CollectiveLibrary::Done done) {
    const std::lock_guard lock(mutex_);
    calls_[member].push_back({operation, values, std::move(done)});
    const std::size_t number = calls_[member].size() - 1;
    if (calls_[1 - member].size() <= number) return;
    Call &first = calls_[0][number], &second = calls_[1][number];
    if (first.operation != second.operation || first.values.size() != second.values.size())
      ADD_FAILURE() << "call " << number << " is of " << first.values.size() << " values here and "
                    << second.values.size() << " there";
    const std::size_t count = std::min(first.values.size(), second.values.size());
    for (std::size_t i = 0; i < count; ++i) {
      if (operation == LibraryOperation::kReduce) first.values[i] += second.values[i];
      if (operation == LibraryOperation::kBroadcast) second.values[i] = first.values[i];
    }
    first.done(nullptr);
    second.done(nullptr);
  }

 private:
  struct Call {
    LibraryOperation operation;
    std::span<float> values;
    CollectiveLibrary::Done done;
  };
  std::mutex mutex_;
  std::array<std::vector<Call>, kEach> calls_;
};

class PairLibrary final : public CollectiveLibrary {
 public:
  PairLibrary(Pairs& pairs, std::size_t member) : pairs_(pairs), member_(member) {}
  void hear(const std::string&) override {}
  void connect() override {}
  void start(LibraryOperation operation, Values values, Done done) override {
    pairs_.add(member_, operation, {static_cast<float*>(values.data()), values.count()},
               std::move(done));
  }

 private:
  Pairs& pairs_;
  std::size_t member_;
};

class Line final : public LibraryCollectives {
 public:
  Line(Rank rank, Loop& loop, ProcessTransport& transport, Pairs& pairs)
      : inbox_(loop.clock),
        line_(loop.scheduler, inbox_, transport,
              [&pairs, rank](const LibraryPlace&) {
                return std::make_unique<PairLibrary>(pairs, rank.index() % kEach);
              },
              {}) {}
  Task<> connect() { return line_.connect(); }
  Task<> call(LibraryCall call) override { return line_.call(call); }
  std::uint64_t next_number() override { return line_.next_number(); }

 private:
  Inbox inbox_;
  LibraryLine line_;
};

// Bucket b of every rank, which is ready at some time.
Task<> add_bucket(Node& node, const Communicator& members, std::vector<float>& bucket,
                  std::uint32_t stream, TimePoint ready) {
  co_await node.sleep_until(ready);
  const CollectiveConfig config{.kind = CollectiveKind::kHierarchical,
                                .inside = InsideMachine::kGloo};
  const Stretch stretch{Values(std::span(bucket)), 0, bucket.size()};
  co_await allreduce(config, node, members, stretch, Tag{stream, 0});
}

// First members have all buckets at once, the others the second one late: by then the first one has come
// back from the other machine.
Task<> add_buckets(Node& node) {
  co_await static_cast<Line&>(*node.library()).connect();
  Communicator members;
  members.members = {Rank{0}, Rank{1}, Rank{2}, Rank{3}};
  members.machines = {0, 0, 1, 1};
  members.index = node.rank().index();
  std::array<std::vector<float>, 3> buckets;
  std::vector<Spawned<>> adding;
  for (std::uint32_t b = 0; b < buckets.size(); ++b) {
    buckets[b].assign(100 + b, static_cast<float>(node.rank().value + 1));
    const bool late = node.rank().index() % kEach == 1 && b == 1;
    const TimePoint ready = node.now() + (late ? 50ms : 0ms);
    adding.push_back(node.spawn(add_bucket(node, members, buckets[b], b, ready)));
  }
  co_await when_all(std::move(adding));
  for (const auto& bucket : buckets) EXPECT_EQ(bucket, std::vector<float>(bucket.size(), 10));
}

TEST(LibraryLine, MakesCallsInOneOrderOnAllMembers) {
  std::array<Pairs, kRanks / kEach> machines;
  ProcessRun run(TransportKind::kSharedMemory, kRanks);
  run.give_library([&](Rank rank, Loop& loop, ProcessTransport& transport) {
    return std::make_unique<Line>(rank, loop, transport, machines[rank.index() / kEach]);
  });
  run.run(add_buckets);
}

// Never ends what it was asked for, as where a member is lost.
class HangingLibrary final : public CollectiveLibrary {
 public:
  explicit HangingLibrary(Done& pending) : pending_(pending) {}
  void hear(const std::string&) override {}
  void connect() override {}
  void start(LibraryOperation, Values, Done done) override { pending_ = std::move(done); }

 private:
  Done& pending_;
};

Task<> call_and_fail(LibraryLine& line, Executor& loop) {
  std::vector<float> values(4);
  co_await line.connect();
  const auto calling =
      spawn(loop, line.call({LibraryOperation::kAllreduce, Values(std::span(values)), {}}));
  co_await SleepUntil(loop, loop.now() + 1ms);
  throw RunError("over");
}

// A line alone, whose library never ends what it was asked for.
class HangingLine : public testing::Test {
 protected:
  LibraryLineOptions options() {
    LibraryLineOptions o;
    o.hangs = [this] { hangs_(); };
    return o;
  }

  Loop loop_{with_new_secret()};
  const Watchdog watchdog_{loop_.scheduler};
  Inbox inbox_{loop_.clock};
  const PrivateFolder folder_;
  const std::unique_ptr<ProcessTransport> transport_ = make_process_transport(
      loop_.scheduler, loop_.clock, &loop_.hub,
      {.kind = TransportKind::kSharedMemory, .rank = Rank{0u}, .bind = folder_.path()});
  CollectiveLibrary::Done pending_;
  std::function<void()> hangs_;
  LibraryLine line_{
      loop_.scheduler, inbox_, *transport_,
      [this](const LibraryPlace&) { return std::make_unique<HangingLibrary>(pending_); },
      options()};
};

TEST_F(HangingLine, SaysThatACallHangsOnceTheRunHasFailed) {
  std::string known;  // of what has failed, when it hangs
  hangs_ = [&] {
    try {
      std::rethrow_exception(loop_.scheduler.error());
    } catch (const std::exception& problem) {
      known += problem.what();
    }
    std::exchange(pending_, nullptr)(nullptr);
  };
  const auto main = spawn(loop_.scheduler, call_and_fail(line_, loop_.scheduler));
  EXPECT_THROW(loop_.scheduler.run(), RunError);
  EXPECT_EQ(known, "over");
}

Task<> call_after(Event& event, LibraryLine& line) {
  co_await event.shielded();
  std::vector<float> values(4);
  co_await line.call({LibraryOperation::kAllreduce, Values(std::span(values)), {}});
}

Task<> cancel_before_the_call(LibraryLine& line, Executor& loop) {
  co_await line.connect();
  Event event;
  auto calling = spawn(loop, call_after(event, line));
  co_await SleepUntil(loop, loop.now() + 1ms);
  calling.cancel();
  event.set();
  co_await calling.ended();
}

TEST_F(HangingLine, StartsNothingForATaskThatIsCancelled) {
  const auto main = spawn(loop_.scheduler, cancel_before_the_call(line_, loop_.scheduler));
  loop_.scheduler.run();
  EXPECT_FALSE(pending_);
}

}  // namespace
}  // namespace understudy
