// Families of large models. Their layers leave out what the input decides: channels that come in,
// features of linear layers.
#pragma once

#include <functional>

#include "runtime/learners/model.hpp"

namespace understudy {

using LayersFor = std::function<std::vector<Layer>(const ImageShape& images)>;

inline constexpr int kWholeImage = 0;  // of a pooling window: as much as there is

// VGG of 11, 13, 16 or 19 layers with parameters (Simonyan, Zisserman, "Very deep convolutional
// networks for large-scale image recognition", 2015), named and started as torchvision's; below
// kImageNetSide with one linear layer on the means of the last features, as usual for CIFAR.
inline constexpr int kLeastVggSide = 32;  // halved five times
enum class VggNorm { kNone, kBatch };
LayersFor vgg_layers(int depth, VggNorm norm = VggNorm::kNone);

// ResNet-18 (He et al., "Deep residual learning for image recognition", 2016), named and started as
// torchvision's; below kImageNetSide the first convolution is 3x3 with stride 1 and not pooled, as
// usual for CIFAR.
std::vector<Layer> resnet18_layers(const ImageShape& images);

// The ResNet of DAWNBench (D. Page, "How to train your ResNet", 2018), with group normalisation in
// 32 groups for its batch normalisation, whose statistics suffer where clients' samples differ
// (Hsieh et al., "The non-IID data quagmire of decentralized machine learning", ICML 2020).
std::vector<Layer> resnet9_layers(const ImageShape& images);

}  // namespace understudy
