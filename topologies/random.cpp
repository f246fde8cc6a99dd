#include "runtime/base/errors.hpp"
#include "topologies/shapes.hpp"

namespace understudy {

Topology make(const RandomRegularConfig&) { throw ScenarioError("not built yet"); }
Topology make(const ErdosRenyiConfig&) { throw ScenarioError("not built yet"); }
Topology make(const WattsStrogatzConfig&) { throw ScenarioError("not built yet"); }
Topology make(const BarabasiAlbertConfig&) { throw ScenarioError("not built yet"); }
Topology make(const RandomGeometricConfig&) { throw ScenarioError("not built yet"); }

}  // namespace understudy
