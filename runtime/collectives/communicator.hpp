// Who takes part in a collective, and on what.
#pragma once

#include <algorithm>
#include <initializer_list>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "runtime/base/ids.hpp"
#include "runtime/transport/payload.hpp"

namespace understudy {

// A list that never changes and that its copies share: each of 100,000 nodes holds one.
template <class T>
class SharedList {
 public:
  SharedList() : SharedList(std::vector<T>()) {}
  SharedList(std::vector<T> items)
      : items_(std::make_shared<const std::vector<T>>(std::move(items))) {}
  SharedList(std::initializer_list<T> items) : SharedList(std::vector<T>(items)) {}

  const T& operator[](std::size_t i) const { return (*items_)[i]; }
  const T& front() const { return items_->front(); }
  std::size_t size() const { return items_->size(); }
  auto begin() const { return items_->begin(); }
  auto end() const { return items_->end(); }

 private:
  std::shared_ptr<const std::vector<T>> items_;
};

// A rank's place in an ascending list; the list's length where it is not there.
inline std::size_t place_of(const SharedList<Rank>& ranks, Rank rank) {
  const auto found = std::lower_bound(ranks.begin(), ranks.end(), rank);
  const bool is_there = found != ranks.end() && *found == rank;
  return is_there ? static_cast<std::size_t>(found - ranks.begin()) : ranks.size();
}

// The members in the order that reductions follow. A node's view: index is its own place among
// them, or members.size() for one that serves without taking part.
struct Communicator {
  SharedList<Rank> members;
  std::size_t index = 0;
  SharedList<int> machines;    // of each member
  std::optional<Rank> server;  // a dedicated parameter server

  std::size_t size() const { return members.size(); }
  bool takes_part() const { return index < members.size(); }
};

// A stretch of a vector of `total` elements, from element `offset` on: a bucket.
struct Stretch {
  Values values;
  std::size_t offset = 0;
  std::size_t total = 0;
};

// The largest power of two that is at most n; n > 0.
constexpr std::size_t power_of_two_below(std::size_t n) {
  std::size_t p = 1;
  while (p * 2 <= n) p *= 2;
  return p;
}

}  // namespace understudy
