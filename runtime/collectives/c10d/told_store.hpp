// Where members of a group leave each other what they must know to connect: c10d asks for a store of
// keys and values. In place of its TCPStore, which anybody can write to, each member holds a copy, and
// what one writes is told to the others by the run's own messages.
#pragma once

#include <torch/csrc/distributed/c10d/HashStore.hpp>

#include <functional>
#include <string>

namespace understudy {

class ToldStore final : public c10d::HashStore {
 public:
  explicit ToldStore(std::function<void(std::string)> tell) : tell_(std::move(tell)) {}

  void set(const std::string& key, const std::vector<std::uint8_t>& value) override {
    HashStore::set(key, value);
    // The key's end, for it holds no zero; then the value as it is.
    std::string what = key;
    what.push_back('\0');
    what.append(value.begin(), value.end());
    tell_(std::move(what));
  }
  void hear(const std::string& what) {
    const std::size_t end = what.find('\0');
    if (end == what.npos) return;
    HashStore::set(what.substr(0, end),
                   {what.begin() + static_cast<std::ptrdiff_t>(end) + 1, what.end()});
  }
#ifdef UNDERSTUDY_CUDA
  // Writes that would pass set() by.
  bool hasExtendedApi() const override { return false; }
#endif

 private:
  std::function<void(std::string)> tell_;
};

}  // namespace understudy
