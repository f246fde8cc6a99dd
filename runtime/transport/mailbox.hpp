// Where messages and receives of one endpoint meet: matched by (sender, tag), the earliest first on
// either side.
#pragma once

#include <algorithm>
#include <cstddef>
#include <optional>
#include <utility>
#include <vector>

#include "runtime/transport/transport.hpp"

namespace understudy {

inline bool matches(const ReceiveOperation& operation, Rank from, const Tag& tag) {
  return operation.tag == tag && (!operation.from || *operation.from == from);
}

// Out of the front in constant time; empty ones take no memory, of which 100,000 nodes have some.
template <class T>
class Backlog {
 public:
  void push_back(T item) { items_.push_back(std::move(item)); }
  // Takes out the first for which it holds.
  template <class Holds>
  std::optional<T> take(const Holds& holds) {
    const auto found = std::find_if(begin(), items_.end(), holds);
    if (found == items_.end()) return std::nullopt;
    std::optional<T> taken(std::move(*found));
    if (found != begin()) {
      items_.erase(found);
    } else if (++gone_ * 2 > items_.size()) {
      items_.erase(items_.begin(), begin());
      gone_ = 0;
    }
    return taken;
  }
  bool empty() const { return gone_ == items_.size(); }
  template <class Holds>
  bool any_of(const Holds& holds) const {
    return std::any_of(items_.begin() + static_cast<std::ptrdiff_t>(gone_), items_.end(), holds);
  }

 private:
  auto begin() { return items_.begin() + static_cast<std::ptrdiff_t>(gone_); }
  std::vector<T> items_;
  std::size_t gone_ = 0;  // at the front
};

// `About` is what a transport wants to know of each arrival besides the message.
template <class About>
class Mailbox {
 public:
  struct Arrival {
    Message message;
    About about;
  };
  struct Waiting {
    ReceiveOperation* operation;
    TimePoint since;
  };

  // What has arrived for the receive.
  std::optional<Arrival> take(const ReceiveOperation& operation) {
    return arrived_.take(
        [&](const Arrival& a) { return matches(operation, a.message.from, a.message.tag); });
  }
  void wait(ReceiveOperation& operation, TimePoint now) { waiting_.push_back({&operation, now}); }
  void cancel(const ReceiveOperation& operation) {
    waiting_.take([&](const Waiting& w) { return w.operation == &operation; });
  }
  // The receive that waits for such a message, and now no longer does.
  std::optional<Waiting> claim(const Message& message) {
    return waiting_.take(
        [&](const Waiting& w) { return matches(*w.operation, message.from, message.tag); });
  }
  void keep(Arrival arrival) { arrived_.push_back(std::move(arrival)); }

  // Ends the receives that wait for a lost node, or for anyone.
  void lose(Rank rank) {
    while (const auto waiting = waiting_.take(
               [&](const Waiting& w) { return !w.operation->from || *w.operation->from == rank; }))
      waiting->operation->give_up();
  }

  bool empty() const { return arrived_.empty(); }  // of arrivals
  bool awaits(Rank from, const Tag& tag) const {
    return waiting_.any_of([&](const Waiting& w) { return matches(*w.operation, from, tag); });
  }

 private:
  Backlog<Arrival> arrived_;
  Backlog<Waiting> waiting_;
};

}  // namespace understudy
