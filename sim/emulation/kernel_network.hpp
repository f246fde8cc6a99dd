// A topology made of the kernel's own parts: every vertex is a network namespace, every link one end of a
// pair of virtual cables (veth(4)) with a token bucket (tc-tbf(8)) for its bandwidth and a delay line
// (tc-netem(8)) for its latency and impairments, and packets are forwarded along the topology's routes. Whatever sockets
// the nodes' processes use feel it. A link's capacity is of payload: the bucket's is larger by TCP's headers.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "sim/network/conditions_config.hpp"
#include "sim/network/network_model.hpp"
#include "topologies/topology.hpp"

namespace understudy {

class InNamespace;
class NetworkNamespace;

class KernelNetwork {
 public:
  // Stands once constructed, and leaves nothing however this process ends. Throws RunError where namespaces
  // are not allowed, or programs or parts of the kernel are missing.
  explicit KernelNetwork(const Topology& topology,
                         std::span<const ImpairmentConfig> impairments = {});
  ~KernelNetwork();

  // A node's address, IPv4.
  std::string address(Rank rank) const;
  // Processes that this thread starts meanwhile are where the node is.
  std::unique_ptr<InNamespace> enter(Rank rank) const;
  // By LinkId: bytes as the cables carry them, with headers and what TCP sends again; packets for messages.
  std::vector<LinkStatistics> statistics() const;
  // What of the topology this kernel can't do: a sentence, or nothing.
  const std::string& lacks() const { return lacks_; }

 private:
  void lay_cables();
  void set_up(VertexId vertex);
  std::string queues(VertexId vertex) const;
  std::string routes(VertexId vertex) const;
  void plan_delay_lines(std::span<const ImpairmentConfig> impairments);
  bool has_delay_lines() const;

  const Topology& topology_;
  std::vector<NetworkNamespace> namespaces_;  // by vertex
  std::vector<LinkId> opposite_;  // by link: the other direction of its cable; itself: none
  bool impaired_ = false;
  std::vector<std::string> delay_lines_;  // by link: of what kind; empty: none
  std::string lacks_;
};

}  // namespace understudy
