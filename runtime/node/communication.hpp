// What a node spends on communication: in all, and by what the exchanges are.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "runtime/base/units.hpp"

namespace understudy {

// Exchanges of one kind on one node.
struct ExchangeStatistics {
  std::int64_t calls = 0;  // that have ended
  Duration time{0};        // from start to end, summed over the calls
};

// By collective, as Activity has it, or kPlainMessages.
using ExchangesByKind = std::map<std::string, ExchangeStatistics, std::less<>>;
inline constexpr std::string_view kPlainMessages = "messages";

class CommunicationMeter {
 public:
  // Both are told what the exchange is; it may overlap with others.
  void begin(TimePoint now, std::string_view kind = kPlainMessages) {
    if (active_++ == 0) since_ = now;
    // The sum of durations is that of ends less that of beginnings, whichever belong together.
    of(kind).time -= now - kStart;
  }
  void end(TimePoint now, std::string_view kind = kPlainMessages) {
    if (--active_ == 0) total_ += now - since_;
    ExchangeStatistics& exchanges = of(kind);
    exchanges.time += now - kStart;
    ++exchanges.calls;
  }
  void expose(Duration waited) { exposed_ += waited; }

  Duration total() const { return total_; }  // with at least one exchange under way
  Duration exposed() const { return exposed_; }
  // To be asked while none is under way.
  const ExchangesByKind& by_kind() const { return by_kind_; }
  void restore(Duration total, Duration exposed, ExchangesByKind by_kind) {
    total_ = total, exposed_ = exposed, by_kind_ = std::move(by_kind);
  }

 private:
  ExchangeStatistics& of(std::string_view kind) {
    const auto found = by_kind_.find(kind);
    return found != by_kind_.end() ? found->second : by_kind_[std::string(kind)];
  }
  int active_ = 0;
  TimePoint since_;
  Duration total_{0}, exposed_{0};
  ExchangesByKind by_kind_;
};

}  // namespace understudy
