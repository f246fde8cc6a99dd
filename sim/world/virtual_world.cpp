#include "sim/world/virtual_world.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "sim/world/placed_node.hpp"

namespace understudy {

// Safe points: opened when nothing else can happen, so that nothing is in flight by construction.
class VirtualWorld::Gate final : public SafePoints {
 public:
  explicit Gate(VirtualWorld& world) : world_(world), stops_(world.size()) {
    world.scheduler_.set_idle_hook([this] { return open(); });
  }
  Task<> reach(Rank rank, std::function<std::string()> state) override {
    auto& stop = stops_[rank.index()];
    if (stop == nullptr) stop = std::make_unique<Halt>();
    stop->state = std::move(state);
    ++arrived_;
    co_await stop->opened;
    stop->opened.reset();
  }
  std::optional<std::string> restored(Rank rank) const override {
    if (world_.options_.resume == nullptr) return std::nullopt;
    return world_.options_.resume->states[rank.index()];
  }

 private:
  struct Halt {
    std::function<std::string()> state;
    Event opened;
  };
  bool open() {
    if (arrived_ != world_.awake_ || arrived_ == 0) return false;
    UNDERSTUDY_CHECK(world_.network_.everything_received());  // a snapshot holds no messages
    const WorldOptions& options = world_.options_;
    if (options.on_safe_point && (!options.wants_snapshot || options.wants_snapshot())) {
      WorldSnapshot snapshot = world_.snapshot();
      for (std::size_t i = 0; i < stops_.size(); ++i)
        snapshot.states.push_back(stops_[i] ? stops_[i]->state()
                                            : world_.sleepers_->state(Rank{i}));
      options.on_safe_point(snapshot);
    }
    arrived_ = 0;
    // In order of rank, as a resumed run starts: at one instant the order decides who sends first.
    for (const auto& stop : stops_) {
      if (stop != nullptr) stop->opened.set();
    }
    return true;
  }
  VirtualWorld& world_;
  std::vector<std::unique_ptr<Halt>> stops_;  // by rank; of those that have been at one
  std::size_t arrived_ = 0;
};

// One node with its parts.
struct VirtualWorld::Inhabitant {
  Inhabitant(VirtualWorld& world, Rank rank)
      : device(world.scheduler_, world.queues_[world.topology_.places()[rank.index()].vertex],
               device_options(world, rank)),
        recorder(world.scheduler_, world.options_.dry),
        node(NodeParts{node_info(world.topology_, rank), world.options_.seed, world.options_.dry,
                       world.scheduler_, world.network_.endpoint(rank), device, recorder,
                       *world.gate_, world.trace_.get(), world.board_of(rank), false, nullptr,
                       &world}) {
    const WorldOptions& options = world.options_;
    if (rank.index() < options.replay.size())
      recorder.replay = std::move(world.options_.replay[rank.index()]);
    if (options.resume != nullptr) restore(world.network_, *options.resume);
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
      inhabitants_(topology.places().size()) {
  gate_ = std::make_unique<Gate>(*this);
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
}

VirtualWorld::~VirtualWorld() = default;

Board* VirtualWorld::board_of(Rank rank) {
  const auto places = topology_.places();
  if (boards_ == nullptr || places[rank.index()].serves) return nullptr;
  std::size_t worker = 0;
  for (std::size_t r = 0; r < rank.index(); ++r) worker += places[r].serves ? 0 : 1;
  return worker < boards_->size() ? &boards_->board(worker) : nullptr;
}

Node& VirtualWorld::node(Rank rank) {
  auto& inhabitant = inhabitants_.at(rank.index());
  if (inhabitant == nullptr) inhabitant = std::make_unique<Inhabitant>(*this, rank);
  return inhabitant->node;
}

void VirtualWorld::run(const NodeProgram& program, Sleepers* sleepers) {
  sleepers_ = sleepers;
  for (std::size_t i = 0; i < size(); ++i) {
    const Rank rank{i};
    if (sleepers == nullptr || !sleepers->sleeps(rank)) {
      spawn(scheduler_, program(node(rank)));
      ++awake_;
    } else if (options_.resume != nullptr) {
      sleepers->restore(rank, options_.resume->states[i]);
    }
  }
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

// Of one that has slept all along, what the resumed run had.
NodeStatistics VirtualWorld::statistics_of(Rank rank) const {
  const auto& inhabitant = inhabitants_[rank.index()];
  if (inhabitant == nullptr)
    return options_.resume != nullptr ? options_.resume->nodes[rank.index()] : NodeStatistics{};
  const VirtualNetwork::Sent sent = network_.sent(rank);
  const CommunicationMeter& meter = inhabitant->node.meter();
  return {inhabitant->device.busy(),
          meter.total(),
          meter.exposed(),
          sent.bytes,
          sent.messages,
          meter.by_kind()};
}

WorldSnapshot VirtualWorld::snapshot() {
  WorldSnapshot s;
  s.time = scheduler_.now();
  for (std::size_t i = 0; i < size(); ++i) {
    const bool is_new = inhabitants_[i] == nullptr && options_.resume != nullptr;
    s.samples.push_back(inhabitants_[i] != nullptr ? inhabitants_[i]->recorder.samples
                        : is_new                   ? options_.resume->samples[i]
                                                   : std::vector<Sample>());
    s.nodes.push_back(statistics_of(Rank{i}));
  }
  const auto links = network_.link_statistics();
  s.links.assign(links.begin(), links.end());
  if (options_.resume == nullptr) return s;
  for (std::size_t l = 0; l < s.links.size(); ++l) s.links[l] += options_.resume->links[l];
  return s;
}

}  // namespace understudy
