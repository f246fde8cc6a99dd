#include "runtime/learners/model.hpp"

#include <algorithm>
#include <cmath>

#include "runtime/base/errors.hpp"

namespace understudy {
namespace {

std::size_t elements(const LayerSlice& slice) {
  std::size_t size = 1;
  for (const std::int64_t extent : slice.shape) size *= static_cast<std::size_t>(extent);
  return size;
}

// Initial values of one layer's slices, in their order.
template <class Scalar>
class Start {
 public:
  Start(RandomStream& stream, std::span<Scalar>& out) : stream_(stream), out_(out) {}

  void operator()(const Conv2d& conv) {
    const double area = static_cast<double>(conv.kernel) * conv.kernel;
    draw(conv, conv.in * area, conv.out * area);
  }
  void operator()(const Linear& linear) { draw(linear, linear.in, linear.out); }
  void operator()(const GroupNorm& norm) { fill_norm(norm.channels); }
  void operator()(const BatchNorm2d& norm) {
    fill_norm(norm.channels);
    std::ranges::fill(take(norm.channels), Scalar{0});
    std::ranges::fill(take(norm.channels), Scalar{1});
  }
  void operator()(const auto&) {}

 private:
  std::span<Scalar> take(std::size_t count) {
    UNDERSTUDY_CHECK(out_.size() >= count);
    const auto taken = out_.first(count);
    out_ = out_.subspan(count);
    return taken;
  }
  std::span<Scalar> take(int count) { return take(static_cast<std::size_t>(count)); }
  void fill_norm(int channels) {
    std::ranges::fill(take(channels), Scalar{1});
    std::ranges::fill(take(channels), Scalar{0});
  }
  void draw(const auto& layer, double fan_in, double fan_out) {
    const std::vector<LayerSlice> slices = slices_of(layer);
    const double bound = 1 / std::sqrt(fan_in);
    const double deviation = layer.init == Init::kFanOut ? std::sqrt(2 / fan_out) : 0.01;
    for (std::size_t i = 0; i < slices.size(); ++i) {
      const auto values = take(elements(slices[i]));
      if (layer.init == Init::kFanIn) {
        for (Scalar& v : values) v = static_cast<Scalar>(stream_.uniform(-bound, bound));
      } else if (i == 0) {
        for (Scalar& v : values) v = static_cast<Scalar>(deviation * stream_.normal());
      } else {
        std::ranges::fill(values, Scalar{0});
      }
    }
  }

  RandomStream& stream_;
  std::span<Scalar>& out_;
};

}  // namespace

std::int64_t class_count(const Model& model) {
  if (model.scripted) return model.scripted->classes;
  ShapeFlow flow(model.input);
  for (const Layer& layer : model.layers) flow.pass(layer);
  return flow.shape().size();
}

Layout make_layout(const Model& model) {
  if (model.scripted) return model.scripted->layout;
  Layout layout;
  for (const Layer& layer : model.layers) {
    for (LayerSlice& slice : slices_of(layer)) {
      const std::size_t size = elements(slice);
      layout.slices.push_back(
          {std::move(slice.name), std::move(slice.shape), layout.size, size, slice.trainable});
      layout.size += size;
    }
  }
  return layout;
}

template <class Scalar>
void initialise(const Model& model, RandomStream stream, std::span<Scalar> out) {
  if (model.start != nullptr) {
    UNDERSTUDY_CHECK(model.start->size() == out.size());
    std::ranges::copy(*model.start, out.begin());
    return;
  }
  Start<Scalar> start(stream, out);
  for (const Layer& layer : model.layers) std::visit(start, layer);
  UNDERSTUDY_CHECK(out.empty());
}

template void initialise<float>(const Model&, RandomStream, std::span<float>);
template void initialise<double>(const Model&, RandomStream, std::span<double>);

double DryLearner::gradient(std::span<const float>, const Batch&, std::span<float>, RandomStream,
                            const GradientHook&) const {
  UNDERSTUDY_CHECK(!"a dry learner computes nothing");
  return 0;
}

std::unique_ptr<BatchHessian<float>> DryLearner::hessian(std::span<const float>,
                                                         const Batch&) const {
  UNDERSTUDY_CHECK(!"a dry learner computes nothing");
  return nullptr;
}

Evaluation DryLearner::evaluate(std::span<const float>, const BatchSource&, std::size_t,
                                std::size_t) const {
  UNDERSTUDY_CHECK(!"a dry learner computes nothing");
  return {};
}

}  // namespace understudy
