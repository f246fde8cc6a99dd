// fair_share beside SimGrid (Casanova et al., "Versatile, scalable, and accurate simulation of
// distributed applications and platforms", JPDC 2014), whose CM02 model is max-min sharing after
// the latency, once its bounds by TCP's window and by traffic in the other direction are off.
//
// SimGrid weighs a flow's share by its latency, so here all of a network's flows have the same:
// each has a private wide link that makes up for the rest.
#include <gtest/gtest.h>

#ifdef UNDERSTUDY_HAS_SIMGRID

#include <simgrid/s4u.hpp>

#include <chrono>
#include <cmath>

#include "runtime/base/random.hpp"
#include "tests/network/traffic.hpp"

namespace understudy {
namespace {

namespace sg = simgrid::s4u;

struct Flow {
  std::vector<std::uint32_t> route;
  std::int64_t bytes = 0;
  double start_s = 0;
};
struct Network {
  std::vector<LinkConfig> links;
  std::vector<Flow> flows;
};

constexpr double kPrivateBandwidth = 1e12;

void add_private_links(Network& network, Duration total) {
  for (Flow& flow : network.flows) {
    Duration latency = total;
    for (const std::uint32_t id : flow.route) latency -= network.links[id].latency;
    flow.route.push_back(static_cast<std::uint32_t>(network.links.size()));
    network.links.push_back({Bandwidth{kPrivateBandwidth}, latency});
  }
}

// Some networks without latency, some whose flows all start at once, some with links all alike.
Network random_network(RandomStream& random) {
  Network network;
  const std::size_t links = 1 + random.below(10), flows = 1 + random.below(25);
  const bool alike = random.below(3) == 0, at_once = random.below(3) == 0,
             immediate = random.below(3) == 0;
  for (std::size_t i = 0; i < links; ++i) {
    const double bits_per_s = alike ? 8e6 : std::exp(random.uniform(14, 18));
    network.links.push_back(
        {Bandwidth{bits_per_s}, immediate ? Duration{0} : from_seconds(random.uniform(0, 0.02))});
  }
  for (std::size_t i = 0; i < flows; ++i) {
    Flow flow;
    for (std::uint32_t id = 0; id < links; ++id) {
      if (random.below(links) < 2) flow.route.push_back(id);
    }
    if (flow.route.empty()) flow.route.push_back(static_cast<std::uint32_t>(random.below(links)));
    flow.bytes = 1'000'000 + static_cast<std::int64_t>(random.below(30'000'000));
    flow.start_s = at_once ? 0 : std::round(random.uniform(0, 20) * 1e6) * 1e-6;
    network.flows.push_back(flow);
  }
  add_private_links(network, immediate ? Duration{0} : std::chrono::milliseconds{250});
  return network;
}

// Adds the network to SimGrid's zone, apart from all others, with an actor for each flow that notes
// its end.
void add_to_simgrid(const Network& network, std::size_t number, sg::NetZone& zone,
                    std::vector<double>& ends_s) {
  std::vector<sg::Link*> links;
  const std::string prefix = "n" + std::to_string(number) + "-";
  for (const LinkConfig& link : network.links) {
    links.push_back(zone.create_link(prefix + "link" + std::to_string(links.size()),
                                     link.bandwidth.bytes_per_s())
                        ->set_latency(to_seconds(link.latency))
                        ->seal());
  }
  ends_s.resize(network.flows.size());
  for (std::size_t i = 0; i < network.flows.size(); ++i) {
    const Flow& flow = network.flows[i];
    const std::string name = prefix + "flow" + std::to_string(i);
    sg::Host* from = zone.create_host(name + "-from", 1e9)->seal();
    sg::Host* to = zone.create_host(name + "-to", 1e9)->seal();
    std::vector<sg::LinkInRoute> route;
    for (const std::uint32_t id : flow.route) route.emplace_back(links[id]);
    zone.add_route(from->get_netpoint(), to->get_netpoint(), nullptr, nullptr, route, false);
    sg::Actor::create(name, from, [from, to, &flow, &end_s = ends_s[i]] {
      sg::this_actor::sleep_until(flow.start_s);
      sg::Comm::sendto(from, to, static_cast<std::uint64_t>(flow.bytes));
      end_s = sg::Engine::get_clock();
    });
  }
}

std::vector<double> run_ours(const Network& network) {
  Topology topology;
  const VertexId a = topology.add_vertex({"a", VertexKind::kHost}),
                 b = topology.add_vertex({"b", VertexKind::kHost});
  for (const LinkConfig& link : network.links)
    topology.add_link({a, b, link.bandwidth, link.latency});
  std::vector<std::vector<LinkId>> routes(network.flows.size());
  std::vector<std::size_t> by_start(network.flows.size());
  for (std::size_t i = 0; i < by_start.size(); ++i) {
    by_start[i] = i;
    for (const std::uint32_t id : network.flows[i].route) routes[i].push_back(LinkId{id});
  }
  const auto earlier = [&](std::size_t x, std::size_t y) {
    return network.flows[x].start_s < network.flows[y].start_s;
  };
  std::stable_sort(by_start.begin(), by_start.end(), earlier);
  Traffic traffic(FairShareConfig{}, std::move(topology));
  for (const std::size_t i : by_start) {
    traffic.run_to(network.flows[i].start_s);
    traffic.start_on(routes[i], network.flows[i].bytes);
  }
  traffic.run_to_the_end();
  std::vector<double> ends_s(by_start.size());
  for (std::size_t i = 0; i < by_start.size(); ++i) ends_s[by_start[i]] = traffic.end_s(i);
  return ends_s;
}

// By default SimGrid takes what is less than a nanosecond apart for one instant. The setting's name
// depends on the version.
void set_precision() {
  try {
    sg::Engine::set_config("surf/precision:1e-12");
  } catch (const std::exception&) {
    sg::Engine::set_config("precision/timing:1e-12");
  }
}

TEST(SimGrid, EndsTheSameFlowsAtTheSameTimes) {
  int argc = 1;
  char name[] = "network_simgrid_test", quiet[] = "--log=root.thresh:critical";
  char* argv[] = {name, quiet, nullptr};
  argc = 2;
  sg::Engine engine(&argc, argv);
  sg::Engine::set_config("network/model:CM02");
  sg::Engine::set_config("network/TCP-gamma:0");
  sg::Engine::set_config("network/crosstraffic:0");
  set_precision();
  sg::NetZone* zone = sg::create_full_zone("zone");
  constexpr std::size_t kNetworks = 60;
  std::vector<Network> networks;
  std::vector<std::vector<double>> theirs(kNetworks);
  RandomStream random({.seed = 1, .purpose = Purpose::kTest});
  for (std::size_t i = 0; i < kNetworks; ++i) networks.push_back(random_network(random));
  for (std::size_t i = 0; i < kNetworks; ++i) add_to_simgrid(networks[i], i, *zone, theirs[i]);
  zone->seal();
  engine.run();
  double worst = 0;
  for (std::size_t i = 0; i < kNetworks; ++i) {
    const std::vector<double> ours = run_ours(networks[i]);
    for (std::size_t flow = 0; flow < ours.size(); ++flow) {
      EXPECT_NEAR(ours[flow], theirs[i][flow], 1e-9 * theirs[i][flow])
          << "network " << i << ", flow " << flow;
      worst = std::max(worst, std::abs(ours[flow] / theirs[i][flow] - 1));
    }
  }
  RecordProperty("worst_relative_difference", std::to_string(worst * 1e12) + "e-12");
}

}  // namespace
}  // namespace understudy

#else

TEST(SimGrid, EndsTheSameFlowsAtTheSameTimes) {
  GTEST_SKIP() << "libsimgrid-dev is not installed: fair_share is not compared with SimGrid";
}

#endif
