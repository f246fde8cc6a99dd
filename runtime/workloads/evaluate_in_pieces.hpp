// Evaluation in pieces, so that an interrupt need not wait for the whole of a set.
#pragma once

#include "runtime/learners/learner.hpp"
#include "runtime/node/node.hpp"

namespace understudy {

// Of samples first..last-1 of the source, at least one, beside the clock.
Task<Evaluation> evaluate_in_pieces(Node& node, const Learner& learner,
                                    std::span<const float> parameters, const BatchSource& source,
                                    std::size_t first, std::size_t last);

}  // namespace understudy
