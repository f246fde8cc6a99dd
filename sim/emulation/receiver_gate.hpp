// A worker's side of the emulated network: announces what it sends, and holds what it receives until
// the time that the fabric has decided.
#pragma once

#include <functional>
#include <memory>
#include <unordered_map>
#include <vector>

#include "runtime/base/file_watcher.hpp"
#include "runtime/transport/delivery_gate.hpp"
#include "sim/emulation/control.hpp"
#include "sim/emulation/lateness.hpp"
#include "sim/time/emulated_clock.hpp"

namespace understudy {

class ReceiverGate final : public DeliveryGate, Polled {
 public:
  // `announce` takes what was sent in one turn of the loop; `wall_now` is the wall's clock to the
  // moment. All must outlive the gate.
  ReceiverGate(EmulatedClock& clock, FileWatcher& watcher, Rank self,
               std::function<void(const std::vector<Announcement>&)> announce,
               std::function<TimePoint()> wall_now);
  ~ReceiverGate();

  // From now on messages are the network's. Before, processes are only getting ready.
  void start() { started_ = true; }
  std::uint64_t announce(Rank to, Tag tag, Bytes size) override;
  void hold(std::uint64_t number, std::function<void()> deliver) override;
  void decide(const DeliveryNotice& notice);
  // Messages of its that are not to be handed out yet won't be.
  void lose(Rank sender);

  // Whether nothing that has been sent or has come is yet to be seen to.
  bool is_idle() const { return outbox_.empty() && held_.empty() && notices_.empty(); }
  const LatenessHistogram& lateness() const { return lateness_; }

 private:
  struct Held final : Timer {
    explicit Held(ReceiverGate& g) : gate(g) {}
    void fire() override { gate.release(number); }
    ReceiverGate& gate;
    std::uint64_t number = 0;
    std::function<void()> deliver;
    TimePoint when = kNever;
  };
  void release(std::uint64_t number);
  void schedule(Held& held, const DeliveryNotice& notice);

  bool ready() override { return !outbox_.empty(); }
  void dispatch() override;
  bool before_sleep() override { return ready(); }
  void after_sleep() override {}

  EmulatedClock& clock_;
  FileWatcher& watcher_;
  std::function<void(const std::vector<Announcement>&)> announce_;
  std::function<TimePoint()> wall_now_;
  bool started_ = false;
  std::uint64_t next_number_;
  std::vector<Announcement> outbox_;
  std::unordered_map<std::uint64_t, std::unique_ptr<Held>> held_;  // payloads that are here
  std::unordered_map<std::uint64_t, DeliveryNotice> notices_;      // of those that are not yet
  LatenessHistogram lateness_;
};

}  // namespace understudy
