// `understudy model show|export|import`: what a model is made of, and its weights to and from PyTorch.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <array>
#include <charconv>
#include <filesystem>
#include <iostream>
#include <nlohmann/json.hpp>

#include "cli/commands.hpp"
#include "results/experiment/run_directory.hpp"
#include "results/report/text_table.hpp"
#include "runtime/learners/files/state_dictionary.hpp"

namespace understudy {
namespace {

namespace fs = std::filesystem;

constexpr const char* kFinal = "final";

struct Options {
  std::string what, model, image, out, weights = kFinal;
  int classes = 10;
  std::size_t run = 0, repeat = 0;
};

// "3x32x32"; empty: the smallest that the model takes, in grey.
ActivationShape image_of(const std::string& text, const std::string& model) {
  const auto side = std::max<std::int64_t>(kLeastImageSide, least_image_side(model));
  if (text.empty()) return {1, side, side};
  std::array<std::int64_t, 3> sizes{};
  const char* at = text.data();
  const char* const end = at + text.size();
  bool fine = true;
  for (std::size_t i = 0; i < sizes.size() && fine; ++i) {
    const auto [next, problem] = std::from_chars(at, end, sizes[i]);
    const bool is_last = i + 1 == sizes.size();
    fine = problem == std::errc{} && sizes[i] > 0 && sizes[i] <= 4096 &&
           (is_last ? next == end : next != end && *next == 'x');
    at = next + (is_last ? 0 : 1);
  }
  if (!fine)
    throw ScenarioError(
        fmt::format("--image: '{}' is no shape such as 3x32x32: channels, rows and "
                    "columns",
                    text));
  return {sizes[0], sizes[1], sizes[2]};
}

Model model_of(const std::string& name, const Options& options) {
  return make_model(name, 0, {image_of(options.image, name), options.classes});
}

std::int64_t count(const Layout& layout, bool trainable) {
  std::size_t sum = 0;
  for (const Slice& slice : layout.slices) sum += slice.trainable == trainable ? slice.size : 0;
  return static_cast<std::int64_t>(sum);
}

// A file says no more than its layout.
struct Shown {
  std::string name;
  Layout layout;
  std::optional<double> flops{};  // of one sample's way forward
};
Shown shown(const Options& options) {
  std::error_code ignored;
  if (fs::exists(options.what, ignored))
    return {options.what, read_state_dictionary(options.what).layout};
  const Model model = model_of(options.what, options);
  double flops = 0;
  for (const KernelCost& kernel : training_cost(model, 1))
    if (kernel.phase == Phase::kForward) flops += kernel.flops;
  return {model.name, make_layout(model), flops};
}

void print_json(const Shown& model) {
  nlohmann::ordered_json slices = nlohmann::ordered_json::array();
  for (const Slice& slice : model.layout.slices) {
    slices.push_back(
        {{"name", slice.name}, {"shape", slice.shape}, {"trainable", slice.trainable}});
  }
  nlohmann::ordered_json out{{"name", model.name},
                             {"parameters", count(model.layout, true)},
                             {"buffers", count(model.layout, false)}};
  if (model.flops) out["forward_flops"] = *model.flops;
  out["slices"] = std::move(slices);
  std::cout << out.dump(2) << '\n';
}

void show(const Options& options, const Session& session) {
  const Shown model = shown(options);
  if (session.json) return print_json(model);
  std::vector<std::vector<std::string>> rows{{"name", "shape", "values", ""}};
  for (const Slice& slice : model.layout.slices) {
    rows.push_back({slice.name, fmt::format("[{}]", fmt::join(slice.shape, ", ")),
                    std::to_string(slice.size), slice.trainable ? "" : "buffer"});
  }
  std::cout << text_table(rows)
            << fmt::format("{}: {} parameters", model.name, count(model.layout, true));
  if (const auto buffers = count(model.layout, false); buffers > 0)
    std::cout << fmt::format(", {} values in buffers", buffers);
  if (model.flops)
    std::cout << fmt::format("; {:.4g} operations for one sample's way forward", *model.flops);
  std::cout << '\n';
}

// The repeat that trained the weights: others may share them.
UnitKey trained_by(const RunDirectory& directory, UnitKey key) {
  for (const Unit& unit : directory.units()) {
    if (unit.key == key) return unit.weights_of.value_or(key);
  }
  throw ScenarioError(fmt::format("{}: has no finished repeat {} of run {}",
                                  directory.path().string(), key.repeat, key.run));
}

fs::path kept_file(const RunDirectory& directory, const Options& options) {
  const fs::path prefix =
      directory.weights_prefix(trained_by(directory, {options.run, options.repeat}));
  const std::string end = options.weights == kFinal ? "" : "-" + options.weights;
  const fs::path file = prefix.string() + end + ".pt";
  if (fs::exists(file)) return file;
  std::vector<std::string> others;
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(prefix.parent_path(), ignored)) {
    const std::string name = entry.path().stem().string(), stem = prefix.filename().string();
    if (name == stem) others.emplace_back(kFinal);
    if (name.starts_with(stem + "-")) others.push_back(name.substr(stem.size() + 1));
  }
  throw ScenarioError(
      others.empty()
          ? fmt::format("{}: kept no weights of this repeat, as keep_weights: final does",
                        directory.path().string())
          : fmt::format("{}: has no weights '{}' of this repeat; there are {}",
                        directory.path().string(), options.weights, fmt::join(others, ", ")));
}

void write(const std::string& out, const StateDictionary& dictionary, const Session& session) {
  write_state_dictionary(out, dictionary.layout, dictionary.values);
  if (!session.quiet)
    std::cout << fmt::format("{}: {} values by {} names\n", out, dictionary.layout.size,
                             dictionary.layout.slices.size());
}

void export_weights(const Options& options, const Session& session) {
  const RunDirectory directory = RunDirectory::open(options.what, RunDirectory::Access::kRead);
  write(options.out, read_state_dictionary(kept_file(directory, options).string()), session);
}

void import_weights(const Options& options, const Session& session) {
  Layout layout = make_layout(model_of(options.model, options));
  std::vector<float> values =
      values_for(layout, read_state_dictionary(options.what), options.what, options.model);
  write(options.out, {std::move(layout), std::move(values)}, session);
}

void add_shape(CLI::App& command, Options& options) {
  command.add_option("--image", options.image,
                     "Channels, rows and columns, as 3x32x32; the least that the model takes");
  command.add_option("--classes", options.classes, "Of the last layer; 10")
      ->check(CLI::Range(1, 1'000'000));
}

}  // namespace

