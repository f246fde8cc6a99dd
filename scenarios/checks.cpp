// What single values cannot show: whether they fit each other.
#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <variant>

#include "runtime/base/errors.hpp"
#include "runtime/base/nearest.hpp"
#include "runtime/collectives/collective.hpp"
#include "runtime/data/image_files.hpp"
#include "runtime/learners/model.hpp"
#include "scenarios/check_federated.hpp"
#include "scenarios/check_network.hpp"
#include "scenarios/check_transfer.hpp"
#include "scenarios/scenario_yaml.hpp"

namespace understudy {
namespace {

class Checker {
 public:
  Checker(const Scenario& scenario, const Document& document)
      : scenario_(scenario), document_(document), seats_(seats()) {}

  void check_all() const {
    check_mode();
    check_devices();
    for (const auto& [name, profile] : scenario_.devices.profiles) check_profile(name, profile);
    check_boards();
    std::visit([&](const auto& workload) { check_workload(workload); }, scenario_.workload);
    if (const CollectiveConfig* collective = collective_of(scenario_.strategy))
      check_library(*collective);
    if (const auto* allreduce = std::get_if<AllreduceConfig>(&scenario_.strategy))
      check_collective(allreduce->collective);
    check_strategy(scenario_, seats_, document_);
    check_transfer(scenario_, seats_, document_);
    check_keep_weights();
  }

 private:
  [[noreturn]] void fail(const std::string& key, const std::string& sentence) const {
    throw ScenarioError(fmt::format("{}: {}", locate(document_, key), sentence));
  }

  // Files show whether they are what the scenario takes them for only when they are read.
  Seating seats() const {
    const TopologyConfig& topology = scenario_.topology;
    if (const auto found = misfit(topology)) fail("topology." + found->key, found->sentence);
    try {
      if (std::holds_alternative<GraphmlConfig>(topology) ||
          std::holds_alternative<LatencyMatrixConfig>(topology)) {
        make_topology(topology).require_connected();
      }
      return seating(topology);
    } catch (const ScenarioError& problem) {
      fail("topology", problem.what());
    }
  }

  void check_mode() const {
    if (scenario_.mode == Mode::kVirtual) return;
    if (scenario_.emulation.links == LinkShaper::kKernel) check_kernel_links();
    if (scenario_.mode == Mode::kReal) check_real();
    if (!scenario_.boards.empty())
      fail("boards",
           "boards are part of the mode virtual, which keeps to the wall's clock with them");
    const bool in_rounds = std::holds_alternative<FederatedConfig>(scenario_.strategy) ||
                           std::holds_alternative<GossipConfig>(scenario_.strategy);
    if (scenario_.emulation.on_loss == OnLoss::kContinue && !in_rounds)
      fail("emulation.on_loss",
           fmt::format("{} needs all of its nodes; only federated and gossip continue without one",
                       std::holds_alternative<TransferConfig>(scenario_.strategy) ? "transfer"
                                                                                  : "allreduce"));
    constexpr int kMostProcesses = 256;
    if (seats_.nodes() > kMostProcesses) {
      fail("topology", fmt::format("{} nodes are more processes than the {} that one run starts",
                                   seats_.nodes(), kMostProcesses));
    }
  }

  // The kernel knows packets of real sockets: what the network models inject is not among its queues.
  void check_kernel_links() const {
    const char* const links = "emulation.links";
    if (scenario_.mode == Mode::kReal)
      fail(links, "in the mode real nothing is injected: the links are those of the machines");
    if (scenario_.emulation.dilation != 1)
      fail("emulation.dilation",
           "the kernel's links keep to the wall's clock: a second is a second");
    if (!scenario_.faults.empty()) fail("faults", "the kernel's links know no faults");
    const NetworkConditions& conditions = conditions_of(scenario_.network);
    if (!conditions.traces.empty() || !conditions.background.empty())
      fail(links, "the kernel's links know no traces and no background traffic");
    if (std::holds_alternative<UnreliableConfig>(conditions.reliability))
      fail("network.reliability",
           "over the kernel's links goes TCP, which sends again what is lost");
    for (const ImpairmentConfig& impairment : conditions.impairments) {
      if (impairment.jitter && std::holds_alternative<TableJitter>(*impairment.jitter))
        fail("network.impairments",
             "the kernel's jitter is uniform, normal, pareto or pareto_normal, not from a table");
    }
  }

  void check_real() const {
    if (!scenario_.faults.empty())
      fail("faults", "in the mode real nothing is injected, no faults either");
    if (scenario_.emulation.dilation != 1)
      fail("emulation.dilation", "in the mode real a second takes a second");
  }

