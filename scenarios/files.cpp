// The files that a scenario names, by its description.
#include "scenarios/describe/json_writer.hpp"
#include "scenarios/scenario_yaml.hpp"

namespace understudy {
namespace {

class FileCollector {
 public:
  explicit FileCollector(std::vector<std::string>& files) : files_(files) {}

  template <class T>
  void field(const char*, T& member, const char*, const Limits& = {}) {
    collect(member);
  }

  template <class T>
  void collect(T& value) {
    if constexpr (std::is_same_v<T, FilePath>) {
      if (!value.path.empty()) files_.push_back(value.path);
    } else if constexpr (detail::is_optional<T>) {
      if (value) collect(*value);
    } else if constexpr (detail::is_vector<T>) {
      for (auto& item : value) collect(item);
    } else if constexpr (detail::is_map<T>) {
      for (auto& [key, item] : value) collect(item);
    } else if constexpr (detail::is_variant<T>) {
      std::visit([this](auto& kind) { collect(kind); }, value);
    } else if constexpr (requires { describe(*this, value); }) {
      describe(*this, value);
    }
  }

 private:
  std::vector<std::string>& files_;
};

}  // namespace

std::vector<std::string> files_of(const Scenario& scenario) {
  std::vector<std::string> files;
  Scenario copy = scenario;
  FileCollector(files).collect(copy);
  return files;
}

}  // namespace understudy
