// Weighted max-min fair rates with caps, kept up to date while flows come and go.
//
// Flow f crosses resources, some perhaps several times, with weight w_f. Its level is x_f = rate /
// w_f. Levels are max-min fair if and only if they fit (on each resource r the rates of all crossings
// add up to at most C_r; no flow is above its cap) and every flow has a bottleneck: its cap, or a full
// resource on which no level is higher. There is one such solution (Bertsekas and Gallager, "Data
// Networks", 2nd ed., 6.5.2), and progressive filling finds it: a level t rises from 0; where a
// resource is full, or a cap reached, the flows concerned stay behind.
//
// After changes only what they touch is filled anew. A flow is open while its level rises with t, else
// decided: its level x_f is the old one or was found in this filling. At first those are open that
// have joined. As t rises there are three kinds of events:
//
//   fill     Resource r is full: with decided flows at min(x_f, t) and open ones at t its rates add up
//            to C_r. Then its open flows, and those from before that are above t, are decided at t; r
//            holds them.
//   cap      An open flow reaches its cap and is decided.
//   let go   t comes to the level s_r of the flows that r holds from before, and r would not be full.
//            They are opened.
//
// The outcome fits, since no resource passes the event at which it fills. And every flow has a
// bottleneck. One decided in this filling has its cap or r, full at t: whatever was above t on r has
// been taken down, and a flow of r that is opened later is so by an event at its own old level, which
// is at most t, so again at t itself. One that kept its level has its old bottleneck r: nothing on r is
// higher now than s_r, and r is full, or it would have let go. So below the threshold of the change
// (the level of a flow that has left, or at which what a new one crosses would fill) no flow is
// touched, nor is any behind resources that are not full.
//
// A resource that holds all of the many flows on it leads them where all else that they cross has room
// for any levels up to a ceiling. While it stays below, flows that come and go cost it O(1), since its
// level is theirs.
#pragma once

#include <cstdint>
#include <limits>
#include <span>
#include <vector>

namespace understudy {

class MaxMin {
 public:
  using Flow = std::uint32_t;      // numbers that the caller gives; arrays are indexed by them
  using Resource = std::uint32_t;  // 0..capacities-1
  static constexpr std::uint32_t kNone = std::numeric_limits<std::uint32_t>::max();

  // Of a flow on a resource; the place of its other end.
  struct Crossing {
    std::uint32_t other;     // the resource, or the flow
    std::uint32_t position;  // in the other's list
  };

  explicit MaxMin(const std::vector<double>& capacities);

  // weight > 0, cap > 0 (perhaps infinite). A resource may stand in `crossed` more than once.
  void join(Flow flow, std::span<const Resource> crossed, double weight, double cap);
  void leave(Flow flow);
  void set_capacity(Resource resource, double capacity);  // >= 0

  // Finds the rates after all that has changed since the last time. Appends the flows that may have
  // a new one, some perhaps twice, and those that have left again in between. Of flows that stay
  // behind one leader not they are appended, but the leader to `leaders`.
  void solve(std::vector<Flow>& changed, std::vector<Resource>& leaders);

  double rate(Flow flow) const;
  bool is_led(Flow flow) const { return flows_[flow].is_led; }  // by its holder
  double level_of_led(Resource leader) const { return resources_[leader].held_level; }
  // The resource that holds the flow back; kNone: its cap.
  Resource holder(Flow flow) const { return flows_[flow].holder; }
  std::span<const Crossing> flows_on(Resource r) const { return resources_[r].crossings; }

 private:
  static constexpr double kInfinity = std::numeric_limits<double>::infinity();

  struct alignas(64) FlowState {
    double level = 0;
    double weight = 1;
    double cap_level = 0;
    std::uint64_t decided_in = 0;  // the filling that decided the level
    Resource holder = kNone;
    bool open = false;
    bool is_led = false;  // then its level is that of its holder
    std::vector<Crossing> crossings;
  };
  struct alignas(64) ResourceState {
    double capacity = 0;
    double used = 0;  // by decided flows
    double open_weight = 0;
    double held_weight = 0;
    double most_held = 0;           // the largest held_weight since the sums were added up
    double held_level = kInfinity;  // s_r: the least level of those held
    std::uint32_t open = 0;         // crossings
    std::uint32_t held = 0;         // crossings
    std::uint32_t changes = 0;      // of the sums since they were added up
    bool is_marked = false;
    Resource leader = kNone;   // of all flows on it
    double ceiling = 0;        // a leader's: up to there nothing else gets in the way of its flows
    double bound = kInfinity;  // the one on the heap that counts
    std::uint64_t filled_in = 0;  // the last filling in which it was full
    std::uint64_t raised_in = 0;  // and in which it let go of its flows together
    std::vector<Crossing> crossings;
  };
  struct Event {
    double level;
    std::uint32_t id;  // a resource, or the number of resources + a flow
    bool operator>(const Event& other) const {
      return level != other.level ? level > other.level : id > other.id;
    }
  };

  Resource leader_for(std::span<const Resource> crossed);
  void follow(Flow id, Resource leader);
  void update_leader(Resource id);
  bool may_lead(Resource id) const;
  void try_to_lead(Resource id);
  void dissolve(Resource leader);
  void mark(Resource resource);
  void push_marked();
  void push(const Event& event);
  void push_cap(Flow id);
  void serve(const Event& event);
  bool would_let_go(const ResourceState& resource) const;
  double together(const ResourceState& resource) const;
  double bound_of(const ResourceState& resource) const;
  bool is_taken_down(const FlowState& flow, double level) const;
  void fill(Resource id, double level);
  void let_go(Resource id);
  double level_of_all_held(Resource id) const;
  void open(Flow id);
  void decide(Flow id, double level, Resource holder);
  void move(Flow id, double level, Resource holder);
  void withdraw(const FlowState& flow, Resource id);
  static void hold(ResourceState& resource, double weight, double level);
  static void release(ResourceState& resource, double weight);
  static void take(ResourceState& resource, std::uint32_t& count, double& sum, double weight);
  void refresh(ResourceState& resource);

  std::vector<FlowState> flows_;
  std::vector<ResourceState> resources_;
  std::vector<Resource> marked_;  // their bounds may have fallen
  std::vector<Event> heap_;       // least on top
  std::vector<Flow> changed_;
  std::vector<Resource> leaders_;  // that have another level
  std::vector<Resource> filled_;   // with many flows
  std::uint64_t filling_ = 1;
};

}  // namespace understudy
