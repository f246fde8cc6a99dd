// Descriptions of how samples are divided over nodes.
#pragma once

#include <array>

#include "runtime/data/partition_config.hpp"
#include "scenarios/describe/field.hpp"

namespace understudy {

template <class Archive>
void describe(Archive&, IidPartition&) {}
template <class Archive>
void describe(Archive& a, DirichletPartition& c) {
  a.field("alpha", c.alpha, "The smaller, the more the shards differ.", {.min = 1e-3, .max = 1e6});
}
template <class Archive>
void describe(Archive& a, SizesPartition& c) {
  a.field("shares", c.shares, "Of the samples, relative to each other's; one for each node.",
          {.above = 0, .max = 1e9});
}
template <class Archive>
void describe(Archive&, StridedPartition&) {}
template <class Archive>
void describe(Archive& a, ShardsPartition& c) {
  a.field("per_node", c.per_node, "Pieces of samples sorted by label, for each node.",
          {.min = 1, .max = 1e6});
}
template <class Archive>
void describe(Archive& a, QuantityPartition& c) {
  a.field("alpha", c.alpha, "The smaller, the more the sizes differ.", {.min = 1e-3, .max = 1e6});
}
template <class Archive>
void describe(Archive&, WriterPartition&) {}
inline constexpr std::array<NameDoc, 7> kPartitionKinds = {{
    {"iid", "At random, equally many."},
    {"dirichlet", "Each label by shares drawn from a Dirichlet distribution."},
    {"sizes", "At random, by the shares given."},
    {"strided", "Node i of n has samples i, i + n, i + 2n and so on."},
    {"shards", "Few labels each: pieces of the samples sorted by label."},
    {"quantity", "At random, by shares drawn from a Dirichlet distribution."},
    {"writer", "All of a writer's samples to one node; needs a file of who wrote them."},
}};
constexpr std::span<const NameDoc> kinds(const PartitionConfig*) { return kPartitionKinds; }

}  // namespace understudy
