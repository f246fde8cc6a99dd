// The transport seam: moves messages between nodes. Implementations: virtual (sim/world), and those
// between processes (process_transport.hpp).
//
// Each node holds its own endpoint, used only on its executor's thread. Messages are matched by
// (sender, tag); two messages of one sender with one tag are received in the order in which they
// arrive. A payload belongs to the transport from send() on, so the sender may reuse its vector at
// once.
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>

#include "runtime/base/ids.hpp"
#include "runtime/base/task_context.hpp"
#include "runtime/transport/payload.hpp"

namespace understudy {

// What a message is about: `stream` tells concurrent exchanges apart (a bucket, a control channel),
// `step` the messages within one.
struct Tag {
  std::uint32_t stream = 0;
  std::uint32_t step = 0;
  constexpr auto operator<=>(const Tag&) const = default;
};

struct Message {
  Rank from;
  Tag tag;
  Payload payload;
};

// A receive that waits, kept by the transport until a message matches.
struct ReceiveOperation {
  std::optional<Rank> from;  // nullopt: from anyone
  Tag tag;
  Message message;  // filled before complete()
  virtual void complete() = 0;
  virtual void give_up() = 0;  // no message has come, and a node has been lost

 protected:
  ~ReceiveOperation() = default;
};

class Transport {
 public:
  virtual ~Transport() = default;
  // Starts moving the message; returns at once. Throws TransportError for a rank that does not
  // exist.
  virtual void send(Rank to, Tag tag, Payload payload) = 0;
  // True: a message was there and is in operation.message. False: complete() will be called later.
  virtual bool receive(ReceiveOperation& operation) = 0;
  // Withdraws a receive that has not completed.
  virtual void cancel(ReceiveOperation& operation) = 0;
  // Vectors longer than so many bytes are exchanged faster in pieces of that size, which stay in the
  // cache and travel while others are added. kWhole, where the number and sizes of messages are part
  // of what is asked: on an emulated network. The same on every node.
  static constexpr std::size_t kWhole = SIZE_MAX;
  virtual std::size_t piece_bytes() const { return kWhole; }
  // The rank is gone, and the others go on without it.
  virtual bool is_lost(Rank) const { return false; }
};

// co_await Receive(...): the message, or nullopt once the deadline has passed. Where a run goes on
// without nodes that it loses, nullopt also ends a receive from a lost node, and, when a node is lost,
// those from anyone.
class Receive final : ReceiveOperation, Timer, Suspension {
 public:
  Receive(Transport& transport, Executor& executor, std::optional<Rank> sender, Tag wanted,
          TimePoint deadline = kNever)
      : transport_(transport), executor_(executor), deadline_(deadline) {
    from = sender;
    tag = wanted;
  }

  bool await_ready() {
    arrived_ = transport_.receive(*this);
    if (arrived_ || !from || !transport_.is_lost(*from)) return arrived_;
    transport_.cancel(*this);
    return true;
  }
  template <class Promise>
  void await_suspend(std::coroutine_handle<Promise> handle) {
    context_ = handle.promise().context;
    if (context_->cancelled) {
      transport_.cancel(*this);
      return executor_.post(handle);
    }
    if (deadline_ != kNever) executor_.start(static_cast<Timer&>(*this), deadline_);
    context_->suspend(*this, handle);
  }
  std::optional<Message> await_resume() {
    if (context_ != nullptr) context_->throw_if_cancelled();
    if (!arrived_) return std::nullopt;
    return std::move(message);
  }

 private:
  void complete() override {
    arrived_ = true;
    executor_.cancel(static_cast<Timer&>(*this));
    context_->resume();
  }
  void give_up() override {
    executor_.cancel(static_cast<Timer&>(*this));
    context_->resume();
  }
  void fire() override {
    transport_.cancel(*this);
    context_->resume();
  }
  bool cancel() override {
    transport_.cancel(*this);
    executor_.cancel(static_cast<Timer&>(*this));
    return true;
  }
  std::string describe() const override {
    return "a message from " +
           (from ? "rank " + std::to_string(from->value) : std::string("anyone"));
  }
  bool ends_by_itself() const override { return deadline_ != kNever; }

  Transport& transport_;
  Executor& executor_;
  TimePoint deadline_;
  TaskContext* context_ = nullptr;
  bool arrived_ = false;
};

}  // namespace understudy
