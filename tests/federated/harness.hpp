// Federations of bowls in a virtual world.
#pragma once

#include <memory>

#include "runtime/federated/rounds.hpp"
#include "sim/world/virtual_world.hpp"
#include "tests/federated/bowl.hpp"
#include "topologies/make_topology.hpp"

namespace understudy {

struct Federation {
  std::vector<Bowl::Shape> bowls;  // one a client
  FederatedConfig config{};
  double lr = 0.1;
  std::vector<std::size_t> samples{};  // of each client, default 1
  StarConfig star{};
  std::vector<std::string> devices{};  // of each client
  DevicesConfig profiles{};
  ComputePool* pool = nullptr;
  std::function<void(const WorldSnapshot&)> on_safe_point{};
  const WorldSnapshot* resume = nullptr;
  bool asleep = true;  // clients sleep until they are asked
  bool dry = false;    // only for the time that it takes
  std::function<Task<>(Node&, const FederatedJob<double>&)> serve{};  // in the server's place
};

struct SleepingClients final : Sleepers {
  explicit SleepingClients(const FederatedJob<double>& of) : job(of) {}
  const FederatedJob<double>& job;
  bool sleeps(Rank rank) const override { return rank != job.server; }
  std::string state(Rank rank) override { return save_client(job, rank.index(), 0); }
  void restore(Rank rank, const std::string& state) override {
    restore_client(job, rank.index(), state);
  }
};

struct FederationEnd {
  std::vector<std::vector<double>> models;  // after each round
  std::vector<std::vector<double>> kept;
  std::vector<std::vector<double>> personal;
  std::vector<std::vector<double>> residuals;
  WorldSnapshot world;

  double last(const std::string& metric) const {  // of the server
    double value = std::nan("");
    for (const Sample& s : world.samples.back()) {
      if (s.name == metric) value = s.value;
    }
    return value;
  }
  std::vector<double> all(const std::string& metric) const {
    std::vector<double> values;
    for (const Sample& s : world.samples.back()) {
      if (s.name == metric) values.push_back(s.value);
    }
    return values;
  }
};

inline std::vector<Rank> ranks_up_to(std::size_t n) {
  std::vector<Rank> ranks;
  for (std::size_t i = 0; i < n; ++i) ranks.push_back(Rank{i});
  return ranks;
}

inline WorldOptions world_of(const Federation& f) {
  WorldOptions options;
  options.network = FairShareConfig{};
  options.devices = f.profiles;
  options.seed = 3;
  options.pool = f.pool;
  options.dry = f.dry;
  options.on_safe_point = f.on_safe_point;
  options.resume = f.resume;
  return options;
}

inline FederationEnd run(const Federation& f) {
  const std::size_t n = f.bowls.size();
  StarConfig star = f.star;
  star.nodes = static_cast<int>(n);
  const Topology topology = make_topology(star);
  std::vector<std::unique_ptr<Bowl>> learners;
  std::vector<std::vector<std::uint32_t>> indices;
  std::vector<ClientData<double>> data;
  const std::vector<std::uint32_t> withheld{0};
  for (std::size_t i = 0; i < n; ++i) {
    learners.push_back(std::make_unique<Bowl>(f.bowls[i]));
    indices.emplace_back(f.samples.empty() ? 1 : f.samples[i]);
  }
  for (std::size_t i = 0; i < n; ++i)
    data.push_back({learners[i].get(), nullptr, indices[i], withheld});
  FederationEnd out;
  out.kept.resize(n);
  out.residuals.resize(n);
  const std::vector<Rank> clients = ranks_up_to(n);
  const auto algorithm = make_algorithm<double>(
      f.config.algorithm, {learners[0]->layout(), f.config.settings, n, f.config.rounds});
  const CohortSizes sizes = cohort_sizes(f.config, n);
  const auto availability = make_availability(f.config.availability, n, 3);
  const auto codec = make_codec<double>(f.config.upload);
  Cohorts cohorts(3, n, sizes.asked, availability.get());
  FederatedJob<double> job;
  job.config = f.config;
  job.algorithm = algorithm.get();
  job.clients = clients;
  job.server = Rank{n};
  job.local.lr = f.lr;
  job.local.batch = 1'000'000;
  job.local.steps = f.config.local_steps;
  job.seed = 3;
  job.data = data;
  job.cohorts = &cohorts;
  job.wanted = sizes.wanted;
  job.kept = out.kept;
  job.codec = codec.get();
  job.residuals = out.residuals;
  job.availability = availability.get();
  std::vector<Wakefulness> wakefulness(f.asleep ? n : 0);
  job.sleepers = wakefulness;
  job.observe = [&](Node&, const FederatedRound<double>& end) -> Task<> {
    out.models.emplace_back(end.model.begin(), end.model.end());
    co_return;
  };
  VirtualWorld world(topology, world_of(f));
  SleepingClients sleepers(job);
  world.run(
      [&](Node& node) -> Task<> {
        if (node.rank() == job.server && f.serve) return f.serve(node, job);
        if (node.rank() == job.server) return serve_federation(node, job);
        return join_federation(node, job, node.rank().index());
      },
      f.asleep ? &sleepers : nullptr);
  for (std::size_t i = 0; i < n && !f.dry; ++i) {
    LocalWork<double> work(data[i], job.local, {.seed = 3, .node = clients[i].value});
    out.personal.emplace_back(learners[i]->layout().size);
    algorithm->personal(out.models.back(), out.kept[i], work, out.personal.back());
  }
  out.world = world.snapshot();
  return out;
}

}  // namespace understudy
