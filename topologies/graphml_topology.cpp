#include "runtime/base/errors.hpp"
#include "topologies/shapes.hpp"

namespace understudy {

Topology make(const GraphmlConfig&) { throw ScenarioError("not built yet"); }
int nodes_of(const GraphmlConfig&) { throw ScenarioError("not built yet"); }

}  // namespace understudy
