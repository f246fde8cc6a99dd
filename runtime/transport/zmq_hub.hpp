// The ZeroMQ side of one event loop: the context, sockets with the run's security and sane limits,
// and their events. A socket is used only on the loop's thread.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>
#include <zmq.hpp>

#include "runtime/base/file_watcher.hpp"
#include "runtime/transport/security.hpp"

namespace understudy {

class ZmqHub final : Polled {
 public:
  ZmqHub(FileWatcher& watcher, Security security);
  ~ZmqHub();

  // A socket with the hub's security: finite linger, no limit of its own on queues (flow control is
  // the protocol's), handshakes and messages bounded, ROUTER_MANDATORY. Throw TransportError where
  // the address is taken or wrong; ScenarioError where it needs keys that there are not.
  zmq::socket_t listen(zmq::socket_type type, const std::string& address);
  zmq::socket_t connect(zmq::socket_type type, const std::string& address);

  // Calls `ready` when there is something to receive, again and again while there is.
  void watch(zmq::socket_t& socket, std::function<void()> ready);
  void ignore(zmq::socket_t& socket);
  // To be called after sending on a watched socket outside of its `ready`: libzmq may then have
  // taken notice, by itself, of something to receive, and will not tell again.
  void note_use(const zmq::socket_t& socket);

  const Security& security() const { return security_; }
  // Connections that were refused: no secret, no key or a wrong one.
  std::uint64_t turned_away() const { return turned_away_; }

 private:
  struct Watched {
    zmq::socket_t* socket;
    std::shared_ptr<std::function<void()>> ready;
    bool unsure = true;  // whether there is something to receive; else there is nothing
  };
  bool ready() override;
  void dispatch() override;
  bool before_sleep() override;
  void after_sleep() override {}
  zmq::socket_t make(zmq::socket_type type, const std::string& address);
  void answer_doorkeeper();

  FileWatcher& watcher_;
  Security security_;
  zmq::context_t context_;
  zmq::socket_t doorkeeper_;
  std::vector<Watched> watched_;
  std::uint64_t turned_away_ = 0;
};

// Where a socket listens, once the system has chosen the port.
std::string last_endpoint(zmq::socket_t& socket);

}  // namespace understudy
