#include "sim/network/link_timeline.hpp"

#include <algorithm>

#include "sim/network/distribution.hpp"
#include "sim/network/patterns.hpp"

namespace understudy {

LinkTimeline::LinkTimeline(const Topology& topology, const std::vector<TraceConfig>& traces,
                           const FaultsConfig& faults, std::uint64_t seed)
    : faults_(make_faults(faults, topology, seed)) {
  for (const Link& link : topology.links()) {
    const LinkState state{link.bandwidth, link.latency};
    links_.push_back({.base = state, .state = state});
  }
  add_traces(topology, traces);
  const auto first_fault = static_cast<std::uint32_t>(traces_.size());
  for (std::uint32_t slot = 0; slot < first_fault; ++slot) agenda_.set(slot, kStart);
  for (std::uint32_t i = 0; i < faults_.size(); ++i) agenda_.set(first_fault + i, faults_[i].next);
}

void LinkTimeline::add_traces(const Topology& topology, const std::vector<TraceConfig>& traces) {
  std::vector<std::size_t> trace_of(links_.size(), traces.size());
  for (std::size_t i = 0; i < traces.size(); ++i) {
    std::visit(
        [&](const auto& config) {
          for (const LinkId id : with_media(topology, links_like(topology, config.links)))
            trace_of[id.index()] = i;
          traces_.push_back({.trace = read_trace(config)});
        },
        traces[i]);
  }
  for (std::size_t l = 0; l < links_.size(); ++l) {
    if (trace_of[l] < traces.size()) traces_[trace_of[l]].links.push_back(LinkId{l});
  }
}

std::span<const LinkTimeline::Change> LinkTimeline::take_next() {
  due_.clear();
  touched_.clear();
  changes_.clear();
  agenda_.take_due(due_);
  for (const std::uint32_t slot : due_) {
    if (slot < traces_.size()) {
      step(traces_[slot], slot);
    } else {
      step(faults_[slot - traces_.size()], slot);
    }
  }
  std::sort(touched_.begin(), touched_.end());
  touched_.erase(std::unique(touched_.begin(), touched_.end()), touched_.end());
  for (const LinkId id : touched_) {
    LinkRecord& record = links_[id.index()];
    const LinkState state = state_of(record);
    const bool is_newly_gone = record.goes && !record.gone;
    if (state == record.state && !is_newly_gone) continue;
    record.state = state;
    record.gone = record.goes;
    changes_.push_back({id, state, is_newly_gone});
  }
  return changes_;
}

// The last point of a trace that does not repeat holds for good.
void LinkTimeline::step(TracedLinks& traced, std::uint32_t slot) {
  const Trace& trace = traced.trace;
  const TracePoint& point = trace.points[traced.point++];
  const bool is_last = traced.point == trace.points.size();
  for (const LinkId id : traced.links) {
    LinkRecord& record = links_[id.index()];
    record.point = &point;
    record.goes = record.goes || (is_last && !trace.period && point.rate.bits_per_s == 0);
    touched_.push_back(id);
  }
  if (is_last) {
    if (!trace.period || trace.points.size() == 1) return;
    traced.point = 0;
    traced.period_start = later(traced.period_start, *trace.period);
  }
  agenda_.set(slot, later(traced.period_start, trace.points[traced.point].at));
}

void LinkTimeline::step(Fault& fault, std::uint32_t slot) {
  fault.step();
  for (const LinkId id : fault.links) {
    LinkRecord& record = links_[id.index()];
    fault.holds ? ++record.holds : --record.holds;
    record.goes = record.goes || (fault.holds && fault.for_good);
    touched_.push_back(id);
  }
  agenda_.set(slot, fault.next);
}

// A bandwidth is never 0: a link without a rate keeps the one before.
LinkState LinkTimeline::state_of(const LinkRecord& record) {
  LinkState state = record.base;
  state.up = state.up && record.holds == 0;
  if (record.point == nullptr) return state;
  if (record.point->latency) state.latency = *record.point->latency;
  const bool has_rate = record.point->rate.bits_per_s > 0;
  state.bandwidth = has_rate ? record.point->rate : record.state.bandwidth;
  state.up = state.up && has_rate;
  return state;
}

LinkState LinkTimeline::set_base(LinkId link, const LinkState& base) {
  LinkRecord& record = links_.at(link.index());
  record.base = base;
  record.state = state_of(record);
  return record.state;
}

}  // namespace understudy
