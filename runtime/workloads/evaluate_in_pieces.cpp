#include "runtime/workloads/evaluate_in_pieces.hpp"

#include <algorithm>

namespace understudy {
namespace {

constexpr std::size_t kPiece = 1000;  // samples

}  // namespace

Task<Evaluation> evaluate_in_pieces(Node& node, const Learner& learner,
                                    std::span<const float> parameters, const BatchSource& source,
                                    std::size_t first, std::size_t last) {
  Evaluation whole;
  double loss = 0, correct = 0;
  for (std::size_t at = first; at < last; at += kPiece) {
    const std::size_t count = std::min(kPiece, last - at);
    Evaluation piece;
    co_await node.observe([&] { piece = learner.evaluate(parameters, source, at, count); });
    loss += piece.loss * static_cast<double>(count);
    correct += piece.accuracy * static_cast<double>(count);
    whole.calibration.add(piece.calibration);
  }
  whole.samples = last - first;
  whole.loss = loss / static_cast<double>(whole.samples);
  whole.accuracy = correct / static_cast<double>(whole.samples);
  co_return whole;
}

}  // namespace understudy
