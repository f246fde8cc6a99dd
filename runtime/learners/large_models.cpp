#include "runtime/learners/large_models.hpp"

#include <fmt/format.h>

#include "runtime/base/errors.hpp"

namespace understudy {
namespace {

Conv2d conv3_same(std::string name, int out) {
  Conv2d conv;
  conv.name = std::move(name);
  conv.out = out;
  conv.kernel = 3;
  conv.padding = 1;
  return conv;
}
Linear linear(std::string name, int out, Init init = Init::kFanIn) {
  Linear linear;
  linear.name = std::move(name);
  linear.out = out;
  linear.init = init;
  return linear;
}

bool is_large(const ImageShape& images) {
  return images.image.rows >= kImageNetSide && images.image.columns >= kImageNetSide;
}

void append(std::vector<Layer>& to, std::vector<Layer> layers) {
  to.insert(to.end(), std::make_move_iterator(layers.begin()),
            std::make_move_iterator(layers.end()));
}

// Convolutions in each of VGG's five blocks.
std::vector<int> vgg_blocks(int depth) {
  switch (depth) {
    case 11:
      return {1, 1, 2, 2, 2};
    case 13:
      return {2, 2, 2, 2, 2};
    case 16:
      return {2, 2, 3, 3, 3};
    default:
      UNDERSTUDY_CHECK(depth == 19);
      return {2, 2, 4, 4, 4};
  }
}

// Names count all layers of the sequence, those without parameters too.
std::vector<Layer> vgg_features(int depth, VggNorm norm) {
  constexpr int kMostChannels = 512;
  std::vector<Layer> layers;
  int channels = 64;
  for (const int convolutions : vgg_blocks(depth)) {
    for (int i = 0; i < convolutions; ++i) {
      Conv2d conv = conv3_same(fmt::format("features.{}", layers.size()), channels);
      conv.init = Init::kFanOut;
      append(layers, {conv});
      if (norm == VggNorm::kBatch)
        append(layers, {BatchNorm2d{fmt::format("features.{}", layers.size())}});
      append(layers, {Relu{}});
    }
    append(layers, {MaxPool2d{2}});
    channels = std::min(2 * channels, kMostChannels);
  }
  return layers;
}

std::vector<Layer> vgg_classifier(const ImageShape& images) {
  if (!is_large(images))
    return {AveragePool2d{1}, Flatten{}, linear("classifier", images.classes, Init::kNormal)};
  return {AveragePool2d{7}, Flatten{}, linear("classifier.0", 4096, Init::kNormal),
          Relu{},           Dropout{}, linear("classifier.3", 4096, Init::kNormal),
          Relu{},           Dropout{}, linear("classifier.6", images.classes, Init::kNormal)};
}

Conv2d conv_of_resnet(std::string name, int out, int kernel, int stride) {
  Conv2d conv;
  conv.name = std::move(name);
  conv.out = out;
  conv.kernel = kernel;
  conv.padding = kernel / 2;
  conv.bias = false;
  conv.stride = stride;
  conv.init = Init::kFanOut;
  return conv;
}

// Two convolutions, and what was kept beside them, brought to their shape where it is another.
void add_basic_block(std::vector<Layer>& layers, const std::string& name, int channels,
                     bool reshapes, int stride) {
  append(layers, {SkipStart{}, conv_of_resnet(name + ".conv1", channels, 3, stride),
                  BatchNorm2d{name + ".bn1"}, Relu{},
                  conv_of_resnet(name + ".conv2", channels, 3, 1), BatchNorm2d{name + ".bn2"}});
  if (reshapes)
    append(layers, {SkipSwap{}, conv_of_resnet(name + ".downsample.0", channels, 1, stride),
                    BatchNorm2d{name + ".downsample.1"}});
  append(layers, {SkipAdd{}, Relu{}});
}

class ResNet9 {
 public:
  explicit ResNet9(int classes) {
    block(64);
    block(128, kPooled);
    residual(128);
    block(256, kPooled);
    block(512, kPooled);
    residual(512);
    Linear last = linear("fc", classes);
    last.bias = false;
    append(layers_, {MaxPool2d{kWholeImage}, Flatten{}, last, Scale{0.125}});
  }
  std::vector<Layer> layers() && { return std::move(layers_); }

 private:
  static constexpr int kGroups = 32;
  static constexpr bool kPooled = true;

  void block(int channels, bool pooled = false) {
    ++blocks_;
    Conv2d conv = conv3_same(fmt::format("conv{}", blocks_), channels);
    conv.bias = false;
    append(layers_, {conv, GroupNorm{fmt::format("norm{}", blocks_), kGroups, channels}, Relu{}});
    if (pooled) append(layers_, {MaxPool2d{2}});
  }
  void residual(int channels) {
    append(layers_, {SkipStart{}});
    block(channels);
    block(channels);
    append(layers_, {SkipAdd{}});
  }

  std::vector<Layer> layers_;
  int blocks_ = 0;
};

}  // namespace

LayersFor vgg_layers(int depth, VggNorm norm) {
  return [depth, norm](const ImageShape& images) {
    std::vector<Layer> layers = vgg_features(depth, norm);
    append(layers, vgg_classifier(images));
    return layers;
  };
}

std::vector<Layer> resnet18_layers(const ImageShape& images) {
  std::vector<Layer> layers;
  const bool large = is_large(images);
  append(layers, {large ? conv_of_resnet("conv1", 64, 7, 2) : conv_of_resnet("conv1", 64, 3, 1),
                  BatchNorm2d{"bn1"}, Relu{}});
  if (large) append(layers, {MaxPool2d{3, 1, 2}});
  for (int stage = 1; stage <= 4; ++stage) {
    for (int i = 0; i < 2; ++i) {
      const bool reshapes = stage > 1 && i == 0;
      add_basic_block(layers, fmt::format("layer{}.{}", stage, i), 32 << stage, reshapes,
                      reshapes ? 2 : 1);
    }
  }
  append(layers, {AveragePool2d{1}, Flatten{}, linear("fc", images.classes)});
  return layers;
}

std::vector<Layer> resnet9_layers(const ImageShape& images) {
  return ResNet9(images.classes).layers();
}

}  // namespace understudy
