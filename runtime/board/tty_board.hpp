// A board on a tty: hardware, or an emulated board behind a pseudo-terminal.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "runtime/base/file_watcher.hpp"
#include "runtime/board/board.hpp"
#include "runtime/board/tty.hpp"

namespace understudy {

class TtyBoard final : public Board, Timer {
 public:
  struct Options {
    std::string port;  // a path, VID:PID or VID:PID:SERIAL
    int baud = 115200;
    std::string name{};  // default: the port
  };
  // Opens the port. Throws BoardError where it can't.
  TtyBoard(Executor& executor, FileWatcher& files, Options options);
  ~TtyBoard() override;

  std::string name() const override { return options_.name; }
  int baud() const override { return options_.baud; }
  void write(std::span<const std::uint8_t> bytes) override;
  bool read(ReadOperation& operation) override;
  void cancel(ReadOperation& operation) override;
  // Opens the port anew if it was gone and has returned.
  void reset() override;

 private:
  void open();
  void close(std::string why);
  void on_readable();
  void flush();
  void fire() override;  // ends the pulse on DTR
  bool offer(ReadOperation& operation);

  Executor& executor_;
  FileWatcher& files_;
  Options options_;
  std::optional<Tty> tty_;
  std::string gone_;
  std::vector<std::uint8_t> in_, out_;
  ReadOperation* reader_ = nullptr;
  bool in_reset_ = false;
};

}  // namespace understudy
