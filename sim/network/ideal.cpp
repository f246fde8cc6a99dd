#include "sim/network/ideal.hpp"

#include <algorithm>

namespace understudy {

void IdealModel::changed(LinkId link) {
  for (Slot slot = 0; slot < flow_slots(); ++slot) {
    const Flow& crossing = flow(slot);
    if (!crossing.flowing) continue;
    if (std::find(crossing.route.begin(), crossing.route.end(), link) == crossing.route.end())
      continue;
    refresh(slot);
    set_rate_alone(slot);
  }
}

}  // namespace understudy
