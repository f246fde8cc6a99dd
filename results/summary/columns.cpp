#include "results/summary/columns.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <string_view>

namespace understudy {
namespace {

constexpr std::array<std::string_view, 4> kSizes = {"topology.machines",
                                                    "topology.devices_per_machine",
                                                    "topology.nodes_per_device", "topology.nodes"};

bool is_label(const std::vector<Overrides>& runs, const std::string& key) {
  return std::any_of(runs.begin(), runs.end(), [&](const Overrides& run) {
    return std::any_of(run.begin(), run.end(),
                       [&](const Override& o) { return o.key == key && o.is_label; });
  });
}

// The names that the groups of a run go by, as one text.
std::string labels_of(const Overrides& run) {
  std::string labels;
  for (const Override& o : run) {
    if (o.is_label) labels += o.key + '\n' + o.value + '\n';
  }
  return labels;
}

// Whether runs with the same labels always have the same value.
bool follows_from_labels(const std::vector<Overrides>& runs, const std::string& key) {
  std::map<std::string, std::string> value_by_labels;
  for (const Overrides& run : runs) {
    const std::string value = value_of(run, key);
    if (value_by_labels.emplace(labels_of(run), value).first->second != value) return false;
  }
  return true;
}

}  // namespace

std::vector<std::string> override_keys(const std::vector<Overrides>& runs) {
  std::vector<std::string> keys;
  for (const Overrides& run : runs) {
    for (const Override& o : run) {
      if (std::find(keys.begin(), keys.end(), o.key) == keys.end()) keys.push_back(o.key);
    }
  }
  return keys;
}

std::vector<std::string> telling_keys(const std::vector<Overrides>& runs) {
  std::vector<std::string> telling;
  for (const std::string& key : override_keys(runs)) {
    const bool is_size = std::find(kSizes.begin(), kSizes.end(), key) != kSizes.end();
    if (is_label(runs, key) || (!is_size && !follows_from_labels(runs, key)))
      telling.push_back(key);
  }
  return telling;
}

std::string heading(const std::string& key, const std::vector<std::string>& keys) {
  const auto last = [](const std::string& k) { return k.substr(k.rfind('.') + 1); };
  const auto same = std::count_if(keys.begin(), keys.end(),
                                  [&](const std::string& k) { return last(k) == last(key); });
  return same == 1 ? last(key) : key;
}

std::string value_of(const Overrides& overrides, const std::string& key) {
  const auto it = std::find_if(overrides.begin(), overrides.end(),
                               [&](const Override& o) { return o.key == key; });
  return it == overrides.end() ? "" : it->value;
}

std::string joined(const Overrides& overrides, const std::vector<std::string>& keys) {
  std::string text;
  for (const std::string& key : keys) {
    for (const Override& o : overrides) {
      if (o.key != key) continue;
      if (!text.empty()) text += ", ";
      text += o.is_label ? o.value : heading(key, keys) + " " + o.value;
    }
  }
  return text;
}

}  // namespace understudy
