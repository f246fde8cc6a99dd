#include "runtime/federated/availability.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "runtime/base/errors.hpp"
#include "runtime/base/text.hpp"
#include "runtime/data/csv.hpp"

namespace understudy {
namespace {

constexpr double kMostClients = 1e7;
constexpr double kMostSeconds = 9e6;  // of the clock's 106 days

class Bernoulli final : public Availability {
 public:
  Bernoulli(const BernoulliAvailability& config, std::uint64_t seed)
      : probability_(config.probability), seed_(seed) {}

  bool is_there(std::size_t client, int draw, TimePoint) override {
    RandomStream random({.seed = seed_,
                         .node = static_cast<std::uint32_t>(client),
                         .purpose = Purpose::kAvailability,
                         .round = static_cast<std::uint32_t>(draw)});
    return random.uniform() < probability_;
  }

 private:
  double probability_;
  std::uint64_t seed_;
};

class TraceFollower final : public Availability {
 public:
  TraceFollower(std::vector<std::vector<Presence>> presence, std::optional<Duration> period)
      : presence_(std::move(presence)), period_(period) {}

  bool is_there(std::size_t client, int, TimePoint now) override {
    const auto& own = presence_[client % presence_.size()];
    const TimePoint at = in_period(now);
    const auto next =
        std::upper_bound(own.begin(), own.end(), at,
                         [](TimePoint t, const Presence& presence) { return t < presence.on; });
    return next != own.begin() && at < std::prev(next)->off;
  }

  std::optional<TimePoint> next_arrival(TimePoint now) override {
    const TimePoint at = in_period(now);
    std::optional<Duration> least;
    for (const auto& own : presence_) {
      for (const Presence& presence : own) {
        if (period_ && presence.on - kStart >= *period_) continue;
        Duration wait = presence.on - at;
        if (wait.count() <= 0 && !period_) continue;
        if (wait.count() <= 0) wait += *period_;
        if (!least || wait < *least) least = wait;
      }
    }
    if (!least) return std::nullopt;
    return now + *least;
  }

 private:
  TimePoint in_period(TimePoint now) const {
    return period_ ? kStart + Duration{(now - kStart).count() % period_->count()} : now;
  }
  std::vector<std::vector<Presence>> presence_;
  std::optional<Duration> period_;
};

// Each client's chain begins as it is at any time: there with probability on / (on + off).
class Markov final : public Availability {
 public:
  Markov(const MarkovAvailability& config, std::size_t clients, std::uint64_t seed)
      : config_(config) {
    const double on = to_seconds(config.mean_on), off = to_seconds(config.mean_off);
    for (std::size_t i = 0; i < clients; ++i) {
      Chain chain{RandomStream({.seed = seed,
                                .node = static_cast<std::uint32_t>(i),
                                .purpose = Purpose::kAvailability})};
      chain.there = chain.random.uniform() < on / (on + off);
      chain.until = kStart;
      extend(chain);
      chains_.push_back(chain);
    }
  }

  bool is_there(std::size_t client, int, TimePoint now) override {
    Chain& chain = chains_[client];
    while (chain.until <= now) {
      chain.there = !chain.there;
      extend(chain);
    }
    return chain.there;
  }

  std::optional<TimePoint> next_arrival(TimePoint now) override {
    TimePoint next = kNever;
    for (std::size_t i = 0; i < chains_.size(); ++i) {
      if (!is_there(i, 0, now)) next = std::min(next, chains_[i].until);
    }
    if (next == kNever) return std::nullopt;
    return next;
  }

 private:
  struct Chain {
    RandomStream random;
    bool there = false;
    TimePoint until = kStart;  // when that changes
  };
  void extend(Chain& chain) const {
    const Duration mean = chain.there ? config_.mean_on : config_.mean_off;
    const double factor = -std::log1p(-chain.random.uniform());
    const double ps = std::max(1.0, std::ceil(static_cast<double>(mean.count()) * factor));
    const bool fits = ps < static_cast<double>((kNever - chain.until).count());
    chain.until = fits ? chain.until + Duration{static_cast<std::int64_t>(ps)} : kNever;
  }
  MarkovAvailability config_;
  std::vector<Chain> chains_;
};

double number_at(const CsvTable& table, const CsvRow& row, std::size_t column, double most) {
  const auto value = parse_number(row.cells[column]);
  if (value && *value >= 0 && *value <= most) return *value;
  throw DataError(fmt::format("{}: {} is no number of 0 to {}",
                              csv_place(table, row.line, column + 1), quote(row.cells[column]),
                              most));
}

TimePoint time_at(const CsvTable& table, const CsvRow& row, std::size_t column) {
  const double seconds = number_at(table, row, column, kMostSeconds);
  return kStart + Duration{std::llround(seconds * 1e12)};
}

void check_order(const std::vector<Presence>& own, const std::string& source, std::size_t client) {
  for (std::size_t i = 1; i < own.size(); ++i) {
    if (own[i].on < own[i - 1].off)
      throw DataError(fmt::format("{}: two stretches of client {} overlap", source, client));
  }
}

std::vector<std::vector<Presence>> presence_of(const CsvTable& table) {
  if (table.header != std::vector<std::string>{"client", "on_s", "off_s"})
    throw DataError(fmt::format("{}:1: the header is not client,on_s,off_s", table.source));
  std::vector<std::vector<Presence>> presence;
  for (const CsvRow& row : table.rows) {
    const double number = number_at(table, row, 0, kMostClients);
    if (number != std::floor(number)) {
      throw DataError(fmt::format("{}: {} is no whole number", csv_place(table, row.line, 1),
                                  quote(row.cells[0])));
    }
    const Presence stretch{time_at(table, row, 1), time_at(table, row, 2)};
    if (stretch.off <= stretch.on) {
      throw DataError(
          fmt::format("{}: it ends no later than it begins", csv_place(table, row.line, 3)));
    }
    const auto client = static_cast<std::size_t>(number);
    if (client >= presence.size()) presence.resize(client + 1);
    presence[client].push_back(stretch);
  }
  if (presence.empty()) throw DataError(fmt::format("{}: nobody is ever there", table.source));
  for (std::size_t i = 0; i < presence.size(); ++i) {
    std::sort(presence[i].begin(), presence[i].end(),
              [](const Presence& a, const Presence& b) { return a.on < b.on; });
    check_order(presence[i], table.source, i);
  }
  return presence;
}

}  // namespace

std::vector<std::vector<Presence>> parse_presence(std::string_view text,
                                                  const std::string& source) {
  return presence_of(parse_csv(text, source));
}

std::unique_ptr<Availability> make_availability(const AvailabilityConfig& config,
                                                std::size_t clients, std::uint64_t seed) {
  if (const auto* bernoulli = std::get_if<BernoulliAvailability>(&config))
    return std::make_unique<Bernoulli>(*bernoulli, seed);
  if (const auto* trace = std::get_if<TraceAvailability>(&config)) {
    auto presence = presence_of(read_csv(trace->file.path));
    return std::make_unique<TraceFollower>(std::move(presence), trace->period);
  }
  if (const auto* markov = std::get_if<MarkovAvailability>(&config))
    return std::make_unique<Markov>(*markov, clients, seed);
  return nullptr;
}

}  // namespace understudy
