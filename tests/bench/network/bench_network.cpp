// What a network model costs by itself. The traffic is that of a ring all-reduce of 100 MB over
// hosts on one switch (1 Gbit/s, 0.5 ms to the switch and 0.5 ms from it), without the coroutines
// that make it in a run: every host sends a chunk to the next one as soon as its own last chunk is
// out and one has come in. items_per_second counts transfers.
#include <benchmark/benchmark.h>

#include <cstdint>
#include <vector>

#include "sim/network/make_network.hpp"
#include "tests/bench/network/traffic_patterns.hpp"
#include "topologies/make_topology.hpp"

namespace understudy {
namespace {

constexpr std::int64_t kAllReduceBytes = 100'000'000;

Topology hosts_on_a_switch(int hosts) {
  return make_topology(
      ClusterConfig{.machines = hosts, .inter = {Bandwidth{1e9}, std::chrono::milliseconds{1}}});
}

class RingTraffic {
 public:
  // With `uneven` chunks every transfer ends at an instant of its own; else they run in lockstep.
  RingTraffic(const Topology& topology, NetworkModel& network, bool uneven)
      : topology_(topology), network_(network), uneven_(uneven), hosts_(topology.places().size()) {}

  // Returns the simulated time of one all-reduce.
  Duration run() {
    const TimePoint begin = now_;
    done_ = 0;
    for (Host& host : hosts_) host = {};
    for (std::uint32_t i = 0; i < hosts_.size(); ++i) send(i);
    while (done_ < hosts_.size()) {
      now_ = network_.next_event();
      ended_.clear();
      network_.advance(now_, ended_);
      for (const Completion& completion : ended_) arrived(sender_[completion.id.index()]);
    }
    return now_ - begin;
  }

  std::int64_t transfers() const { return static_cast<std::int64_t>(hosts_.size() * steps()); }

 private:
  struct Host {
    std::size_t sent = 0, received = 0, started = 0;
  };
  std::size_t steps() const { return 2 * (hosts_.size() - 1); }

  void send(std::uint32_t host) {
    const std::uint32_t next = host + 1 < hosts_.size() ? host + 1 : 0;
    const auto places = topology_.places();
    const auto route = topology_.route(places[host].vertex, places[next].vertex);
    const std::int64_t more = uneven_ ? (host * 7919) % 10'000 : 0;
    const Bytes chunk{kAllReduceBytes / static_cast<std::int64_t>(hosts_.size()) + more};
    const TransferId id = network_.start({.route = route, .size = chunk}, now_);
    if (id.index() >= sender_.size()) sender_.resize(id.index() + 1);
    sender_[id.index()] = host;
    ++hosts_[host].started;
  }

  void arrived(std::uint32_t from) {
    const std::uint32_t to = from + 1 < hosts_.size() ? from + 1 : 0;
    ++hosts_[from].sent;
    ++hosts_[to].received;
    go_on(from);
    go_on(to);
  }

  void go_on(std::uint32_t index) {
    const Host& host = hosts_[index];
    if (host.sent < host.started || host.received < host.started) return;
    if (host.started == steps()) {
      ++done_;
    } else {
      send(index);
    }
  }

