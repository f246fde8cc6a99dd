// fair_share beside SimGrid (Casanova et al., "Versatile, scalable, and accurate simulation of
// distributed applications and platforms", JPDC 2014), whose CM02 model is max-min sharing after
// the latency, once its bounds by TCP's window and by traffic in the other direction are off.
//
// SimGrid weighs a flow's share by 1 / latency of its route, as inverse_latency does, and where there
// is none by 1.
#include <gtest/gtest.h>

#ifdef UNDERSTUDY_HAS_SIMGRID

#include <simgrid/s4u.hpp>

#include <algorithm>
#include <cmath>
#include <map>

#include "runtime/base/random.hpp"
#include "tests/network/traffic.hpp"

namespace understudy {
namespace {

namespace sg = simgrid::s4u;

struct Flow {
  VertexId from, to;
  std::int64_t bytes = 0;
  double start_s = 0;
  double cap_bytes_per_s = std::numeric_limits<double>::infinity();
};
struct Network {
  double offset_s = 0;  // of its flows' starts in SimGrid
  Topology topology;
  std::vector<Flow> flows;  // in order of start
};

// A random tree with some more cables, a third of them half duplex; some networks without latency,
// some whose cables are all alike.
Topology random_topology(RandomStream& random) {
  Topology topology;
  const int vertices = 2 + static_cast<int>(random.below(20));
  const bool alike = random.below(4) == 0, immediate = random.below(4) == 0;
  for (int v = 0; v < vertices; ++v) topology.add_vertex({"v" + std::to_string(v)});
  const auto join = [&](int a, int b) {
    Link link{VertexId{a}, VertexId{b}, Bandwidth{alike ? 8e6 : std::exp(random.uniform(14, 18))},
              immediate ? Duration{0} : from_seconds(random.uniform(1e-4, 0.05))};
    if (random.below(3) == 0) link.medium = topology.add_medium();
    topology.add_cable(link);
  };
  for (int v = 1; v < vertices; ++v)
    join(v, static_cast<int>(random.below(static_cast<std::uint64_t>(v))));
  for (std::uint64_t more = random.below(10); more > 0; --more) {
    const auto a = static_cast<int>(random.below(static_cast<std::uint64_t>(vertices - 1)));
    join(a, a + 1 + static_cast<int>(random.below(static_cast<std::uint64_t>(vertices - 1 - a))));
  }
  return topology;
}

Network random_network(RandomStream& random) {
  Network network;
  network.topology = random_topology(random);
  const std::size_t vertices = network.topology.vertices().size(), flows = 1 + random.below(40);
  const bool at_once = random.below(3) == 0;
  for (std::size_t i = 0; i < flows; ++i) {
    Flow flow;
    const std::size_t from = random.below(vertices), hop = 1 + random.below(vertices - 1);
    flow.from = VertexId{from}, flow.to = VertexId{(from + hop) % vertices};
    flow.bytes = 1'000'000 + static_cast<std::int64_t>(random.below(30'000'000));
    flow.start_s = at_once ? 0 : std::round(random.uniform(0, 20) * 1e6) * 1e-6;
    if (random.below(4) == 0) flow.cap_bytes_per_s = std::exp(random.uniform(11, 16));
    network.flows.push_back(flow);
  }
  std::stable_sort(network.flows.begin(), network.flows.end(),
                   [](const Flow& a, const Flow& b) { return a.start_s < b.start_s; });
  return network;
}

// A medium is one link of SimGrid's. All of ours that it stands for have one latency.
std::vector<sg::Link*> links_in_simgrid(const Topology& topology, const std::string& prefix,
                                        sg::NetZone& zone) {
  std::map<MediumId, sg::Link*> media;
  std::vector<sg::Link*> links;
  for (const Link& link : topology.links()) {
    sg::Link* known = link.medium ? media[*link.medium] : nullptr;
    if (known == nullptr) {
      known = zone.create_link(prefix + "link" + std::to_string(links.size()),
                               link.bandwidth.bytes_per_s());
      known->set_latency(to_seconds(link.latency))->seal();
    }
    if (link.medium) media[*link.medium] = known;
    links.push_back(known);
  }
  return links;
}

// Adds the network to SimGrid's zone, apart from all others, with two hosts and two actors for each
// flow, the second of which notes its end.
void add_to_simgrid(const Network& network, std::size_t number, sg::NetZone& zone,
                    std::vector<double>& ends_s) {
  const std::string prefix = "n" + std::to_string(number) + "-";
  const std::vector<sg::Link*> links = links_in_simgrid(network.topology, prefix, zone);
  ends_s.resize(network.flows.size());
  for (std::size_t i = 0; i < network.flows.size(); ++i) {
    const Flow& flow = network.flows[i];
    const std::string name = prefix + "flow" + std::to_string(i);
    sg::Host* from = zone.create_host(name + "-from", 1e9)->seal();
    sg::Host* to = zone.create_host(name + "-to", 1e9)->seal();
    std::vector<sg::LinkInRoute> route;
    for (const LinkId id : network.topology.route(flow.from, flow.to))
      route.emplace_back(links[id.index()]);
    zone.add_route(from->get_netpoint(), to->get_netpoint(), nullptr, nullptr, route, false);
    sg::Mailbox* const box = sg::Mailbox::by_name(name);
    const double start_s = network.offset_s + flow.start_s;
    sg::Actor::create(name, to, [box] {
      double* const end_s = box->get<double>();
      *end_s = sg::Engine::get_clock();
    });
    sg::Actor::create(name, from, [box, &flow, start_s, end_s = &ends_s[i]] {
      sg::this_actor::sleep_until(start_s);
      const sg::CommPtr comm = box->put_init(end_s, static_cast<std::uint64_t>(flow.bytes));
      if (std::isfinite(flow.cap_bytes_per_s)) comm->set_rate(flow.cap_bytes_per_s);
      comm->wait();
    });
  }
}

std::vector<double> run_ours(Network& network) {
  Traffic traffic(FairShareConfig{.fairness = Fairness::kInverseLatency},
                  std::move(network.topology));
  for (const Flow& flow : network.flows) {
    traffic.run_to(flow.start_s);
    traffic.start({.route = traffic.topology().route(flow.from, flow.to),
                   .size = Bytes{flow.bytes},
                   .cap_bytes_per_s = flow.cap_bytes_per_s});
  }
  traffic.run_to_the_end();
  return traffic.all_ends_s();
}

// By default SimGrid takes what is less than a nanosecond apart for one instant, and a hundred
// thousandth of a link for nothing. The first setting's name depends on the version.
void set_precision() {
  sg::Engine::set_config("maxmin/precision:1e-12");
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
  sg::Engine::set_config("network/TCP-gamma:1e30");  // 0 would take the flows' own bounds away, too
  sg::Engine::set_config("network/crosstraffic:0");
  // The default, lazy update solves only what it marks as modified, and where two flows start at one
  // instant on a link, it does not mark the other links of the second
  // (System::update_modified_cnst_set of version 3.32).
  sg::Engine::set_config("network/optim:Full");
  set_precision();
  sg::NetZone* zone = sg::create_full_zone("zone");
  constexpr std::size_t kNetworks = 200;
  std::vector<Network> networks;
  std::vector<std::vector<double>> theirs(kNetworks);
  RandomStream random({.seed = 1, .purpose = Purpose::kTest});
  for (std::size_t i = 0; i < kNetworks; ++i) {
    networks.push_back(random_network(random));
    networks.back().offset_s =
        500 * static_cast<double>(i / 10);  // a full update costs by the flow
  }
  for (std::size_t i = 0; i < kNetworks; ++i) add_to_simgrid(networks[i], i, *zone, theirs[i]);
  zone->seal();
  engine.run();
  double worst = 0;
  for (std::size_t i = 0; i < kNetworks; ++i) {
    const std::vector<double> ours = run_ours(networks[i]);
    ASSERT_EQ(ours.size(), theirs[i].size());
    for (std::size_t flow = 0; flow < ours.size(); ++flow) {
      const double end_s = theirs[i][flow] - networks[i].offset_s;
      EXPECT_NEAR(ours[flow], end_s, 1e-9 * end_s) << "network " << i << ", flow " << flow;
      worst = std::max(worst, std::abs(ours[flow] / end_s - 1));
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
