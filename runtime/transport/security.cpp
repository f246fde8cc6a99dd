#include "runtime/transport/security.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zmq.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <system_error>
#include <vector>

namespace understudy {
namespace {

constexpr std::size_t kKeyLength = 40;     // characters of Z85
constexpr std::size_t kSecretLength = 64;  // hexadecimal digits
constexpr std::string_view kFirstLine = "understudy keys 1";
constexpr std::size_t kMostBytes = 1024;  // of a file of keys
constexpr std::string_view kHexadecimal = "0123456789abcdef";

class File {
 public:
  explicit File(int file) : file_(file) {}
  ~File() {
    if (file_ >= 0) close(file_);
  }
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  int get() const { return file_; }

 private:
  int file_;
};

[[noreturn]] void refuse(const std::string& path, const char* problem) {
  throw ScenarioError(fmt::format("{}: {}", path, problem));
}

std::vector<std::string> lines_of(std::string_view text) {
  std::vector<std::string> lines;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    lines.emplace_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return lines;
}

// The rest of a line that begins with the word; empty where it does not.
std::string after_word(const std::string& line, std::string_view word) {
  return line.starts_with(word) ? line.substr(word.size()) : "";
}

// Whether both halves are keys, and of one pair.
bool is_pair(const RunKeys& keys) {
  std::array<std::uint8_t, 32> key{};
  if (keys.secret_key.size() != kKeyLength || keys.public_key.size() != kKeyLength) return false;
  if (zmq_z85_decode(key.data(), keys.secret_key.c_str()) == nullptr) return false;
  char derived[kKeyLength + 1] = "";
  return zmq_curve_public(derived, keys.secret_key.c_str()) == 0 && keys.public_key == derived;
}

std::string keys_as_text(const RunKeys& keys) {
  return fmt::format("{}\npublic {}\nsecret {}\n", kFirstLine, keys.public_key, keys.secret_key);
}

// False where the text is not that of a pair.
bool read_keys_text(std::string_view text, RunKeys& keys) {
  const auto lines = lines_of(text);
  if (lines.size() != 3 || lines[0] != kFirstLine) return false;
  keys = {after_word(lines[1], "public "), after_word(lines[2], "secret ")};
  return is_pair(keys);
}

std::string read_all(int file) {
  std::string text(kMostBytes, '\0');
  const ssize_t count = read(file, text.data(), text.size());
  text.resize(count > 0 ? static_cast<std::size_t>(count) : 0);
  return text;
}

// The host of "tcp://host:port"; brackets of an IPv6 address come off.
std::string host_of(std::string_view endpoint) {
  endpoint.remove_prefix(std::string_view("tcp://").size());
  const std::string_view host = endpoint.substr(0, endpoint.rfind(':'));
  if (host.starts_with('[') && host.ends_with(']'))
    return std::string(host.substr(1, host.size() - 2));
  return std::string(host);
}

}  // namespace

RunKeys make_run_keys() {
  char public_key[kKeyLength + 1] = "", secret_key[kKeyLength + 1] = "";
  if (zmq_curve_keypair(public_key, secret_key) != 0)
    throw RunError("this libzmq was built without CURVE, so there are no keys");
  return {public_key, secret_key};
}

Security with_new_secret() {
  std::array<std::uint8_t, kSecretLength / 2> bits{};
  if (getrandom(bits.data(), bits.size(), 0) != static_cast<ssize_t>(bits.size()))
    throw RunError("the system has no random numbers for a secret");
  Security security;
  security.kind = Security::Kind::kSecret;
  for (const std::uint8_t byte : bits) {
    security.secret += kHexadecimal[byte >> 4];
    security.secret += kHexadecimal[byte & 15];
  }
  return security;
}

void write_run_keys(const std::string& path, const RunKeys& keys) {
  const File file(open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (file.get() < 0)
    refuse(path,
           errno == EEXIST ? "is there already, and keys are not replaced" : std::strerror(errno));
  const std::string text = keys_as_text(keys);
  const bool written =
      fchmod(file.get(), 0600) == 0 &&
      write(file.get(), text.data(), text.size()) == static_cast<ssize_t>(text.size()) &&
      fsync(file.get()) == 0;
  if (written) return;
  unlink(path.c_str());
  refuse(path, "the keys can't be written");
}

RunKeys read_run_keys(const std::string& path) {
  const File file(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
  if (file.get() < 0) refuse(path, std::strerror(errno));
  struct stat status {};
  if (fstat(file.get(), &status) != 0 || !S_ISREG(status.st_mode)) refuse(path, "is not a file");
  if (status.st_uid != geteuid()) refuse(path, "belongs to somebody else, who knows these keys");
  if ((status.st_mode & 077) != 0)
    refuse(path, "can be read by others: make new keys, and keep their mode at 0600");
  RunKeys keys;
  if (!read_keys_text(read_all(file.get()), keys)) refuse(path, "does not hold a pair of keys");
  return keys;
}

std::string to_text(const Security& security) {
  switch (security.kind) {
    case Security::Kind::kNone:
      return "none\n";
    case Security::Kind::kSecret:
      return fmt::format("secret {}\n", security.secret);
    case Security::Kind::kCurve:
      return keys_as_text(security.keys);
  }
  return "";
}

Security parse_security(std::string_view text) {
  Security security;
  if (text == "none\n") return security;
  const auto lines = lines_of(text);
  if (lines.size() == 1 && text.ends_with('\n')) {
    security.kind = Security::Kind::kSecret;
    security.secret = after_word(lines[0], "secret ");
    if (security.secret.size() == kSecretLength &&
        security.secret.find_first_not_of(kHexadecimal) == std::string::npos)
      return security;
  }
  security.kind = Security::Kind::kCurve;
  security.secret.clear();
  if (!read_keys_text(text, security.keys))
    throw ScenarioError("what was handed down as this run's keys is neither a secret nor keys");
  return security;
}

bool is_local(std::string_view endpoint) {
  if (!endpoint.starts_with("tcp://")) return true;
  const std::string host = host_of(endpoint);
  in_addr v4{};
  in6_addr v6{};
  if (host == "localhost") return true;
  if (inet_pton(AF_INET, host.c_str(), &v4) == 1) return (ntohl(v4.s_addr) >> 24) == 127;
  return inet_pton(AF_INET6, host.c_str(), &v6) == 1 && IN6_IS_ADDR_LOOPBACK(&v6);
}

void check_security(std::string_view endpoint, const Security& security) {
  if (!endpoint.starts_with("tcp://") && !endpoint.starts_with("ipc://@")) return;
  if (!is_local(endpoint) && security.kind != Security::Kind::kCurve)
    throw ScenarioError(fmt::format(
        "{} can be reached from other machines, so the run needs keys (understudy keys)",
        endpoint));
  if (security.kind == Security::Kind::kNone)
    throw ScenarioError(fmt::format(
        "{} can be reached by everybody on this machine, so the run needs a secret", endpoint));
}

PrivateFolder::PrivateFolder() : owner_(getpid()) {
  std::error_code problem;
  const std::string temporary = std::filesystem::temp_directory_path(problem).string();
  const char* own = std::getenv("XDG_RUNTIME_DIR");
  for (const std::string& parent :
       {std::string(own != nullptr ? own : ""), temporary, std::string("/tmp")}) {
    path_ = parent + "/understudy-XXXXXX";
    if (!parent.empty() && mkdtemp(path_.data()) != nullptr) return;  // with mode 0700
  }
  throw RunError(
      fmt::format("there can be no folder for sockets at {}: {}", path_, std::strerror(errno)));
}

PrivateFolder::~PrivateFolder() {
  std::error_code ignored;
  if (owner_ == getpid()) std::filesystem::remove_all(path_, ignored);
}

}  // namespace understudy
