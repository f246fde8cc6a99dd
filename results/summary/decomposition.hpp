// Where the accuracy goes when the training of a classifier spreads from one worker to W: a loss
// taken apart into causes by runs that remove one cause after the other.
//
//   loss          = acc(1) - acc(W, as published, on the most machines)
//   batch         = acc(1) - acc(W, as many updates as one worker): only the global batch is larger
//   updates       = acc(W, as many updates) - acc(W, rate scaled): fewer updates, despite the rate
//   learning rate = acc(W, rate scaled) - acc(W, as published): the rate left unscaled
//   communication = acc(W, one machine) - acc(W, most machines), or of the first and the last of
//                   several networks with as many machines
//
// The parts telescope: they add up to the loss.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "results/summary/summary.hpp"

namespace understudy {

// Accuracies as fractions. Differences are paired: taken repeat by repeat, then averaged.
struct Decomposition {
  int workers = 0;  // W
  bool on_gpus = false;
  std::int64_t updates = 0;  // that the W workers made
  Estimate one;              // accuracy of one worker
  Estimate many;             // accuracy of W workers as published
  Estimate loss;
  // Parts whose runs are missing stay empty. Without a run of a scaled rate, `updates_and_rate`
  // holds the two together; without a run of equal updates, `batch_and_updates`.
  std::optional<Estimate> batch, updates_lost, learning_rate, communication;
  std::optional<Estimate> updates_and_rate, batch_and_updates;
  bool same_weights = false;      // on the closest and the furthest network, to the bit
  bool weights_compared = false;  // both trained, neither took over the other's weights
  // acc(1) - acc(W, the global batch kept): what splitting the batch costs by itself.
  std::optional<Estimate> split_batch;
  // One worker's accuracy after as many updates as the W workers made.
  std::optional<Estimate> curve;
};

// Nothing where the run of one worker or that of W workers, as published, is missing.
std::optional<Decomposition> decompose(const Experiment& experiment, const Summary& summary,
                                       std::span<const Unit> units);

// For people, in accuracy points.
std::string sentence(const Decomposition& decomposition);

}  // namespace understudy
