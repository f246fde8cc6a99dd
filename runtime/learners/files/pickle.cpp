#include "runtime/learners/files/pickle.hpp"

#include <fmt/format.h>

#include <bit>
#include <cstring>
#include <map>
#include <span>

#include "runtime/base/errors.hpp"

namespace understudy {
namespace {

constexpr std::string_view kOrderedDict = "collections.OrderedDict";
constexpr std::string_view kTensor = "torch._utils._rebuild_tensor_v2";
constexpr std::string_view kParameter = "torch._utils._rebuild_parameter";

bool is_storage(std::string_view name) {
  return name.starts_with("torch.") && name.ends_with("Storage") &&
         name.find('.', sizeof "torch.") == std::string_view::npos;
}
bool names_data(std::string_view name) {
  return name == kOrderedDict || name == kTensor || name == kParameter || is_storage(name);
}

// A stack machine (Python's pickletools documents it) of the instructions that PyTorch uses.
class PickleReader {
 public:
  PickleReader(std::string_view bytes, const std::string& source, Pickle::Of of,
               std::deque<PickleValue>& values)
      : rest_(bytes), source_(source), of_(of), values_(values) {}

  const PickleValue* run() {
    while (true) {
      const char code = take(1)[0];
      if (code == '.') return pop();
      if (!scalar(code) && !container(code) && !memory(code) && !call(code))
        fail(fmt::format("its pickle has the instruction 0x{:02x}, which PyTorch never writes",
                         static_cast<unsigned char>(code)));
    }
  }

 private:
  [[noreturn]] void fail(const std::string& what) const {
    throw DataError(fmt::format("{}: {}", source_, what));
  }
  [[noreturn]] void fail_damaged() const { fail("its pickle is damaged"); }

  std::string_view take(std::size_t count) {
    if (count > rest_.size()) fail_damaged();
    const std::string_view taken = rest_.substr(0, count);
    rest_.remove_prefix(count);
    return taken;
  }
  std::string_view line() {
    const std::size_t end = rest_.find('\n');
    if (end == std::string_view::npos) fail_damaged();
    const std::string_view text = take(end);
    take(1);
    return text;
  }
  template <class T>
  T number() {
    static_assert(std::endian::native == std::endian::little);
    T value;
    std::memcpy(&value, take(sizeof value).data(), sizeof value);
    return value;
  }
  std::int64_t long_number() {
    const std::string_view bytes = take(number<std::uint8_t>());
    if (bytes.size() > sizeof(std::int64_t)) fail_damaged();
    const bool negative = !bytes.empty() && static_cast<signed char>(bytes.back()) < 0;
    std::int64_t value = negative ? -1 : 0;
    std::memcpy(&value, bytes.data(), bytes.size());
    return value;
  }
  double big_endian_double() {
    const std::string_view bytes = take(sizeof(double));
    std::uint64_t bits = 0;
    for (const char byte : bytes) bits = bits << 8 | static_cast<unsigned char>(byte);
    return std::bit_cast<double>(bits);
  }

  template <class T>
  bool push(T value) {
    values_.push_back({std::move(value)});
    stack_.push_back(&values_.back());
    return true;
  }
  PickleValue* pop() {
    if (stack_.empty() || (!marks_.empty() && marks_.back() == stack_.size())) fail_damaged();
    PickleValue* top = stack_.back();
    stack_.pop_back();
    return top;
  }
  PickleItems pop_to_mark() {
    if (marks_.empty()) fail_damaged();
    const auto first = stack_.begin() + static_cast<std::ptrdiff_t>(marks_.back());
    PickleItems items(first, stack_.end());
    stack_.erase(first, stack_.end());
    marks_.pop_back();
    return items;
  }
  PickleItems pop_several(std::size_t count) {
    PickleItems items(count);
    for (std::size_t i = count; i-- > 0;) items[i] = pop();
    return items;
  }
  PickleValue* top() {
    PickleValue* value = pop();
    stack_.push_back(value);
    return value;
  }
  template <class T>
  const T& as(const PickleValue* value) const {
    const T* found = std::get_if<T>(&value->is);
    if (found == nullptr) fail_damaged();
    return *found;
  }

  bool scalar(char code) {
    switch (code) {
      case '\x80':  // PROTO
        take(1);
        return true;
      case '\x95':  // FRAME
        take(sizeof(std::uint64_t));
        return true;
      case 'N':
        return push(std::monostate{});
      case '\x88':
        return push(true);
      case '\x89':
        return push(false);
      case 'K':
        return push(std::int64_t{number<std::uint8_t>()});
      case 'M':
        return push(std::int64_t{number<std::uint16_t>()});
      case 'J':
        return push(std::int64_t{number<std::int32_t>()});
      case '\x8a':
        return push(long_number());
      case 'G':
        return push(big_endian_double());
      case 'X':
        return push(std::string(take(number<std::uint32_t>())));
      case '\x8c':
        return push(std::string(take(number<std::uint8_t>())));
      default:
        return false;
    }
  }

