#include "runtime/federated/availability.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "runtime/base/errors.hpp"
#include "runtime/base/text.hpp"
#include "runtime/data/csv.hpp"

namespace understudy {
namespace {

constexpr std::uint32_t kAway = UINT32_MAX;
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

class Newcomers final : public Availability {
 public:
  Newcomers(std::size_t first, int from_round) : first_(first), from_round_(from_round) {}

  bool is_there(std::size_t client, int draw, TimePoint) override {
    return client < first_ || draw >= from_round_;
  }

 private:
  std::size_t first_;
  int from_round_;
};

class TraceFollower final : public ClockedAvailability {
 public:
  TraceFollower(std::vector<std::vector<Presence>> presence, std::optional<Duration> period,
                std::size_t clients)
      : presence_(std::move(presence)), period_(period) {
    begin(clients);
  }

 private:
  Stay stay_at(std::size_t client, TimePoint now) override {
    const auto& own = presence_[client % presence_.size()];
    const TimePoint at =
        period_ ? kStart + Duration{(now - kStart).count() % period_->count()} : now;
    const auto is_later = [](TimePoint t, const Presence& presence) { return t < presence.on; };
    const auto next = std::upper_bound(own.begin(), own.end(), at, is_later);
    const TimePoint end = period_ ? kStart + *period_ : kNever;
    if (next != own.begin() && at < std::prev(next)->off)
      return {true, after(now, std::min(std::prev(next)->off, end) - at)};
    if (next != own.end() && next->on < end) return {false, after(now, next->on - at)};
    if (!period_ || own.empty() || own.front().on >= end) return {false, kNever};
    return {false, after(now, end - at + (own.front().on - kStart))};
  }
  static TimePoint after(TimePoint now, Duration wait) {
    return wait < kNever - now ? now + wait : kNever;
  }
  std::vector<std::vector<Presence>> presence_;
  std::optional<Duration> period_;
};

// Each client's chain begins as it is at any time: there with probability on / (on + off).
class Markov final : public ClockedAvailability {
 public:
  Markov(const MarkovAvailability& config, std::size_t clients, std::uint64_t seed)
      : config_(config) {
    const double on = to_seconds(config.mean_on), off = to_seconds(config.mean_off);
    for (std::size_t i = 0; i < clients; ++i) {
      Chain chain{RandomStream({.seed = seed,
                                .node = static_cast<std::uint32_t>(i),
                                .purpose = Purpose::kAvailability})};
      chain.stay = {chain.random.uniform() < on / (on + off), kStart};
      extend(chain);
      chains_.push_back(chain);
    }
    begin(clients);
  }

 private:
  struct Chain {
    RandomStream random;
    Stay stay{};
  };
  Stay stay_at(std::size_t client, TimePoint now) override {
    Chain& chain = chains_[client];
    while (chain.stay.until <= now) {
      chain.stay.there = !chain.stay.there;
      extend(chain);
    }
    return chain.stay;
  }
  void extend(Chain& chain) const {
    const Duration mean = chain.stay.there ? config_.mean_on : config_.mean_off;
    const double factor = -std::log1p(-chain.random.uniform());
    const double ps = std::max(1.0, std::ceil(static_cast<double>(mean.count()) * factor));
    TimePoint& until = chain.stay.until;
    const bool fits = ps < static_cast<double>((kNever - until).count());
    until = fits ? until + Duration{static_cast<std::int64_t>(ps)} : kNever;
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

void ClockedAvailability::begin(std::size_t clients) {
  place_.assign(clients, kAway);
  for (std::uint32_t client = 0; client < clients; ++client) note(client, stay_at(client, kStart));
}

bool ClockedAvailability::is_there(std::size_t client, int, TimePoint now) {
  go_to(now);
  return place_[client] != kAway;
}

std::span<const std::uint32_t> ClockedAvailability::present(TimePoint now) {
  go_to(now);
  return present_;
}

std::optional<TimePoint> ClockedAvailability::next_arrival(TimePoint now) {
  go_to(now);
  if (arrivals_.empty()) return std::nullopt;
  return arrivals_.top().when;
}

void ClockedAvailability::go_to(TimePoint now) {
  apply(departures_, now);
  apply(arrivals_, now);
}

// Whoever changed more than once meanwhile is asked once: note() puts it behind now.
void ClockedAvailability::apply(Changes& changes, TimePoint now) {
  while (!changes.empty() && changes.top().when <= now) {
    const std::uint32_t client = changes.top().client;
    changes.pop();
    note(client, stay_at(client, now));
  }
}

void ClockedAvailability::note(std::uint32_t client, const Stay& stay) {
  std::uint32_t& place = place_[client];
  if (stay.there && place == kAway) {
    place = static_cast<std::uint32_t>(present_.size());
    present_.push_back(client);
  } else if (!stay.there && place != kAway) {
    place_[present_.back()] = place;
    present_[place] = present_.back();
    present_.pop_back();
    place = kAway;
  }
  if (stay.until != kNever) (stay.there ? departures_ : arrivals_).push({stay.until, client});
}

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
    return std::make_unique<TraceFollower>(std::move(presence), trace->period, clients);
  }
  if (const auto* markov = std::get_if<MarkovAvailability>(&config))
    return std::make_unique<Markov>(*markov, clients, seed);
  if (const auto* newcomers = std::get_if<NewcomerAvailability>(&config))
    return std::make_unique<Newcomers>(first_newcomer(config, clients), newcomers->from_round);
  return nullptr;
}

}  // namespace understudy
