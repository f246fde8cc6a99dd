#include "runtime/learners/torch/torchscript_learner.hpp"

#include <fmt/format.h>
#include <torch/csrc/autograd/autograd.h>
#include <torch/csrc/autograd/function.h>
#include <torch/csrc/autograd/function_hook.h>
#include <torch/csrc/autograd/variable.h>
#include <torch/csrc/jit/runtime/graph_executor.h>
#include <torch/csrc/jit/serialization/import.h>

#include <algorithm>
#include <mutex>
#include <set>

#include "runtime/learners/torch/batch_tensors.hpp"
#include "runtime/learners/torch/classification.hpp"
#include "runtime/learners/torch/guarded.hpp"
#include "runtime/learners/torch/hessian.hpp"
#include "runtime/learners/torch/scripted_graph.hpp"
#include "runtime/learners/torch/stages.hpp"

namespace understudy {
namespace {

using torch::autograd::variable_list;

// The interpreter's errors end with the sentence of what failed, after a trace of the module's source.
std::string last_line(std::string text) {
  while (!text.empty() && text.back() == '\n') text.pop_back();
  return text.substr(text.rfind('\n') + 1);
}

// Runs `work`; what goes wrong in LibTorch becomes an error of kind Problem whose sentence starts with
// `what`. Its interpreter throws runtime_errors of several kinds.
template <class Problem, class Work>
auto explained(const std::string& what, const Work& work) {
  try {
    return work();
  } catch (const Error&) {
    throw;
  } catch (const c10::Error& error) {
    throw Problem(what + ": " + last_line(error.what_without_backtrace()));
  } catch (const std::runtime_error& error) {
    throw Problem(what + ": " + last_line(error.what()));
  }
}

// Where the module keeps a slice.
struct Place {
  c10::intrusive_ptr<c10::ivalue::Object> owner;
  std::size_t slot = 0;
};

Place place_of(const torch::jit::Module& module, const std::string& name) {
  torch::jit::Module owner = module;
  std::size_t begin = 0;
  for (std::size_t dot = name.find('.'); dot != std::string::npos; dot = name.find('.', begin)) {
    owner = owner.attr(name.substr(begin, dot - begin)).toModule();
    begin = dot + 1;
  }
  return {owner._ivalue(), owner.type()->getAttributeSlot(name.substr(begin))};
}

// A module that one thread uses at a time.
class Instance {
 public:
  Instance(torch::jit::Module module, const Layout& layout) : module_(std::move(module)) {
    for (const Slice& slice : layout.slices) places_.push_back(place_of(module_, slice.name));
  }

  // Slices of whole numbers are given as int64. The tensors are the module's until the next run.
  c10::IValue run(std::span<const at::Tensor> slices, const at::Tensor& images, bool training) {
    for (std::size_t i = 0; i < places_.size(); ++i)
      places_[i].owner->setSlot(places_[i].slot, slices[i]);
    if (training_ != training) module_.train(training);
    training_ = training;
    return module_.forward({images});
  }
  at::Tensor slice(std::size_t i) const {
    return places_[i].owner->getSlot(places_[i].slot).toTensor();
  }

 private:
  torch::jit::Module module_;
  std::vector<Place> places_;
  std::optional<bool> training_;
};

// A module with as many instances as threads use it at once.
class Instances {
 public:
  Instances(const std::string& file, const Layout& layout)
      : layout_(layout), original_(explained<DataError>(file + ": LibTorch can't load it", [&] {
          return torch::jit::load(file, at::kCPU);
        })) {}

  const torch::jit::Module& original() const { return original_; }

  template <class Work>
  auto with_one(const Work& work) const {
    std::unique_ptr<Instance> mine = take();
    struct Return {
      const Instances& to;
      std::unique_ptr<Instance>& instance;
      ~Return() { to.give_back(std::move(instance)); }
    } giving_back{*this, mine};
    return work(*mine);
  }

 private:
  std::unique_ptr<Instance> take() const {
    const std::lock_guard lock(mutex_);
    if (free_.empty()) return std::make_unique<Instance>(original_.deepcopy(), layout_);
    std::unique_ptr<Instance> last = std::move(free_.back());
    free_.pop_back();
    return last;
  }
  void give_back(std::unique_ptr<Instance> instance) const {
    const std::lock_guard lock(mutex_);
    free_.push_back(std::move(instance));
  }

