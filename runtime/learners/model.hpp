// Models as plain data: layers with their sizes and names. Layout, initialisation and cost follow
// from it without LibTorch; learners/torch computes it.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "runtime/learners/layer.hpp"
#include "runtime/learners/learner.hpp"
#include "runtime/learners/model_config.hpp"
#include "runtime/learners/scripted_module.hpp"

namespace understudy {

// A classifier: logits, then mean cross entropy.
struct Model {
  std::string name;
  ActivationShape input{1, 28, 28};
  std::vector<Layer> layers;
  std::optional<ScriptedModule> scripted{};  // in place of layers
  // What it starts from, of the layout's size; null: what its layers draw.
  std::shared_ptr<const std::vector<float>> start{};
};

// What a classifier is for: the images of a data set.
struct ImageShape {
  ActivationShape image{1, 28, 28};
  int classes = 10;
  bool operator==(const ImageShape&) const = default;
};
inline constexpr int kLeastImageSide = 28;  // that some model takes, rows and columns
// From this side on vgg* and resnet18 are what torchvision has; below, what is usual for CIFAR.
inline constexpr int kImageNetSide = 224;

std::vector<std::string> model_names();
// The fewest rows and columns that the model of this name takes. Throws as make_model.
int least_image_side(const std::string& name);
int least_image_side(const ModelConfig& config);  // 1 of what a file holds
// For ten classes of 28x28 images of one channel: `cnn` (1,199,882 parameters), `lenet` (21,840),
// `small_cnn` (18,378), `logistic` (7,850), `two_nn` (238,800), `two_cnn` (721,200; 722,800 with three
// channels), `vgg9`, `resnet9` or `resnet18`; for 32x32 and more `vgg11`, `vgg13`, `vgg16`, `vgg19`
// and these with batch normalisation, `vgg11_bn` and so on. The first layer takes the channels, the
// last one gives the classes, and the layer after Flatten takes what the image's size leaves.
// `dropout` 0 leaves the dropout layers out. Throws ScenarioError for images that are too small, and,
// naming the nearest, for an unknown name.
Model make_model(const std::string& name, double dropout, const ImageShape& images = {});
// As a scenario states it: reads the files that it names. Throws DataError where one is not what it
// should be, or a state dictionary is another model's.
Model make_model(const ModelConfig& config, double dropout, const ImageShape& images);

std::int64_t class_count(const Model& model);
// The slices of the layers in forward order, named as in the matching torch module's state_dict.
Layout make_layout(const Model& model);

// As the model's start says, else as each layer's Init.
template <class Scalar>
void initialise(const Model& model, RandomStream stream, std::span<Scalar> out);

// The kernels of one training step over `count` samples in fp32, as an eager framework launches
// them: one per layer forward; backward in reverse one each for the bias's, the weight's and the
// input's gradient, none for the input of the first layer that has parameters. Operations: two per
// multiply-add, one per addition or comparison. Bytes: every operand once.
Cost training_cost(const Model& model, std::size_t count);
// Copy, forward and loss over `count` samples, all of phase kEvaluate but for the copy.
Cost evaluation_cost(const Model& model, std::size_t count);

// The parts of a learner that follow from the model alone.
template <class Scalar>
class ModelLearner : public BasicLearner<Scalar> {
 public:
  explicit ModelLearner(Model model) : model_(std::move(model)), layout_(make_layout(model_)) {}
  const Layout& layout() const override { return layout_; }
  void initial(RandomStream stream, std::span<Scalar> out) const override {
    initialise(model_, stream, out);
  }
  Cost cost(std::size_t count) const override { return training_cost(model_, count); }
  const Model& model() const { return model_; }

 private:
  Model model_;
  Layout layout_;
};

// Stands in where only times are wanted: computing with it is an error of ours.
class DryLearner final : public ModelLearner<float> {
 public:
  using ModelLearner::ModelLearner;
  double gradient(std::span<const float> parameters, const Batch& batch, std::span<float> gradient,
                  RandomStream random, const GradientHook& hook) const override;
  std::unique_ptr<BatchHessian<float>> hessian(std::span<const float> parameters,
                                               const Batch& batch) const override;
  Evaluation evaluate(std::span<const float> parameters, const BatchSource& source,
                      std::size_t first, std::size_t count) const override;
};

}  // namespace understudy
