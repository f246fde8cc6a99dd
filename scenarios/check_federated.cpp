#include "scenarios/check_federated.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <functional>

#include "runtime/base/errors.hpp"
#include "runtime/data/image_files.hpp"
#include "runtime/federated/availability.hpp"
#include "runtime/learners/model.hpp"
#include "runtime/strategies/gossip_graphs.hpp"
#include "runtime/workloads/image_data.hpp"
#include "scenarios/describe/federated_names.hpp"

namespace understudy {
namespace {

using Kind = FederatedKind;

const char* name_of(Kind kind) {
  for (const auto& entry : kFederatedNames) {
    if (entry.value == kind) return entry.name;
  }
  return "";
}

// A setting, whether it is other than by default, and the algorithms that have it.
struct Setting {
  const char* key;
  std::function<bool(const FederatedSettings&, const FederatedSettings&)> differs;
  std::vector<Kind> of;
};

template <class T>
Setting setting(const char* key, T FederatedSettings::*member, std::vector<Kind> of) {
  return {key, [member](const auto& a, const auto& b) { return a.*member != b.*member; },
          std::move(of)};
}

const std::vector<Setting>& settings() {
  using S = FederatedSettings;
  const std::vector<Kind> superfed{Kind::kSuperFedMm, Kind::kSuperFedLm};
  static const std::vector<Setting> all = {
      setting("server_lr", &S::server_lr, {Kind::kScaffold, Kind::kFedAdam}),
      setting("mu", &S::mu, {Kind::kFedProx, Kind::kSuperFedMm, Kind::kSuperFedLm}),
      setting("nu", &S::nu, superfed),
      setting("personal_from", &S::personal_from, superfed),
      setting("mixing", &S::mixing, {Kind::kApfl, Kind::kSuperFedMm, Kind::kSuperFedLm}),
      setting("adapt_mixing", &S::adapt_mixing, {Kind::kApfl}),
      setting("lambda", &S::lambda, {Kind::kDitto}),
      setting("inner_lr", &S::inner_lr, {Kind::kPerFedAvg, Kind::kPerFedAvgHf}),
      setting("difference", &S::difference, {Kind::kPerFedAvgHf}),
      setting("personal_layers", &S::personal_layers, {Kind::kFedPer, Kind::kFedRep}),
      setting("head_passes", &S::head_passes, {Kind::kFedRep}),
      setting("beta1", &S::beta1, {Kind::kFedAdam}),
      setting("beta2", &S::beta2, {Kind::kFedAdam}),
      setting("tau", &S::tau, {Kind::kFedAdam}),
      setting("sharpness", &S::sharpness, {Kind::kLossWeighted})};
  return all;
}

class StrategyChecker {
 public:
  StrategyChecker(const Scenario& scenario, const Seating& seats, const Document& document)
      : scenario_(scenario), seats_(seats), document_(document) {}

  void check(const AllreduceConfig&) const {
    const auto* quadratic = std::get_if<QuadraticConfig>(&scenario_.workload);
    if (quadratic != nullptr && quadratic->layers != 1)
      fail("workload.layers", "under allreduce x is one value");
    const auto* images = std::get_if<ImageClassifierConfig>(&scenario_.workload);
    if (images == nullptr || std::holds_alternative<IidPartition>(images->partition)) return;
    fail(
        "workload.partition",
        "under allreduce every node draws from all samples; only federated and gossip divide them");
  }

  void check(const TransferConfig&) const {}  // by check_transfer()

  void check(const FederatedConfig& c) const {
    check_workload("federated", c);
    if (seats_.servers == 0) {
      fail("strategy.kind",
           "federated needs a node that serves: a star's hub, or a cluster with 'server: true'");
    }
    if (c.cohort && c.participation)
      fail("strategy.participation", "both cohort and participation are given, and one says it");
    if (c.cohort && *c.cohort > seats_.workers) {
      fail("strategy.cohort", fmt::format("{} clients are more than the {} that the topology has",
                                          *c.cohort, seats_.workers));
    }
    if (c.empty_round == EmptyRound::kRepeat && !c.depends_on_time()) {
      fail(
          "strategy.empty_round",
          "without a deadline or over_selection a round is empty only where every client's loss is "
          "no number, and repeating it changes nothing");
    }
    if (c.late == LateAnswers::kStale && !c.depends_on_time())
      fail("strategy.late", "without a deadline or over_selection no answer is late");
    check_buffer(c);
    check_upload_and_availability(c);
    check_settings(c);
    check_algorithm(c);
  }

