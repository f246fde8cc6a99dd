#include "runtime/collectives/ring.hpp"

#include <algorithm>

#include "runtime/collectives/collective.hpp"
#include "runtime/collectives/reduce_cost.hpp"

namespace understudy {

RingChunks::RingChunks(const Stretch& stretch, std::size_t members)
    : stretch_(stretch), members_(members), block_(block_size(stretch.total, members)) {}

std::size_t RingChunks::block_size(std::size_t total, std::size_t members) {
  constexpr std::size_t smallest = 16, largest = 256;
  if (total % members != 0) return smallest;
  const std::size_t share = total / members;
  for (std::size_t block = largest; block > smallest; --block) {
    if (share % block == 0) return block;
  }
  return smallest;
}

// Elements before `element` of the whole vector that belong to the chunk.
std::size_t RingChunks::count_below(std::size_t element, std::size_t chunk) const {
  const std::size_t turn = block_ * members_;
  const std::size_t rest = element % turn;
  const std::size_t first = chunk * block_;
  return element / turn * block_ + (rest > first ? std::min(rest - first, block_) : 0);
}

std::size_t RingChunks::count(std::size_t chunk) const {
  return count_below(stretch_.offset + stretch_.values.count(), chunk) -
         count_below(stretch_.offset, chunk);
}

std::size_t RingChunks::largest() const {
  const std::size_t turn = block_ * members_;
  const std::size_t whole = stretch_.values.count() / turn * block_;
  return std::min(stretch_.values.count(),
                  whole + (stretch_.values.count() % turn == 0 ? 0 : block_));
}

// visit(first element within the stretch, count, first element within the chunk)
template <class Visit>
void RingChunks::for_each_block(std::size_t chunk, const Visit& visit) const {
  const std::size_t begin = stretch_.offset;
  const std::size_t end = begin + stretch_.values.count();
  const std::size_t turn = block_ * members_;
  std::size_t packed = 0;
  for (std::size_t at = begin / turn * turn + chunk * block_; at < end; at += turn) {
    const std::size_t first = std::max(at, begin);
    const std::size_t last = std::min(at + block_, end);
    if (first >= last) continue;
    visit(first - begin, last - first, packed);
    packed += last - first;
  }
}

Payload RingChunks::pack(std::size_t chunk) const {
  const std::size_t element = size_of(stretch_.values.type());
  if (stretch_.values.is_dry()) return Payload::dry(count(chunk) * element);
  Payload p = Payload::of_size(count(chunk) * element);
  const auto to = p.writable();
  for_each_block(chunk, [&](std::size_t first, std::size_t n, std::size_t packed) {
    stretch_.values.slice(first, n).pack_into(to.subspan(packed * element, n * element));
  });
  Values::finish_pack();
  return p;
}

void RingChunks::add_into(Payload& sum, std::size_t chunk) const {
  if (stretch_.values.is_dry()) return;
  const std::size_t element = size_of(stretch_.values.type());
  const auto to = sum.writable();
  UNDERSTUDY_CHECK(to.size() == count(chunk) * element);
  for_each_block(chunk, [&](std::size_t first, std::size_t n, std::size_t packed) {
    stretch_.values.slice(first, n).add_into(to.subspan(packed * element, n * element));
  });
}

void RingChunks::unpack(const Payload& from, std::size_t chunk) const {
  if (stretch_.values.is_dry()) return;
  const std::size_t element = size_of(stretch_.values.type());
  UNDERSTUDY_CHECK(from.size() == count(chunk) * element);
  for_each_block(chunk, [&](std::size_t first, std::size_t n, std::size_t packed) {
    stretch_.values.slice(first, n).unpack(from.bytes().subspan(packed * element, n * element));
  });
}

// Reduce-scatter, then all-gather. Member i first sends its own chunk i; what it receives it adds
// to and passes on, so nothing is copied twice, and chunk c is summed in the order c, c+1, ...,
// c-1.
Task<> ring_allreduce(Node& node, const Communicator& members, Stretch stretch, Tag base) {
  const std::size_t n = members.size();
  if (n == 1) co_return;
  const RingChunks chunks(stretch, n);
  const std::size_t i = members.index;
  const Rank next = members.members[(i + 1) % n];
  const Rank previous = members.members[(i + n - 1) % n];
  const ComputePlan adding = reduce_plan(node, chunks.largest(), stretch.values.type());

  Payload carried = chunks.pack(i);
  Tag tag = base;
  for (std::size_t s = 0; s + 1 < n; ++s, ++tag.step) {
    node.send(next, tag, std::move(carried));
    auto message = co_await node.receive(previous, tag);
    carried = std::move(message->payload);
    chunks.add_into(carried, (i + 2 * n - s - 1) % n);
    co_await charge(node, adding);
  }
  for (std::size_t s = 0; s + 1 < n; ++s, ++tag.step) {
    chunks.unpack(carried, (i + 2 * n + 1 - s) % n);
    node.send(next, tag, std::move(carried));
    auto message = co_await node.receive(previous, tag);
    carried = std::move(message->payload);
  }
  chunks.unpack(carried, (i + 2) % n);
}

}  // namespace understudy
