#include "runtime/fetch/download.hpp"

#include <curl/curl.h>
#include <fmt/format.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>

#include "runtime/base/errors.hpp"
#include "runtime/fetch/sha256.hpp"

namespace understudy {
namespace {

namespace fs = std::filesystem;

constexpr long kMostRedirects = 5;
constexpr long kHttpOk = 200, kHttpNotFound = 404, kHttpPastTheEnd = 416;
constexpr std::uint64_t kTrustedSlack = std::uint64_t{1} << 20;

struct FileClose {
  void operator()(std::FILE* file) const { std::fclose(file); }
};
struct CurlCleanup {
  void operator()(CURL* curl) const { curl_easy_cleanup(curl); }
};

std::uint64_t size_of(const fs::path& file) {
  std::error_code problem;
  const auto size = fs::file_size(file, problem);
  return problem ? 0 : size;
}

// One request for what the part lacks.
class Attempt {
 public:
  Attempt(const RemoteFile& file, const fs::path& part, const DownloadOptions& options)
      : file_(file), part_(part), options_(options), have_(size_of(part)) {
    most_ = file.trusted ? 2 * file.size_bytes + kTrustedSlack : file.size_bytes;
    out_.reset(std::fopen(part.c_str(), "ab"));
    curl_.reset(curl_easy_init());
    if (!out_) fail_to_write();
    if (!curl_) throw std::bad_alloc();
  }

  // Whether the server has nothing more; false: cut off, with something come.
  bool run() {
    set_options();
    const CURLcode code = curl_easy_perform(curl_.get());
    if (disk_failed_ || std::fflush(out_.get()) != 0) fail_to_write();
    if (too_large_) {
      fs::remove(part_);
      throw DataError(fmt::format(
          "{}: is larger than the {} bytes that it may have; it was deleted", file_.url, most_));
    }
    if (code == CURLE_OK) return true;
    if (code == CURLE_HTTP_RETURNED_ERROR) return refused();
    if (code == CURLE_PARTIAL_FILE || code == CURLE_RECV_ERROR || code == CURLE_GOT_NOTHING ||
        code == CURLE_OPERATION_TIMEDOUT || code == CURLE_HTTP2_STREAM) {
      return cut_off(code);
    }
    throw TransportError(fmt::format("{}: {}", file_.url, reason(code)));
  }

