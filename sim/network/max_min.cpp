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
constexpr std::size_t kMany = 8;  // flows from which on a leader is worth its while

}  // namespace

MaxMin::MaxMin(const std::vector<double>& capacities) : resources_(capacities.size()) {
  for (std::size_t r = 0; r < capacities.size(); ++r) resources_[r].capacity = capacities[r];
}

void MaxMin::join(Flow id, std::span<const Resource> crossed, double weight, double cap) {
  if (id >= flows_.size()) flows_.resize(id + 1);
  const Resource leader = leader_for(crossed);
  FlowState& flow = flows_[id];
  flow.weight = weight;
  flow.cap_level = cap / weight;
  flow.holder = kNone;
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
    const auto position = static_cast<std::uint32_t>(resource.crossings.size());
    resource.crossings.push_back({id, static_cast<std::uint32_t>(flow.crossings.size())});
    flow.crossings.push_back({r, position});
  }
  if (leader != kNone) return follow(id, leader);
  if (alone && least < cap) return decide(id, least / weight, narrowest);
  if (alone) return decide(id, flow.cap_level, kNone);
  flow.open = true;
  for (const Resource r : crossed) {
    resources_[r].open_weight += weight;
    ++resources_[r].open;
    mark(r);
  }
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
    if (resource.crossings.empty()) resource.changes = 0;  // all sums are exactly 0
    if (resource.held > 0) mark(crossing.other);           // else nobody waits for what it leaves
  }
  flow.open = flow.is_led = false;
  flow.holder = kNone;
  flow.crossings.clear();
}

void MaxMin::set_capacity(Resource id, double capacity) {
  if (resources_[id].leader != id) dissolve(resources_[id].leader);
  resources_[id].capacity = capacity;
  mark(id);
}

double MaxMin::rate(Flow id) const {
  const FlowState& flow = flows_[id];
  return flow.weight * (flow.is_led ? resources_[flow.holder].held_level : flow.level);
}

void MaxMin::solve(std::vector<Flow>& changed, std::vector<Resource>& leaders) {
  ++filling_;
  for (std::size_t i = 0; i < marked_.size(); ++i) {  // dissolving marks more
    if (resources_[marked_[i]].leader == marked_[i]) update_leader(marked_[i]);
  }
  push_marked();
  while (!heap_.empty()) {
    std::pop_heap(heap_.begin(), heap_.end(), std::greater<>{});
    const Event event = heap_.back();
    heap_.pop_back();
    serve(event);
    push_marked();
  }
  for (const Resource id : filled_) try_to_lead(id);
  filled_.clear();
  changed.insert(changed.end(), changed_.begin(), changed_.end());
  changed_.clear();
  leaders.insert(leaders.end(), leaders_.begin(), leaders_.end());
  leaders_.clear();
}

// The leader that a new flow can follow: it is crossed once, and all else is led by it already or
// empty. Where there is none, leaders in the flow's way are dissolved.
MaxMin::Resource MaxMin::leader_for(std::span<const Resource> crossed) {
  Resource leader = kNone;
  for (const Resource r : crossed) {
    if (resources_[r].leader != kNone) leader = resources_[r].leader;
  }
  if (leader == kNone) return kNone;
  const auto fits = [&](Resource r) {
    return resources_[r].leader == leader || resources_[r].crossings.empty();
  };
  if (std::count(crossed.begin(), crossed.end(), leader) == 1 &&
      std::all_of(crossed.begin(), crossed.end(), fits))
    return leader;
  for (const Resource r : crossed) dissolve(resources_[r].leader);
  return kNone;
}

void MaxMin::follow(Flow id, Resource leader) {
  FlowState& flow = flows_[id];
  double& ceiling = resources_[leader].ceiling;
  ceiling = std::min(ceiling, flow.cap_level);
  for (const Crossing& crossing : flow.crossings) {
    ResourceState& resource = resources_[crossing.other];
    resource.leader = leader;
    hold(resource, flow.weight, kInfinity);
    ++resource.changes;
    refresh(resource);
    if (crossing.other != leader)
      ceiling = std::min(ceiling, resource.capacity / resource.held_weight);
  }
  flow.is_led = true;
  flow.holder = leader;
  changed_.push_back(id);
  mark(leader);
}

// Its flows' levels follow from its own, as long as nothing else gets in their way.
void MaxMin::update_leader(Resource id) {
  ResourceState& resource = resources_[id];
  refresh(resource);
  const double level = resource.capacity / resource.held_weight;
  if (is_above(level, resource.ceiling)) return dissolve(id);
  resource.held_level = level;
  leaders_.push_back(id);
}

// Has the next filling decide its flows anew, as if they had just joined: nobody else is on what they
// cross.
void MaxMin::dissolve(Resource leader) {
  if (leader == kNone) return;
  for (const Crossing& crossing : resources_[leader].crossings) open(crossing.other);
}

// Whether it holds all that cross it, each once, and nothing else that they cross holds anything.
bool MaxMin::may_lead(Resource id) const {
  const ResourceState& resource = resources_[id];
  if (resource.leader != kNone || resource.held != resource.crossings.size()) return false;
  for (const Crossing& crossing : resource.crossings) {
    const std::vector<Crossing>& others = flows_[crossing.other].crossings;
    for (std::uint32_t i = 0; i < others.size(); ++i) {
      if (i == crossing.position) continue;
      if (others[i].other == id || resources_[others[i].other].held > 0) return false;
    }
  }
  return true;
}

