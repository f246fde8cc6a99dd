#include "sim/world/virtual_device.hpp"

#include <algorithm>
#include <cmath>

namespace understudy {

// A computation on its way from mark to mark to its end.
struct VirtualDevice::Running final : Timer {
  explicit Running(VirtualDevice& d) : device(d) {}
  VirtualDevice& device;
  ComputeOperation* operation = nullptr;
  std::shared_ptr<ComputePool::Job> job;
  TimePoint begin;
  bool measured = false;  // else charged what the plan says
  double stretch = 1;     // measured time over planned time
  std::size_t next_mark = 0;

  TimePoint time_of(std::size_t mark) const {
    const Duration offset = operation->plan->marks[mark].offset;
    if (stretch == 1) return begin + offset;
    return begin + Duration{std::llround(static_cast<double>(offset.count()) * stretch)};
  }
  bool has_mark() const {
    return operation->marks != nullptr && next_mark < operation->plan->marks.size();
  }
  TimePoint end;

  void arm() {
    device.scheduler_.start(*this, has_mark() ? std::min(time_of(next_mark), end) : end);
  }

  void join() {
    if (job) std::exchange(job, nullptr)->wait();
  }

  void fire() override {
    try {
      join();
    } catch (...) {
      device.scheduler_.fail(std::current_exception());
    }
    const TimePoint now = device.scheduler_.now();
    while (has_mark() && (time_of(next_mark) <= now || now == end)) {
      (*operation->marks)[operation->plan->marks[next_mark++].index].set();
    }
    if (now < end) return arm();
    ComputeOperation* ended = operation;
    device.running_.give_back(*this);
    ended->complete();
  }
};

VirtualDevice::VirtualDevice(Scheduler& scheduler, DeviceQueue& queue, Options options)
    : scheduler_(scheduler), queue_(queue), options_(std::move(options)) {}

VirtualDevice::~VirtualDevice() = default;

ComputePlan VirtualDevice::plan(const Cost& cost) const { return plan_of(options_.profile, cost); }

// As on the pool, an exception fails the run and not the computation.
void VirtualDevice::run_in_place(const ComputeBody& body) {
  try {
    body();
  } catch (...) {
    scheduler_.fail(std::current_exception());
  }
}

VirtualDevice::Running& VirtualDevice::acquire() {
  return running_.take([this] { return std::make_unique<Running>(*this); });
}

void VirtualDevice::start(ComputeOperation& operation) {
  Running& running = acquire();
  running.operation = &operation;
  running.next_mark = 0;
  running.stretch = 1;
  const bool has_body = static_cast<bool>(operation.body);
  running.measured = has_body && operation.charged && options_.cost == CostKind::kMeasured;
  if (has_body && (options_.pool != nullptr || running.measured)) {
    UNDERSTUDY_CHECK(options_.pool != nullptr);
    running.job = options_.pool->submit([body = std::move(operation.body)] { body(); });
  } else if (has_body) {
    run_in_place(operation.body);
  }
  if (!running.measured && unsettled_.empty()) return schedule(running, operation.plan->total);
  if (unsettled_.empty()) scheduler_.settle_before_advancing(*this);
  unsettled_.push_back(&running);
}

void VirtualDevice::settle() {
  for (Running* running : std::exchange(unsettled_, {})) {
    Duration total = running->operation->plan->total;
    if (running->measured) {
      const Duration taken = measured_time(*running);
      const double planned = static_cast<double>(std::max<std::int64_t>(total.count(), 1));
      running->stretch = static_cast<double>(taken.count()) / planned;
      total = taken;
    }
    schedule(*running, total);
  }
}

Duration VirtualDevice::measured_time(const Running& running) {
  const auto job = running.job;
  try {
    job->wait();
    return from_seconds(job->cpu_seconds() * options_.factor);
  } catch (...) {
    scheduler_.fail(std::current_exception());
    return Duration{0};
  }
}

TimePoint VirtualDevice::end_of(TimePoint begin, Duration total) {
  try {
    return checked_add(begin, total);
  } catch (...) {
    scheduler_.fail(std::current_exception());
    return begin;
  }
}

void VirtualDevice::schedule(Running& running, Duration total) {
  const ComputePlan& plan = *running.operation->plan;
  if (!running.operation->charged) {
    running.begin = running.end = scheduler_.now();
    return running.arm();
  }
  TimePoint& free = queue_.free[static_cast<std::size_t>(running.operation->stream)];
  running.begin = std::max(scheduler_.now(), free);
  running.end = end_of(running.begin, total);
  free = running.end;
  for (std::size_t phase = 0; phase < busy_.size(); ++phase) {
    busy_[phase] += running.stretch == 1
                        ? plan.phases[phase]
                        : Duration{std::llround(static_cast<double>(plan.phases[phase].count()) *
                                                running.stretch)};
  }
  if (options_.trace != nullptr) trace(running);
  running.arm();
}

// Phase after phase, as a plan adds them up.
void VirtualDevice::trace(const Running& running) const {
  TimePoint at = running.begin;
  for (std::size_t phase = 0; phase < kPhases; ++phase) {
    const Duration planned = running.operation->plan->phases[phase];
    if (planned == Duration::zero()) continue;
    const Duration taken =
        running.stretch == 1
            ? planned
            : Duration{std::llround(static_cast<double>(planned.count()) * running.stretch)};
    const TimePoint end = std::min(at + taken, running.end);
    options_.trace->emit(ComputeEvent{options_.rank, static_cast<Phase>(phase), at, end});
    at = end;
  }
}

}  // namespace understudy
