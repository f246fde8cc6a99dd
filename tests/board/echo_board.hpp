// A board that sends back what it gets, at once: for tests of what lies around a board.
#pragma once

#include <utility>

#include "runtime/board/board.hpp"

namespace understudy {

class EchoBoard final : public Board {
 public:
  std::string name() const override { return "echo"; }
  int baud() const override { return 115'200; }
  void write(std::span<const std::uint8_t> bytes) override {
    waiting_.insert(waiting_.end(), bytes.begin(), bytes.end());
    if (reader_ != nullptr && offer(*reader_)) std::exchange(reader_, nullptr)->complete();
  }
  bool read(ReadOperation& operation) override {
    if (offer(operation)) return true;
    reader_ = &operation;
    return false;
  }
  void cancel(ReadOperation& operation) override {
    if (reader_ == &operation) reader_ = nullptr;
  }
  void reset() override {
    waiting_.clear();
    ++resets;
  }
  int resets = 0;

 private:
  bool offer(ReadOperation& operation) {
    if (waiting_.empty()) return false;
    operation.input = {std::exchange(waiting_, {})};
    return true;
  }
  std::vector<std::uint8_t> waiting_;
  ReadOperation* reader_ = nullptr;
};

}  // namespace understudy
