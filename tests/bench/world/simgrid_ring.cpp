// The peer of bench_world: SimGrid's ring all-reduce of 100 MB over N hosts, each with an up and a
// down link of 1 Gbit/s and 0.5 ms, actors exchanging chunks as bench_world's tasks do. Prints the
// simulated seconds and the transfers a second of wall time. Usage: simgrid_ring N
#include <simgrid/s4u.hpp>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

namespace {

namespace sg = simgrid::s4u;

constexpr double kAllReduceBytes = 100e6;

void run_host(int rank, int hosts) {
  sg::Mailbox* const next = sg::Mailbox::by_name(std::to_string((rank + 1) % hosts));
  sg::Mailbox* const own = sg::Mailbox::by_name(std::to_string(rank));
  int token = 0;
  for (int step = 0; step < 2 * (hosts - 1); ++step) {
    int* arrived = nullptr;
    const auto sent = next->put_async(&token, static_cast<std::uint64_t>(kAllReduceBytes / hosts));
    own->get_async<int>(&arrived)->wait();
    sent->wait();
  }
}

sg::Link* make_link(sg::NetZone& zone, const std::string& name) {
  return zone.create_link(name, 125e6)->set_latency(0.0005)->seal();
}

void make_hosts(sg::NetZone& zone, int count) {
  std::vector<sg::Host*> hosts;
  std::vector<sg::Link*> up, down;
  for (int i = 0; i < count; ++i) {
    hosts.push_back(zone.create_host("host" + std::to_string(i), 1e9)->seal());
    up.push_back(make_link(zone, "up" + std::to_string(i)));
    down.push_back(make_link(zone, "down" + std::to_string(i)));
  }
  for (int i = 0; i < count; ++i) {
    const int next = (i + 1) % count;
    zone.add_route(hosts[i]->get_netpoint(), hosts[next]->get_netpoint(), nullptr, nullptr,
                   {sg::LinkInRoute(up[i]), sg::LinkInRoute(down[next])}, false);
    sg::Actor::create("host", hosts[i], [i, count] { run_host(i, count); });
  }
  zone.seal();
}

}  // namespace

int main(int argc, char** argv) {
  sg::Engine engine(&argc, argv);
  sg::Engine::set_config("network/model:CM02");
  sg::Engine::set_config("network/TCP-gamma:0");  // no bound by TCP's window
  const int hosts = argc > 1 ? std::atoi(argv[1]) : 256;
  make_hosts(*sg::create_full_zone("zone"), hosts);
  const auto start = std::chrono::steady_clock::now();
  engine.run();
  const std::chrono::duration<double> wall = std::chrono::steady_clock::now() - start;
  std::printf("%.9f %.0f\n", sg::Engine::get_clock(), 2.0 * (hosts - 1) * hosts / wall.count());
}
