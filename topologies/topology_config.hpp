// Topologies as a scenario states them.
#pragma once

#include <variant>

#include "topologies/file_config.hpp"
#include "topologies/random_config.hpp"
#include "topologies/regular_config.hpp"

namespace understudy {

using TopologyConfig =
    std::variant<ClusterConfig, PathConfig, RingConfig, StarConfig, MeshConfig, TreeConfig,
                 GridConfig, TorusConfig, HypercubeConfig, FatTreeConfig, RandomRegularConfig,
                 ErdosRenyiConfig, WattsStrogatzConfig, BarabasiAlbertConfig, RandomGeometricConfig,
                 WanConfig, GraphmlConfig, LatencyMatrixConfig>;

}  // namespace understudy
