// A terminal as a serial line: a real port or a pseudo-terminal, which differ in nothing here.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace understudy {

// Raw 8N1 without flow control, locked to this process, closed by the destructor.
class Tty {
 public:
  // Throws BoardError: no such port (naming those that there are), no permission (naming the group),
  // in use, not a terminal, a rate that it refuses. Opening raises DTR.
  Tty(const std::string& path, int baud);
  ~Tty();
  Tty(Tty&& other) noexcept;
  Tty& operator=(Tty&& other) noexcept;

  int file() const { return file_; }
  // Lowering and raising DTR resets an Arduino. Where there are no modem lines (a pseudo-terminal)
  // the rate is set to B0 meanwhile, which means the same (POSIX, termios.h).
  void set_dtr(bool on);
  void discard();  // what has been received and not read, written and not sent

  enum class State { kOpen, kGone };
  // Appends what is there; never waits.
  State read(std::vector<std::uint8_t>& bytes);
  // Writes what fits, and takes it off the front of `bytes`; never waits.
  State write(std::vector<std::uint8_t>& bytes);

 private:
  std::string path_;
  int baud_ = 0;
  int file_ = -1;
  bool has_modem_lines_ = true;
};

// The other end of a pseudo-terminal: what a program that opens path() sees as a port.
class PseudoTerminal {
 public:
  PseudoTerminal();  // throws BoardError where the system has no more
  ~PseudoTerminal();
  PseudoTerminal(const PseudoTerminal&) = delete;
  PseudoTerminal& operator=(const PseudoTerminal&) = delete;

  const std::string& path() const { return path_; }
  int file() const { return file_; }
  // Bits per second that the other side has set; 0 while nobody has it open, or with DTR low.
  int baud() const;
  void read(std::vector<std::uint8_t>& bytes);  // appends what is there; never waits
  // Never waits: what nobody reads is lost, as on a wire, once the kernel's buffer is full.
  void write(std::span<const std::uint8_t> bytes);

 private:
  int file_ = -1;
  std::string path_;
};

}  // namespace understudy
