// A world's state as JSON: part of a finished unit's record and of a checkpoint.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "sim/world/world_snapshot.hpp"

namespace understudy {

// Node states are left out; a checkpoint adds them as binary.
nlohmann::ordered_json to_json(const WorldSnapshot& world);
// Throws nlohmann::json::exception where it is none.
WorldSnapshot parse_world(const nlohmann::ordered_json& json);

}  // namespace understudy
