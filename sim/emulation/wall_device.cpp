#include "sim/emulation/wall_device.hpp"

#include <algorithm>
#include <cmath>

namespace understudy {
namespace {

constexpr Duration kTimerError = std::chrono::milliseconds{1};  // on the wall's clock

}  // namespace

struct WallDevice::Running final : Timer {
  explicit Running(WallDevice& d) : device(d) {}

  WallDevice& device;
  ComputeOperation* operation = nullptr;
  std::shared_ptr<ComputePool::Job> job;
  TimePoint wall_begin;
  TimePoint begin, end;  // on the scenario's clock; `end` as far as it is known
  bool paced = true;     // by its profile
  bool body_ended = false;
  std::vector<bool> produced;  // by mark
  std::size_t next_mark = 0;

  void produce(std::size_t mark) {
    if (mark < produced.size()) produced[mark] = true;
    go_on();
  }

  void fire() override { go_on(); }

  // Sets what marks are due, then ends, or waits for what comes next: a time, or the body.
  void go_on() {
    const TimePoint now = device.clock_.now();
    device.clock_.cancel(*this);
    if (operation->marks != nullptr && !set_marks(now)) return;
    if (!body_ended) return;
    if (now < end) return device.clock_.start(*this, end);
    ComputeOperation* ended = operation;
    device.running_.give_back(*this);
    --device.under_way_;
    ended->complete();
  }

  // False: it waits for one of them.
  bool set_marks(TimePoint now) {
    const auto& marks = operation->plan->marks;
    for (; next_mark < marks.size(); ++next_mark) {
      const auto& [index, offset] = marks[next_mark];
      const TimePoint due = paced ? begin + offset : begin;
      if (due > now && now < end) {
        device.clock_.start(*this, due);
        return false;
      }
      if (!body_ended && !produced[index]) return false;
      (*operation->marks)[index].set();
    }
    return true;
  }

  void end_body() {
    body_ended = true;
    const TimePoint now = device.clock_.now();
    try {
      job->wait();
      if (!operation->charged) {
        device.clock_.hold_back(device.clock_.on_wall(now - begin));
        end = begin;
      } else if (!paced) {
        const double taken = job->cpu_seconds() * device.options_.factor;
        end = device.options_.injects ? std::max(now, begin + from_seconds(taken)) : now;
        device.charge(*this, end - begin);
      } else if (now > end + device.clock_.in_scenario(kTimerError)) {
        ++device.overruns_.count;
        device.overruns_.total += now - end;
      }
    } catch (...) {
      device.clock_.fail(std::current_exception());
    }
    job = nullptr;
    auto& free = device.free_[static_cast<std::size_t>(operation->stream)];
    if (operation->charged) free = std::max(free, std::max(end, now));
    go_on();
  }
};

WallDevice::WallDevice(EmulatedClock& clock, Inbox& inbox, ComputePool& pool, Options options)
    : clock_(clock), inbox_(inbox), pool_(pool), options_(std::move(options)) {}

WallDevice::~WallDevice() {
  for (auto& running : running_) clock_.cancel(*running);
}

ComputePlan WallDevice::plan(const Cost& cost) const { return plan_of(options_.profile, cost); }

WallDevice::Running& WallDevice::acquire() {
  return running_.take([this] { return std::make_unique<Running>(*this); });
}

void WallDevice::start(ComputeOperation& operation) {
  Running& running = acquire();
  ++under_way_;
  const bool has_body = static_cast<bool>(operation.body);
  const TimePoint now = clock_.now();
  TimePoint& free = free_[static_cast<std::size_t>(operation.stream)];
  running.operation = &operation;
  running.paced = options_.injects && (options_.cost == CostKind::kProfile || !has_body);
  running.begin = operation.charged ? std::max(now, free) : now;
  running.end = running.begin;
  running.next_mark = 0;
  running.body_ended = !has_body;
  running.produced.assign(operation.marks != nullptr ? operation.marks->size() : 0, !has_body);
  if (operation.charged && running.paced) {
    running.end = checked_add(running.begin, operation.plan->total);
    free = running.end;
    charge(running, operation.plan->total);
  }
  if (has_body) submit(running);
  // Completes from the loop, not from inside of start().
  clock_.start(running, now);
}

void WallDevice::submit(Running& running) {
  const MarkHook hook = [this, &running](std::size_t mark) {
    inbox_.post([&running, mark] { running.produce(mark); });
  };
  running.job = pool_.submit([this, &running, hook, body = std::move(running.operation->body)] {
    struct AtEnd {
      Inbox& inbox;
      Running& running;
      ~AtEnd() {
        inbox.post([&r = running] { r.end_body(); });
      }
    } at_end{inbox_, running};
    body(hook);
  });
}

// By phase, as a plan adds them up.
void WallDevice::charge(const Running& running, Duration taken) {
  const ComputePlan& plan = *running.operation->plan;
  const double stretch = plan.total.count() > 0 ? static_cast<double>(taken.count()) /
                                                      static_cast<double>(plan.total.count())
                                                : 0;
  for (std::size_t phase = 0; phase < kPhases; ++phase)
    busy_[phase] +=
        Duration{std::llround(static_cast<double>(plan.phases[phase].count()) * stretch)};
}

}  // namespace understudy
