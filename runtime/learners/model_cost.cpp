// Operations and bytes of a model's kernels, counted layer by layer (the conventions stand in
// model.hpp).
#include "runtime/learners/model.hpp"

namespace understudy {
namespace {

constexpr double kScalarBytes = 4;
constexpr double kNone = 0;

// One layer over a whole batch.
struct Sizes {
  double inputs;   // elements
  double outputs;  // elements
};

KernelCost kernel(Phase phase, double flops, double elements) {
  return {.phase = phase, .flops = flops, .bytes = elements * kScalarBytes, .mark = std::nullopt};
}

KernelCost marked(KernelCost cost, std::size_t slice) {
  cost.mark = static_cast<int>(slice);
  return cost;
}

// Forward and backward of one kind of layer. A layer with parameters has terms per output element.
struct Parameters {
  double weights = 0;              // elements
  double biases = 0;               // elements; none where the layer has no bias
  double products_per_output = 0;  // multiply-adds
};

Parameters parameters_of(const Layer& layer) {
  if (const auto* conv = std::get_if<Conv2d>(&layer)) {
    const double fan_in = static_cast<double>(conv->in) * conv->kernel * conv->kernel;
    return {fan_in * conv->out, static_cast<double>(conv->bias ? conv->out : 0), fan_in};
  }
  if (const auto* linear = std::get_if<Linear>(&layer)) {
    return {static_cast<double>(linear->in) * linear->out,
            static_cast<double>(linear->bias ? linear->out : 0), static_cast<double>(linear->in)};
  }
  return {};
}

// Operations of normalisation per element. Forward: the mean's sum, the variance's difference,
// square and sum, and scale and shift, which by running statistics is all. The weight's gradient:
// normalising, then product and sum. The input's, with the sums of the other two at hand: two
// multiply-adds.
constexpr double kNormForward = 1 + 3 + 2;
constexpr double kNormInference = 2;
constexpr double kNormWeight = 2 + 2;
constexpr double kNormInput = 4;
// A running statistic's two products and sum, per channel; of the two, as they are read and written.
constexpr double kRunningUpdate = 2 * 3;
constexpr double kRunningAccesses = 2 * 2;

bool has_parameters(const Layer& layer) { return slice_count(layer) > 0; }

// Flatten is a change of view and launches nothing; SkipStart and SkipSwap keep views.
void append_forward(Cost& cost, Phase phase, const Layer& layer, const Sizes& n) {
  const Parameters p = parameters_of(layer);
  if (p.weights > 0) {
    const double additions = p.biases > 0 ? n.outputs : 0;
    const double flops = 2 * n.outputs * p.products_per_output + additions;
    cost.push_back(kernel(phase, flops, n.inputs + n.outputs + p.weights + p.biases));
  } else if (std::holds_alternative<MaxPool2d>(layer)) {
    const int size = std::get<MaxPool2d>(layer).size;
    cost.push_back(kernel(phase, n.outputs * (size * size - 1), n.inputs + n.outputs));
  } else if (std::holds_alternative<Relu>(layer)) {
    cost.push_back(kernel(phase, n.outputs, 2 * n.outputs));
  } else if (std::holds_alternative<Dropout>(layer) && phase == Phase::kForward) {
    cost.push_back(kernel(phase, 2 * n.outputs, 3 * n.outputs));  // the mask is written too
  } else if (std::holds_alternative<AveragePool2d>(layer)) {
    cost.push_back(kernel(phase, n.inputs, n.inputs + n.outputs));
  } else if (const auto* norm = std::get_if<GroupNorm>(&layer)) {
    cost.push_back(kernel(phase, kNormForward * n.outputs, 2 * n.outputs + 2 * norm->channels));
  } else if (const auto* batch_norm = std::get_if<BatchNorm2d>(&layer)) {
    const double channels = batch_norm->channels;
    const bool training = phase == Phase::kForward;
    cost.push_back(training
                       ? kernel(phase, kNormForward * n.outputs + kRunningUpdate * channels,
                                2 * n.outputs + (2 + kRunningAccesses) * channels)
                       : kernel(phase, kNormInference * n.outputs, 2 * n.outputs + 4 * channels));
  } else if (std::holds_alternative<SkipAdd>(layer)) {
    cost.push_back(kernel(phase, n.outputs, 3 * n.outputs));
  } else if (std::holds_alternative<Scale>(layer)) {
    cost.push_back(kernel(phase, n.outputs, 2 * n.outputs));
  }
}

// The gradients of a normalisation's bias, weight and input.
void append_norm_backward(Cost& cost, double outputs, double channels, std::size_t slice,
                          bool input_gradient) {
  constexpr Phase kPhase = Phase::kBackward;
  cost.push_back(marked(kernel(kPhase, outputs, outputs + channels), slice + 1));
  cost.push_back(marked(kernel(kPhase, kNormWeight * outputs, 2 * outputs + channels), slice));
  if (input_gradient)
    cost.push_back(kernel(kPhase, kNormInput * outputs, 3 * outputs + 2 * channels));
}

// `slice` is the index of the layer's weight; its bias, if it has one, and buffers follow it.
void append_backward(Cost& cost, const Layer& layer, const Sizes& n, std::size_t slice,
                     bool input_gradient) {
  constexpr Phase kPhase = Phase::kBackward;
  const Parameters p = parameters_of(layer);
  if (p.weights > 0) {
    const double products = 2 * n.outputs * p.products_per_output;
    if (p.biases > 0)
      cost.push_back(marked(kernel(kPhase, n.outputs, n.outputs + p.biases), slice + 1));
    cost.push_back(marked(kernel(kPhase, products, n.inputs + n.outputs + p.weights), slice));
    if (input_gradient) cost.push_back(kernel(kPhase, products, n.inputs + n.outputs + p.weights));
  } else if (std::holds_alternative<MaxPool2d>(layer)) {
    cost.push_back(kernel(kPhase, kNone, n.inputs + n.outputs));
  } else if (std::holds_alternative<AveragePool2d>(layer)) {
    cost.push_back(kernel(kPhase, n.inputs, n.inputs + n.outputs));
  } else if (std::holds_alternative<Relu>(layer)) {
    cost.push_back(kernel(kPhase, n.outputs, 3 * n.outputs));
  } else if (std::holds_alternative<Dropout>(layer)) {
    cost.push_back(kernel(kPhase, n.outputs, 3 * n.outputs));
  } else if (const auto* norm = std::get_if<GroupNorm>(&layer)) {
    append_norm_backward(cost, n.outputs, norm->channels, slice, input_gradient);
  } else if (const auto* batch_norm = std::get_if<BatchNorm2d>(&layer)) {
    // Forward has made the buffers' new values.
    for (std::size_t buffer : {slice + 3, slice + 2})
      cost.push_back(marked(kernel(kPhase, kNone, kNone), buffer));
    append_norm_backward(cost, n.outputs, batch_norm->channels, slice, input_gradient);
  } else if (std::holds_alternative<SkipStart>(layer)) {
    cost.push_back(kernel(kPhase, n.outputs, 3 * n.outputs));
  } else if (std::holds_alternative<Scale>(layer)) {
    cost.push_back(kernel(kPhase, n.outputs, 2 * n.outputs));
  }
}

std::vector<Sizes> layer_sizes(const Model& model, double count) {
  std::vector<Sizes> sizes;
  ShapeFlow flow(model.input);
  for (const Layer& layer : model.layers) {
    const double inputs = count * static_cast<double>(flow.shape().size());
    flow.pass(layer);
    sizes.push_back({inputs, count * static_cast<double>(flow.shape().size())});
  }
  return sizes;
}

double logits(const Model& model, double count) {
  return count * static_cast<double>(class_count(model));
}

}  // namespace

Cost training_cost(const Model& model, std::size_t count) {
  if (model.scripted) return training_cost(*model.scripted, model.input, count);
  const double samples = static_cast<double>(count);
  const std::vector<Sizes> sizes = layer_sizes(model, samples);
  Cost cost{copy_cost(count, static_cast<std::size_t>(model.input.size()))};
  std::size_t slice = 0;
  std::size_t first =
      model.layers.size();  // the first layer with parameters: nothing flows back beyond it
  for (std::size_t i = 0; i < model.layers.size(); ++i) {
    append_forward(cost, Phase::kForward, model.layers[i], sizes[i]);
    if (!has_parameters(model.layers[i])) continue;
    slice += slice_count(model.layers[i]);
    first = std::min(first, i);
  }
  cost.push_back(loss_cost(Phase::kLoss, logits(model, samples)));
  for (std::size_t i = model.layers.size(); i-- > first;) {
    slice -= slice_count(model.layers[i]);
    append_backward(cost, model.layers[i], sizes[i], slice, i > first);
  }
  return cost;
}

Cost evaluation_cost(const Model& model, std::size_t count) {
  if (model.scripted) return evaluation_cost(*model.scripted, model.input, count);
  const double samples = static_cast<double>(count);
  const std::vector<Sizes> sizes = layer_sizes(model, samples);
  Cost cost{copy_cost(count, static_cast<std::size_t>(model.input.size()))};
  for (std::size_t i = 0; i < model.layers.size(); ++i) {
    append_forward(cost, Phase::kEvaluate, model.layers[i], sizes[i]);
  }
  cost.push_back(loss_cost(Phase::kEvaluate, logits(model, samples)));
  return cost;
}

}  // namespace understudy
