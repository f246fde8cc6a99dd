#include "runtime/federated/layers.hpp"

#include <fmt/format.h>

#include "runtime/base/errors.hpp"

namespace understudy {

std::vector<LayerStretch> layers_of(const Layout& layout) {
  std::vector<LayerStretch> layers;
  std::string before;
  for (const Slice& slice : layout.slices) {
    const std::string layer = slice.name.substr(0, slice.name.rfind('.'));
    if (layers.empty() || layer != before) layers.push_back({slice.offset, 0});
    layers.back().size += slice.size;
    before = layer;
  }
  return layers;
}

std::size_t start_of_head(const Layout& layout, int layers) {
  const std::vector<LayerStretch> all = layers_of(layout);
  const auto count = static_cast<std::size_t>(layers);
  if (count >= all.size()) {
    throw ScenarioError(fmt::format(
        "strategy.personal_layers: of a model of {} layers {} can't be each client's own and leave "
        "one to share",
        all.size(), layers));
  }
  return all[all.size() - count].offset;
}

Layout only_trainable(Layout layout, std::size_t from, std::size_t to) {
  for (Slice& slice : layout.slices)
    slice.trainable = slice.trainable && slice.offset >= from && slice.offset < to;
  return layout;
}

}  // namespace understudy
