// SimGrid's side of the comparison with understudy_traffic, with the same usage and output. Its model
// is CM02, without bounds by TCP's window or by traffic in the other direction. Actors use detached
// messages where nobody waits for them, and no mailboxes where nobody has to match them.
#include <simgrid/s4u.hpp>

#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <set>
#include <string>
#include <vector>

#include "tests/bench/network/traffic_patterns.hpp"

namespace {

namespace sg = simgrid::s4u;
namespace traffic = understudy::traffic;

std::vector<sg::Host*> hosts_on_a_switch(int count) {
  auto* zone = sg::create_star_zone("switch");
  const auto link = [&](const std::string& name) {
    return sg::LinkInRoute(zone->create_link(name, traffic::kAccess.bytes_per_s())
                               ->set_latency(understudy::to_seconds(traffic::kAccessLatency))
                               ->seal());
  };
  std::vector<sg::Host*> hosts;
  for (int i = 0; i < count; ++i) {
    const std::string name = "host" + std::to_string(i);
    hosts.push_back(zone->create_host(name, 1e9)->seal());
    auto* point = hosts.back()->get_netpoint();
    zone->add_route(point, nullptr, nullptr, nullptr, {link(name + "-up")}, false);
    zone->add_route(nullptr, point, nullptr, nullptr, {link(name + "-down")}, false);
  }
  zone->seal();
  return hosts;
}

long ring(const std::vector<sg::Host*>& hosts) {
  const int n = static_cast<int>(hosts.size());
  for (int i = 0; i < n; ++i) {
    sg::Actor::create("host", hosts[static_cast<std::size_t>(i)], [i, n] {
      sg::Mailbox* const next = sg::Mailbox::by_name(std::to_string((i + 1) % n));
      sg::Mailbox* const own = sg::Mailbox::by_name(std::to_string(i));
      int token = 0;
      for (int round = 0; round < 2 * (n - 1); ++round) {
        next->put_init(&token, static_cast<std::uint64_t>(traffic::ring_bytes(n)))->detach();
        own->get<int>();
      }
    });
  }
  return 2L * (n - 1) * n;
}

long all_to_all(const std::vector<sg::Host*>& hosts) {
  const std::size_t n = hosts.size();
  for (std::size_t i = 0; i < n; ++i) {
    sg::Actor::create("host", hosts[i], [i, n, &hosts] {
      for (std::size_t round = 0; round < traffic::kAllToAllRepeats * (n - 1); ++round) {
        sg::Host* const to = hosts[(i + 1 + round % (n - 1)) % n];
        sg::Comm::sendto(hosts[i], to, traffic::kAllToAllBytes);
      }
    });
  }
  return static_cast<long>(traffic::kAllToAllRepeats * n * (n - 1));
}

long burst(const std::vector<sg::Host*>& hosts) {
  for (sg::Host* const from : hosts) {
    sg::Actor::create("host", from, [from, &hosts] {
      std::vector<sg::CommPtr> sent;
      for (sg::Host* const to : hosts) {
        if (to != from) sent.push_back(sg::Comm::sendto_async(from, to, traffic::kAllToAllBytes));
      }
      for (const sg::CommPtr& comm : sent) comm->wait();
    });
  }
  return static_cast<long>(hosts.size() * (hosts.size() - 1));
}

long parameter_server(const std::vector<sg::Host*>& hosts) {
  sg::Host* const server = hosts.back();
  const int rounds = traffic::server_rounds(static_cast<int>(hosts.size()));
  for (std::size_t i = 0; i + 1 < hosts.size(); ++i) {
    sg::Actor::create("worker", hosts[i], [i, rounds, server, worker = hosts[i]] {
      const auto bytes = static_cast<std::uint64_t>(traffic::server_bytes(static_cast<int>(i)));
      for (int round = 0; round < rounds; ++round) {
        sg::Comm::sendto(worker, server, bytes);
        sg::Comm::sendto(server, worker, bytes);
      }
    });
  }
  return 2L * rounds * static_cast<long>(hosts.size() - 1);
}

// The hosts are the routers, the routes Understudy's.
long wan(int count, const understudy::Topology& topology) {
  const auto messages = traffic::wan_messages(topology.vertices().size(), count);
  auto* zone = sg::create_full_zone("wan");
  std::vector<sg::Host*> hosts;
  std::vector<sg::Link*> links;
  for (const understudy::Vertex& vertex : topology.vertices())
    hosts.push_back(zone->create_host(vertex.name, 1e9)->seal());
  for (const understudy::Link& link : topology.links()) {
    links.push_back(
        zone->create_link("link" + std::to_string(links.size()), link.bandwidth.bytes_per_s())
            ->set_latency(understudy::to_seconds(link.latency))
            ->seal());
  }
  std::set<std::pair<std::uint32_t, std::uint32_t>> known;
  for (const traffic::Message& message : messages) {
    if (!known.emplace(message.from.value, message.to.value).second) continue;
    std::vector<sg::LinkInRoute> route;
    for (const understudy::LinkId id : topology.route(message.from, message.to))
      route.emplace_back(links[id.index()]);
    zone->add_route(hosts[message.from.index()]->get_netpoint(),
                    hosts[message.to.index()]->get_netpoint(), nullptr, nullptr, route, false);
  }
  zone->seal();
  sg::Actor::create("sender", hosts[0], [messages, hosts] {
    for (const traffic::Message& message : messages) {
      sg::this_actor::sleep_until(understudy::to_seconds(message.start));
      sg::Comm::sendto_init(hosts[message.from.index()], hosts[message.to.index()])
          ->set_payload_size(static_cast<std::uint64_t>(message.bytes))
          ->detach();
    }
  });
  return count;
}

}  // namespace

int main(int argc, char** argv) {
  sg::Engine engine(&argc, argv);
  sg::Engine::set_config("network/model:CM02");
  sg::Engine::set_config("network/TCP-gamma:0");
  sg::Engine::set_config("network/crosstraffic:0");
  sg::Engine::set_config("contexts/stack-size:32");
  const std::string pattern = argc > 1 ? argv[1] : "ring";
  const int count = argc > 2 ? std::atoi(argv[2]) : 64;
  const std::vector<sg::Host*> hosts =
      pattern == "wan" ? std::vector<sg::Host*>() : hosts_on_a_switch(count);
  long transfers = 0;
  if (pattern == "ring") transfers = ring(hosts);
  if (pattern == "all_to_all") transfers = all_to_all(hosts);
  if (pattern == "burst") transfers = burst(hosts);
  if (pattern == "parameter_server") transfers = parameter_server(hosts);
  if (pattern == "wan") transfers = wan(count, argc > 3 ? traffic::wan(argv[3]) : traffic::wan());
  const std::clock_t start = std::clock();
  engine.run();
  const double cpu_s = static_cast<double>(std::clock() - start) / CLOCKS_PER_SEC;
  std::printf("%ld %.9f %.6f %.1f\n", transfers, sg::Engine::get_clock(), cpu_s,
              traffic::peak_memory_mib());
}
