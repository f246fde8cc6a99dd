// Scenarios that several tests read.
#pragma once

#include <array>
#include <string>

#include "scenarios/scenario_yaml.hpp"

namespace understudy {

inline Scenario scenario_of(const std::string& yaml) {
  const Document document = parse_document(yaml, "test.yaml");
  Scenario scenario = read_scenario(document);
  check(scenario, document);
  return scenario;
}

// Every field of every struct, each with a value that is neither the default nor another field's.
inline const std::array kEveryField = {
    std::string(R"(
name: everything
seed: 18446744073709551615
repeats: 5
topology: {kind: cluster, machines: 3, devices_per_machine: 4, device: mine, intra: {bandwidth: 12GB/s, latency: 11us},
           inter: {bandwidth: 2.5Gbit/s, latency: 201us}, server: true}
network: {kind: queued}
devices:
  cost: measured
  factor: 0.25
  profiles: {mine: {compute: 29.8Tflop/s, memory: 760GB/s, launch_overhead: 5us, copy: 12.5GB/s, load_samples_per_s: 20000}}
workload:
  kind: image_classifier
  dataset: mnist
  model: lenet
  batch: 72
  batch_scope: global
  epochs: 2.5
  train_limit: 4096
  test_limit: 2000
  dropout: 20%
  optimizer: {kind: sgd, lr: 0.02, momentum: 0.9, dampening: 0, weight_decay: 5e-4, nesterov: true}
  schedule: {kind: warmup, updates: 123, start_fraction: 5%}
  lr_scaling: sqrt
  sampler: {shuffle: false, set_epoch: false, drop_last: true}
  evaluation: per_shard
  evaluate_every: 7
strategy: {kind: allreduce, collective: parameter_server, server: dedicated, reduction: ordered, bucket: 1MiB, overlap: false}
expect: {test_accuracy: ">= 75%", test_loss: "< 0.5"}
report: {question: "Does it: \"work\"?\nIt must - # surely"}
sweep: {seed: [1, 2], variant: [{name: "null", workload.batch: 36}]}
)"),
    std::string(R"(
topology: {kind: path, nodes: 3, links: [{bandwidth: 10Mbit/s, latency: 1ms}, {bandwidth: 20Mbit/s, latency: 2ms}], device: a100}
network: {kind: ideal}
workload: {kind: traffic, flows: [{from: 0, to: 2, bytes: 1MB, start: 1500ms}, {from: 2, to: 1, bytes: 3B, start: 1ps, deadline: 2min}]}
)"),
    std::string(R"(
topology: {kind: star, nodes: 2, bandwidth: 9Mbit/s, latency: 12ms, device: cpu}
workload: {kind: quadratic, a: [1, 10], b: [0, 1e-3], start: 5, updates: 77, optimizer: {kind: sgd, lr: 0.3, dampening: 0.2}}
)"),
    std::string(R"(
topology: {kind: ring, nodes: 8, bandwidth: 1Gbit/s, latency: 1ms, device: h100}
workload: {kind: collective, bytes: 100MB, iterations: 5}
strategy: {kind: allreduce, collective: hierarchical}
)"),
    std::string(R"(
topology: {kind: mesh, nodes: 6, bandwidth: 3kbit/s, latency: 1h, device: ideal}
keep_weights: best
workload: {kind: image_classifier, updates: 100, schedule: {kind: step, every_epochs: 0.5, gamma: 0.3}, lr_scaling: linear,
           validation: 10%, early_stopping: {patience: 4, min_delta: 0.01}, optimizer: {kind: sgd, clip_norm: 2.5},
           model: {kind: torchscript, file: )" UNDERSTUDY_SOURCE_DIR
                R"(/tests/golden/torchscript/net.pt, flops: 1e6,
                   weights: )" UNDERSTUDY_SOURCE_DIR R"(/tests/golden/torchscript/after.pt}}
)"),
    std::string(R"(
topology: {kind: tree, nodes: 7, branching: 3, bandwidth: 1bit/s, latency: 0s, device: rtx3090}
network: {kind: fair_share}
workload: {kind: image_classifier, schedule: {kind: cosine, final_fraction: 0.01}}
)"),
    std::string(R"(
topology: {kind: star, nodes: 3}
workload:
  kind: logistic_regression
  file: )" UNDERSTUDY_SOURCE_DIR R"(/scenarios/data/titanic.csv
  rows: all
  missing: drop
  encoding: ordinal
  features: pca3
  order: pca_then_scale
  fit: all_data
  test_share: 25%
  partition: {kind: sizes, shares: [1, 2, 3.5]}
  shard: cached
  element: int16
  epochs: 6
  batch: 24
  lr: 0.05
  l2: 0.002
  update: after_epochs
  rounds: 11
  deadline: 90s
  quorum: 2
)"),
    std::string(R"(
topology: {kind: star, nodes: 3}
workload: {kind: logistic_regression, partition: {kind: dirichlet, alpha: 0.7}}
)"),
    std::string(R"(
topology: {kind: star, nodes: 9}
workload: {kind: image_classifier, partition: {kind: shards, per_node: 3}, label_noise: {kind: pair, rate: 10%}}
strategy: {kind: federated, algorithm: superfed_lm, rounds: 12, cohort: 5, local_epochs: 3, lr: 0.05, mu: 0.1, nu: 1.5,
           personal_from: 25%, mixing: 60%, validation: 15%, deadline: 30s, over_selection: 1.5, late: stale, empty_round: repeat}
)"),
    std::string(R"(
topology: {kind: ring, nodes: 6}
workload: {kind: image_classifier, partition: {kind: quantity, alpha: 2}, label_noise: {kind: symmetric, rate: 0.3}}
strategy: {kind: gossip, algorithm: connect, mixing: metropolis, rounds: 7, local_steps: 4, availability: 80%, deadline: 2s,
           variant: damped, eigenpairs: 3, damping: 0.5}
)"),
    std::string(R"(
topology: {kind: star, nodes: 4}
workload: {kind: quadratic, a: [2], b: [1]}
strategy: {kind: federated, algorithm: fedadam, participation: 50%, local_steps: 6, server_lr: 0.2, beta1: 0.8, beta2: 0.95, tau: 0.01}
)"),
    std::string(R"(
topology: {kind: mesh, nodes: 3}
workload:
  kind: knowledge_transfer
  dataset: cifar10
  target: resnet9
  ensemble: [lenet, logistic, vgg9]
  transfer: codistillation
  weight: 0.9
  member_weight: 0.3
  temperature: 2.5
  weight_schedule: {kind: linear, start_fraction: 10%, final_fraction: 0.8}
  temperature_schedule: {kind: linear, start_fraction: 70%, final_fraction: 0.6}
  batch: 48
  updates: 400
  member_epochs: 3
  validation: 15%
  train_limit: 5000
  test_limit: 900
  dropout: 5%
  optimizer: {kind: sgd, lr: 0.04}
  member_optimizer: {kind: sgd, lr: 0.03, momentum: 0.8}
  schedule: {kind: cosine, final_fraction: 2%}
strategy: {kind: transfer, exchange: checkpoints, every: 20, precision: int4}
)"),
};

}  // namespace understudy