// It may if its flows are alone on all that they cross. A resource r of theirs with weights that add up
// to W_r can't be full before they reach the level C_r / W_r, so the least of these and of their caps is
// the ceiling. What a resource that is led holds of these flows stands for that: it counts their
// crossings, and adds up W_r.
void MaxMin::try_to_lead(Resource id) {
  if (!may_lead(id)) return;
  ResourceState& resource = resources_[id];
  const auto for_all_others = [&](const auto& visit) {
    for (const Crossing& crossing : resource.crossings) {
      const FlowState& flow = flows_[crossing.other];
      for (const Crossing& other : flow.crossings)
        if (other.other != id) visit(resources_[other.other], flow.weight);
    }
  };
  for_all_others([](ResourceState& other, double weight) { hold(other, weight, kInfinity); });
  bool fits = true;
  double ceiling = kInfinity;
  for_all_others([&](const ResourceState& other, double) {
    fits = fits && other.held == other.crossings.size();
    ceiling = std::min(ceiling, other.capacity / other.held_weight);
  });
  for (const Crossing& crossing : resource.crossings)
    ceiling = std::min(ceiling, flows_[crossing.other].cap_level);
  if (!fits || is_above(resource.capacity / resource.held_weight, ceiling))
    return for_all_others([](ResourceState& other, double weight) { release(other, weight); });
  for_all_others([&](ResourceState& other, double) {
    other.leader = id;
    other.used = 0;
  });
  for (const Crossing& crossing : resource.crossings) {
    flows_[crossing.other].is_led = true;
    changed_.push_back(crossing.other);
  }
  resource.leader = id;
  resource.used = 0;
  resource.ceiling = ceiling;
  update_leader(id);
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
    if (resource.leader != kNone) continue;
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

// When r will fill need not be known before t is there. With all decided flows counted whole, and
// those that r holds rising along from s_r,
//
//   t >= (C_r - sum of decided w x + s_r sum of held w) / (sum of open w + sum of held w),
//
// a bound that is kept in O(1) and only grows while others decide their flows. The least bound on a
// heap is looked at: it has grown and goes back; or taking out decided flows above t raises it, and it
// goes back; or it is exact.
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
  if (resource.crossings.size() >= kMany) filled_.push_back(id);
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
  if (resource.crossings.size() >= kMany) filled_.push_back(id);
}

// Flows that r lets go need not be opened where r alone is concerned: nothing on it is open, no cap is
// in the way, and no other resource that they cross holds anything. Then they move at once to the
// level at which they fill r, as if that were their old one. Another resource may be more than full by
// that; it was not so at t, hence fills above t, and takes them down.
// This is that level; infinite where there is none.
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
  flow.is_led = false;
  flow.holder = kNone;
  push_cap(id);
}

void MaxMin::decide(Flow id, double level, Resource holder) {
  FlowState& flow = flows_[id];
  for (const Crossing& crossing : flow.crossings) {
    ResourceState& resource = resources_[crossing.other];
    ++resource.changes;
    if (flow.open) take(resource, resource.open, resource.open_weight, flow.weight);
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
  if (flow.is_led) {
    release(resource, flow.weight);
    if (resource.held == 0) resource.leader = kNone;
    return;
  }
  resource.used = resource.crossings.empty() ? 0 : resource.used - flow.level * flow.weight;
  if (flow.holder == id) release(resource, flow.weight);
}

void MaxMin::hold(ResourceState& resource, double weight, double level) {
  ++resource.held;
  resource.held_weight += weight;
  resource.most_held = std::max(resource.most_held, resource.held_weight);
  resource.held_level = std::min(resource.held_level, level);
}

void MaxMin::release(ResourceState& resource, double weight) {
  take(resource, resource.held, resource.held_weight, weight);
  if (resource.held > 0) return;
  resource.held_level = kInfinity;
  resource.most_held = 0;
}

void MaxMin::take(ResourceState& resource, std::uint32_t& count, double& sum, double weight) {
  sum = --count == 0 ? 0 : sum - weight;
  if (count > 0 && sum < 1e-6 * weight) resource.changes = kTooManyChanges;  // mostly rounding
}

// Adds the sums up anew before rounding has become more than that of adding up.
void MaxMin::refresh(ResourceState& resource) {
  const bool is_mostly_gone = resource.held_weight < 1e-3 * resource.most_held;
  if (resource.changes < 16 * resource.crossings.size() + 64 && !is_mostly_gone) return;
  const auto id = static_cast<Resource>(&resource - resources_.data());
  resource.used = resource.open_weight = resource.held_weight = 0;
  resource.changes = 0;
  for (const Crossing& crossing : resource.crossings) {
    const FlowState& flow = flows_[crossing.other];
    if (flow.open) {
      resource.open_weight += flow.weight;
    } else if (resource.leader != kNone) {
      resource.held_weight += flow.weight;
    } else {
      resource.used += flow.level * flow.weight;
      if (flow.holder == id) resource.held_weight += flow.weight;
    }
  }
  resource.most_held = resource.held_weight;
}

}  // namespace understudy