  void check_boards() const {
    if (scenario_.boards.empty()) return;
    if (!std::holds_alternative<LogisticRegressionConfig>(scenario_.workload))
      fail("boards", "only the workload logistic_regression trains on boards");
    const auto workers = static_cast<std::size_t>(seats_.workers);
    const std::size_t boards = one_by_one(scenario_.boards, workers).size();
    if (boards > workers)
      fail("boards", fmt::format("{} boards are more than the {} workers", boards, workers));
    for (std::size_t i = 0; i < scenario_.boards.size(); ++i) {
      const auto* serial = std::get_if<SerialBoardConfig>(&scenario_.boards[i]);
      if (serial != nullptr && serial->port.empty())
        fail(fmt::format("boards[{}].port", i), "a board on a serial port needs its port");
      const LineFaultsConfig& faults =
          std::visit([](const auto& board) -> const LineFaultsConfig& { return board.faults; },
                     scenario_.boards[i]);
      if (faults.return_after && !faults.unplug_at)
        fail(fmt::format("boards[{}].faults.return_after", i),
             "only a board that was unplugged returns: it needs unplug_at");
    }
  }

  void check_devices() const {
    std::visit([&](const auto& topology) { check_device(topology.device, "topology.device"); },
               scenario_.topology);
    const auto* star = std::get_if<StarConfig>(&scenario_.topology);
    for (std::size_t i = 0; star != nullptr && i < star->classes.size(); ++i)
      check_device(star->classes[i].device, fmt::format("topology.classes[{}].device", i));
  }

  void check_device(const std::string& device, const std::string& key) const {
    if (device.empty() || scenario_.devices.profiles.contains(device)) return;
    if (parse_cuda(device)) return check_cuda(device, key);
    std::vector<std::string> known = builtin_profile_names();
    if (std::find(known.begin(), known.end(), device) != known.end()) return;
    for (const auto& [name, profile] : scenario_.devices.profiles) known.push_back(name);
    const std::string nearest = nearest_name(device, known);
    fail(key, fmt::format("{} is no device profile{}", quote(device),
                          nearest.empty() ? fmt::format(" (one of {})", fmt::join(known, ", "))
                                          : fmt::format("; did you mean '{}'?", nearest)));
  }

  void check_cuda(const std::string& device, const std::string& key) const {
    if (scenario_.mode == Mode::kVirtual)
      fail(key,
           fmt::format("{} is a GPU that computes in its own time, a part of the modes emulated "
                       "and real; in virtual time a profile stands in for it, such as a100",
                       device));
    if (!images_of(scenario_.workload))
      fail(key, fmt::format("{} computes models of images, and the workload has none", device));
  }

  // Slower than this, and a kernel would take longer than the clock can count.
  void check_profile(const std::string& name, const DeviceProfile& p) const {
    const auto require = [&](const char* key, double rate, double least, const char* unit) {
      if (rate == 0 || rate >= least) return;
      fail(fmt::format("devices.profiles.{}.{}", name, key),
           fmt::format("must be 0, which takes no time, or at least {}{}", least, unit));
    };
    require("compute", p.flops_per_s, 1, "flop/s");
    require("memory", p.memory_bytes_per_s, 1, "B/s");
    require("copy", p.copy_bytes_per_s, 1, "B/s");
    require("load_samples_per_s", p.load_samples_per_s, 1e-3, "");
  }

