#include "sim/emulation/worker_gate.hpp"

namespace understudy {

bool WorkerGate::stops(Rank, Stop stop) {
  ++passed_;
  only_if_asked_ = stop == Stop::kIfAsked;
  return !only_if_asked_ || (limit_ && passed_ >= *limit_);
}

Task<> WorkerGate::reach(Rank, std::function<std::string()> state) {
  if (only_if_asked_) {
    co_await target_known_;
    if (!target_ || passed_ < *target_) co_return;
  }
  state_ = std::move(state);
  opened_.reset();
  arrive_();
  co_await opened_;
}

std::int64_t WorkerGate::hold() {
  limit_ = passed_ + 1;
  target_.reset();
  target_known_.reset();
  return passed_;
}

void WorkerGate::set_target(std::int64_t point) {
  target_ = point;
  limit_ = point;
  target_known_.set();
}

void WorkerGate::open() {
  state_ = nullptr;
  limit_.reset();
  target_.reset();
  target_known_.set();
  opened_.set();
}

}  // namespace understudy
