// The events of a virtual run, as they happen: messages with what they are about and who waited for
// them, and computations.
#pragma once

#include <functional>
#include <memory>
#include <unordered_map>
#include <variant>

#include "runtime/base/units.hpp"
#include "runtime/learners/cost.hpp"
#include "runtime/node/tracer.hpp"
#include "runtime/transport/transport.hpp"

namespace understudy {

struct MessageEvent {
  Rank from, to;
  Tag tag;
  Bytes size;
  TimePoint sent;
  TimePoint arrived;   // or lost
  TimePoint received;  // by the task that asked for it
  Duration waited{0};  // that this task had been waiting when it arrived
  bool delivered = true;
  std::shared_ptr<const Activity> about;  // null: nothing was said
};

struct ComputeEvent {
  Rank rank;
  Phase phase = Phase::kForward;
  TimePoint begin, end;
};

using TraceEvent = std::variant<MessageEvent, ComputeEvent>;

class EventTrace final : public Tracer {
 public:
  using Sink = std::function<void(const TraceEvent&)>;
  explicit EventTrace(Sink sink) : sink_(std::move(sink)) {}

  void stream_is_about(Rank rank, std::uint32_t stream, Activity activity) override {
    streams_[key(rank, stream)] = std::make_shared<const Activity>(std::move(activity));
  }
  std::shared_ptr<const Activity> activity(Rank rank, std::uint32_t stream) const {
    const auto found = streams_.find(key(rank, stream));
    return found == streams_.end() ? nullptr : found->second;
  }
  void emit(const TraceEvent& event) { sink_(event); }

 private:
  static std::uint64_t key(Rank rank, std::uint32_t stream) {
    return (std::uint64_t{rank.value} << 32) | stream;
  }
  Sink sink_;
  std::unordered_map<std::uint64_t, std::shared_ptr<const Activity>> streams_;
};

}  // namespace understudy