  void check(const GossipConfig& c) const {
    check_workload("gossip", c);
    const GossipConfig defaults;
    const bool connect = c.algorithm == GossipKind::kConnect;
    const auto only_connect = [&](const char* key, bool given) {
      if (given && !connect)
        fail(fmt::format("strategy.{}", key), "only the algorithm connect has it");
    };
    only_connect("variant", c.variant != defaults.variant);
    only_connect("eigenpairs", c.eigenpairs != defaults.eigenpairs);
    only_connect("most_products", c.most_products != defaults.most_products);
    only_connect("hessian_samples", c.hessian_samples != defaults.hessian_samples);
    only_connect("damping", c.damping != defaults.damping);
    only_connect("curvature", c.curvature != defaults.curvature);
    if (connect) check_curvature(c);
    check_graphs(c);
  }

 private:
  [[noreturn]] void fail(const std::string& key, const std::string& sentence) const {
    throw ScenarioError(fmt::format("{}: {}", locate(document_, key), sentence));
  }

  template <class Config>
  void check_workload(const char* strategy, const Config& c) const {
    if (c.local_epochs && c.local_steps)
      fail("strategy.local_steps",
           "both local_epochs and local_steps are given, and one ends a turn");
    const auto* images = std::get_if<ImageClassifierConfig>(&scenario_.workload);
    const auto* quadratic = std::get_if<QuadraticConfig>(&scenario_.workload);
    if (images == nullptr && quadratic == nullptr) {
      fail("strategy.kind", fmt::format("only the workloads image_classifier and quadratic run "
                                        "under {}",
                                        strategy));
    }
    if (images != nullptr) check_images(strategy, *images);
    if (quadratic != nullptr && quadratic->updates != QuadraticConfig{}.updates)
      fail("workload.updates", fmt::format("under {} strategy.rounds ends the training", strategy));
    const double own = images != nullptr ? std::get<SgdConfig>(images->optimizer).lr
                                         : std::get<SgdConfig>(quadratic->optimizer).lr;
    const double usual =
        images != nullptr ? SgdConfig{}.lr : std::get<SgdConfig>(QuadraticConfig{}.optimizer).lr;
    if (c.lr && own != usual)
      fail("strategy.lr", "both it and workload.optimizer.lr are given, and one is the rate");
  }

  void check_images(const char* strategy, const ImageClassifierConfig& c) const {
    if (c.epochs || c.updates) {
      fail(c.epochs ? "workload.epochs" : "workload.updates",
           fmt::format("under {} strategy.rounds ends the training", strategy));
    }
    if (c.batch_scope == BatchScope::kGlobal)
      fail("workload.batch_scope",
           fmt::format("under {} every node has its own batches", strategy));
    if (!std::holds_alternative<ConstantSchedule>(c.schedule))
      fail("workload.schedule", fmt::format("under {} the learning rate stays", strategy));
    if (c.lr_scaling != LrScaling::kNone)
      fail("workload.lr_scaling", fmt::format("under {} no update is shared", strategy));
    const auto* sizes = std::get_if<SizesPartition>(&c.partition);
    if (sizes != nullptr && sizes->shares.size() != static_cast<std::size_t>(seats_.workers)) {
      fail("workload.partition.shares", fmt::format("{} shares are not one for each of {} nodes",
                                                    sizes->shares.size(), seats_.workers));
    }
  }

  void check_settings(const FederatedConfig& c) const {
    for (const Setting& s : settings()) {
      const bool has = std::find(s.of.begin(), s.of.end(), c.algorithm) != s.of.end();
      if (!has && s.differs(c.settings, {}))
        fail(fmt::format("strategy.{}", s.key),
             fmt::format("the algorithm {} does not have it", name_of(c.algorithm)));
    }
  }

  void check_algorithm(const FederatedConfig& c) const {
    const auto* images = std::get_if<ImageClassifierConfig>(&scenario_.workload);
    const OptimizerConfig& optimizer =
        images != nullptr ? images->optimizer
                          : std::get<QuadraticConfig>(scenario_.workload).optimizer;
    if (c.algorithm == Kind::kScaffold && std::get<SgdConfig>(optimizer).momentum != 0) {
      fail("workload.optimizer.momentum",
           "scaffold takes control variates from steps that follow the gradient, without momentum");
    }
    if (c.algorithm == Kind::kLossWeighted && images != nullptr && c.validation == 0) {
      fail("strategy.validation",
           "loss_weighted weighs clients by the loss on samples that they withhold, and none are");
    }
  }

