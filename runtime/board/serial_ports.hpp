// The serial ports of this machine (libserialport).
#pragma once

#include <optional>
#include <string>
#include <vector>

namespace understudy {

struct UsbIdentity {
  int vendor = 0, product = 0;  // 16 bits each
  std::string serial{};         // empty where the adapter has none (a CH340)
};

struct SerialPort {
  std::string path{};  // "/dev/ttyACM0"
  std::string description{};
  std::optional<UsbIdentity> usb{};
};

// In order of their paths.
std::vector<SerialPort> list_ports();

// "/dev/ttyACM0 (2341:0043:85430353531351B09121) and /dev/ttyUSB0 (1a86:7523)", in a sentence.
std::string describe_ports();

// "VID:PID:SERIAL", "VID:PID" or a path, into a path. Throws BoardError where no port, or more than
// one, has that identity. A path is returned as it is, there or not.
std::string resolve_port(const std::string& port);
std::string format(const UsbIdentity& usb);

}  // namespace understudy