  bool container(char code) {
    switch (code) {
      case '(':
        marks_.push_back(stack_.size());
        return true;
      case ')':
      case ']':
        return push(PickleItems{});
      case '}':
        return push(PickleEntries{});
      case 't':
        return push(pop_to_mark());
      case '\x85':
      case '\x86':
      case '\x87':
        return push(pop_several(static_cast<std::size_t>(code - '\x84')));
      case 'a':
        return append(pop_several(1));
      case 'e':
        return append(pop_to_mark());
      case 's':
        return set(pop_several(2));
      case 'u':
        return set(pop_to_mark());
      default:
        return false;
    }
  }
  bool append(const PickleItems& items) {
    auto* list = std::get_if<PickleItems>(&top()->is);
    if (list == nullptr) fail_damaged();
    list->insert(list->end(), items.begin(), items.end());
    return true;
  }
  bool set(const PickleItems& pairs) {
    auto* entries = std::get_if<PickleEntries>(&top()->is);
    if (entries == nullptr || pairs.size() % 2 != 0) fail_damaged();
    for (std::size_t i = 0; i < pairs.size(); i += 2) {
      if (const auto* key = std::get_if<std::string>(&pairs[i]->is))
        entries->emplace_back(*key, pairs[i + 1]);
    }
    return true;
  }

  bool memory(char code) {
    switch (code) {
      case 'q':
        return remember(number<std::uint8_t>());
      case 'r':
        return remember(number<std::uint32_t>());
      case '\x94':
        return remember(static_cast<std::uint32_t>(memo_.size()));
      case 'h':
        return recall(number<std::uint8_t>());
      case 'j':
        return recall(number<std::uint32_t>());
      default:
        return false;
    }
  }
  bool remember(std::uint32_t place) {
    memo_[place] = top();
    return true;
  }
  bool recall(std::uint32_t place) {
    const auto found = memo_.find(place);
    if (found == memo_.end()) fail_damaged();
    stack_.push_back(found->second);
    return true;
  }

  bool call(char code) {
    switch (code) {
      case 'c':
        return push(global());
      case 'Q':
        return push(storage(as<PickleItems>(pop())));
      case 'R':
      case '\x81':  // NEWOBJ
        return made();
      case 'b':
        return build();
      default:
        return false;
    }
  }
  PickledName global() {
    const std::string module(line());
    const std::string name = fmt::format("{}.{}", module, line());
    if (of_ == Pickle::Of::kModule || names_data(name)) return {name};
    fail(fmt::format(
        "its pickle asks for '{}', which is no part of a state dictionary; nothing of it "
        "was run. torch.save(dict(model.state_dict()), ...) writes what can be read",
        name));
  }
  // ('storage', type, key, device, elements)
  PickledStorage storage(const PickleItems& id) const {
    if (id.size() < 3) fail_damaged();
    return {as<PickledName>(id[1]).text, as<std::string>(id[2])};
  }
  bool made() {
    const auto& arguments = as<PickleItems>(pop());
    const std::string& what = as<PickledName>(pop()).text;
    if (what == kOrderedDict) return push(PickleEntries{});
    if (what == kTensor) return push(tensor(arguments));
    if (what.starts_with("__torch__.")) return push(PickledObject{what});
    const bool wraps = what == kParameter || what.starts_with("torch.jit._pickle.");
    if (wraps && !arguments.empty()) {
      stack_.push_back(const_cast<PickleValue*>(arguments[0]));
      return true;
    }
    if (of_ == Pickle::Of::kStateDictionary) fail_damaged();
    return push(std::monostate{});
  }
  std::vector<std::int64_t> numbers(const PickleValue* value) const {
    std::vector<std::int64_t> out;
    for (const PickleValue* item : as<PickleItems>(value)) out.push_back(as<std::int64_t>(item));
    return out;
  }
  // (storage, offset, shape, strides, requires_grad, hooks)
  PickledTensor tensor(const PickleItems& a) const {
    if (a.size() < 5) fail_damaged();
    PickledTensor tensor{as<PickledStorage>(a[0]), as<std::int64_t>(a[1]), numbers(a[2]),
                         numbers(a[3]), as<bool>(a[4])};
    if (tensor.shape.size() != tensor.strides.size()) fail_damaged();
    return tensor;
  }
  // A dictionary's own attributes are left out.
  bool build() {
    const PickleValue* state = pop();
    if (auto* object = std::get_if<PickledObject>(&top()->is)) object->state = state;
    return true;
  }

  std::string_view rest_;
  const std::string& source_;
  Pickle::Of of_;
  std::deque<PickleValue>& values_;
  std::vector<PickleValue*> stack_;
  std::vector<std::size_t> marks_;
  std::map<std::uint32_t, PickleValue*> memo_;
};

}  // namespace

Pickle::Pickle(std::string_view bytes, const std::string& source, Of of)
    : root_(PickleReader(bytes, source, of, values_).run()) {}

}  // namespace understudy