void add_model(CLI::App& app, Session& session) {
  CLI::App* command =
      app.add_subcommand("model", "Show models, and take weights to and from PyTorch");
  command->require_subcommand(1);
  auto options = std::make_shared<Options>();

  CLI::App* showing = command->add_subcommand("show", "Layers, shapes and parameters");
  showing
      ->add_option("what", options->what,
                   "A model of 'list models', or a file of torch.save or torch.jit.save")
      ->required();
  add_shape(*showing, *options);
  add_common_flags(*showing, session);
  showing->callback([options, &session] { show(*options, session); });

  CLI::App* exporting = command->add_subcommand(
      "export", "Take a run's weights: a file that torch.load opens, for load_state_dict");
  exporting->add_option("run_directory", options->what, "Of a finished run")->required();
  exporting->add_option("--out", options->out, "The file")->required();
  exporting->add_option("--run", options->run, "Of a sweep; 0");
  exporting->add_option("--repeat", options->repeat, "0");
  exporting->add_option(
      "--weights", options->weights,
      "final; where they are kept also best; of a transfer target, member_0, ...");
  add_common_flags(*exporting, session);
  exporting->callback([options, &session] { export_weights(*options, session); });

  CLI::App* importing = command->add_subcommand(
      "import",
      "Check a state dictionary of Python against a model, and write what it starts from");
  importing->add_option("file", options->what, "From torch.save(model.state_dict(), FILE)")
      ->required();
  importing->add_option("--model", options->model, "A model of 'list models'")->required();
  importing->add_option("--out", options->out, "The file, for a scenario's model: {weights: ...}")
      ->required();
  add_shape(*importing, *options);
  add_common_flags(*importing, session);
  importing->callback([options, &session] { import_weights(*options, session); });
}

}  // namespace understudy
