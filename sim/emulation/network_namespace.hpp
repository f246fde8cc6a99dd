// A network of its own inside of the kernel (Linux, network_namespaces(7)): interfaces, addresses, routes
// and queues that nobody else has. It has no name, and goes with the last process that is in it or holds
// it, however that ends.
#pragma once

#include <string>
#include <utility>

namespace understudy {

class NetworkNamespace {
 public:
  // A new one, with nothing in it. Throws RunError where the process may not make any.
  NetworkNamespace();
  ~NetworkNamespace();
  NetworkNamespace(NetworkNamespace&& other) noexcept : file_(std::exchange(other.file_, -1)) {}
  NetworkNamespace& operator=(NetworkNamespace&&) = delete;

  int file() const { return file_; }
  std::string path() const;  // for other programs, while this process lives

 private:
  int file_ = -1;
};

// This thread, and processes that it starts, are in the namespace meanwhile.
class InNamespace {
 public:
  explicit InNamespace(const NetworkNamespace& there);
  ~InNamespace();
  InNamespace(const InNamespace&) = delete;
  InNamespace& operator=(const InNamespace&) = delete;

 private:
  int before_ = -1;
};

}  // namespace understudy