  void check_buffer(const FederatedConfig& c) const {
    const bool buffered = c.aggregation == Aggregation::kBuffered;
    if (c.buffer && !buffered) fail("strategy.buffer", "only the aggregation buffered has it");
    if (!buffered) return;
    if (c.buffer && *c.buffer > seats_.workers) {
      fail("strategy.buffer", fmt::format("{} answers to one model are more than the {} clients "
                                          "that the topology has",
                                          *c.buffer, seats_.workers));
    }
    if (c.deadline)
      fail("strategy.deadline", "a buffer waits for its answers, and no round has a deadline");
    if (c.over_selection > 1)
      fail("strategy.over_selection", "with a buffer the cohort is how many train at a time");
    if (std::holds_alternative<NewcomerAvailability>(c.availability))
      fail("strategy.availability",
           "with a buffer clients have no round to join in; a trace has times");
    if (c.late == LateAnswers::kStale || c.empty_round == EmptyRound::kRepeat) {
      fail(c.late == LateAnswers::kStale ? "strategy.late" : "strategy.empty_round",
           "with a buffer no answer is late: those to older models count, at a discount");
    }
  }

  void check_upload_and_availability(const FederatedConfig& c) const {
    const auto* quantised = std::get_if<QuantisedCodec>(&c.upload);
    if (quantised != nullptr && quantised->bits != 8 && quantised->bits != 4 &&
        quantised->bits != 2) {
      fail("strategy.upload.bits", fmt::format("{} bits are none of 8, 4 and 2", quantised->bits));
    }
    if (quantised != nullptr && quantised->bits == 2 && quantised->error_feedback) {
      fail("strategy.upload.error_feedback",
           "rounding to 2 bits can err by more than the values are large, so that errors fed back "
           "would grow; without it the mean is right as it is");
    }
    const auto* trace = std::get_if<TraceAvailability>(&c.availability);
    if (trace == nullptr) return;
    if (trace->file.path.empty())
      fail("strategy.availability.file", "a trace needs the file that it is in");
    try {
      make_availability(c.availability, 1, 0);
    } catch (const DataError& problem) {
      fail("strategy.availability.file", problem.what());
    }
  }

  void check_graphs(const GossipConfig& c) const {
    for (std::size_t i = 0; i < c.graphs.size(); ++i) {
      const std::string key = fmt::format("strategy.graphs.{}", i);
      if (const auto* edges = std::get_if<EdgesGraph>(&c.graphs[i])) {
        const auto problem = edges_problem(*edges, static_cast<std::size_t>(seats_.workers));
        if (edges->edges.empty()) fail(key, "a graph of edges lists them under 'edges'");
        if (problem) fail(key + ".edges", *problem);
      }
      if (c.mixing == Mixing::kMetropolis && has_directions(c.graphs[i])) {
        fail(key,
             "metropolis weights need edges in both directions, and this graph has some in one; "
             "take "
             "mixing: plain");
      }
    }
  }

  void check_curvature(const GossipConfig& c) const {
    if (c.curvature == CurvatureKind::kHutchinson) return check_probes(c);
    std::size_t size = 1;
    if (const auto* quadratic = std::get_if<QuadraticConfig>(&scenario_.workload))
      size = static_cast<std::size_t>(quadratic->layers);
    if (const auto* images = std::get_if<ImageClassifierConfig>(&scenario_.workload))
      size = make_layout(make_model(images->model, 0, expected_shape(*images))).size;
    if (static_cast<std::size_t>(c.eigenpairs) > size) {
      fail("strategy.eigenpairs",
           fmt::format("{} are more than the {} that the Hessian has", c.eigenpairs, size));
    }
  }

  void check_probes(const GossipConfig& c) const {
    if (c.eigenpairs != GossipConfig{}.eigenpairs)
      fail("strategy.eigenpairs", "hutchinson estimates the diagonal, and finds no eigenpairs");
    if (c.most_products < 2) fail("strategy.most_products", "hutchinson needs at least two probes");
    if (c.variant == ConnectVariant::kLowLoss) {
      fail("strategy.variant",
           "low_loss leaves out the span of eigenvectors, and hutchinson estimates the trace and "
           "the diagonal, from which no eigenvector follows; take curvature: lanczos, or the "
           "variant damped");
    }
    if (c.variant == ConnectVariant::kRandom)
      fail("strategy.variant", "random stands in for eigenvectors, and hutchinson finds none");
  }

  const Scenario& scenario_;
  const Seating& seats_;
  const Document& document_;
};

}  // namespace

void check_strategy(const Scenario& scenario, const Seating& seats, const Document& document) {
  const StrategyChecker checker(scenario, seats, document);
  std::visit([&](const auto& strategy) { checker.check(strategy); }, scenario.strategy);
}

}  // namespace understudy
