#include "runtime/learners/files/state_dictionary.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>

#include "runtime/base/errors.hpp"
#include "runtime/learners/files/torch_archive.hpp"
#include "runtime/learners/scripted_module.hpp"

namespace understudy {
namespace {

std::size_t elements(const std::vector<std::int64_t>& shape) {
  std::size_t size = 1;
  for (const std::int64_t extent : shape) size *= static_cast<std::size_t>(extent);
  return size;
}

std::string text(const std::vector<std::int64_t>& shape) {
  return fmt::format("[{}]", fmt::join(shape, ", "));
}

// A pickle of one dictionary of tensors, in Python's protocol 2.
class PickleWriter {
 public:
  std::string dictionary(const Layout& layout) {
    out_ = "\x80\x02";
    call_empty("collections\nOrderedDict\n");
    out_ += '(';
    for (std::size_t i = 0; i < layout.slices.size(); ++i) {
      text(layout.slices[i].name);
      tensor(layout.slices[i], std::to_string(i));
    }
    out_ += "u.";
    return std::move(out_);
  }

 private:
  void name(const char* lines) { (out_ += 'c') += lines; }
  void call_empty(const char* lines) {
    name(lines);
    out_ += ")R";
  }
  void text(const std::string& words) {
    out_ += 'X';
    bytes(static_cast<std::uint32_t>(words.size()));
    out_ += words;
  }
  void number(std::int64_t value) {
    UNDERSTUDY_CHECK(value >= 0 && value <= std::numeric_limits<std::int32_t>::max());
    out_ += 'J';
    bytes(static_cast<std::int32_t>(value));
  }
  template <class T>
  void bytes(T value) {
    out_.append(reinterpret_cast<const char*>(&value), sizeof value);
  }
  void tuple(const std::vector<std::int64_t>& numbers) {
    out_ += '(';
    for (const std::int64_t n : numbers) number(n);
    out_ += 't';
  }
  // _rebuild_tensor_v2(storage, offset, shape, strides, requires_grad, hooks)
  void tensor(const Slice& slice, const std::string& key) {
    name("torch._utils\n_rebuild_tensor_v2\n");
    out_ += "((";
    text("storage");
    name(slice.whole ? "torch\nLongStorage\n" : "torch\nFloatStorage\n");
    text(key);
    text("cpu");
    number(static_cast<std::int64_t>(slice.size));
    out_ += "tQ";
    number(0);
    tuple(slice.shape);
    std::vector<std::int64_t> strides(slice.shape.size(), 1);
    for (std::size_t d = strides.size(); d-- > 1;)
      strides[d - 1] = strides[d] * std::max<std::int64_t>(1, slice.shape[d]);
    tuple(strides);
    out_ += "\x89";
    call_empty("collections\nOrderedDict\n");
    out_ += "tR";
  }

  std::string out_;
};

// At most so many of a list, and how many more there are.
std::string some_of(const std::vector<std::string>& all) {
  constexpr std::size_t kShown = 4;
  const std::size_t shown = std::min(all.size(), kShown);
  std::string out = fmt::format("{}", fmt::join(all.begin(), all.begin() + shown, ", "));
  if (shown < all.size()) out += fmt::format(" and {} more", all.size() - shown);
  return out;
}

bool counts_batches(const std::string& name) { return name.ends_with("num_batches_tracked"); }

}  // namespace

StateDictionary read_state_dictionary(const std::string& file) {
  const TorchArchive archive(file);
  if (archive.is_module()) {
    ScriptedFile module = read_scripted_module(file);
    return {std::move(module.layout), std::move(module.values)};
  }
  const Pickle pickle = archive.pickle();
  const auto* entries = std::get_if<PickleEntries>(&pickle.root().is);
  if (entries == nullptr || entries->empty())
    throw DataError(fmt::format("{}: holds no dictionary of tensors by name", file));
  StateDictionary out;
  for (const auto& [name, value] : *entries) {
    const auto* tensor = std::get_if<PickledTensor>(&value->is);
    if (tensor == nullptr) {
      throw DataError(fmt::format(
          "{}: '{}' is no tensor; a state dictionary, as module.state_dict() gives it, belongs",
          file, name));
    }
    const std::vector<float> values = archive.values(*tensor, name);
    out.layout.slices.push_back(
        {name, tensor->shape, out.layout.size, values.size(), true, holds_whole_numbers(*tensor)});
    out.layout.size += values.size();
    out.values.insert(out.values.end(), values.begin(), values.end());
  }
  return out;
}

void write_state_dictionary(const std::string& file, const Layout& layout,
                            std::span<const float> values) {
  UNDERSTUDY_CHECK(values.size() == layout.size);
  const std::string pickle = PickleWriter().dictionary(layout);
  const std::string version = "3\n";
  ArchiveMembers members{{"data.pkl", std::as_bytes(std::span(pickle))}};
  std::map<std::size_t, std::vector<std::int64_t>> whole;
  for (std::size_t i = 0; i < layout.slices.size(); ++i) {
    const Slice& slice = layout.slices[i];
    const auto of_slice = values.subspan(slice.offset, slice.size);
    std::span<const std::byte> bytes = std::as_bytes(of_slice);
    if (slice.whole) {
      for (const float value : of_slice) whole[i].push_back(std::llround(value));
      bytes = std::as_bytes(std::span(whole[i]));
    }
    members.emplace_back(fmt::format("data/{}", i), bytes);
  }
  members.emplace_back("version", std::as_bytes(std::span(version)));
  write_torch_archive(file, members);
}

std::vector<float> values_for(const Layout& wanted, const StateDictionary& from,
                              const std::string& source, const std::string& model) {
  std::map<std::string, const Slice*> by_name;
  for (const Slice& slice : from.layout.slices) by_name[slice.name] = &slice;
  std::vector<std::string> missing, reshaped, surplus;
  std::vector<float> values;
  values.reserve(wanted.size);
  for (const Slice& slice : wanted.slices) {
    const auto found = by_name.find(slice.name);
    if (found == by_name.end()) {
      missing.push_back(slice.name);
      continue;
    }
    const Slice& given = *found->second;
    by_name.erase(found);
    if (given.shape != slice.shape) {
      reshaped.push_back(
          fmt::format("{} is {} and not {}", slice.name, text(given.shape), text(slice.shape)));
      continue;
    }
    UNDERSTUDY_CHECK(elements(slice.shape) == slice.size);
    const auto first = from.values.begin() + static_cast<std::ptrdiff_t>(given.offset);
    values.insert(values.end(), first, first + static_cast<std::ptrdiff_t>(given.size));
  }
  for (const auto& [name, slice] : by_name)
    if (!counts_batches(name)) surplus.push_back(name);
  std::vector<std::string> faults;
  if (!missing.empty()) faults.push_back("it lacks " + some_of(missing));
  if (!reshaped.empty()) faults.push_back(some_of(reshaped));
  if (!surplus.empty()) faults.push_back("it has " + some_of(surplus) + " besides");
  if (faults.empty()) return values;
  throw DataError(fmt::format("{}: does not fit {}: {}", source, model, fmt::join(faults, "; ")));
}

}  // namespace understudy