  void check_workload(const ImageClassifierConfig& c) const {
    if (c.epochs && c.updates)
      fail("workload.updates",
           "both epochs and updates are given, and one of them ends the training");
    check_train_limit(c.train_limit);
    if (c.batch_scope == BatchScope::kGlobal && c.batch % seats_.workers != 0) {
      fail("workload.batch",
           fmt::format("a global batch of {} cannot be divided evenly over {} nodes", c.batch,
                       seats_.workers));
    }
    check_optimizer(c.optimizer);
    check_validation(c);
    check_image_size();
    check_model("workload.model", c.model, c.dropout);
  }
  void check_workload(const KnowledgeTransferConfig& c) const {
    check_train_limit(c.train_limit);
    check_image_size();
    check_model("workload.target", c.target, c.dropout);
    for (std::size_t i = 0; i < c.ensemble.size(); ++i)
      check_model(fmt::format("workload.ensemble[{}]", i), c.ensemble[i], c.dropout);
  }
  void check_validation(const ImageClassifierConfig& c) const {
    const auto* allreduce = std::get_if<AllreduceConfig>(&scenario_.strategy);
    if (c.validation > 0 && allreduce == nullptr)
      fail("workload.validation",
           "under federated and gossip samples are withheld by "
           "strategy.validation");
    if (!c.early_stopping) return;
    if (allreduce == nullptr) fail("workload.early_stopping", "only allreduce stops early");
    if (c.validation == 0)
      fail("workload.early_stopping", "needs samples to see by, such as workload.validation: 10%");
    if (allreduce->collective.server == ServerPlacement::kDedicated)
      fail("strategy.server", "a dedicated server does not see that the others stop early");
  }
  void check_keep_weights() const {
    if (scenario_.keep_weights != KeepWeights::kBest) return;
    const auto* c = std::get_if<ImageClassifierConfig>(&scenario_.workload);
    if (c == nullptr || c->validation == 0)
      fail("keep_weights",
           "the best are known by the validation samples of an image_classifier "
           "under allreduce, such as workload.validation: 10%");
  }
  void check_train_limit(int limit) const {
    if (limit == 0 || limit >= seats_.workers) return;
    fail("workload.train_limit",
         fmt::format("{} samples are fewer than the {} nodes that train on them", limit,
                     seats_.workers));
  }
  // Images of the data set as it is known: its files are read when it runs.
  void check_image_size() const {
    const ImageInput& c = *images_of(scenario_.workload);
    const ActivationShape& image = known_dataset(c.dataset).shape.image;
    if (c.image_size == 0 || c.image_size >= std::max(image.rows, image.columns)) return;
    fail("workload.image_size",
         fmt::format("the images of {} are {}x{} and can only be padded to more", c.dataset,
                     image.rows, image.columns));
  }
  void check_model(const std::string& key, const ModelConfig& model, double dropout) const {
    check_files(key, model, dropout);
    const ImageInput& c = *images_of(scenario_.workload);
    const ActivationShape& image = known_dataset(c.dataset).shape.image;
    const int least = least_image_side(model);
    if (std::max<std::int64_t>(c.image_size, std::min(image.rows, image.columns)) >= least) return;
    fail(key, fmt::format("{} takes images of {}x{} or more, and those of {} are {}x{}: "
                          "'image_size: {}' pads them",
                          model.kind, least, least, c.dataset, image.rows, image.columns, least));
  }
  void check_files(const std::string& key, const ModelConfig& model, double dropout) const {
    const bool scripted = model.kind == kTorchscript;
    if (scripted && model.file.path.empty())
      fail(key, "a torchscript model needs its file: {kind: torchscript, file: net.pt}");
    if (!scripted && !model.file.path.empty())
      fail(key + ".file",
           fmt::format("{} is built in, and only torchscript has a file", model.kind));
    if (!scripted && model.flops)
      fail(key + ".flops",
           fmt::format("the operations of {} are counted, not declared", model.kind));
    if (scripted && dropout != 0)
      fail("workload.dropout", "a torchscript model has the dropout that it was made with");
  }
  void check_workload(const CollectiveBenchmarkConfig&) const {}
  void check_workload(const TrafficConfig& c) const {
    if (c.flows.empty()) fail("workload.flows", "the kind traffic needs at least one flow");
    for (std::size_t i = 0; i < c.flows.size(); ++i) {
      const std::string flow = fmt::format("workload.flows[{}]", i);
      check_rank(flow + ".from", c.flows[i].from);
      check_rank(flow + ".to", c.flows[i].to);
      if (c.flows[i].from == c.flows[i].to)
        fail(flow + ".to",
             fmt::format("a flow from node {} to itself crosses no link", c.flows[i].to));
    }
  }
  void check_workload(const QuadraticConfig& c) const {
    check_parabolas("workload.a", c.a.size());
    check_parabolas("workload.b", c.b.size());
    check_optimizer(c.optimizer);
  }
  void check_workload(const LogisticRegressionConfig& c) const {
    if (c.quorum && !c.deadline)
      fail("workload.quorum", "without a deadline every node's answer is waited for");
    if (c.quorum && *c.quorum > seats_.workers) {
      fail("workload.quorum", fmt::format("{} answers are more than the {} nodes can give",
                                          *c.quorum, seats_.workers));
    }
    if (std::holds_alternative<WriterPartition>(c.partition))
      fail("workload.partition.kind", "nobody wrote a table's rows, which writer would divide by");
    const auto* sizes = std::get_if<SizesPartition>(&c.partition);
    if (sizes != nullptr && sizes->shares.size() != static_cast<std::size_t>(seats_.workers)) {
      fail("workload.partition.shares", fmt::format("{} shares are not one for each of {} nodes",
                                                    sizes->shares.size(), seats_.workers));
    }
  }