  const Layout& layout_;
  torch::jit::Module original_;
  mutable std::mutex mutex_;
  mutable std::vector<std::unique_ptr<Instance>> free_;
};

// What a module draws comes from LibTorch's one generator, which is lent to one way forward at a time.
std::unique_lock<std::mutex> seeded(std::uint64_t seed) {
  static std::mutex lent;
  std::unique_lock lock(lent);
  at::Generator generator = at::detail::getDefaultCPUGenerator();
  const std::lock_guard within(generator.mutex());
  generator.set_current_seed(seed);
  return lock;
}

// [count, channels, rows, columns], row-major; a view.
at::Tensor images_of(const ActivationShape& s, const Batch& batch) {
  const auto count = static_cast<std::int64_t>(batch.count);
  UNDERSTUDY_CHECK(static_cast<std::int64_t>(batch.inputs.size()) == count * s.size());
  return at::from_blob(const_cast<float*>(batch.inputs.data()),
                       {count, s.channels, s.rows, s.columns}, at::dtype(at::kFloat));
}

std::string text_of(const c10::IValue& value) {
  if (!value.isTensor()) return value.type()->str();
  const at::Tensor tensor = value.toTensor();
  return fmt::format("a tensor [{}] of {}", fmt::join(tensor.sizes(), ", "),
                     c10::toString(tensor.scalar_type()));
}

// Tells the hook of each slice once: of parameters as autograd has added up their gradients.
class Telling {
 public:
  Telling(const Layout& layout, const GradientHook& hook)
      : hook_(hook), told_(layout.slices.size()) {}
  void tell(std::size_t slice) {
    if (!told_[slice] && hook_) hook_(slice);
    told_[slice] = true;
  }
  void tell_rest() {
    for (std::size_t i = told_.size(); i-- > 0;) tell(i);
  }

 private:
  const GradientHook& hook_;
  std::vector<bool> told_;
};

struct AfterAccumulation final : torch::autograd::FunctionPostHook {
  AfterAccumulation(Telling& to, std::size_t of) : telling(to), slice(of) {}
  variable_list operator()(const variable_list& outputs, const variable_list&) override {
    telling.tell(slice);
    return outputs;
  }
  Telling& telling;
  std::size_t slice;
};

// A pointer to it: LibTorch 1's is another class than LibTorch 2's.
using Accumulator = decltype(torch::autograd::impl::grad_accumulator(std::declval<at::Tensor>()));

// A way forward whose graph is kept.
class ScriptedPass final : public ForwardPass<float> {
 public:
  ScriptedPass(const Layout& layout, std::vector<at::Tensor> slices,
               std::vector<at::Tensor> buffers, at::Tensor logits)
      : layout_(layout),
        slices_(std::move(slices)),
        buffers_(std::move(buffers)),
        graph_(std::move(logits)),
        logits_(graph_.detach().contiguous()) {}

  std::span<const float> logits() const override {
    return {logits_.data_ptr<float>(), static_cast<std::size_t>(logits_.numel())};
  }
  void backward(std::span<const float> logit_gradient, std::span<float> gradient,
                const GradientHook& hook) override {
    UNDERSTUDY_CHECK(logit_gradient.size() == logits().size());
    guarded([&] {
      use_one_thread();
      at::Tensor flowing = at::empty_like(logits_);
      std::ranges::copy(logit_gradient, flowing.data_ptr<float>());
      backward(flowing, gradient, hook);
    });
  }
  void backward(const at::Tensor& flowing, std::span<float> gradient, const GradientHook& hook) {
    const auto out = slice_views(layout_, gradient);
    Telling telling(layout_, hook);
    std::fill(gradient.begin(), gradient.end(), 0.0f);
    std::size_t buffer = 0;
    for (std::size_t i = 0; i < out.size(); ++i) {
      if (layout_.slices[i].trainable) {
        slices_[i].mutable_grad() = out[i];
        torch::autograd::impl::grad_accumulator(slices_[i])
            ->add_post_hook(std::make_unique<AfterAccumulation>(telling, i));
        accumulators_.push_back(torch::autograd::impl::grad_accumulator(slices_[i]));
      } else {
        out[i].copy_(buffers_[buffer++]);
        telling.tell(i);
      }
    }
    if (graph_.requires_grad()) torch::autograd::backward({graph_}, {flowing});
    for (std::size_t i = 0; i < out.size(); ++i)
      UNDERSTUDY_CHECK(!layout_.slices[i].trainable ||
                       slices_[i].grad().data_ptr() == out[i].data_ptr());
    telling.tell_rest();
  }
  const at::Tensor& logit_tensor() const { return logits_; }

