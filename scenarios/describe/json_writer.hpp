// The archive that turns a scenario, or any part of one, into JSON values: numbers and booleans as
// they are, everything with a unit as its shortest text.
#pragma once

#include <cmath>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <type_traits>
#include <variant>
#include <vector>

#include "runtime/base/file_path.hpp"
#include "scenarios/describe/measures.hpp"
#include "scenarios/describe/scenario.hpp"

namespace understudy {

enum class Selection { kEverything, kTrainingKeys };

class JsonWriter {
 public:
  using Json = nlohmann::ordered_json;
  explicit JsonWriter(Selection selection) : selection_(selection) {}

  template <class T>
  void field(const char* key, T& member, const char*, const Limits& limits = {}) {
    if (selection_ == Selection::kTrainingKeys && limits.timing) return;
    Json value = json(member, limits);
    if (!value.is_null()) object_[key] = std::move(value);
  }

  // Of a struct or variant; a description takes its struct by non-const reference and leaves it as
  // it is.
  template <class T>
  Json json(T& value, const Limits& limits) const;

 private:
  Json scalar(double value, const Limits& limits) const;
  Json tree(const YamlValue& value) const;

  Selection selection_;
  Json object_ = Json::object();
};

namespace detail {

template <class T>
inline constexpr bool is_optional = false;
template <class T>
inline constexpr bool is_optional<std::optional<T>> = true;
template <class T>
inline constexpr bool is_vector = false;
template <class T>
inline constexpr bool is_vector<std::vector<T>> = true;
template <class T>
inline constexpr bool is_map = false;
template <class T>
inline constexpr bool is_map<std::map<std::string, T>> = true;
template <class T>
inline constexpr bool is_variant = false;
template <class... T>
inline constexpr bool is_variant<std::variant<T...>> = true;

}  // namespace detail

inline JsonWriter::Json JsonWriter::scalar(double value, const Limits& limits) const {
  if (limits.measure == Measure::kFlops) return format_flops(value);
  if (limits.measure == Measure::kByteRate) return format_byte_rate(value);
  // 2 rather than 2.0.
  constexpr double kExact = 1e15;
  if (value == std::floor(value) && std::abs(value) < kExact && !std::signbit(value))
    return static_cast<std::int64_t>(value);
  return value;
}

inline JsonWriter::Json JsonWriter::tree(const YamlValue& value) const {
  Json out;
  if (value.is_scalar()) out = value.text;
  if (value.is_list()) out = Json::array();
  if (value.is_map()) out = Json::object();
  for (const YamlValue& item : value.items) out.push_back(tree(item));
  for (const YamlEntry& entry : value.entries) out[entry.key] = tree(entry.value);
  return out;
}

template <class T>
JsonWriter::Json JsonWriter::json(T& value, const Limits& limits) const {
  if constexpr (std::is_same_v<T, double>) {
    return scalar(value, limits);
  } else if constexpr (std::is_arithmetic_v<T> || std::is_same_v<T, std::string>) {
    return value;
  } else if constexpr (std::is_same_v<T, FilePath>) {
    return value.path.empty() ? Json(nullptr) : Json(value.path);
  } else if constexpr (std::is_same_v<T, YamlValue>) {
    return tree(value);
  } else if constexpr (std::is_enum_v<T>) {
    for (const auto& entry : names(T{})) {
      if (entry.value == value) return entry.name;
    }
    return nullptr;
  } else if constexpr (requires { format(value); }) {
    return format(value);
  } else if constexpr (detail::is_optional<T>) {
    return value ? json(*value, limits) : Json(nullptr);
  } else if constexpr (detail::is_vector<T>) {
    if (value.empty()) return nullptr;  // no list that a scenario states is empty
    Json list = Json::array();
    for (auto& item : value) list.push_back(json(item, limits));
    return list;
  } else if constexpr (detail::is_map<T>) {
    Json map = Json::object();
    for (auto& [key, item] : value) map[key] = json(item, limits);
    return map;
  } else if constexpr (detail::is_variant<T>) {
    JsonWriter inner(selection_);
    inner.object_["kind"] = kinds(static_cast<const T*>(nullptr))[value.index()].name;
    std::visit([&](auto& config) { describe(inner, config); }, value);
    return inner.object_;
  } else {
    JsonWriter inner(selection_);
    describe(inner, value);
    if constexpr (requires { short_form(value); }) {
      if (inner.object_.size() == 1) return short_form(value);
    }
    return inner.object_;
  }
}

}  // namespace understudy
