// `understudy calibrate`: measures a device of this machine, and prints it as a profile for scenarios.
#include <fmt/format.h>

#include <cmath>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>

#include "cli/commands.hpp"
#include "runtime/learners/torch/device_rates.hpp"
#include "scenarios/describe/measures.hpp"
#include "sim/device/fit_profile.hpp"

namespace understudy {
namespace {

constexpr std::size_t kBatch = 64;
constexpr const char* kFitted = "cnn";                   // whose step the profile gets right
constexpr const char* kChecked[] = {"lenet", "two_nn"};  // whose steps show how far it carries

struct CheckedStep {
  std::string model;
  double measured_s = 0, predicted_s = 0;
};

struct Measured {
  DeviceProfile profile;
  std::vector<CheckedStep> checks;
};

double rounded(double value) {
  const double digits = std::pow(10.0, 2 - std::floor(std::log10(value)));
  return value > 0 ? std::round(value * digits) / digits : 0;
}

DeviceProfile profile_of(const DeviceRates& rates) {
  DeviceProfile profile;
  profile.memory_bytes_per_s = rounded(rates.memory_bytes_per_s);
  profile.copy_bytes_per_s = rounded(rates.copy_bytes_per_s);
  profile.launch_overhead = from_seconds(rounded(rates.launch_overhead_s));
  profile.load_samples_per_s = find_profile({}, "cpu").load_samples_per_s;
  return profile;
}

Measured measure(const ComputeDevice& device) {
  const Model fitted = make_model(kFitted, 0);
  Measured c;
  c.profile = profile_of(measure_rates(device));
  c.profile =
      fit_compute(c.profile, training_cost(fitted, kBatch), measure_step(fitted, kBatch, device));
  c.profile.flops_per_s = rounded(c.profile.flops_per_s);
  for (const char* name : kChecked) {
    const Model model = make_model(name, 0);
    c.checks.push_back({name, measure_step(model, kBatch, device),
                        seconds_of(c.profile, training_cost(model, kBatch))});
  }
  return c;
}

std::string as_yaml(const std::string& name, const Measured& c) {
  const DeviceProfile& p = c.profile;
  std::string text = fmt::format(
      "devices:\n  profiles:\n    {}: {{compute: {}, memory: {}, launch_overhead: {}, copy: {}, "
      "load_samples_per_s: {:.3g}}}\n",
      name, format_flops(p.flops_per_s), format_byte_rate(p.memory_bytes_per_s),
      format(p.launch_overhead), format_byte_rate(p.copy_bytes_per_s), p.load_samples_per_s);
  text += fmt::format("# compute is what a step of {} at batch {} took\n", kFitted, kBatch);
  for (const CheckedStep& check : c.checks)
    text += fmt::format("# a step of {}: measured {:.3g} ms, by this profile {:.3g} ms\n",
                        check.model, 1e3 * check.measured_s, 1e3 * check.predicted_s);
  return text;
}

nlohmann::ordered_json as_json(const std::string& name, const Measured& c) {
  const DeviceProfile& p = c.profile;
  nlohmann::ordered_json json{{"name", name},
                              {"flops_per_s", p.flops_per_s},
                              {"memory_bytes_per_s", p.memory_bytes_per_s},
                              {"launch_overhead_s", to_seconds(p.launch_overhead)},
                              {"copy_bytes_per_s", p.copy_bytes_per_s}};
  for (const CheckedStep& check : c.checks)
    json["steps"][check.model] = {{"measured_s", check.measured_s},
                                  {"predicted_s", check.predicted_s}};
  return json;
}

struct CalibrateOptions {
  std::string device = "cpu", name = "mine";
};

// As a key of YAML. What is wrong with it; nothing: it is one.
std::string is_name(const std::string& text) {
  const bool good = !text.empty() && std::all_of(text.begin(), text.end(), [](unsigned char c) {
    return std::isalnum(c) != 0 || c == '_' || c == '-';
  });
  return good ? "" : "a name has letters, digits, '_' and '-', and at least one";
}

ComputeDevice device_called(const std::string& name) {
  if (name == "cpu") return {};
  const auto cuda = parse_cuda(name);
  if (!cuda)
    throw ScenarioError(
        fmt::format("calibrate: '{}' is no device of a machine; 'cpu' is one, and 'cuda:0'", name));
  return {.gpu = cuda->index.value_or(0)};
}

}  // namespace

void add_calibrate(CLI::App& app, Session& session) {
  CLI::App* command = app.add_subcommand(
      "calibrate", "Measure a device of this machine, and print it as a profile for scenarios");
  auto options = std::make_shared<CalibrateOptions>();
  command->add_option("--device", options->device, "cpu, one core of it, or cuda:N")
      ->capture_default_str();
  command->add_option("--name", options->name, "What to call the profile")
      ->check(is_name, "NAME")
      ->capture_default_str();
  add_common_flags(*command, session);
  command->callback([options, &session] {
    const Measured found = measure(device_called(options->device));
    std::cout << (session.json ? as_json(options->name, found).dump(2) + "\n"
                               : as_yaml(options->name, found));
  });
}

}  // namespace understudy
