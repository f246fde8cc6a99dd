// Where a rank stands among others.
#pragma once

#include <algorithm>

#include "runtime/collectives/communicator.hpp"

namespace understudy {

// Its place among the members, which are in order; their number where it is none.
inline std::size_t place_of(const SharedList<Rank>& members, Rank rank) {
  const auto found = std::lower_bound(members.begin(), members.end(), rank);
  const bool is_member = found != members.end() && *found == rank;
  return is_member ? static_cast<std::size_t>(found - members.begin()) : members.size();
}

}  // namespace understudy
