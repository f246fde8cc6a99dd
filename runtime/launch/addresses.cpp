#include "runtime/launch/addresses.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <ifaddrs.h>
#include <netdb.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <memory>
#include <utility>
#include <vector>

#include "runtime/base/errors.hpp"

namespace understudy {
namespace {

constexpr std::uint16_t kDiscardPort = 9;  // nothing is sent to it

std::string text_of(const in_addr& address) {
  std::array<char, INET_ADDRSTRLEN> text{};
  return inet_ntop(AF_INET, &address, text.data(), text.size());
}

sockaddr_in socket_address(const std::string& ipv4) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(kDiscardPort);
  if (inet_pton(AF_INET, ipv4.c_str(), &address.sin_addr) != 1)
    throw TransportError(fmt::format("'{}' is no IPv4 address", ipv4));
  return address;
}

// Names and their IPv4 addresses.
std::vector<std::pair<std::string, std::string>> interfaces() {
  ifaddrs* first = nullptr;
  if (getifaddrs(&first) != 0) first = nullptr;
  const std::unique_ptr<ifaddrs, decltype(&freeifaddrs)> all(first, &freeifaddrs);
  std::vector<std::pair<std::string, std::string>> found;
  for (const ifaddrs* i = all.get(); i != nullptr; i = i->ifa_next)
    if (i->ifa_addr != nullptr && i->ifa_addr->sa_family == AF_INET)
      found.emplace_back(i->ifa_name,
                         text_of(reinterpret_cast<const sockaddr_in*>(i->ifa_addr)->sin_addr));
  return found;
}

}  // namespace

std::string host_name() {
  std::array<char, 256> name{};
  return gethostname(name.data(), name.size() - 1) == 0 ? name.data() : "unknown";
}

std::string host_identity() {
  std::ifstream file("/proc/sys/kernel/random/boot_id");
  std::string boot;
  std::getline(file, boot);
  std::error_code unknown;
  for (const char* space : {"/proc/self/ns/net", "/proc/self/ns/pid"})
    boot += " " + std::filesystem::read_symlink(space, unknown).string();
  return boot;
}

std::string ipv4_of(const std::string& host) {
  addrinfo hints{}, *first = nullptr;
  hints.ai_family = AF_INET;
  const int problem = getaddrinfo(host.c_str(), nullptr, &hints, &first);
  const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> found(first, &freeaddrinfo);
  if (problem != 0 || found == nullptr)
    throw TransportError(
        fmt::format("no IPv4 address is known of '{}', where rank 0 is to be met: {}", host,
                    problem != 0 ? gai_strerror(problem) : "it has none"));
  return text_of(reinterpret_cast<const sockaddr_in*>(found->ai_addr)->sin_addr);
}

std::string own_address_towards(const std::string& ipv4) {
  const sockaddr_in there = socket_address(ipv4);
  const int file = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  sockaddr_in here{};
  socklen_t size = sizeof here;
  const bool found = connect(file, reinterpret_cast<const sockaddr*>(&there), sizeof there) == 0 &&
                     getsockname(file, reinterpret_cast<sockaddr*>(&here), &size) == 0;
  const int problem = errno;
  close(file);
  if (!found)
    throw TransportError(fmt::format("there is no way to {}: {}", ipv4, std::strerror(problem)));
  return text_of(here.sin_addr);
}

std::string address_of_interface(const std::string& interface) {
  in_addr address{};
  if (inet_pton(AF_INET, interface.c_str(), &address) == 1) return interface;
  for (const auto& [name, its] : interfaces())
    if (name == interface) return its;
  throw ScenarioError(
      fmt::format("--interface: this host has no interface '{}' with an IPv4 address", interface));
}

std::string interface_of(const std::string& ipv4) {
  for (const auto& [name, its] : interfaces())
    if (its == ipv4) return name;
  throw TransportError(fmt::format("no interface of this host has the address {}", ipv4));
}

}  // namespace understudy
