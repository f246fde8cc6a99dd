// All-reduce by Gloo and NCCL, members being threads of this process, held against our own collectives.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <future>
#include <optional>

#include "runtime/collectives/c10d/c10d_collectives.hpp"
#include "tests/collectives/harness.hpp"

namespace understudy {
namespace {

using namespace std::chrono_literals;

// Waits for one call. Rethrows what it fails with.
template <class Scalar>
void sum(CollectiveLibrary& library, std::vector<Scalar>& vector,
         LibraryOperation operation = LibraryOperation::kAllreduce) {
  std::promise<void> ended;
  library.start(operation, Values(std::span(vector)), [&](std::exception_ptr failure) {
    failure ? ended.set_exception(failure) : ended.set_value();
  });
  ended.get_future().get();
}

// Members that tell each other by calls.
class Group {
 public:
  Group(CollectiveKind kind, std::size_t members, Duration timeout = 20s) {
    for (std::size_t i = 0; i < members; ++i) {
      LibraryPlace place{.kind = kind, .index = i, .members = members};
      place.gpu = static_cast<int>(i);
      place.address = "127.0.0.1";
      place.timeout = timeout;
      place.tell = [this, i](const std::string& what) {
        for (std::size_t other = 0; other < libraries_.size(); ++other)
          if (other != i && libraries_[other]) libraries_[other]->hear(what);
      };
      libraries_.push_back(make_c10d_collectives(place));
    }
  }
  std::unique_ptr<CollectiveLibrary>& operator[](std::size_t member) { return libraries_[member]; }

  // Every member by a thread of its own. Rethrows what the first fails with.
  template <class Run>
  void each(const Run& run) {
    std::vector<std::future<void>> members;
    for (std::size_t i = 0; i < libraries_.size(); ++i)
      members.push_back(std::async(std::launch::async, [&run, i] { run(i); }));
    for (const auto& member : members) member.wait();
    for (auto& member : members) member.get();
  }
  void connect() {
    each([this](std::size_t i) { libraries_[i]->connect(); });
  }
  template <class Scalar>
  void sum_each(std::vector<std::vector<Scalar>>& vectors,
                LibraryOperation operation = LibraryOperation::kAllreduce) {
    each([&](std::size_t i) { sum(*libraries_[i], vectors[i], operation); });
  }

