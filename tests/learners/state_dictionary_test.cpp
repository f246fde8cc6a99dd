// State dictionaries of PyTorch, read and written without it. The files of tests/golden/torchscript/ come
// from PyTorch.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "runtime/learners/files/state_dictionary.hpp"
#include "runtime/learners/files/torch_archive.hpp"
#include "runtime/learners/model.hpp"
#include "tests/data/idx_files.hpp"

namespace understudy {
namespace {

const std::string kGolden = UNDERSTUDY_SOURCE_DIR "/tests/golden/torchscript/";

std::vector<float> values_of(const StateDictionary& all, const std::string& name) {
  for (const Slice& slice : all.layout.slices) {
    if (slice.name != name) continue;
    const auto first = all.values.begin() + static_cast<std::ptrdiff_t>(slice.offset);
    return {first, first + static_cast<std::ptrdiff_t>(slice.size)};
  }
  ADD_FAILURE() << "no " << name;
  return {};
}

TEST(StateDictionary, HasTheNamesAndShapesOfPython) {
  const StateDictionary all = read_state_dictionary(kGolden + "after.pt");
  std::vector<std::pair<std::string, std::vector<std::int64_t>>> found;
  for (const Slice& slice : all.layout.slices) found.emplace_back(slice.name, slice.shape);
  using Shape = std::vector<std::int64_t>;
  const std::vector<std::pair<std::string, Shape>> wanted = {{"conv.weight", {4, 1, 3, 3}},
                                                             {"conv.bias", {4}},
                                                             {"bn.weight", {4}},
                                                             {"bn.bias", {4}},
                                                             {"bn.running_mean", {4}},
                                                             {"bn.running_var", {4}},
                                                             {"bn.num_batches_tracked", {}},
                                                             {"fc.weight", {10, 64}},
                                                             {"fc.bias", {10}}};
  EXPECT_EQ(found, wanted);
  EXPECT_EQ(values_of(all, "bn.num_batches_tracked"), std::vector<float>{20});
}

// numbers = [[0, 1, 2], [3, 4, 5]]
TEST(StateDictionary, HasValuesInTheOrderOfRowsWhateverTheyAreStoredAs) {
  const StateDictionary all = read_state_dictionary(kGolden + "layouts.pt");
  EXPECT_EQ(values_of(all, "transposed"), (std::vector<float>{0, 3, 1, 4, 2, 5}));
  EXPECT_EQ(values_of(all, "row"), (std::vector<float>{3, 4, 5}));
  EXPECT_EQ(values_of(all, "half"), (std::vector<float>{0, 0.25, 0.5, 0.75, 1, 1.25}));
  EXPECT_EQ(values_of(all, "brain"), (std::vector<float>{0, 1, 2, 3, 4, 5}));
  EXPECT_EQ(values_of(all, "double"), (std::vector<float>{0, 0.125, 0.25, 0.375, 0.5, 0.625}));
  EXPECT_EQ(values_of(all, "scalar"), std::vector<float>{7});
  EXPECT_EQ(values_of(all, "parameter"), (std::vector<float>{0, 1, 2, 3, 4, 5}));
}

TEST(StateDictionary, ComesBackAsItWasWritten) {
  const TemporaryFolder folder;
  const std::string file = folder / "out.pt";
  const StateDictionary all = read_state_dictionary(kGolden + "after.pt");
  write_state_dictionary(file, all.layout, all.values);
  const StateDictionary again = read_state_dictionary(file);
  EXPECT_EQ(again.values, all.values);
  ASSERT_EQ(again.layout.slices.size(), all.layout.slices.size());
  for (std::size_t i = 0; i < all.layout.slices.size(); ++i) {
    EXPECT_EQ(again.layout.slices[i].name, all.layout.slices[i].name);
    EXPECT_EQ(again.layout.slices[i].shape, all.layout.slices[i].shape);
    EXPECT_EQ(again.layout.slices[i].whole, all.layout.slices[i].whole);
  }
}

Model net() {
  return {.name = "net",
          .input = {1, 12, 12},
          .layers = {Conv2d{.name = "conv", .in = 1, .out = 4, .kernel = 3}, BatchNorm2d{"bn", 4},
                     Relu{}, AveragePool2d{4}, Flatten{}, Linear{"fc", 64, 10}}};
}

TEST(StateDictionary, FitsTheModelOfItsNamesButForCountsOfBatches) {
  const StateDictionary all = read_state_dictionary(kGolden + "after.pt");
  const std::vector<float> values = values_for(make_layout(net()), all, "after.pt", "net");
  std::vector<float> wanted;
  for (const char* name : {"conv.weight", "conv.bias", "bn.weight", "bn.bias", "bn.running_mean",
                           "bn.running_var", "fc.weight", "fc.bias"}) {
    const std::vector<float> of = values_of(all, name);
    wanted.insert(wanted.end(), of.begin(), of.end());
  }
  EXPECT_EQ(values, wanted);
}

TEST(StateDictionary, ListsWhatDoesNotFit) {
  const StateDictionary all = read_state_dictionary(kGolden + "after.pt");
  Model other = net();
  std::get<Conv2d>(other.layers[0]).name = "first";
  std::get<Linear>(other.layers[5]).out = 7;
  EXPECT_THAT(
      [&] { values_for(make_layout(other), all, "after.pt", "net"); },
      testing::ThrowsMessage<DataError>(
          "after.pt: does not fit net: it lacks first.weight, first.bias; fc.weight is [10, 64] "
          "and "
          "not [7, 64], fc.bias is [10] and not [7]; it has conv.bias, conv.weight besides"));
  const Model vgg = make_model("vgg11", 0, {{1, 32, 32}, 10});
  EXPECT_THAT([&] { values_for(make_layout(vgg), all, "after.pt", "vgg11"); },
              testing::ThrowsMessage<DataError>(testing::HasSubstr(" and 14 more; it has ")));
}

TEST(StateDictionary, StartsAModelThatNamesIt) {
  const TemporaryFolder folder;
  const std::string file = folder / "lenet.pt";
  const Layout layout = make_layout(make_model("lenet", 0));
  std::vector<float> values(layout.size);
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = static_cast<float>(i) / 7;
  write_state_dictionary(file, layout, values);
  const Model model = make_model({.kind = "lenet", .weights = {file}}, 0, {});
  std::vector<float> start(layout.size);
  initialise<float>(model, RandomStream({}), start);
  EXPECT_EQ(start, values);
}

// Of the first Python that has PyTorch; empty: none has.
std::string python_with_torch() {
  for (const std::string python : {"python3", "/usr/bin/python3"})
    if (std::system((python + " -c 'import torch' 2>/dev/null").c_str()) == 0) return python;
  return {};
}

TEST(StateDictionary, IsLoadedByPython) {
  const std::string python = python_with_torch();
  if (python.empty()) GTEST_SKIP() << "no Python here has PyTorch (Debian's python3-torch)";
  const TemporaryFolder folder;
  const ImageShape photographs{{3, 32, 32}, 10}, large{{3, 224, 224}, 1000};
  for (const Model& model : {net(), make_model("cnn", 0), make_model("resnet18", 0, large),
                             make_model("vgg19_bn", 0, photographs)}) {
    const Layout layout = make_layout(model);
    std::vector<float> values(layout.size);
    for (std::size_t i = 0; i < values.size(); ++i)
      values[i] = static_cast<float>(i % 1009) / 1009.0f;
    write_state_dictionary(folder / (model.name + ".pt"), layout, values);
  }
  const std::string command = python + " " + UNDERSTUDY_SOURCE_DIR +
                              "/tests/learners/load_state_dictionaries.py " +
                              folder.path().string();
  EXPECT_EQ(std::system(command.c_str()), 0);
}

std::string bytes_of(const std::string& path) {
  std::ostringstream bytes;
  bytes << std::ifstream(path, std::ios::binary).rdbuf();
  return bytes.str();
}

void write_pickle(const std::string& file, const std::string& pickle) {
  write_torch_archive(file, {{"data.pkl", std::as_bytes(std::span(pickle))}});
}

// What pickle.loads would run: a command, a file's bytes, or a class of the user's.
TEST(StateDictionary, NeverRunsAPickle) {
  const TemporaryFolder folder;
  const std::string file = folder / "evil.pt", trace = folder / "trace";
  for (const std::string& name :
       {std::string("posix\nsystem"), std::string("builtins\neval"), std::string("__main__\nNet"),
        std::string("torch\nload"), std::string("torch.evil\nFloatStorage")}) {
    const std::string command = "touch " + trace;
    std::string pickle =
        "\x80\x02"
        "c" +
        name + "\nX";
    const auto size = static_cast<std::uint32_t>(command.size());
    pickle.append(reinterpret_cast<const char*>(&size), sizeof size);
    pickle += command + "\x85R.";
    write_pickle(file, pickle);
    std::string dotted = name;
    dotted[dotted.find('\n')] = '.';
    EXPECT_THAT([&] { read_state_dictionary(file); },
                testing::ThrowsMessage<DataError>(
                    file + ": its pickle asks for '" + dotted +
                    "', which is no part of a state dictionary; nothing of it was run. "
                    "torch.save(dict(model.state_dict()), ...) writes what can be read"));
    EXPECT_FALSE(std::filesystem::exists(trace));
  }
}

TEST(StateDictionary, RefusesOtherPickles) {
  const TemporaryFolder folder;
  const std::string file = folder / "other.pt";
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"\x80\x02N.", "holds no dictionary of tensors by name"},
      {"\x80\x02}.", "holds no dictionary of tensors by name"},
      {"\x80\x02R.", "its pickle is damaged"},
      {"\x80\x02h\x05.", "its pickle is damaged"},
      {"\x80\x02X\xff\xff\xff\x7f.", "its pickle is damaged"},
      {"\x80\x02P1\n.", "its pickle has the instruction 0x50, which PyTorch never writes"}};
  for (const auto& [pickle, sentence] : cases) {
    write_pickle(file, pickle);
    EXPECT_THAT([&] { read_state_dictionary(file); },
                testing::ThrowsMessage<DataError>(file + ": " + sentence));
  }
  const std::string nested = kGolden + "nested.pt";
  EXPECT_THAT(
      [&] { read_state_dictionary(nested); },
      testing::ThrowsMessage<DataError>(
          nested + ": 'epoch' is no tensor; a state dictionary, as module.state_dict() gives "
                   "it, belongs"));
  write_file(file, "\x80\x02}.");
  EXPECT_THAT([&] { read_state_dictionary(file); },
              testing::ThrowsMessage<DataError>(
                  file + ": is from PyTorch before 1.6, or saved as it did; "
                         "torch.save(torch.load(FILE), FILE) makes an archive of it"));
  write_file(file, "weights");
  EXPECT_THAT([&] { read_state_dictionary(file); },
              testing::ThrowsMessage<DataError>(
                  file + ": is no archive of torch.save or torch.jit.save, or a damaged one"));
  EXPECT_THAT([] { read_state_dictionary("none.pt"); },
              testing::ThrowsMessage<DataError>("none.pt: no such file"));
}

