// The makers of each kind of workload; one file each.
#pragma once

#include "runtime/workloads/workload.hpp"

namespace understudy {

std::unique_ptr<Workload> make_image_classifier(const ImageClassifierConfig& config,
                                                const StrategyConfig& strategy,
                                                WorkloadParts parts);
std::unique_ptr<Workload> make_collective_benchmark(const CollectiveBenchmarkConfig& config,
                                                    const StrategyConfig& strategy,
                                                    WorkloadParts parts);
std::unique_ptr<Workload> make_traffic(const TrafficConfig& config, WorkloadParts parts);
std::unique_ptr<Workload> make_quadratic(const QuadraticConfig& config,
                                         const StrategyConfig& strategy, WorkloadParts parts);
std::unique_ptr<Workload> make_logistic_regression(const LogisticRegressionConfig& config,
                                                   WorkloadParts parts);
std::unique_ptr<Workload> make_knowledge_transfer(const KnowledgeTransferConfig& config,
                                                  const StrategyConfig& strategy,
                                                  WorkloadParts parts);

// Clients hold a shard each.
std::unique_ptr<Workload> make_federated_images(const ImageClassifierConfig& config,
                                                const FederatedConfig& strategy,
                                                const WorkloadParts& parts);
std::unique_ptr<Workload> make_gossiping_images(const ImageClassifierConfig& config,
                                                const GossipConfig& strategy,
                                                const WorkloadParts& parts);
std::unique_ptr<Workload> make_federated_quadratic(const QuadraticConfig& config,
                                                   const FederatedConfig& strategy,
                                                   const WorkloadParts& parts);
std::unique_ptr<Workload> make_gossiping_quadratic(const QuadraticConfig& config,
                                                   const GossipConfig& strategy,
                                                   const WorkloadParts& parts);

// The members as a node sees them: its own place filled in, the server only where the collective
// uses it.
Communicator members_of(const WorkloadParts& parts, const CollectiveConfig& config, Rank self);

}  // namespace understudy
