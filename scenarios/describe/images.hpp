// Names of image data sets and of models, and descriptions of what becomes of labels.
#pragma once

#include <array>
#include <string>

#include "runtime/data/augmentation.hpp"
#include "runtime/data/label_noise.hpp"
#include "runtime/learners/model_config.hpp"
#include "runtime/workloads/image_input.hpp"
#include "scenarios/describe/field.hpp"

namespace understudy {

inline constexpr std::array<NameDoc, 8> kDatasets = {{
    {"fashion_mnist", "Fashion-MNIST: 60,000 and 10,000 images of clothes, 28x28, 10 classes."},
    {"mnist",
     "MNIST: 60,000 and 10,000 handwritten digits, 28x28; falls back, saying so, to "
     "fashion_mnist."},
    {"emnist_balanced",
     "EMNIST, balanced: 112,800 and 18,800 digits and letters, 28x28, 47 classes; falls back as "
     "mnist."},
    {"emnist_letters",
     "EMNIST, letters: 124,800 and 20,800, 28x28, 26 classes; falls back as mnist."},
    {"emnist_byclass",
     "EMNIST, by class: 697,932 and 116,323 digits and letters, 28x28, 62 classes; falls back as "
     "mnist."},
    {"emnist_digits",
     "EMNIST, digits: 240,000 and 40,000, 28x28, 10 classes; falls back as mnist."},
    {"cifar10", "CIFAR-10: 50,000 and 10,000 photographs in colour, 32x32, 10 classes."},
    {"cifar100", "CIFAR-100: 50,000 and 10,000 photographs in colour, 32x32, 100 classes."},
}};
// Parameters are counted for 28x28 images of one channel in ten classes, of those that take no less
// than 32x32 for these.
inline constexpr std::array<NameDoc, 18> kModels = {{
    {"cnn", "1,199,882 parameters: conv 32, conv 64, pool, fc 128, fc classes."},
    {"lenet", "21,840 parameters: conv 10 5x5, pool, conv 20 5x5, pool, fc 50, fc classes."},
    {"small_cnn", "18,378 parameters: conv 16 5x5, pool, conv 32 5x5, pool, fc classes."},
    {"logistic", "Logistic regression on the pixels: 7,850 parameters."},
    {"two_nn", "238,800 parameters, no biases: fc 200, fc 200, fc 200, fc classes."},
    {"two_cnn",
     "721,200 parameters, no biases: conv 32 5x5, pool, conv 64 5x5, pool, fc 200, fc 200, fc "
     "classes."},
    {"vgg9",
     "2,573,450 parameters: conv 32, 64, pool, 128, 128, pool, 256, 256, pool, fc 512, fc 512, fc "
     "classes."},
    {"vgg11",
     "9,224,458 parameters: VGG's 8 convolutions of 64 to 512 channels with 5 pools, fc classes; "
     "from 224x224 on as torchvision's. Takes 32x32 or more."},
    {"vgg13", "9,408,970 parameters: as vgg11 with 10 convolutions."},
    {"vgg16", "14,718,666 parameters: as vgg11 with 13 convolutions."},
    {"vgg19", "20,028,362 parameters: as vgg11 with 16 convolutions."},
    {"vgg11_bn", "vgg11 with batch normalisation after each convolution."},
    {"vgg13_bn", "vgg13 with batch normalisation."},
    {"vgg16_bn", "vgg16 with batch normalisation."},
    {"vgg19_bn", "vgg19 with batch normalisation."},
    {"resnet9",
     "6,571,968 parameters: conv 64, conv 128, pool, residual 128, conv 256, pool, conv 512, pool, "
     "residual 512, pool, fc classes; group normalisation."},
    {"resnet18",
     "11,172,810 parameters: ResNet-18 with batch normalisation; from 224x224 on as "
     "torchvision's."},
    {kTorchscript, "A module that torch.jit.save wrote: {kind: torchscript, file: net.pt}."},
}};

template <class Archive>
void describe(Archive& a, ModelConfig& c) {
  a.field("kind", c.kind, "The model.", {.names = kModels});
  a.field("file", c.file, "(torchscript) The module, from torch.jit.script and save().");
  a.field(
      "flops", c.flops,
      "(torchscript) Operations of one sample's way forward, two a multiply-add; where they are "
      "not given, two for each parameter.",
      {.above = 0});
  a.field("weights", c.weights,
          "What it starts from: a state dictionary, as torch.save(model.state_dict(), ...) or "
          "'understudy model export' write it.");
}
// Where only the kind is given, its name may stand for the map.
inline std::string& short_form(ModelConfig& c) { return c.kind; }

template <class Archive>
void describe(Archive&, NoLabelNoise&) {}
template <class Archive>
void describe(Archive& a, PairLabelNoise& c) {
  a.field("rate", c.rate, "Share of labels that are wrong.",
          {.above = 0, .max = 1, .measure = Measure::kFraction});
}
template <class Archive>
void describe(Archive& a, SymmetricLabelNoise& c) {
  a.field("rate", c.rate, "Share of labels that are wrong.",
          {.above = 0, .max = 1, .measure = Measure::kFraction});
}
inline constexpr std::array<NameDoc, 3> kLabelNoiseKinds = {{
    {"none", "Labels are as they are."},
    {"pair", "A wrong label is the next class."},
    {"symmetric", "A wrong label is any other class."},
}};
constexpr std::span<const NameDoc> kinds(const LabelNoiseConfig*) { return kLabelNoiseKinds; }

template <class Archive>
void describe(Archive& a, AugmentationConfig& c) {
  a.field("crop", c.crop,
          "Shift each image by up to so many pixels each way, as a random crop of the image padded "
          "by as many.",
          {.min = 0, .max = 1000});
  a.field("flip", c.flip, "Mirror every other image, left to right.");
}

template <class Archive>
void describe_image_input(Archive& a, ImageInput& c) {
  a.field("train_limit", c.train_limit, "The first so many training samples only; 0: all.",
          {.min = 0});
  a.field("test_limit", c.test_limit, "The first so many test samples only; 0: all.", {.min = 0});
  a.field("image_size", c.image_size,
          "Rows and columns that images are padded to with zeros; 0: as they are.",
          {.min = 0, .max = 4096});
  a.field("augmentation", c.augmentation, "How training images are varied, at random.");
}

template <class Archive>
void describe_dropout(Archive& a, double& dropout) {
  a.field("dropout", dropout, "Share of activations dropped in training.",
          {.min = 0, .below = 1, .measure = Measure::kFraction});
}

}  // namespace understudy
