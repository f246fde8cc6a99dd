#include "sim/emulation/kernel_network.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <sstream>

#include "runtime/base/errors.hpp"
#include "runtime/base/log.hpp"
#include "sim/emulation/netem.hpp"
#include "sim/emulation/network_namespace.hpp"
#include "sim/emulation/system_command.hpp"
#include "sim/network/patterns.hpp"

namespace understudy {
namespace {

constexpr std::size_t kMostLinks = 65'536;  // addresses
constexpr std::size_t kMostVertices = 512;
constexpr int kPacket = 1500;  // bytes that a cable takes at once, without Ethernet's header
constexpr int kEthernet = 14;  // of what a queue counts
constexpr int kHeaders = 52;   // of IPv4 and TCP with timestamps
constexpr std::int64_t kQueue = 8 << 20;  // bytes; then a link drops packets, as TCP expects
constexpr double kTimerError = 200e-6;    // seconds: what a bucket must hold to keep its rate

std::string node_address(std::size_t rank) {
  return fmt::format("10.71.{}.{}", rank >> 8, rank & 255);
}
// Of the end of a link's cable that it sets out from, and of the other where that has no link.
std::string near_end(LinkId link) {
  return fmt::format("10.72.{}.{}", link.value >> 8, link.value & 255);
}
std::string far_end(LinkId link) {
  return fmt::format("10.73.{}.{}", link.value >> 8, link.value & 255);
}
std::string near_name(LinkId link) { return fmt::format("link{}", link.value); }
std::string far_name(LinkId link) { return fmt::format("end{}", link.value); }

// So that as many payload bytes cross as the link is to carry.
double bucket_rate(const Link& link) {
  return link.bandwidth.bits_per_s * (kPacket + kEthernet) / (kPacket - kHeaders);
}

void write_setting(const std::string& name, const char* value) {
  std::ofstream file("/proc/sys/net/ipv4/" + name);
  if (!(file << value << std::flush))
    throw RunError(fmt::format("emulation.links: the kernel does not let {} be set", name));
}

std::vector<LinkId> opposites(std::span<const Link> links) {
  std::vector<LinkId> opposite(links.size());
  for (std::size_t i = 0; i < links.size(); ++i) opposite[i] = LinkId{i};
  for (std::size_t i = 0; i < links.size(); ++i) {
    for (std::size_t j = i + 1; j < links.size() && opposite[i].index() == i; ++j) {
      const bool turns_back = links[j].from == links[i].to && links[j].to == links[i].from;
      if (!turns_back || opposite[j].index() != j) continue;
      opposite[i] = LinkId{j};
      opposite[j] = LinkId{i};
    }
  }
  return opposite;
}

void check_size(const Topology& topology) {
  if (topology.vertices().size() > kMostVertices || topology.links().size() > kMostLinks) {
    throw RunError(fmt::format(
        "emulation.links: the kernel shapes topologies of at most {} vertices, and this one has {}",
        kMostVertices, topology.vertices().size()));
  }
  for (const Link& link : topology.links()) {
    if (link.medium)
      throw RunError(
          "emulation.links: the kernel's cables carry both directions at a time, but links "
          "of this topology share a medium");
  }
}

}  // namespace

KernelNetwork::KernelNetwork(const Topology& topology,
                             std::span<const ImpairmentConfig> impairments)
    : topology_(topology), opposite_(opposites(topology.links())) {
  check_size(topology);
  plan_delay_lines(impairments);
  for (std::size_t v = 0; v < topology.vertices().size(); ++v) namespaces_.emplace_back();
  lay_cables();
  for (std::size_t v = 0; v < namespaces_.size(); ++v) set_up(VertexId{v});
}

KernelNetwork::~KernelNetwork() = default;

std::string KernelNetwork::address(Rank rank) const { return node_address(rank.index()); }

std::unique_ptr<InNamespace> KernelNetwork::enter(Rank rank) const {
  const VertexId vertex = topology_.places()[rank.index()].vertex;
  return std::make_unique<InNamespace>(namespaces_[vertex.index()]);
}

// Of several impairments for one link the last one holds.
void KernelNetwork::plan_delay_lines(std::span<const ImpairmentConfig> impairments) {
  impaired_ = !impairments.empty();
  std::vector<const ImpairmentConfig*> of_link(topology_.links().size());
  for (const ImpairmentConfig& impairment : impairments)
    for (const LinkId link : links_like(topology_, impairment.links))
      of_link[link.index()] = &impairment;
  for (std::size_t i = 0; i < of_link.size(); ++i)
    delay_lines_.push_back(netem_options(topology_.links()[i].latency, of_link[i]));
  const auto is_none = [](const std::string& line) { return line.empty(); };
  if (std::all_of(delay_lines_.begin(), delay_lines_.end(), is_none) || has_delay_lines()) return;
  lacks_ =
      "This kernel has no delay lines (netem): links have their bandwidth, but neither latency nor "
      "impairments.";
  spdlog::warn(lacks_);
  delay_lines_.assign(of_link.size(), "");
}

bool KernelNetwork::has_delay_lines() const {
  const NetworkNamespace trial;
  const InNamespace inside(trial);
  return run_command({"tc", "qdisc", "add", "dev", "lo", "root", "netem", "delay", "1ms"}).code ==
         0;
}

// All are made in one namespace, and each end is then moved to where it belongs: given as the place where
// this thread is, since `ip` knows others by their processes alone.
void KernelNetwork::lay_cables() {
  const NetworkNamespace workshop;
  // Where each packet has a fate of its own, none may hold many.
  const std::string width = fmt::format("mtu {}{}", kPacket, impaired_ ? " gso_max_segs 1" : "");
  std::string make;
  std::vector<std::string> move(namespaces_.size());
  const auto links = topology_.links();
  const auto moved = [&](VertexId to, const std::string& name) {
    move[to.index()] += fmt::format("link set {} netns {}\n", name, gettid());
  };
  for (std::size_t i = 0; i < links.size(); ++i) {
    const LinkId link{i};
    moved(links[i].from, near_name(link));
    if (opposite_[i] == link) moved(links[i].to, far_name(link));
    if (opposite_[i] < link) continue;
    const std::string other = opposite_[i] == link ? far_name(link) : near_name(opposite_[i]);
    make += fmt::format("link add name {} {} type veth peer name {} {}\n", near_name(link), width,
                        other, width);
  }
  const std::string into = "--net=" + workshop.path();
  require_command({"nsenter", into, "ip", "-batch", "-"}, make);
  for (std::size_t v = 0; v < namespaces_.size(); ++v) {
    const InNamespace there(namespaces_[v]);
    require_command({"nsenter", into, "ip", "-batch", "-"}, move[v]);
  }
}

void KernelNetwork::set_up(VertexId vertex) {
  const InNamespace there(namespaces_[vertex.index()]);
  write_setting("ip_forward", "1");
  for (const char* which : {"all", "default"})
    write_setting(fmt::format("conf/{}/rp_filter", which), "0");  // ways there and back may differ
  // Senders that fill a link's queue as soon as they have enough to send, and keep it filled where their
  // acknowledgements wait in the queue of the other direction.
  write_setting("tcp_congestion_control", "reno");
  write_setting("tcp_slow_start_after_idle", "0");
  // Nor do receivers' windows, which start at 64 KiB, end before a link is full whose acknowledgements wait.
  write_setting("tcp_rmem", "4096 1048576 33554432");
  std::string addresses = "link set lo up\n";
  const auto places = topology_.places();
  for (std::size_t r = 0; r < places.size(); ++r) {
    if (places[r].vertex == vertex)
      addresses += fmt::format("addr add {}/32 dev lo\n", node_address(r));
  }
  const auto links = topology_.links();
  const auto set_out = [&](const std::string& name, const std::string& address) {
    addresses += fmt::format("addr add {0}/32 dev {1}\nlink set {1} up\n", address, name);
  };
  for (std::size_t i = 0; i < links.size(); ++i) {
    const LinkId link{i};
    if (links[i].from == vertex) set_out(near_name(link), near_end(link));
    if (links[i].to == vertex && opposite_[i] == link) set_out(far_name(link), far_end(link));
  }
  require_command({"ip", "-batch", "-"}, addresses + routes(vertex));
  require_command({"tc", "-batch", "-"}, queues(vertex));
}

// To every node by the first link of the way to it.
std::string KernelNetwork::routes(VertexId vertex) const {
  const auto places = topology_.places();
  const auto own = std::find_if(places.begin(), places.end(),
                                [&](const Place& place) { return place.vertex == vertex; });
  const std::string source =
      own == places.end() ? ""
                          : " src " + node_address(static_cast<std::size_t>(own - places.begin()));
  std::string commands;
  for (std::size_t r = 0; r < places.size(); ++r) {
    if (places[r].vertex == vertex) continue;
    std::span<const LinkId> way;
    try {
      way = topology_.route(vertex, places[r].vertex);
    } catch (const ScenarioError&) {
      continue;  // nobody asks to go from here
    }
    const LinkId link = way.front(), back = opposite_[link.index()];
    commands += fmt::format("route add {}/32 via {} dev {} onlink{}\n", node_address(r),
                            back == link ? far_end(link) : near_end(back), near_name(link), source);
  }
  return commands;
}

std::string KernelNetwork::queues(VertexId vertex) const {
  std::string commands;
  const auto links = topology_.links();
  for (std::size_t i = 0; i < links.size(); ++i) {
    if (links[i].from != vertex) continue;
    const std::string name = near_name(LinkId{i});
    const double rate = bucket_rate(links[i]);
    std::string parent = "root handle 1:";
    if (!delay_lines_[i].empty()) {
      // limit: packets, of which as many are under way as fit into the latency.
      commands += fmt::format("qdisc add dev {} root handle 1: netem limit 1000000 {}\n", name,
                              delay_lines_[i]);
      parent = "parent 1:1 handle 10:";
    }
    const double burst = std::max(2.0 * (kPacket + kEthernet), rate / 8 * kTimerError);
    commands += fmt::format("qdisc add dev {} {} tbf rate {:.0f}bit burst {:.0f} limit {}\n", name,
                            parent, rate, burst, kQueue);
  }
  return commands;
}

std::vector<LinkStatistics> KernelNetwork::statistics() const {
  const auto links = topology_.links();
  std::vector<LinkStatistics> all(links.size());
  for (std::size_t v = 0; v < namespaces_.size(); ++v) {
    const InNamespace there(namespaces_[v]);
    std::ifstream table("/proc/thread-self/net/dev");
    for (std::string line; std::getline(table, line);) {
      const auto colon = line.find(':');
      const auto start = line.find("link");
      if (colon == std::string::npos || start == std::string::npos) continue;
      std::istringstream counts(line.substr(colon + 1));
      // Eight columns of what came, then bytes, packets, errors, drops of what went.
      std::int64_t skipped = 0, errors = 0;
      for (int i = 0; i < 8; ++i) counts >> skipped;
      LinkStatistics& link = all.at(std::stoul(line.substr(start + 4, colon - start - 4)));
      counts >> link.bytes >> link.messages >> errors >> link.dropped_packets;
    }
  }
  for (std::size_t i = 0; i < links.size(); ++i)
    all[i].busy = from_seconds(8 * static_cast<double>(all[i].bytes) / bucket_rate(links[i]));
  return all;
}

}  // namespace understudy
