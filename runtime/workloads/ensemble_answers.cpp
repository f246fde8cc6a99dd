#include "runtime/workloads/ensemble_answers.hpp"

#include <algorithm>
#include <cmath>

#include "runtime/federated/messages.hpp"
#include "runtime/training/transfer_loss.hpp"

namespace understudy {

EnsembleAnswers::EnsembleAnswers(std::size_t members, std::size_t samples)
    : samples_(samples), logits_(members), missing_(members) {}

void EnsembleAnswers::listen(Node& target) {
  if (target.out_of_band() != nullptr) target.out_of_band()->listen(*this);
}

void EnsembleAnswers::give(Node& node, Rank target, std::size_t member, std::vector<float> logits) {
  OutOfBand* line = node.out_of_band();
  if (line == nullptr || node.rank() == target) return take(member, std::move(logits));
  line->tell(target, StateWriter().add(member).add(logits).take());
}

Task<> EnsembleAnswers::wait(Node& target) {
  if (OutOfBand* line = target.out_of_band(); line != nullptr) {
    while (!all_.is_set()) co_await line->wait(all_);
    co_return;
  }
  co_await all_;
}

std::vector<float> EnsembleAnswers::mean_log_probabilities(std::size_t classes) const {
  const std::size_t values = logits_.front().size();
  std::vector<double> sums(values), row(classes), probabilities(classes), logarithms(classes);
  for (const std::vector<float>& of_member : logits_) {
    for (std::size_t first = 0; first < values; first += classes) {
      std::copy_n(of_member.begin() + static_cast<std::ptrdiff_t>(first), classes, row.begin());
      softmax(row, 1, probabilities, logarithms);
      for (std::size_t c = 0; c < classes; ++c) sums[first + c] += probabilities[c];
    }
  }
  std::vector<float> out;
  out.reserve(values);
  const auto members = static_cast<double>(logits_.size());
  // A probability that no double can hold has a logarithm nonetheless.
  constexpr double kLeast = 1e-300;
  for (const double sum : sums)
    out.push_back(static_cast<float>(std::log(std::max(sum / members, kLeast))));
  return out;
}

void EnsembleAnswers::heard(Rank, const std::string& what) {
  StateReader reader(what);
  std::size_t member = 0;
  std::vector<float> logits;
  reader.take(member);
  reader.take(logits);
  take(member, std::move(logits));
}

void EnsembleAnswers::take(std::size_t member, std::vector<float> logits) {
  UNDERSTUDY_CHECK(member < logits_.size() && missing_ > 0);
  logits_[member] = std::move(logits);
  if (--missing_ == 0) all_.set();
}

}  // namespace understudy
