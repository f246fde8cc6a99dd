#include "sim/world/virtual_world.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "sim/world/placed_node.hpp"

namespace understudy {

// Safe points: opened when nothing else can happen, so that nothing is in flight by construction.
class VirtualWorld::Gate final : public SafePoints {
 public:
  explicit Gate(VirtualWorld& world)
      : world_(world),
        states_(world.topology_.places().size()),
        opened_(world.topology_.places().size()) {
    world.scheduler_.set_idle_hook([this] { return open(); });
  }
  Task<> reach(Rank rank, std::function<std::string()> state) override {
    states_[rank.index()] = std::move(state);
    ++arrived_;
    co_await opened_[rank.index()];
    opened_[rank.index()].reset();
  }
  std::optional<std::string> restored(Rank rank) const override {
    if (world_.options_.resume == nullptr) return std::nullopt;
    return world_.options_.resume->states[rank.index()];
  }

 private:
  bool open() {
    if (arrived_ != states_.size()) return false;
    UNDERSTUDY_CHECK(world_.network_.everything_received());  // a snapshot holds no messages
    if (world_.options_.on_safe_point) {
      WorldSnapshot snapshot = world_.snapshot();
      for (auto& state : states_) snapshot.states.push_back(state());
      world_.options_.on_safe_point(snapshot);
    }
    arrived_ = 0;
    // In order of rank, as a resumed run starts: at one instant the order decides who sends first.
    for (Event& opened : opened_) opened.set();
    return true;
  }
  VirtualWorld& world_;
  std::vector<std::function<std::string()>> states_;
  std::size_t arrived_ = 0;
  std::vector<Event> opened_;  // by rank
};

// One node with its parts.
struct VirtualWorld::Inhabitant {
  Inhabitant(VirtualWorld& world, Rank rank)
      : device(world.scheduler_, world.queues_[world.topology_.places()[rank.index()].vertex],
               device_options(world, rank)),
        recorder(world.scheduler_, world.options_.dry),
        node(NodeParts{node_info(world.topology_, rank), world.options_.seed, world.options_.dry,
                       world.scheduler_, world.network_.endpoint(rank), device, recorder,
                       *world.gate_, world.trace_.get(), world.board_of(rank)}) {
    if (rank.index() < world.options_.replay.size()) {
      recorder.replay = std::move(world.options_.replay[rank.index()]);
    }
  }

  static VirtualDevice::Options device_options(const VirtualWorld& world, Rank rank) {
    const WorldOptions& options = world.options_;
    return {profile_of(options.devices, world.topology_.places()[rank.index()]),
            options.devices.cost,
            options.devices.factor,
            options.pool,
            rank,
            world.trace_.get()};
  }
  void restore(VirtualNetwork& network, const WorldSnapshot& from) {
    const std::size_t i = node.rank().index();
    recorder.samples = from.samples[i];
    device.restore(from.nodes[i].busy);
    node.meter().restore(from.nodes[i].communication, from.nodes[i].exposed,
                         from.nodes[i].exchanges);
    network.restore_sent(node.rank(), {from.nodes[i].bytes_sent, from.nodes[i].messages});
  }

  VirtualDevice device;
  SampleRecorder recorder;
  Node node;
};

VirtualWorld::VirtualWorld(const Topology& topology, WorldOptions options)
    : topology_(topology),
      options_(std::move(options)),
      scheduler_(options_.resume != nullptr ? options_.resume->time : kStart),
      trace_(options_.on_event ? std::make_unique<EventTrace>(options_.on_event) : nullptr),
      network_(scheduler_, topology,
               make_network(options_.network, options_.faults, topology, options_.seed)),
      gate_(std::make_unique<Gate>(*this)) {
  topology.require_connected();
  scheduler_.set_interrupt(options_.interrupt);
  scheduler_.set_blame_hook([this] { return who_is_to_blame(); });
  network_.set_trace(trace_.get());
  if (!options_.boards.empty() && !options_.dry) {
    const auto places = topology.places();
    const auto workers = std::count_if(places.begin(), places.end(),
                                       [](const Place& place) { return !place.serves; });
    boards_ = std::make_unique<WorldBoards>(
        one_by_one(options_.boards, static_cast<std::size_t>(workers)), scheduler_, real_time_,
        options_.pool, options_.seed);
  }
  for (std::size_t i = 0; i < topology.places().size(); ++i) {
    inhabitants_.push_back(std::make_unique<Inhabitant>(*this, Rank{i}));
    if (options_.resume != nullptr) inhabitants_.back()->restore(network_, *options_.resume);
  }
}

VirtualWorld::~VirtualWorld() = default;

Board* VirtualWorld::board_of(Rank rank) {
  const auto places = topology_.places();
  if (boards_ == nullptr || places[rank.index()].serves) return nullptr;
  std::size_t worker = 0;
  for (std::size_t r = 0; r < rank.index(); ++r) worker += places[r].serves ? 0 : 1;
  return worker < boards_->size() ? &boards_->board(worker) : nullptr;
}

std::size_t VirtualWorld::size() const { return inhabitants_.size(); }
Node& VirtualWorld::node(Rank rank) { return inhabitants_.at(rank.index())->node; }

void VirtualWorld::run(const NodeProgram& program) {
  for (auto& inhabitant : inhabitants_) spawn(scheduler_, program(inhabitant->node));
  scheduler_.run();
}

std::string VirtualWorld::who_is_to_blame() const {
  const std::string sentence = network_.waits_for_what_was_lost();
  if (sentence.empty()) return "";
  const auto* retransmit =
      std::get_if<RetransmitConfig>(&conditions_of(options_.network).reliability);
  if (retransmit == nullptr)
    return sentence + "; network.reliability: {kind: retransmit} would have sent it again";
  return fmt::format("{}, although it was sent again (network.reliability.tries: {})", sentence,
                     retransmit->tries);
}

WorldSnapshot VirtualWorld::snapshot() {
  WorldSnapshot s;
  s.time = scheduler_.now();
  for (const auto& i : inhabitants_) {
    s.samples.push_back(i->recorder.samples);
    const auto& sent = network_.sent(i->node.rank());
    s.nodes.push_back({i->device.busy(), i->node.meter().total(), i->node.meter().exposed(),
                       sent.bytes, sent.messages, i->node.meter().by_kind()});
  }
  const auto links = network_.link_statistics();
  s.links.assign(links.begin(), links.end());
  if (options_.resume == nullptr) return s;
  for (std::size_t l = 0; l < s.links.size(); ++l) s.links[l] += options_.resume->links[l];
  return s;
}

}  // namespace understudy
