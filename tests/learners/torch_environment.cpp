// As in main: LibTorch is set up before anything else.
#include "runtime/learners/torch/set_up.hpp"

namespace understudy {
namespace {

class TorchEnvironment final : public testing::Environment {
 public:
  void SetUp() override { set_up_torch(); }
};

const testing::Environment* const kEnvironment =
    testing::AddGlobalTestEnvironment(new TorchEnvironment);

}  // namespace
}  // namespace understudy
