// Identifiers that can't be mistaken for one another.
#pragma once

#include <compare>
#include <cstdint>
#include <functional>

namespace understudy {

template <class Tag>
struct Id {
  std::uint32_t value = 0;
  constexpr Id() = default;
  constexpr explicit Id(std::uint32_t v) : value(v) {}
  constexpr explicit Id(int v) : value(static_cast<std::uint32_t>(v)) {}
  constexpr explicit Id(std::size_t v) : value(static_cast<std::uint32_t>(v)) {}
  constexpr auto operator<=>(const Id&) const = default;
  constexpr std::size_t index() const { return value; }
};

using Rank = Id<struct RankTag>;            // a node, 0..world-1
using VertexId = Id<struct VertexTag>;      // a vertex of the topology
using LinkId = Id<struct LinkTag>;          // a directed link of the topology
using MediumId = Id<struct MediumTag>;      // a capacity that several links share
using TransferId = Id<struct TransferTag>;  // a transfer under way; reused once it has ended

}  // namespace understudy

template <class Tag>
struct std::hash<understudy::Id<Tag>> {
  std::size_t operator()(understudy::Id<Tag> id) const noexcept { return id.value; }
};
