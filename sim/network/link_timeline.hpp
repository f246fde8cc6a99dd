// What traces and faults make of each link over time. Sources of change - a trace, a fault - are
// asked for their next change only, so that memory is bounded although most never end.
//
// A link is up iff no fault holds it and its trace, if it has one, has a rate. Rate and latency are
// the trace's, else the topology's. Of several traces for one link the last one holds; links of one
// medium have one trace and go down together.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "sim/network/agenda.hpp"
#include "sim/network/faults.hpp"
#include "sim/network/network_model.hpp"
#include "sim/network/trace.hpp"

namespace understudy {

class LinkTimeline {
 public:
  struct Change {
    LinkId link;
    LinkState state;
    bool for_good = false;  // from now on it is down and never comes up
  };

  // Throws ScenarioError for patterns that fit nothing and files that are no traces. Draws are keyed
  // by the seed.
  LinkTimeline(const Topology& topology, const std::vector<TraceConfig>& traces,
               const FaultsConfig& faults, std::uint64_t seed);
  LinkTimeline(const LinkTimeline&) = delete;  // records point at traces
  LinkTimeline(LinkTimeline&&) = default;

  // When something changes next; kNever: nothing does.
  TimePoint next() const { return agenda_.next(); }
  // Plays what changes at next(): at most one change of a link, by LinkId. None where what happened
  // leaves every link as it was. Valid until the next call.
  std::span<const Change> take_next();

  // Changes what a link is without trace and faults, and returns what it is with them.
  LinkState set_base(LinkId link, const LinkState& base);

 private:
  struct TracedLinks {
    Trace trace;
    std::vector<LinkId> links{};
    std::size_t point = 0;  // the next one
    TimePoint period_start = kStart;
  };
  struct LinkRecord {
    LinkState base;
    LinkState state;                    // as last changed
    const TracePoint* point = nullptr;  // its trace's present one
    std::uint32_t holds = 0;            // faults that hold it
    bool goes = false;                  // for good, once it is told
    bool gone = false;
  };

  void add_traces(const Topology& topology, const std::vector<TraceConfig>& traces);
  void step(TracedLinks& traced, std::uint32_t slot);
  void step(Fault& fault, std::uint32_t slot);
  static LinkState state_of(const LinkRecord& record);

  std::vector<TracedLinks> traces_;
  std::vector<Fault> faults_;
  Agenda agenda_;  // slots: traces, then faults
  std::vector<LinkRecord> links_;
  std::vector<std::uint32_t> due_;
  std::vector<LinkId> touched_;
  std::vector<Change> changes_;
};

}  // namespace understudy