  void check_rank(const std::string& key, int rank) const {
    if (rank >= seats_.nodes()) {
      fail(key, fmt::format("there is no node {} in a topology of {} (0 to {})", rank,
                            seats_.nodes(), seats_.nodes() - 1));
    }
  }
  void check_parabolas(const std::string& key, std::size_t size) const {
    if (size == 1 || size == static_cast<std::size_t>(seats_.workers)) return;
    fail(key, fmt::format("{} numbers are neither 1 for all nor one for each of {} nodes", size,
                          seats_.workers));
  }
  void check_optimizer(const OptimizerConfig& optimizer) const {
    const auto& sgd = std::get<SgdConfig>(optimizer);
    if (sgd.nesterov && (sgd.momentum == 0 || sgd.dampening != 0)) {
      fail("workload.optimizer.nesterov",
           "Nesterov momentum needs a momentum above zero and no dampening");
    }
  }

  void check_library(const CollectiveConfig& c) const {
    if (c.inside != InsideMachine::kTree) check_inside(c);
    if (!is_of_library(c.kind)) return;
    const bool kernel_links =
        scenario_.mode == Mode::kEmulated && scenario_.emulation.links == LinkShaper::kKernel;
    if (scenario_.mode != Mode::kReal && !kernel_links)
      fail("strategy.collective",
           fmt::format(
               "{} opens sockets of its own, which feel no network of ours, so it is part of "
               "the mode real, and of emulated runs with emulation.links: kernel; here ring and "
               "its like are the algorithm",
               name(c.kind)));
    if (c.reduction == Reduction::kOrdered)
      fail("strategy.reduction",
           fmt::format("{} adds in an order of its own and cannot offer 'ordered'", name(c.kind)));
  }
  void check_inside(const CollectiveConfig& c) const {
    const char* const key = "strategy.inside";
    if (c.kind != CollectiveKind::kHierarchical)
      fail(key, "only the collective hierarchical has a part inside of machines");
    const char* const library = name(*library_of(c));
    if (scenario_.mode == Mode::kVirtual)
      fail(key, fmt::format("{} moves real messages only, in the modes emulated and real; in "
                            "virtual time, tree is the algorithm",
                            library));
    if (scenario_.emulation.links == LinkShaper::kKernel)
      fail(key,
           "with emulation.links: kernel every node is in a network of its own, also inside of a "
           "machine; there the collectives gloo and nccl feel the links");
    if (scenario_.emulation.dilation != 1)
      fail("emulation.dilation",
           fmt::format("{} takes the time that it takes: a second is a second", library));
    if (c.reduction == Reduction::kOrdered)
      fail("strategy.reduction",
           fmt::format("{} adds in an order of its own and cannot offer 'ordered'", library));
  }
  void check_collective(const CollectiveConfig& c) const {
    const bool ordered = c.reduction == Reduction::kOrdered;
    if (ordered && c.kind == CollectiveKind::kRing) {
      fail("strategy.reduction",
           "a ring adds in ring order and cannot offer 'ordered'; tree, halving_doubling, "
           "parameter_server and hierarchical can");
    }
    if (c.server == ServerPlacement::kDedicated) check_server(c);
    if (ordered && c.kind == CollectiveKind::kHierarchical) check_aligned();
  }
  void check_server(const CollectiveConfig& c) const {
    if (c.kind != CollectiveKind::kParameterServer)
      fail("strategy.server", "only the collective parameter_server has a server");
    if (seats_.servers == 0) {
      fail("strategy.server",
           "a dedicated server needs a node that serves: a star's hub, or a cluster with 'server: "
           "true'");
    }
  }
  // Subtrees of the canonical tree must be machines: whole machines of a power of two, a power of
  // two of them.
  void check_aligned() const {
    const auto is_power = [](int n) { return std::has_single_bit(static_cast<unsigned>(n)); };
    const int machines = seats_.machines(), devices = seats_.workers_per_machine;
    if (!seats_.machine_of.empty()) {
      fail("strategy.reduction",
           "hierarchical can add in order only where the machines' nodes are equally many and "
           "follow each other, and the topology's are not");
    }
    if (machines == 1 || devices == 1 || (is_power(machines) && is_power(devices))) return;
    fail("strategy.reduction",
         fmt::format(
             "hierarchical can add in order only where machines and devices in each are powers "
             "of two, and {} and {} are not",
             machines, devices));
  }

  const Scenario& scenario_;
  const Document& document_;
  Seating seats_;
};

}  // namespace

void check(const Scenario& scenario, const Document& document) {
  Checker(scenario, document).check_all();
  check_network(scenario, document);
}

}  // namespace understudy
