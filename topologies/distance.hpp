// Distances on earth, and how long light in glass takes for them.
#pragma once

#include <algorithm>
#include <cmath>
#include <numbers>

#include "runtime/base/units.hpp"
#include "topologies/topology.hpp"

namespace understudy {

// Of the great circle, on a sphere of the earth's mean radius R1 (2a + b) / 3 (H. Moritz, "Geodetic
// Reference System 1980"), by the haversine formula, which keeps its digits for near places (R. W.
// Sinnott, "Virtues of the haversine", Sky and Telescope 68, 1984).
inline double distance_km(const Coordinates& a, const Coordinates& b) {
  constexpr double kMeanRadiusKm = 6371.0088;
  constexpr double kRadians = std::numbers::pi / 180;
  const auto half_sine_squared = [](double degrees) {
    const double sine = std::sin(degrees * kRadians / 2);
    return sine * sine;
  };
  const double h = half_sine_squared(b.latitude - a.latitude) +
                   std::cos(a.latitude * kRadians) * std::cos(b.latitude * kRadians) *
                       half_sine_squared(b.longitude - a.longitude);
  return 2 * kMeanRadiusKm * std::asin(std::sqrt(std::min(h, 1.0)));
}

// In glass light has about two thirds of its speed.
inline Duration fibre_latency(double km) {
  constexpr double kLightKmPerS = 299'792.458;
  return from_seconds(km / (kLightKmPerS * 2 / 3));
}

}  // namespace understudy
