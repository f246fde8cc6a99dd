// Who may talk to a run's sockets. Beyond the machine: CURVE (curvezmq.org), where everybody in the
// run holds the run's one pair of keys and nobody else is let in. On loopback: a secret of the run
// (ZMTP PLAIN), since only root can listen there and encryption would cost more than the network.
// ipc and shared memory: a folder that nobody else can enter.
#pragma once

#include <string>
#include <string_view>

#include "runtime/base/errors.hpp"

namespace understudy {

// A Curve25519 pair, each half in Z85 (40 characters).
struct RunKeys {
  std::string public_key;
  std::string secret_key;
};

struct Security {
  enum class Kind { kNone, kSecret, kCurve };
  Kind kind = Kind::kNone;
  std::string secret;  // kSecret
  RunKeys keys;        // kCurve
};

RunKeys make_run_keys();
Security with_new_secret();  // kSecret, 256 random bits

// The file that `understudy keys` makes: mode 0600, and refused where others could read it. Writing
// refuses to replace a file. Throw ScenarioError.
void write_run_keys(const std::string& path, const RunKeys& keys);
RunKeys read_run_keys(const std::string& path);

// A Security as text, to hand to a worker over an inherited descriptor: never by command line,
// environment or a file of the run. parse_security throws ScenarioError.
std::string to_text(const Security& security);
Security parse_security(std::string_view text);

// Whether an endpoint ("tcp://10.0.0.1:5555", "ipc://...") can be reached from this machine only.
bool is_local(std::string_view endpoint);
// Throws ScenarioError where the endpoint asks for more than there is.
void check_security(std::string_view endpoint, const Security& security);

// A new folder with mode 0700 under $XDG_RUNTIME_DIR or the folder for temporary files, whose path
// is short enough for sockets; removed with what is in it by the destructor of its maker's process.
class PrivateFolder {
 public:
  PrivateFolder();  // throws RunError
  ~PrivateFolder();
  PrivateFolder(const PrivateFolder&) = delete;
  PrivateFolder& operator=(const PrivateFolder&) = delete;
  const std::string& path() const { return path_; }

 private:
  std::string path_;
  int owner_ = 0;  // the process
};

}  // namespace understudy
