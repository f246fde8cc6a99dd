// Descriptions of the strategies federated and gossip.
#pragma once

#include "scenarios/describe/availability.hpp"
#include "scenarios/describe/federated_names.hpp"

namespace understudy {

template <class Archive>
void describe_settings(Archive& a, FederatedSettings& c) {
  a.field("server_lr", c.server_lr, "scaffold, fedadam: the server's rate.", {.above = 0});
  a.field("mu", c.mu, "fedprox, superfed: how strongly clients are held near the server's model.",
          {.min = 0});
  a.field("nu", c.nu, "superfed: weight of the squared cosine of the two models.", {.min = 0});
  a.field("personal_from", c.personal_from,
          "superfed: the share of rounds that train the federated model alone.",
          {.min = 0, .max = 1, .measure = Measure::kFraction});
  a.field("mixing", c.mixing,
          "apfl: share of the client's own model at first; superfed: in the model evaluated.",
          {.min = 0, .max = 1, .measure = Measure::kFraction});
  a.field("adapt_mixing", c.adapt_mixing, "apfl: learn the share.");
  a.field("lambda", c.lambda, "ditto: how strongly own models are held near the server's.",
          {.min = 0});
  a.field("inner_lr", c.inner_lr, "per_fedavg: rate of the step that personalises.", {.above = 0});
  a.field("difference", c.difference,
          "per_fedavg_hf: distance over which gradients are differenced.", {.above = 0});
  a.field("personal_layers", c.personal_layers, "fedper, fedrep: so many last layers.",
          {.min = 1, .max = 1000});
  a.field("head_passes", c.head_passes,
          "fedrep: steps of the client's own layers for each of the shared ones'.",
          {.min = 1, .max = 1000});
  a.field("beta1", c.beta1, "fedadam: decay of the mean.", {.min = 0, .below = 1});
  a.field("beta2", c.beta2, "fedadam: decay of the mean square.", {.min = 0, .below = 1});
  a.field("tau", c.tau, "fedadam: what bounds the adaptivity.", {.above = 0});
  a.field("sharpness", c.sharpness,
          "loss_weighted: above 0 lower losses weigh more, below it higher ones.",
          {.min = -1e6, .max = 1e6});
}

// What both strategies say of local training.
template <class Archive, class Config>
void describe_local(Archive& a, Config& c) {
  a.field("local_epochs", c.local_epochs,
          "Passes over a node's samples in a round; 1 where neither they nor steps are given.",
          {.min = 1, .max = 1e6});
  a.field("local_steps", c.local_steps, "Steps in a round, instead of passes.",
          {.min = 1, .max = 1e6});
  a.field("lr", c.lr, "Learning rate of local steps, instead of the workload's optimizer's.",
          {.above = 0});
  a.field("validation", c.validation, "Share of each node's samples that it does not train on.",
          {.min = 0, .below = 1, .measure = Measure::kFraction});
}

template <class Archive>
void describe(Archive& a, FederatedConfig& c) {
  a.field("algorithm", c.algorithm, "What clients train and the server makes of it.");
  a.field("rounds", c.rounds, "How many rounds.", {.min = 1, .max = 1e6});
  a.field("cohort", c.cohort, "Clients in a round; all where nothing is given.",
          {.min = 1, .max = 1e7});
  a.field("participation", c.participation, "Share of the clients in a round, instead of cohort.",
          {.above = 0, .max = 1, .measure = Measure::kFraction});
  describe_local(a, c);
  describe_settings(a, c.settings);
  a.field("deadline", c.deadline,
          "How long after its start a round ends without those that have not answered; it waits "
          "where nothing is given.",
          {.above = 0});
  a.field("over_selection", c.over_selection,
          "Ask so many times the cohort, and end with as many answers as the cohort has.",
          {.min = 1, .max = 100});
  a.field("late", c.late, "What becomes of answers that come after their round.");
  a.field("empty_round", c.empty_round, "What follows a round without an answer that counts.");
  a.field("aggregation", c.aggregation, "When answers become a new model.");
  a.field("buffer", c.buffer, "buffered: answers that end a round; all of the cohort's by default.",
          {.min = 1, .max = 1e7});
  a.field("availability", c.availability, "When clients can be asked.");
  a.field("upload", c.upload, "How clients' answers are made smaller.");
}

template <class Archive>
void describe(Archive&, TopologyGraph&) {}
template <class Archive>
void describe(Archive&, RingGraph&) {}
template <class Archive>
void describe(Archive&, CompleteGraph&) {}
template <class Archive>
void describe(Archive& a, EdgesGraph& c) {
  a.field("edges", c.edges, "Pairs of nodes: 0-1 in both directions, 0>1 from 0 to 1.");
}
template <class Archive>
void describe(Archive&, OnePeerExponentialGraph&) {}

template <class Archive>
void describe(Archive& a, GossipConfig& c) {
  a.field("algorithm", c.algorithm, "What nodes make of their neighbours' models.");
  a.field("mixing", c.mixing, "What neighbours weigh.");
  a.field("rounds", c.rounds, "How many rounds.", {.min = 1, .max = 1e6});
  describe_local(a, c);
  a.field("graphs", c.graphs,
          "Who exchanges models: one graph a round, in turn; where none is given neighbours in the "
          "topology.");
  a.field("availability", c.availability, "Probability that a node takes part in a round.",
          {.above = 0, .max = 1, .measure = Measure::kFraction});
  a.field("deadline", c.deadline,
          "How long a node waits for its neighbours' models; for ever where nothing is given.",
          {.above = 0});
  a.field("variant", c.variant, "connect: the directions along which nodes follow the mean.");
  a.field("curvature", c.curvature, "connect: what is found of the Hessian.");
  a.field("eigenpairs", c.eigenpairs, "connect: how many of the Hessian's top eigenpairs.",
          {.min = 0, .max = 1000});
  a.field(
      "most_products", c.most_products,
      "connect: Hessian-vector products that finding it may take, with hutchinson probes; all are "
      "charged.",
      {.min = 1, .max = 1e6});
  a.field("hessian_samples", c.hessian_samples,
          "connect: the first so many of a node's samples, which its Hessian is of.",
          {.min = 1, .max = 1e6});
  a.field("damping", c.damping, "connect, damped: the curvature that is damped by half.",
          {.above = 0});
}

}  // namespace understudy