 private:
  std::vector<std::unique_ptr<CollectiveLibrary>> libraries_;
};

template <class Scalar, class Draw>
std::vector<std::vector<Scalar>> vectors_of(std::size_t members, std::size_t size,
                                            const Draw& draw) {
  std::vector<std::vector<Scalar>> vectors(members, std::vector<Scalar>(size));
  for (std::size_t m = 0; m < members; ++m)
    for (std::size_t e = 0; e < size; ++e) vectors[m][e] = static_cast<Scalar>(draw(m, e));
  return vectors;
}

void expect_reduce_and_broadcast(Group& group, std::size_t n) {
  const auto terms = vectors_of<float>(n, 1000, [](auto m, auto e) { return (m + 1) * e; });
  auto vectors = terms;
  group.sum_each(vectors, LibraryOperation::kReduce);
  const auto factor = static_cast<float>(n * (n + 1) / 2);
  for (std::size_t e = 0; e < 1000; ++e) ASSERT_EQ(vectors[0][e], factor * static_cast<float>(e));
  vectors = terms;
  group.sum_each(vectors, LibraryOperation::kBroadcast);
  for (const auto& vector : vectors) EXPECT_EQ(vector, terms[0]);
}

class Gloo : public testing::TestWithParam<std::size_t> {
 protected:
  void SetUp() override {
#ifndef UNDERSTUDY_HAS_GLOO
    GTEST_SKIP() << "this build has no Gloo";
#endif
  }
};

// Sums below 2^24, which a float holds exactly in whatever order they are added.
TEST_P(Gloo, AddsIntegersAsARingDoes) {
  const std::size_t n = GetParam();
  Group group(CollectiveKind::kGloo, n);
  group.connect();
  for (const std::size_t size : {1u, 7u, 1000u, 100'003u}) {
    auto by_gloo = vectors_of<float>(n, size, [](auto m, auto e) { return (m + 1) * (e % 1000); });
    auto by_ring = by_gloo;
    group.sum_each(by_gloo);
    allreduce_vectors(make_topology(MeshConfig{.nodes = static_cast<int>(n)}),
                      {.kind = CollectiveKind::kRing}, by_ring, size);
    EXPECT_EQ(by_gloo, by_ring) << size;
  }
}

template <class Scalar>
void add_drawn(std::size_t n, double tolerance) {
  Group group(CollectiveKind::kGloo, n);
  group.connect();
  RandomStream random({.seed = 4, .node = 0, .purpose = Purpose::kTest});
  auto by_gloo = vectors_of<Scalar>(n, 10'000, [&](auto, auto) { return random.normal(); });
  auto by_ring = by_gloo;
  const auto terms = by_gloo;
  group.sum_each(by_gloo);
  allreduce_vectors(make_topology(MeshConfig{.nodes = static_cast<int>(n)}),
                    {.kind = CollectiveKind::kRing}, by_ring, 10'000);
  for (std::size_t m = 1; m < n; ++m) EXPECT_EQ(by_gloo[m], by_gloo[0]) << "the same bits on all";
  for (std::size_t e = 0; e < by_gloo[0].size(); ++e) {
    double size = 0;  // of the terms: what rounding is relative to
    for (const auto& term : terms) size += std::abs(static_cast<double>(term[e]));
    ASSERT_NEAR(by_gloo[0][e], by_ring[0][e], tolerance * size);
  }
}

TEST_P(Gloo, AddsFloatsAsARingDoesButForRounding) { add_drawn<float>(GetParam(), 1e-6); }
TEST_P(Gloo, AddsDoublesAsARingDoesButForRounding) { add_drawn<double>(GetParam(), 1e-15); }

TEST_P(Gloo, ReducesToMember0AndSpreadsFromIt) {
  const std::size_t n = GetParam();
  Group group(CollectiveKind::kGloo, n);
  group.connect();
  expect_reduce_and_broadcast(group, n);
}

INSTANTIATE_TEST_SUITE_P(Members, Gloo, testing::Values(2, 3, 4));

class GlooFailures : public Gloo {};

TEST_P(GlooFailures, AMemberThatLeavesEndsTheOthersAllreduce) {
  Group group(CollectiveKind::kGloo, 2);
  group.connect();
  group[1] = nullptr;
  std::vector<float> vector(1000, 1.0f);
  EXPECT_THROW(sum(*group[0], vector), TransportError);
}

TEST_P(GlooFailures, AMemberThatNeverConnectsIsWaitedForSoLong) {
  Group group(CollectiveKind::kGloo, 2, 300ms);
  EXPECT_THROW(group[0]->connect(), TransportError);
}

INSTANTIATE_TEST_SUITE_P(Two, GlooFailures, testing::Values(2));

#ifdef UNDERSTUDY_HAS_NCCL
// One member for each GPU, as many as there are up to four; one alone adds nothing, but goes all the way.
class Nccl : public testing::Test {
 protected:
  void SetUp() override {
    for (std::size_t n = 4; n > 0 && !group_; n /= 2) {
      try {
        group_.emplace(CollectiveKind::kNccl, n);
        members_ = n;
      } catch (const ScenarioError& lacking) {
        lacks_ = lacking.what();
      }
    }
    if (!group_) GTEST_SKIP() << lacks_;
    group_->connect();
  }
  template <class Scalar>
  void expect_sums() {
    for (const std::size_t size : {1u, 7u, 100'003u}) {
      auto vectors =
          vectors_of<Scalar>(members_, size, [](auto m, auto e) { return (m + 1) * (e % 1000); });
      group_->sum_each(vectors);
      const auto factor = static_cast<Scalar>(members_ * (members_ + 1) / 2);
      for (std::size_t e = 0; e < size; ++e)
        for (const auto& vector : vectors)
          ASSERT_EQ(vector[e], factor * static_cast<Scalar>(e % 1000));
    }
  }
  std::optional<Group> group_;
  std::size_t members_ = 0;
  std::string lacks_;
};

TEST_F(Nccl, AddsFloats) { expect_sums<float>(); }
TEST_F(Nccl, AddsDoubles) { expect_sums<double>(); }
TEST_F(Nccl, ReducesToMember0AndSpreadsFromIt) { expect_reduce_and_broadcast(*group_, members_); }
#else
TEST(Nccl, IsRefusedByABuildWithoutCuda) {
  try {
    make_c10d_collectives({.kind = CollectiveKind::kNccl});
    FAIL() << "it was made";
  } catch (const ScenarioError& refusal) {
    EXPECT_THAT(refusal.what(), testing::HasSubstr("'cmake --preset gpu'"));
  }
}
#endif

}  // namespace
}  // namespace understudy
