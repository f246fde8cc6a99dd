// How images are varied in training, as torchvision's RandomCrop and RandomHorizontalFlip vary them.
#pragma once

namespace understudy {

struct AugmentationConfig {
  int crop = 0;       // shifts by up to so many pixels each way, zeros coming in
  bool flip = false;  // mirrors every other image, left to right
  bool any() const { return crop > 0 || flip; }
};

}  // namespace understudy
