#include "runtime/training/curvature.hpp"

#include <algorithm>

#include "runtime/base/errors.hpp"

namespace understudy {
namespace {

// One batch with its graph, which borrows the batch.
template <class Scalar>
struct KeptBatch {
  Batch batch;
  std::unique_ptr<BatchHessian<Scalar>> hessian;
};

template <class Scalar>
class LossHessian {
 public:
  LossHessian(const BasicLearner<Scalar>& learner, std::span<const Scalar> parameters,
              const BatchSource& source, std::vector<std::uint32_t> samples,
              const LossHessianOptions& options)
      : learner_(learner),
        parameters_(parameters),
        source_(source),
        samples_(std::move(samples)),
        options_(options),
        size_(trainable_size(learner.layout())),
        v_(learner.layout().size),
        product_(learner.layout().size) {
    if (samples_.empty()) throw RunError("the curvature of a loss needs at least one sample");
    UNDERSTUDY_CHECK(options.batch > 0 && parameters.size() == learner.layout().size);
  }

  std::size_t size() const { return size_; }

  void multiply(std::span<const double> vectors, std::span<double> products) {
    UNDERSTUDY_CHECK(vectors.size() == products.size() && vectors.size() % size_ == 0);
    std::fill(products.begin(), products.end(), 0.0);
    for (std::size_t first = 0, index = 0; first < samples_.size(); ++index) {
      const std::size_t count = std::min(options_.batch, samples_.size() - first);
      const auto share = static_cast<double>(count) / static_cast<double>(samples_.size());
      if (index < kept_.size()) {
        add(*kept_[index]->hessian, share, vectors, products);
      } else {
        auto made = make(std::span(samples_).subspan(first, count));
        add(*made->hessian, share, vectors, products);
        if (kept_.size() < options_.kept_batches) kept_.push_back(std::move(made));
      }
      first += count;
    }
  }

 private:
  std::unique_ptr<KeptBatch<Scalar>> make(std::span<const std::uint32_t> indices) const {
    auto made = std::make_unique<KeptBatch<Scalar>>();
    source_.gather(indices, made->batch);
    made->hessian = learner_.hessian(parameters_, made->batch);
    return made;
  }

  void add(BatchHessian<Scalar>& hessian, double share, std::span<const double> vectors,
           std::span<double> products) {
    const Layout& layout = learner_.layout();
    std::vector<double> part(size_);
    for (std::size_t at = 0; at < vectors.size(); at += size_) {
      scatter_trainable(layout, vectors.subspan(at, size_), std::span(v_));
      hessian.multiply(v_, product_);
      gather_trainable(layout, std::span<const Scalar>(product_), std::span(part));
      for (std::size_t i = 0; i < size_; ++i) products[at + i] += share * part[i];
    }
  }

  const BasicLearner<Scalar>& learner_;
  std::span<const Scalar> parameters_;
  const BatchSource& source_;
  std::vector<std::uint32_t> samples_;
  LossHessianOptions options_;
  std::size_t size_;
  std::vector<Scalar> v_;        // one vector of the layout
  std::vector<Scalar> product_;  // likewise
  std::vector<std::unique_ptr<KeptBatch<Scalar>>> kept_;
};

}  // namespace

std::size_t trainable_size(const Layout& layout) {
  std::size_t size = 0;
  for (const Slice& slice : layout.slices) size += slice.trainable ? slice.size : 0;
  return size;
}

template <class From, class To>
void gather_trainable(const Layout& layout, std::span<const From> all, std::span<To> trainable) {
  UNDERSTUDY_CHECK(all.size() == layout.size && trainable.size() == trainable_size(layout));
  auto to = trainable.begin();
  for (const Slice& slice : layout.slices) {
    if (!slice.trainable) continue;
    for (const From value : all.subspan(slice.offset, slice.size)) *to++ = static_cast<To>(value);
  }
}

template <class From, class To>
void scatter_trainable(const Layout& layout, std::span<const From> trainable, std::span<To> all) {
  UNDERSTUDY_CHECK(all.size() == layout.size && trainable.size() == trainable_size(layout));
  auto from = trainable.begin();
  for (const Slice& slice : layout.slices) {
    if (!slice.trainable) continue;
    for (To& value : all.subspan(slice.offset, slice.size)) value = static_cast<To>(*from++);
  }
}

template <class Scalar>
HessianMap loss_hessian(const BasicLearner<Scalar>& learner, std::span<const Scalar> parameters,
                        const BatchSource& source, std::vector<std::uint32_t> samples,
                        const LossHessianOptions& options) {
  const auto hessian = std::make_shared<LossHessian<Scalar>>(learner, parameters, source,
                                                             std::move(samples), options);
  return {hessian->size(), [hessian](std::span<const double> vectors, std::span<double> products) {
            hessian->multiply(vectors, products);
          }};
}

#define UNDERSTUDY_INSTANTIATE(From, To)                                               \
  template void gather_trainable(const Layout&, std::span<const From>, std::span<To>); \
  template void scatter_trainable(const Layout&, std::span<const From>, std::span<To>)
UNDERSTUDY_INSTANTIATE(float, float);
UNDERSTUDY_INSTANTIATE(float, double);
UNDERSTUDY_INSTANTIATE(double, float);
UNDERSTUDY_INSTANTIATE(double, double);
#undef UNDERSTUDY_INSTANTIATE

template HessianMap loss_hessian(const BasicLearner<float>&, std::span<const float>,
                                 const BatchSource&, std::vector<std::uint32_t>,
                                 const LossHessianOptions&);
template HessianMap loss_hessian(const BasicLearner<double>&, std::span<const double>,
                                 const BatchSource&, std::vector<std::uint32_t>,
                                 const LossHessianOptions&);

}  // namespace understudy
