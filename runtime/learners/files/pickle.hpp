// Python's pickles as PyTorch writes them, read as data. Nothing that a pickle names is ever looked up,
// called or made: what a state dictionary or a module has no use for is refused.
#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace understudy {

struct PickleValue;
using PickleItems = std::vector<const PickleValue*>;  // of a list or a tuple
// Of a dictionary, in order. Keys that are no text are left out.
using PickleEntries = std::vector<std::pair<std::string, const PickleValue*>>;
struct PickledName {
  std::string text;  // "torch.FloatStorage"
};
// An object of a TorchScript class.
struct PickledObject {
  std::string type;                    // "__torch__.Net"
  const PickleValue* state = nullptr;  // null: none was given
};
struct PickledStorage {
  std::string type;  // "torch.FloatStorage"
  std::string key;   // of its bytes in the archive
};
struct PickledTensor {
  PickledStorage storage;
  std::int64_t offset = 0;  // in elements, as strides
  std::vector<std::int64_t> shape, strides;
  bool requires_grad = false;
};
struct PickleValue {
  std::variant<std::monostate, bool, std::int64_t, double, std::string, PickleItems, PickleEntries,
               PickledName, PickledObject, PickledStorage, PickledTensor>
      is;
};

class Pickle {
 public:
  // A state dictionary's pickle may name no more than tensors and dictionaries; a module's may hold
  // anything, and what is unknown is read as nothing.
  enum class Of { kStateDictionary, kModule };
  // Throws DataError; `source` begins its sentence.
  Pickle(std::string_view bytes, const std::string& source, Of of);
  const PickleValue& root() const { return *root_; }

 private:
  std::deque<PickleValue> values_;
  const PickleValue* root_ = nullptr;
};

}  // namespace understudy