 private:
  const Layout& layout_;
  std::vector<at::Tensor> slices_;   // those of parameters are leaves of the graph
  std::vector<at::Tensor> buffers_;  // new values, in the layout's order
  at::Tensor graph_, logits_;
  std::vector<Accumulator> accumulators_;
};

class TorchscriptLearner final : public ModelLearner<float> {
 public:
  explicit TorchscriptLearner(const Model& model)
      : ModelLearner<float>(model), file_(model.scripted->file), instances_(file_, layout()) {
    require_same_slices();
    require_forward();
    graph_ = look_at(instances_.original());
    require_free_training();
    for (const std::size_t count : {2, 3}) require_logits(count);
  }

  double gradient(std::span<const float> parameters, const Batch& batch, std::span<float> gradient,
                  RandomStream random, const GradientHook& hook) const override {
    return explained<RunError>(file_, [&] {
      const auto pass = begin(parameters, batch, random);
      const at::AutoGradMode no_graph(false);
      const LossAndGradient found = cross_entropy_of(pass->logit_tensor(), batch);
      pass->backward(found.by_logits, gradient, hook);
      return found.loss;
    });
  }
  std::unique_ptr<ForwardPass<float>> forward(std::span<const float> parameters, const Batch& batch,
                                              RandomStream random) const override {
    return explained<RunError>(file_, [&] { return begin(parameters, batch, random); });
  }
  void logits(std::span<const float> parameters, const Batch& batch,
              std::span<float> out) const override {
    explained<RunError>(file_, [&] {
      const at::Tensor found = inferred(parameters, batch).contiguous();
      UNDERSTUDY_CHECK(out.size() == static_cast<std::size_t>(found.numel()));
      std::copy_n(found.data_ptr<float>(), out.size(), out.begin());
    });
  }
  Evaluation evaluate(std::span<const float> parameters, const BatchSource& source,
                      std::size_t first, std::size_t count) const override {
    return explained<RunError>(file_, [&] {
      const at::AutoGradMode no_graph(false);
      return evaluate_classifier(source, first, count,
                                 [&](const Batch& batch) { return inferred(parameters, batch); });
    });
  }
  // Without dropout a module that has some is as outside of training, but for batch normalisation.
  std::unique_ptr<BatchHessian<float>> hessian(std::span<const float> parameters,
                                               const Batch& batch) const override {
    if (graph_.draws && graph_.normalises)
      throw RunError(file_ +
                     ": has dropout and batch normalisation, and no second derivatives without the "
                     "one but with the other");
    return explained<RunError>(file_, [&] {
      return make_hessian<float>(layout(), parameters, [&](std::span<const at::Tensor> slices) {
        std::vector<at::Tensor> own(slices.begin(), slices.end());
        copy_buffers(own);
        return at::cross_entropy_loss(run(own, batch, !graph_.draws, 0), batch_labels(batch));
      });
    });
  }

 private:
  [[noreturn]] void refuse(const std::string& why) const { throw DataError(file_ + ": " + why); }

