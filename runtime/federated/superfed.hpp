// The terms of SuperFed's loss, and their gradients by the chain rule.
#pragma once

#include <span>

#include "runtime/learners/learner.hpp"

namespace understudy {

// The trainable part of the models of a client in a turn.
template <class Scalar>
struct SuperFedModels {
  const Layout& layout;
  std::span<const Scalar> federated;  // w_f
  std::span<const Scalar> local;      // w_l
  std::span<const Scalar> global;     // w_g, as the server gave it
};

// |w_f - w_g|
template <class Scalar>
double distance_to_global(const SuperFedModels<Scalar>& models);
// factor x its gradient by w_f, added to `out`; none where the distance is zero.
template <class Scalar>
void add_distance_gradient(const SuperFedModels<Scalar>& models, double factor,
                           std::span<Scalar> out);

// cos(w_f, w_l)^2, with c = <w_f, w_l> / (|w_f| |w_l|); 0 where a model is zero.
template <class Scalar>
double squared_cosine(const SuperFedModels<Scalar>& models);
// factor x its gradients, by w_f 2 c (w_l / (|w_f| |w_l|) - c w_f / |w_f|^2) and by w_l the same with
// the two exchanged, added to the outs.
template <class Scalar>
void add_squared_cosine_gradients(const SuperFedModels<Scalar>& models, double factor,
                                  std::span<Scalar> by_federated, std::span<Scalar> by_local);

}  // namespace understudy