// Cut short anywhere, or with any byte another: read, or refused, and never beyond its bytes.
TEST(StateDictionary, RefusesWhatIsDamaged) {
  const TemporaryFolder folder;
  const std::string file = folder / "damaged.pt";
  const std::string whole = bytes_of(kGolden + "after.pt");
  std::size_t refused = 0;
  const auto try_to_read = [&](const std::string& bytes) {
    write_file(file, bytes);
    try {
      read_state_dictionary(file);
    } catch (const DataError&) {
      ++refused;
    }
  };
  for (std::size_t size = 0; size < whole.size() - 1; size += 97)
    try_to_read(whole.substr(0, size));
  EXPECT_GT(refused, whole.size() / 97 / 2);
  for (std::size_t at = 0; at < whole.size(); at += 13) {
    std::string other = whole;
    other[at] = static_cast<char>(other[at] ^ 0x55);
    try_to_read(other);
  }
}

// A tensor that says that it is more than its bytes.
TEST(StateDictionary, RefusesTensorsBeyondTheirBytes) {
  const auto with = [&](std::int64_t offset, std::int64_t size, std::int64_t stride) {
    const TorchArchive archive(kGolden + "after.pt");
    PickledTensor tensor{{"torch.FloatStorage", "1"}, offset, {size}, {stride}, false};
    return archive.values(tensor, "t");
  };
  EXPECT_EQ(with(0, 4, 1).size(), 4u);  // conv.bias
  const auto refused =
      testing::ThrowsMessage<DataError>(testing::HasSubstr("the values of 't' are not all there"));
  EXPECT_THAT([&] { with(0, 5, 1); }, refused);
  EXPECT_THAT([&] { with(1, 4, 1); }, refused);
  EXPECT_THAT([&] { with(0, 4, 2); }, refused);
  EXPECT_THAT([&] { with(-1, 4, 1); }, refused);
  EXPECT_THAT([&] { with(0, 4, -1); }, refused);
  EXPECT_THAT([&] { with(0, std::int64_t{1} << 40, 0); }, refused);
  EXPECT_THAT([&] { with(0, 3, std::int64_t{1} << 62); }, refused);
}

