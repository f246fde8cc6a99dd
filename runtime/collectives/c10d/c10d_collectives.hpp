// All-reduce by the libraries under PyTorch's torch.distributed, through its own C++ layer (c10d): Gloo
// between hosts, NCCL between GPUs. Apart from runtime/learners/torch the one folder that includes
// LibTorch.
//
// Gloo's and NCCL's sockets have neither keys nor encryption: they are for networks that are trusted.
// What members must know of each other to open them is told over ours.
#pragma once

#include "runtime/collectives/collective_library.hpp"

namespace understudy {

// Throws ScenarioError where this build has no such library, or this host no GPU for it.
std::unique_ptr<CollectiveLibrary> make_c10d_collectives(const LibraryPlace& place);

std::unique_ptr<CollectiveLibrary> make_gloo(const LibraryPlace& place);
std::unique_ptr<CollectiveLibrary> make_nccl(const LibraryPlace& place);

}  // namespace understudy