  const Topology& topology_;
  NetworkModel& network_;
  bool uneven_;
  std::vector<Host> hosts_;
  std::vector<std::uint32_t> sender_;
  std::vector<Completion> ended_;
  std::size_t done_ = 0;
  TimePoint now_ = kStart;
};

void ring_traffic(benchmark::State& state, const NetworkConfig& config, bool uneven) {
  const Topology topology = hosts_on_a_switch(static_cast<int>(state.range(0)));
  const auto network = make_network_model(config, topology);
  RingTraffic traffic(topology, *network, uneven);
  Duration simulated{0};
  for (auto _ : state) simulated = traffic.run();
  state.SetItemsProcessed(state.iterations() * traffic.transfers());
  state.counters["simulated_s"] = to_seconds(simulated);
}
BENCHMARK_CAPTURE(ring_traffic, ideal, IdealConfig{}, false)->Arg(64)->Arg(256);
BENCHMARK_CAPTURE(ring_traffic, ideal_uneven, IdealConfig{}, true)->Arg(256);
BENCHMARK_CAPTURE(ring_traffic, queued, QueuedConfig{}, false)->Arg(64)->Arg(256);
BENCHMARK_CAPTURE(ring_traffic, queued_uneven, QueuedConfig{}, true)->Arg(256);
BENCHMARK_CAPTURE(ring_traffic, fair_share, FairShareConfig{}, false)->Arg(64)->Arg(256);
BENCHMARK_CAPTURE(ring_traffic, fair_share_uneven, FairShareConfig{}, true)->Arg(256);

// One link crowded by all: every completion changes everybody's share. The sizes differ, so that
// each transfer ends at an instant of its own.
void crowded_link(benchmark::State& state) {
  const int hosts = static_cast<int>(state.range(0));
  const Topology topology = hosts_on_a_switch(hosts);
  const auto places = topology.places();
  std::vector<Completion> ended;
  for (auto _ : state) {
    const auto network = make_network_model(FairShareConfig{}, topology);
    for (std::size_t i = 1; i < places.size(); ++i) {
      const Bytes size{1'000'000 + static_cast<std::int64_t>(i) * 1000};
      network->start({.route = topology.route(places[i].vertex, places[0].vertex), .size = size},
                     kStart);
    }
    for (TimePoint t = network->next_event(); t != kNever; t = network->next_event())
      network->advance(t, ended);
    ended.clear();
  }
  state.SetItemsProcessed(state.iterations() * (hosts - 1));
}
BENCHMARK(crowded_link)->Arg(16)->Arg(256)->Arg(1024);

const PacketConfig kEthernet{.payload = Bytes{1448}, .overhead = Bytes{90}};

// Runs what has been started to the end, again and again; items_per_second counts packets times
// links.
template <class Start>
void packet_hops(benchmark::State& state, const Topology& topology, std::int64_t hops,
                 const QueuedConfig& config, const Start& start_all) {
  std::vector<Completion> ended;
  for (auto _ : state) {
    const auto network = make_network_model(config, topology);
    start_all(*network);
    for (TimePoint t = network->next_event(); t != kNever; t = network->next_event())
      network->advance(t, ended);
    ended.clear();
  }
  state.SetItemsProcessed(state.iterations() * hops);
}

// One message of 10,000 packets on a path whose links hold about 40 packets in flight.
void packets_on_a_path(benchmark::State& state) {
  const int hops = static_cast<int>(state.range(0));
  const LinkConfig link{Bandwidth{1e9}, std::chrono::microseconds{500}};
  const Topology topology = make_topology(PathConfig{.nodes = hops + 1, .links = {link}});
  const auto route = topology.route(VertexId{0}, VertexId{hops});
  packet_hops(state, topology, hops * 10'000, {.conditions = {.packet = kEthernet}},
              [&](NetworkModel& network) {
                network.start({.route = route, .size = Bytes{10'000 * 1448}}, kStart);
              });
}
BENCHMARK(packets_on_a_path)->Arg(2)->Arg(10);

// Every host to every other: two hops, deep queues at the switch, and with `limit` drops.
void packets_all_to_all(benchmark::State& state, std::optional<int> limit) {
  const int hosts = static_cast<int>(state.range(0));
  const Topology topology = hosts_on_a_switch(hosts);
  const auto places = topology.places();
  QueuedConfig config{.conditions = {.packet = kEthernet}};
  if (limit) config.limits.push_back({.packets = limit});
  packet_hops(state, topology, std::int64_t{2} * hosts * (hosts - 1) * 20, config,
              [&](NetworkModel& network) {
                for (std::size_t i = 0; i < places.size(); ++i) {
                  for (std::size_t j = 0; j < places.size(); ++j) {
                    if (i == j) continue;
                    const auto route = topology.route(places[i].vertex, places[j].vertex);
                    network.start({.route = route, .size = Bytes{20 * 1448}},
                                  kStart + std::chrono::nanoseconds{i * 97});
                  }
                }
              });
}
BENCHMARK_CAPTURE(packets_all_to_all, unlimited, std::nullopt)->Arg(16)->Arg(64);
BENCHMARK_CAPTURE(packets_all_to_all, drop_tail, 100)->Arg(16)->Arg(64);

// What tests/bench/plot_scaling.py draws: messages between random routers of a wide area network, and
// a ring on one switch.
void random_messages(benchmark::State& state, int vertices, int count) {
  const Topology topology = traffic::wan(vertices);
  const auto messages = traffic::wan_messages(topology.vertices().size(), count);
  for (const traffic::Message& message : messages) topology.route(message.from, message.to);
  std::vector<Completion> ended;
  for (auto _ : state) {
    const auto network = make_network_model(FairShareConfig{}, topology);
    const auto run_to = [&](TimePoint until) {
      for (TimePoint t = network->next_event(); t < until; t = network->next_event()) {
        ended.clear();
        network->advance(t, ended);
      }
    };
    for (const traffic::Message& message : messages) {
      run_to(message.start);
      const auto route = topology.route(message.from, message.to);
      network->start({.route = route, .size = Bytes{message.bytes}}, message.start);
    }
    run_to(kNever);
  }
  state.SetItemsProcessed(state.iterations() * count);
}
void scaling_flows(benchmark::State& state) {
  random_messages(state, 754, static_cast<int>(state.range(0)));
}
BENCHMARK(scaling_flows)->Arg(10)->Arg(30)->Arg(100)->Arg(300)->Arg(1000)->Arg(3000)->Arg(10'000);
// Two directed links for each of some 1.2 cables a router.
void scaling_links(benchmark::State& state) {
  random_messages(state, static_cast<int>(state.range(0)) * 754 / 1798, 1000);
}
BENCHMARK(scaling_links)->Arg(100)->Arg(300)->Arg(1000)->Arg(3000)->Arg(10'000);
void scaling_hosts(benchmark::State& state) { ring_traffic(state, FairShareConfig{}, true); }
BENCHMARK(scaling_hosts)->Arg(8)->Arg(32)->Arg(128)->Arg(512)->Arg(2048);

void route_lookup(benchmark::State& state) {
  const Topology topology = hosts_on_a_switch(256);
  const auto places = topology.places();
  std::size_t i = 0;
  for (auto _ : state) {
    benchmark::DoNotOptimize(topology.route(places[i].vertex, places[(i + 1) % 256].vertex));
    i = (i + 1) % 256;
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(route_lookup);

}  // namespace
}  // namespace understudy
