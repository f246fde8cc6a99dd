#include "runtime/base/errors.hpp"
#include "topologies/shapes.hpp"

namespace understudy {

Topology make(const LatencyMatrixConfig&) { throw ScenarioError("not built yet"); }
int regions_of(const LatencyMatrixConfig&) { throw ScenarioError("not built yet"); }

}  // namespace understudy