TEST(ScriptedModule, IsKnownFromItsFile) {
  const ScriptedFile file = read_scripted_module(kGolden + "net.pt");
  const StateDictionary after = read_state_dictionary(kGolden + "after.pt");
  ASSERT_EQ(file.layout.slices.size(), after.layout.slices.size());
  for (std::size_t i = 0; i < after.layout.slices.size(); ++i) {
    const Slice& slice = file.layout.slices[i];
    EXPECT_EQ(slice.name, after.layout.slices[i].name);
    EXPECT_EQ(slice.shape, after.layout.slices[i].shape);
    const bool buffer = slice.name.starts_with("bn.running") || slice.whole;
    EXPECT_EQ(slice.trainable, !buffer) << slice.name;
  }
  EXPECT_EQ(file.layout.size, 4u * 9 + 4 + 4 + 4 + 4 + 4 + 1 + 640 + 10);
  EXPECT_EQ(flops_estimate(file.layout), 2 * (4 * 9 + 4 + 4 + 4 + 640 + 10));
}

TEST(ScriptedModule, IsRefusedWhereItCannotBeTrained) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"tied.pt", "'first.weight' and 'second.weight' are one tensor, and two belong"},
      {"double.pt", "'conv.weight' is of torch.DoubleStorage, where float32 belongs"},
      {"frozen.pt", "has no parameter to train; torch.jit.freeze() makes constants of them"},
      {"after.pt", "is no TorchScript module, as torch.jit.save writes it"}};
  for (const auto& [name, sentence] : cases) {
    EXPECT_THAT([&] { read_scripted_module(kGolden + name); },
                testing::ThrowsMessage<DataError>(kGolden + name + ": " + sentence));
  }
}

// Forward as declared, backward twice that; each slice is marked once.
TEST(ScriptedModule, CostsWhatIsDeclared) {
  const Model model = make_model(
      {.kind = kTorchscript, .file = {kGolden + "net.pt"}, .flops = 5000}, 0, {{1, 12, 12}, 10});
  double forward = 0, backward = 0;
  std::vector<int> marks;
  for (const KernelCost& kernel : training_cost(model, 8)) {
    if (kernel.phase == Phase::kForward) forward += kernel.flops;
    if (kernel.phase == Phase::kBackward) backward += kernel.flops;
    if (kernel.mark) marks.push_back(*kernel.mark);
  }
  EXPECT_NEAR(forward, 8 * 5000, 1e-6);
  EXPECT_NEAR(backward, 2 * 8 * 5000, 1e-6);
  EXPECT_THAT(marks, testing::UnorderedElementsAre(0, 1, 2, 3, 4, 5, 6, 7, 8));
}

}  // namespace
}  // namespace understudy
