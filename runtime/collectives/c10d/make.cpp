#include "runtime/base/errors.hpp"
#include "runtime/collectives/c10d/c10d_collectives.hpp"

namespace understudy {

#ifndef UNDERSTUDY_HAS_GLOO
std::unique_ptr<CollectiveLibrary> make_gloo(const LibraryPlace&) {
  throw ScenarioError(
      "strategy: this build has no Gloo; built anew with the package libgloo-dev, it has");
}
#endif
#ifndef UNDERSTUDY_HAS_NCCL
std::unique_ptr<CollectiveLibrary> make_nccl(const LibraryPlace&) {
  throw ScenarioError(
      "strategy: this build has no NCCL; 'cmake --preset gpu' makes one that has, as docs/gpu.md "
      "says");
}
#endif

std::unique_ptr<CollectiveLibrary> make_c10d_collectives(const LibraryPlace& place) {
  return place.kind == CollectiveKind::kNccl ? make_nccl(place) : make_gloo(place);
}

}  // namespace understudy