 private:
  bool brought_something() const { return brought_ > 0; }
  void set_options() {
    CURL* curl = curl_.get();
    const std::string range = fmt::format("{}-", have_);
    curl_easy_setopt(curl, CURLOPT_URL, file_.url.c_str());
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(curl, CURLOPT_REDIR_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 1L);
    curl_easy_setopt(curl, CURLOPT_MAXREDIRS, kMostRedirects);
    curl_easy_setopt(curl, CURLOPT_FAILONERROR, 1L);
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_USERAGENT, "understudy");
    curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, static_cast<long>(options_.connect_s));
    curl_easy_setopt(curl, CURLOPT_LOW_SPEED_LIMIT, 1L);
    curl_easy_setopt(curl, CURLOPT_LOW_SPEED_TIME, static_cast<long>(options_.stall_s));
    curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, message_);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, &Attempt::write);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, this);
    if (have_ > 0) curl_easy_setopt(curl, CURLOPT_RANGE, range.c_str());
  }

  static std::size_t write(char* data, std::size_t one, std::size_t count, void* self) {
    return static_cast<Attempt*>(self)->take(data, one * count);
  }
  // Another count than `bytes` ends the transfer.
  std::size_t take(const char* data, std::size_t bytes) {
    if (brought_ == 0 && have_ > 0 && status() == kHttpOk) begin_anew();
    too_large_ = have_ + bytes > most_;
    if (too_large_) return 0;
    disk_failed_ = !out_ || std::fwrite(data, 1, bytes, out_.get()) != bytes;
    if (disk_failed_) return 0;
    have_ += bytes;
    brought_ += bytes;
    if (options_.on_progress) options_.on_progress(have_, file_.size_bytes);
    return bytes;
  }
  // The server does not do ranges.
  void begin_anew() {
    out_.reset(std::fopen(part_.c_str(), "wb"));
    have_ = 0;
  }

  long status() const {
    long status = 0;
    curl_easy_getinfo(curl_.get(), CURLINFO_RESPONSE_CODE, &status);
    return status;
  }
  bool refused() {
    const long answer = status();
    if (answer == kHttpPastTheEnd && have_ > 0) {
      fs::remove(part_);
      throw DataError(
          fmt::format("{}: what had come of it is not of that file, and was deleted", file_.url));
    }
    if (answer == kHttpNotFound)
      throw TransportError(fmt::format("{}: the server has no such file (404)", file_.url));
    throw TransportError(fmt::format("{}: the server answers {}", file_.url, answer));
  }
  bool cut_off(CURLcode code) const {
    if (brought_something()) return false;
    throw TransportError(fmt::format("{}: {}; {} of {} bytes have come and are kept", file_.url,
                                     reason(code), have_, file_.size_bytes));
  }
  std::string reason(CURLcode code) const {
    if (code == CURLE_COULDNT_RESOLVE_HOST || code == CURLE_COULDNT_CONNECT)
      return fmt::format("can't be reached: {}", message_);
    return *message_ != '\0' ? message_ : curl_easy_strerror(code);
  }
  [[noreturn]] void fail_to_write() const {
    throw RunError(fmt::format("{}: can't be written: {}", part_.string(), std::strerror(errno)));
  }

  const RemoteFile& file_;
  const fs::path& part_;
  const DownloadOptions& options_;
  std::uint64_t have_;  // bytes of the part
  std::uint64_t brought_ = 0;
  std::uint64_t most_ = 0;
  bool too_large_ = false;
  bool disk_failed_ = false;
  char message_[CURL_ERROR_SIZE] = "";
  std::unique_ptr<std::FILE, FileClose> out_;
  std::unique_ptr<CURL, CurlCleanup> curl_;
};

void start_curl() {
  static const CURLcode started = curl_global_init(CURL_GLOBAL_DEFAULT);
  if (started != CURLE_OK) throw RunError("libcurl can't be started");
}

void fetch_part(const RemoteFile& file, const fs::path& part, const DownloadOptions& options) {
  start_curl();
  try {
    std::uint64_t had = size_of(part);
    while (!Attempt(file, part, options).run()) {
      const std::uint64_t has = size_of(part);
      if (has <= had)
        throw TransportError(fmt::format("{}: is cut off again and again after {} of {} bytes",
                                         file.url, has, file.size_bytes));
      had = has;
    }
  } catch (const Error&) {
    std::error_code ignored;
    if (size_of(part) == 0) fs::remove(part, ignored);
    throw;
  }
}

}  // namespace

void download(const RemoteFile& file, const fs::path& target, const DownloadOptions& options) {
  const fs::path part = target.string() + ".part";
  if (file.trusted || size_of(part) > file.size_bytes) fs::remove(part);
  if (size_of(part) != file.size_bytes) fetch_part(file, part, options);
  const auto reject = [&](const std::string& what) {
    fs::remove(part);
    throw DataError(fmt::format("{}: {}; it was deleted", file.url, what));
  };
  if (!file.trusted) {
    if (const std::uint64_t size = size_of(part); size != file.size_bytes)
      reject(fmt::format("has {} bytes, not the {} of the file that is wanted", size,
                         file.size_bytes));
    if (const std::string hash = sha256_of(part); hash != file.sha256)
      reject(fmt::format("has the SHA-256 {}, not {}", hash, file.sha256));
  }
  std::error_code problem;
  fs::rename(part, target, problem);
  if (problem)
    throw RunError(fmt::format("{}: can't be written: {}", target.string(), problem.message()));
}

}  // namespace understudy
