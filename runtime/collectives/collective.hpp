// Collectives as coroutines over the transport, once for every mode. Each member calls with its own
// values and ends with the sum over members; every member then holds the same bits.
//
// The canonical order of addition is a balanced binary tree over members: with p the largest power
// of two up to n, member i >= p is first added to member i - p, then neighbours at distance 1, 2, 4,
// ... are joined. Tree, halving-doubling, parameter server, and hierarchical on machines of equal
// power-of-two sizes follow it, and so agree to the bit. A ring can't: its order is fixed for each
// element by the element's absolute index, whatever the buckets.
//
// With n members, S bytes, latency a, bandwidth B (no contention; n a power of two where halved):
//
//   algorithm         messages per member  time
//   ring              2(n-1)               2(n-1) (a + S/(nB))
//   tree              about 2              2 log2(n) (a + S/B)
//   halving_doubling  2 log2(n)            2 log2(n) a + 2 (n-1)/n S/B
//   parameter_server  2                    2 (a + n S/B) dedicated, n-1 for n at rank 0
//   hierarchical      tree, or a library, in the machine, halving-doubling among the machines' first
//                     members
//
// Ring: Patarasuk and Yuan, JPDC 2009. Halving-doubling: Thakur, Rabenseifner and Gropp, 2005.
#pragma once

#include "runtime/base/task.hpp"
#include "runtime/collectives/collective_config.hpp"
#include "runtime/collectives/communicator.hpp"
#include "runtime/node/node.hpp"

namespace understudy {

// `base` is the first tag of the exchange; it owns base.stream until the end. The vector behind the
// stretch must outlive the task.
Task<> ring_allreduce(Node& node, const Communicator& members, Stretch stretch, Tag base);
Task<> tree_allreduce(Node& node, const Communicator& members, Stretch stretch, Tag base);
Task<> halving_doubling_allreduce(Node& node, const Communicator& members, Stretch stretch,
                                  Tag base);
Task<> parameter_server_allreduce(Node& node, const Communicator& members, Stretch stretch,
                                  Tag base);
Task<> hierarchical_allreduce(CollectiveConfig config, Node& node, const Communicator& members,
                              Stretch stretch, Tag base);

// The one that the configuration names. A dedicated server calls it too, with a dry stretch of the
// same size.
Task<> allreduce(const CollectiveConfig& config, Node& node, const Communicator& members,
                 Stretch stretch, Tag base);

// Member 0's values to all, by a binomial tree.
Task<> broadcast(Node& node, const Communicator& members, Values values, Tag base);

// Throws ScenarioError where `ordered` is asked of a collective or a shape that can't keep the
// canonical order, and where a dedicated server is asked for and there is none.
void check_collective(const CollectiveConfig& config, const Communicator& members);

const char* name(CollectiveKind kind);

// The node's. Throws ScenarioError where it has none.
LibraryCollectives& library_of(const Node& node, CollectiveKind kind);

}  // namespace understudy
