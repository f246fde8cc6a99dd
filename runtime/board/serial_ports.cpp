#include "runtime/board/serial_ports.hpp"

#include <fmt/format.h>
#include <libserialport.h>

#include <algorithm>

#include "runtime/base/errors.hpp"

namespace understudy {
namespace {

std::string text(const char* s) { return s == nullptr ? "" : s; }

SerialPort describe(sp_port* port) {
  SerialPort out{.path = text(sp_get_port_name(port)),
                 .description = text(sp_get_port_description(port))};
  UsbIdentity usb;
  if (sp_get_port_transport(port) == SP_TRANSPORT_USB &&
      sp_get_port_usb_vid_pid(port, &usb.vendor, &usb.product) == SP_OK) {
    usb.serial = text(sp_get_port_usb_serial(port));
    out.usb = usb;
  }
  return out;
}

bool is(const SerialPort& port, const std::string& wanted) {
  if (!port.usb) return false;
  const std::string pair = fmt::format("{:04x}:{:04x}", port.usb->vendor, port.usb->product);
  return wanted == pair || wanted == pair + ":" + port.usb->serial;
}

std::string lower(std::string s, std::size_t most) {
  for (std::size_t i = 0; i < std::min(most, s.size()); ++i)
    s[i] = static_cast<char>(std::tolower(static_cast<unsigned char>(s[i])));
  return s;
}

}  // namespace

std::string format(const UsbIdentity& usb) {
  const std::string pair = fmt::format("{:04x}:{:04x}", usb.vendor, usb.product);
  return usb.serial.empty() ? pair : pair + ":" + usb.serial;
}

std::vector<SerialPort> list_ports() {
  std::vector<SerialPort> ports;
  sp_port** list = nullptr;
  if (sp_list_ports(&list) != SP_OK) return ports;
  for (sp_port** port = list; *port != nullptr; ++port) ports.push_back(describe(*port));
  sp_free_port_list(list);
  std::sort(ports.begin(), ports.end(),
            [](const auto& a, const auto& b) { return a.path < b.path; });
  return ports;
}

std::string describe_ports() {
  std::string out;
  for (const SerialPort& port : list_ports()) {
    if (!out.empty()) out += ", ";
    out += port.usb ? fmt::format("{} ({})", port.path, format(*port.usb)) : port.path;
  }
  return out.empty() ? "this machine has no serial port" : "there are " + out;
}

std::string resolve_port(const std::string& port) {
  constexpr std::size_t kPair = 9;  // of characters in vvvv:pppp
  if (port.size() < kPair || port.find('/') != std::string::npos || port[4] != ':') return port;
  const std::string wanted = lower(port, kPair);
  std::vector<std::string> found;
  for (const SerialPort& candidate : list_ports())
    if (is(candidate, wanted)) found.push_back(candidate.path);
  if (found.empty())
    throw BoardError(
        fmt::format("no port belongs to the USB device {}; {}", port, describe_ports()));
  if (found.size() > 1)
    throw BoardError(
        fmt::format("{} ports belong to the USB device {}: name its serial number, or the port",
                    found.size(), port));
  return found.front();
}

}  // namespace understudy