  void require_same_slices() const {
    std::set<std::string> names;
    for (const auto& parameter : instances_.original().named_parameters())
      names.insert(parameter.name);
    for (const auto& buffer : instances_.original().named_buffers()) names.insert(buffer.name);
    for (const Slice& slice : layout().slices) names.erase(slice.name);
    if (!names.empty()) refuse(fmt::format("'{}' is no tensor of its own", *names.begin()));
  }
  void require_forward() const {
    if (!instances_.original().find_method("forward")) refuse("has no forward");
  }
  void require_free_training() const {
    if (graph_.frozen.empty()) return;
    refuse(fmt::format(
        "its {} is frozen to what it does {}: torch.jit.trace keeps one of the two, "
        "torch.jit.script both",
        graph_.frozen, graph_.frozen_in_training ? "in training" : "outside of training"));
  }
  // Tried with images of zeros.
  void require_logits(std::size_t count) const {
    Batch batch;
    batch.count = count;
    batch.inputs.resize(count * static_cast<std::size_t>(model().input.size()));
    std::vector<float> start(layout().size);
    initial(RandomStream({}), start);
    const at::AutoGradMode no_graph(false);
    explained<DataError>(file_ + ": takes no images " + shape_text(count),
                         [&] { return inferred(start, batch); });
  }
  std::string shape_text(std::size_t count) const {
    const ActivationShape& s = model().input;
    return fmt::format("[{}, {}, {}, {}]", count, s.channels, s.rows, s.columns);
  }

  std::unique_ptr<ScriptedPass> begin(std::span<const float> parameters, const Batch& batch,
                                      RandomStream random) const {
    UNDERSTUDY_CHECK(batch.count > 0);
    const at::AutoGradMode graph(true);
    std::vector<at::Tensor> slices = slice_views(layout(), parameters);
    copy_buffers(slices);
    for (std::size_t i = 0; i < slices.size(); ++i)
      if (layout().slices[i].trainable) slices[i].requires_grad_();
    std::vector<at::Tensor> buffers;
    at::Tensor logits = run(slices, batch, true, random(), &buffers);
    return std::make_unique<ScriptedPass>(layout(), std::move(slices), std::move(buffers),
                                          std::move(logits));
  }
  at::Tensor inferred(std::span<const float> parameters, const Batch& batch) const {
    const at::AutoGradMode no_graph(false);
    std::vector<at::Tensor> slices = slice_views(layout(), parameters);
    copy_buffers(slices);
    return run(slices, batch, false, 0);
  }

  // The module may write them.
  void copy_buffers(std::vector<at::Tensor>& slices) const {
    for (std::size_t i = 0; i < slices.size(); ++i) {
      const Slice& slice = layout().slices[i];
      if (slice.whole) slices[i] = slices[i].round().to(at::kLong);
      if (!slice.trainable && !slice.whole) slices[i] = slices[i].clone();
    }
  }

  at::Tensor run(std::span<const at::Tensor> slices, const Batch& batch, bool training,
                 std::uint64_t seed, std::vector<at::Tensor>* buffers = nullptr) const {
    use_one_thread();
    const torch::jit::GraphOptimizerEnabledGuard as_written(false);
    const at::Tensor images = images_of(model().input, batch);
    return instances_.with_one([&](Instance& instance) {
      std::unique_lock<std::mutex> lent;
      if (graph_.draws) lent = seeded(seed);
      const c10::IValue answer = instance.run(slices, images, training);
      require_shape(answer, batch.count);
      for (std::size_t i = 0; buffers != nullptr && i < slices.size(); ++i)
        if (!layout().slices[i].trainable) buffers->push_back(instance.slice(i).detach());
      return answer.toTensor();
    });
  }
  void require_shape(const c10::IValue& answer, std::size_t count) const {
    const int classes = model().scripted->classes;
    if (answer.isTensor()) {
      const at::Tensor logits = answer.toTensor();
      if (logits.dim() == 2 && logits.size(0) == static_cast<std::int64_t>(count) &&
          logits.size(1) == classes && logits.scalar_type() == at::kFloat)
        return;
    }
    refuse(
        fmt::format("gives {} for images {}; logits [{}, {}] of Float belong, one for each class",
                    text_of(answer), shape_text(count), count, classes));
  }

  std::string file_;
  Instances instances_;
  ScriptedGraph graph_;
};

}  // namespace

std::unique_ptr<Learner> make_torchscript_learner(const Model& model) {
  UNDERSTUDY_CHECK(model.scripted.has_value());
  return std::make_unique<TorchscriptLearner>(model);
}

}  // namespace understudy
