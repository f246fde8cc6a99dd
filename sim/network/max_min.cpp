#include "sim/network/max_min.hpp"

#include <algorithm>
#include <functional>

namespace understudy {
namespace {

// Levels this close are the same. Wrong guesses cost work, not exactness: what is opened without need
// is decided where it was.
constexpr double kTie = 1e-12;

bool is_above(double level, double other) { return level > other * (1 + kTie); }

constexpr std::uint32_t kTooManyChanges = 1u << 31;

}  // namespace

MaxMin::MaxMin(const std::vector<double>& capacities) : resources_(capacities.size()) {
  for (std::size_t r = 0; r < capacities.size(); ++r) resources_[r].capacity = capacities[r];
}

void MaxMin::join(Flow id, std::span<const Resource> crossed, double weight, double cap) {
  if (id >= flows_.size()) flows_.resize(id + 1);
  FlowState& flow = flows_[id];
  flow.weight = weight;
  flow.cap_level = cap / weight;
  flow.holder = kNone;
  flow.open = true;
  bool alone = true;
  double least = kInfinity;  // capacity
  Resource narrowest = kNone;
  for (const Resource r : crossed) {
    ResourceState& resource = resources_[r];
    alone = alone && resource.crossings.empty();
    if (resource.capacity < least) {
      least = resource.capacity;
      narrowest = r;
    }
    resource.open_weight += weight;
    ++resource.open;
    const auto position = static_cast<std::uint32_t>(resource.crossings.size());
    resource.crossings.push_back({id, static_cast<std::uint32_t>(flow.crossings.size())});
    flow.crossings.push_back({r, position});
  }
  if (alone && least < cap) return decide(id, least / weight, narrowest);
  if (alone) return decide(id, flow.cap_level, kNone);
  for (const Resource r : crossed) mark(r);
  push_cap(id);
}

void MaxMin::leave(Flow id) {
  FlowState& flow = flows_[id];
  for (const Crossing crossing : flow.crossings) {
    ResourceState& resource = resources_[crossing.other];
    const Crossing last = resource.crossings.back();
    resource.crossings[crossing.position] = last;
    flows_[last.other].crossings[last.position].position = crossing.position;
    resource.crossings.pop_back();
    withdraw(flow, crossing.other);
    if (resource.held > 0) mark(crossing.other);  // else nobody waits for what it leaves
  }
  flow.open = false;
  flow.holder = kNone;
  flow.crossings.clear();
}

void MaxMin::set_capacity(Resource id, double capacity) {
  resources_[id].capacity = capacity;
  mark(id);
}

void MaxMin::solve(std::vector<Flow>& changed) {
  ++filling_;
  push_marked();
  while (!heap_.empty()) {
    std::pop_heap(heap_.begin(), heap_.end(), std::greater<>{});
    const Event event = heap_.back();
    heap_.pop_back();
    serve(event);
    push_marked();
  }
  changed.insert(changed.end(), changed_.begin(), changed_.end());
  changed_.clear();
}

void MaxMin::mark(Resource id) {
  if (resources_[id].is_marked) return;
  resources_[id].is_marked = true;
  marked_.push_back(id);
}

void MaxMin::push_marked() {
  for (const Resource id : marked_) {
    ResourceState& resource = resources_[id];
    resource.is_marked = false;
    refresh(resource);
    const double bound = bound_of(resource);
    if (bound >= resource.bound) continue;
    resource.bound = bound;
    push({bound, id});
  }
  marked_.clear();
}

void MaxMin::push(const Event& event) {
  heap_.push_back(event);
  std::push_heap(heap_.begin(), heap_.end(), std::greater<>{});
}

void MaxMin::push_cap(Flow id) {
  const double level = flows_[id].cap_level;
  if (level < kInfinity) push({level, static_cast<std::uint32_t>(resources_.size()) + id});
}

void MaxMin::serve(const Event& event) {
  if (event.id >= resources_.size()) {
    const Flow flow = event.id - static_cast<std::uint32_t>(resources_.size());
    if (flows_[flow].open && flows_[flow].cap_level == event.level)
      decide(flow, event.level, kNone);
    return;
  }
  ResourceState& resource = resources_[event.id];
  if (event.level != resource.bound) return;  // a lower one has come after it
  refresh(resource);
  resource.bound = bound_of(resource);
  if (resource.bound == kInfinity) return;
  if (resource.bound > event.level) return push({resource.bound, event.id});
  resource.bound = kInfinity;
  if (would_let_go(resource)) {
    let_go(event.id);
  } else {
    fill(event.id, event.level);
  }
}

// Where it would fill if those that it holds rose with the open ones.
double MaxMin::together(const ResourceState& r) const {
  return (r.capacity - r.used + r.held_weight * r.held_level) / (r.held_weight + r.open_weight);
}

// A resource that was full in this filling holds those for good.
bool MaxMin::would_let_go(const ResourceState& r) const {
  return r.held > 0 && r.filled_in != filling_ && is_above(together(r), r.held_level);
}

double MaxMin::bound_of(const ResourceState& r) const {
  const double left = r.capacity - r.used;
  if (r.held == 0 || r.filled_in == filling_) {
    if (r.open > 0) return std::max(0.0, left / r.open_weight);
    return left < -kTie * r.capacity ? 0 : kInfinity;
  }
  const double level = together(r);
  if (is_above(level, r.held_level)) return r.held_level;
  if (is_above(r.held_level, level)) return std::max(0.0, level);
  return r.open > 0 ? r.held_level : kInfinity;
}

bool MaxMin::is_taken_down(const FlowState& flow, double level) const {
  return flow.decided_in != filling_ && is_above(flow.level, level);
}

// The sums are made anew, so that no rounding of the past is left in what is decided.
void MaxMin::fill(Resource id, double level) {
  ResourceState& resource = resources_[id];
  double used = 0, weight = 0;
  for (const Crossing& crossing : resource.crossings) {
    const FlowState& flow = flows_[crossing.other];
    if (flow.open || is_taken_down(flow, level)) {
      weight += flow.weight;
    } else {
      used += flow.level * flow.weight;
    }
  }
  if (weight == 0) return;
  const double exact = std::max(0.0, (resource.capacity - used) / weight);
  const bool joins_held = resource.held > 0 && level == resource.held_level;
  if (is_above(exact, level) && !joins_held) {
    resource.bound = exact;
    return push({exact, id});
  }
  const double found = joins_held ? level : exact;
  resource.filled_in = filling_;
  for (const Crossing& crossing : resource.crossings) {
    FlowState& flow = flows_[crossing.other];
    if (flow.open) {
      decide(crossing.other, found, id);
    } else if (is_taken_down(flow, level)) {
      move(crossing.other, found, id);
      flow.decided_in = filling_;
    }
  }
  resource.held_level = std::min(resource.held_level, found);
}

void MaxMin::let_go(Resource id) {
  ResourceState& resource = resources_[id];
  const double level = resource.raised_in != filling_ ? level_of_all_held(id) : kInfinity;
  resource.raised_in = filling_;
  for (const Crossing& crossing : resource.crossings) {
    const FlowState& flow = flows_[crossing.other];
    if (flow.open || flow.holder != id) continue;
    if (level == kInfinity) {
      open(crossing.other);
    } else if (flow.level != level) {  // it may cross the resource twice
      move(crossing.other, level, id);
    }
  }
  resource.held_level = level;
}

// The level at which those that it holds would fill the resource. Infinite where something else on it
// or a cap would be in the way.
double MaxMin::level_of_all_held(Resource id) const {
  const ResourceState& resource = resources_[id];
  double used = 0, weight = 0, cap = kInfinity;
  for (const Crossing& crossing : resource.crossings) {
    const FlowState& flow = flows_[crossing.other];
    if (flow.open) return kInfinity;
    if (flow.holder == id) {
      weight += flow.weight;
      cap = std::min(cap, flow.cap_level);
      for (const Crossing& other : flow.crossings)
        if (other.other != id && resources_[other.other].held > 0) return kInfinity;
    } else {
      used += flow.level * flow.weight;
    }
  }
  const double level = (resource.capacity - used) / weight;
  return level <= cap ? level : kInfinity;
}

// Gives a decided flow another level and holder.
void MaxMin::move(Flow id, double level, Resource holder) {
  FlowState& flow = flows_[id];
  const double more = (level - flow.level) * flow.weight;
  for (const Crossing& crossing : flow.crossings) {
    ResourceState& resource = resources_[crossing.other];
    resource.used += more;
    ++resource.changes;
    if (holder != flow.holder && crossing.other == flow.holder) release(resource, flow.weight);
    if (holder != flow.holder && crossing.other == holder) hold(resource, flow.weight, level);
    if (resource.held + resource.open > 0 || resource.used > resource.capacity)
      mark(crossing.other);
  }
  flow.level = level;
  flow.holder = holder;
  changed_.push_back(id);
}

void MaxMin::open(Flow id) {
  FlowState& flow = flows_[id];
  for (const Crossing& crossing : flow.crossings) {
    withdraw(flow, crossing.other);
    ResourceState& resource = resources_[crossing.other];
    resource.open_weight += flow.weight;
    ++resource.open;
    mark(crossing.other);
  }
  flow.open = true;
  flow.holder = kNone;
  push_cap(id);
}

void MaxMin::decide(Flow id, double level, Resource holder) {
  FlowState& flow = flows_[id];
  for (const Crossing& crossing : flow.crossings) {
    ResourceState& resource = resources_[crossing.other];
    ++resource.changes;
    take(resource, resource.open, resource.open_weight, flow.weight);
    resource.used += level * flow.weight;
    if (crossing.other == holder) hold(resource, flow.weight, level);
  }
  flow.open = false;
  flow.level = level;
  flow.decided_in = filling_;
  flow.holder = holder;
  changed_.push_back(id);
}

// Takes one crossing of the flow, as it is now, out of the resource's sums.
void MaxMin::withdraw(const FlowState& flow, Resource id) {
  ResourceState& resource = resources_[id];
  ++resource.changes;
  if (flow.open) {
    take(resource, resource.open, resource.open_weight, flow.weight);
    return;
  }
  resource.used = resource.crossings.empty() ? 0 : resource.used - flow.level * flow.weight;
  if (flow.holder == id) release(resource, flow.weight);
}

void MaxMin::hold(ResourceState& resource, double weight, double level) {
  ++resource.held;
  resource.held_weight += weight;
  resource.held_level = std::min(resource.held_level, level);
}

void MaxMin::release(ResourceState& resource, double weight) {
  take(resource, resource.held, resource.held_weight, weight);
  if (resource.held == 0) resource.held_level = kInfinity;
}

void MaxMin::take(ResourceState& resource, std::uint32_t& count, double& sum, double weight) {
  sum = --count == 0 ? 0 : sum - weight;
  if (count > 0 && sum < 1e-6 * weight) resource.changes = kTooManyChanges;  // mostly rounding
}

// Adds the sums up anew before rounding has become more than that of adding up.
void MaxMin::refresh(ResourceState& resource) {
  if (resource.changes < 16 * resource.crossings.size() + 64) return;
  const auto id = static_cast<Resource>(&resource - resources_.data());
  resource.used = resource.open_weight = resource.held_weight = 0;
  resource.changes = 0;
  for (const Crossing& crossing : resource.crossings) {
    const FlowState& flow = flows_[crossing.other];
    if (flow.open) {
      resource.open_weight += flow.weight;
    } else {
      resource.used += flow.level * flow.weight;
      if (flow.holder == id) resource.held_weight += flow.weight;
    }
  }
}

}  // namespace understudy
