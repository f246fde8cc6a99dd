#include <map>
#include <mutex>
#include <tuple>

#include "runtime/workloads/workload.hpp"

namespace understudy {

struct DatasetCache::State {
  DataPaths paths;
  std::mutex mutex;
  std::map<std::tuple<std::string, Split, std::size_t>, LoadedImages> loaded;
};

DatasetCache::DatasetCache(DataPaths paths) : state_(std::make_unique<State>()) {
  state_->paths = std::move(paths);
}
DatasetCache::~DatasetCache() = default;

LoadedImages DatasetCache::images(const std::string& name, Split split, std::size_t limit) {
  const std::lock_guard lock(state_->mutex);
  const auto key = std::tuple(name, split, limit);
  const auto found = state_->loaded.find(key);
  if (found != state_->loaded.end()) return found->second;
  return state_->loaded[key] = load_image_dataset(name, state_->paths, split, limit);
}

}  // namespace understudy
