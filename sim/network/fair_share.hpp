// Latency first, then rates that are max-min fair: none can grow but at the cost of one that is no
// larger. By progressive filling (Bertsekas and Gallager, "Data Networks", 2nd ed., 6.5.2): again
// and again the link whose capacity left, divided by its flows left, is least gives that share to
// each of them, until all have theirs.
//
// Flows that share no link, not even by way of others, don't touch each other: only the connected
// parts in which something changed are solved again, once per instant.
#pragma once

#include <cstdint>
#include <vector>

#include "sim/network/fluid.hpp"

namespace understudy {

class FairShareModel final : public FluidModel {
 public:
  explicit FairShareModel(const Topology& topology, const PacketConfig& packet = {})
      : FluidModel(topology, packet), shared_(topology.links().size()) {}

 private:
  // One flow on one link: in the list of the link's crossings, and in that of the flow's.
  struct Crossing {
    Slot flow = 0;
    std::uint32_t link = 0;
    std::uint32_t previous = kNone, next = kNone;  // on the link
    std::uint32_t of_flow = kNone;                 // the flow's next one, or the next free one
  };
  struct SharedLink {
    std::uint32_t first = kNone;
    std::uint32_t unsolved = 0;  // flows without a rate yet, while solving
    double capacity_left = 0;    // bytes/s, while solving
    bool dirty = false;          // something changed on it since it was solved
    bool collected = false;      // while solving
  };
  struct Member {
    std::uint32_t first = kNone;  // its crossings
    bool collected = false;       // while solving: seen, and without a rate yet
  };
  struct Share {
    double rate;
    std::uint32_t link;
    bool operator>(const Share& other) const {
      return rate != other.rate ? rate > other.rate : link > other.link;
    }
  };

  void joined(Slot slot) override;
  void left(Slot slot) override;
  void changed(LinkId link) override { mark(link.value); }
  void settle() override;

  void add_crossing(Slot slot, std::uint32_t link);
  void mark(std::uint32_t link);
  void collect_link(std::uint32_t link);
  void collect_part();
  void fill();
  void fix_rates(const Share& share);

  std::vector<SharedLink> shared_;
  std::vector<Member> members_;  // by slot
  std::vector<Crossing> crossings_;
  std::uint32_t free_crossing_ = kNone;
  std::vector<std::uint32_t> dirty_;
  std::vector<std::uint32_t> part_;  // the links being solved
  std::vector<Share> shares_;        // a heap, least on top
};

}  // namespace understudy
