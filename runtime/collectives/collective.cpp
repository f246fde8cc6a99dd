#include "runtime/collectives/collective.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace understudy {
namespace {

bool is_power_of_two(std::size_t n) { return n == power_of_two_below(n); }

// Machines of equal power-of-two sizes, a power of two of them, each one's members side by side.
bool is_aligned(const Communicator& members) {
  const auto& machines = members.machines;
  const auto size =
      static_cast<std::size_t>(std::count(machines.begin(), machines.end(), machines.front()));
  for (std::size_t i = 0; i < machines.size(); ++i) {
    if (machines[i] != machines[i / size * size]) return false;
    if (i % size == 0 && i > 0 && machines[i] == machines[i - 1]) return false;
  }
  if (machines.size() % size != 0) return false;
  const std::size_t count = machines.size() / size;
  return count == 1 || size == 1 || (is_power_of_two(size) && is_power_of_two(count));
}

}  // namespace

const char* name(CollectiveKind kind) {
  switch (kind) {
    case CollectiveKind::kRing:
      return "ring";
    case CollectiveKind::kTree:
      return "tree";
    case CollectiveKind::kHalvingDoubling:
      return "halving_doubling";
    case CollectiveKind::kParameterServer:
      return "parameter_server";
    case CollectiveKind::kHierarchical:
      return "hierarchical";
    case CollectiveKind::kGloo:
      return "gloo";
    case CollectiveKind::kNccl:
      return "nccl";
  }
  return "";
}

LibraryCollectives& library_of(const Node& node, CollectiveKind kind) {
  if (node.library() != nullptr) return *node.library();
  throw ScenarioError(fmt::format(
      "{} moves real messages only; on a virtual clock, ring and its like stand in for it",
      name(kind)));
}

void check_collective(const CollectiveConfig& config, const Communicator& members) {
  if (config.reduction == Reduction::kOrdered) {
    if (config.kind == CollectiveKind::kRing) {
      throw ScenarioError(
          "a ring can't reduce in the canonical order: it adds each element in ring order");
    }
    if (const auto library = library_of(config))
      throw ScenarioError(
          fmt::format("{} adds in an order of its own, not the canonical one", name(*library)));
    if (config.kind == CollectiveKind::kHierarchical && !is_aligned(members)) {
      throw ScenarioError(
          "hierarchical reduces in the canonical order only on a power of two of machines with an "
          "equal power of two of members each");
    }
  }
  const bool dedicated = config.kind == CollectiveKind::kParameterServer &&
                         config.server == ServerPlacement::kDedicated;
  if (dedicated && !members.server) {
    throw ScenarioError(
        "a dedicated server needs a topology with a node that serves, such as a star's hub");
  }
}

namespace {

Task<> library_allreduce(const CollectiveConfig& config, Node& node, Values values) {
  return library_of(node, config.kind).call({LibraryOperation::kAllreduce, values});
}

Task<> allreduce_whole(const CollectiveConfig& config, Node& node, const Communicator& members,
                       Stretch stretch, Tag base) {
  switch (config.kind) {
    case CollectiveKind::kRing:
      return ring_allreduce(node, members, stretch, base);
    case CollectiveKind::kTree:
      return tree_allreduce(node, members, stretch, base);
    case CollectiveKind::kHalvingDoubling:
      return halving_doubling_allreduce(node, members, stretch, base);
    case CollectiveKind::kParameterServer:
      return parameter_server_allreduce(node, members, stretch, base);
    case CollectiveKind::kHierarchical:
      return hierarchical_allreduce(config, node, members, stretch, base);
    case CollectiveKind::kGloo:
    case CollectiveKind::kNccl:
      break;
  }
  UNDERSTUDY_CHECK(false);
}

// Tags of one piece's exchange: more than any collective's steps.
std::uint32_t steps_of_piece(const Communicator& members) {
  constexpr std::uint32_t beside_ring = 1024;
  return beside_ring + 2 * static_cast<std::uint32_t>(members.size());
}

struct Pieces {
  Stretch stretch;
  std::size_t size;  // elements
  Tag base;
  std::size_t count() const { return (stretch.values.count() + size - 1) / size; }
};

// Every kLanes-th piece from the lane's own on.
constexpr std::size_t kLanes = 3;
Task<> work_off(const CollectiveConfig& config, Node& node, const Communicator& members,
                Pieces pieces, std::size_t lane) {
  for (std::size_t p = lane; p < pieces.count(); p += kLanes) {
    const std::size_t first = p * pieces.size;
    const std::size_t count = std::min(pieces.size, pieces.stretch.values.count() - first);
    const Stretch piece{pieces.stretch.values.slice(first, count), pieces.stretch.offset + first,
                        pieces.stretch.total};
    const Tag tag{pieces.base.stream,
                  pieces.base.step + static_cast<std::uint32_t>(p) * steps_of_piece(members)};
    co_await allreduce_whole(config, node, members, piece, tag);
  }
}

Task<> allreduce_in_pieces(const CollectiveConfig& config, Node& node, const Communicator& members,
                           Pieces pieces) {
  std::vector<Spawned<>> lanes;
  for (std::size_t lane = 0; lane < std::min(kLanes, pieces.count()); ++lane)
    lanes.push_back(node.spawn(work_off(config, node, members, pieces, lane)));
  co_await when_all(std::move(lanes));
}

}  // namespace

// No order of addition depends on where a stretch begins and ends, so pieces change no bits.
Task<> allreduce(const CollectiveConfig& config, Node& node, const Communicator& members,
                 Stretch stretch, Tag base) {
  if (is_of_library(config.kind)) return library_allreduce(config, node, stretch.values);
  const std::size_t piece = node.piece_bytes() / size_of(stretch.values.type());
  if (stretch.values.count() <= piece) return allreduce_whole(config, node, members, stretch, base);
  return allreduce_in_pieces(config, node, members, Pieces{stretch, piece, base});
}

}  // namespace understudy
