// A web server of the test's own: one connection at a time, ranges, and ways to misbehave.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <map>
#include <mutex>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace understudy {

class HttpServer {
 public:
  struct Behaviour {
    std::size_t most_bytes = SIZE_MAX;  // of a body, after which the connection is cut
    bool ranges = true;
    bool answers = true;  // false: keeps the connection and says nothing
  };

  HttpServer(const Behaviour& behaviour, std::map<std::string, std::string> files)
      : files_(std::move(files)), behaviour_(behaviour), listener_(listen_anywhere()) {
    thread_ = std::thread([this] { serve(); });
  }
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;
  ~HttpServer() {
    shutdown(listener_, SHUT_RDWR);
    thread_.join();
    for (const int held : held_) close(held);
    close(listener_);
  }

  std::string url(const std::string& path = "") const {
    return "http://127.0.0.1:" + std::to_string(port()) + path;
  }
  // What was asked for so far: "/path" or "/path from N".
  std::vector<std::string> requests() const {
    const std::lock_guard lock(mutex_);
    return requests_;
  }

 private:
  static int listen_anywhere() {
    const int s = socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (bind(s, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0 || listen(s, 8) != 0)
      throw std::runtime_error("no socket to serve on");
    return s;
  }
  int port() const {
    sockaddr_in address{};
    socklen_t size = sizeof address;
    getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size);
    return ntohs(address.sin_port);
  }

  void serve() {
    for (int s = 0; (s = accept(listener_, nullptr, nullptr)) >= 0;) {
      std::string request;
      char buffer[4096];
      while (request.find("\r\n\r\n") == std::string::npos) {
        const auto got = read(s, buffer, sizeof buffer);
        if (got <= 0) break;
        request.append(buffer, static_cast<std::size_t>(got));
      }
      if (!behaviour_.answers) {
        held_.push_back(s);
        continue;
      }
      send_all(s, answer(request));
      shutdown(s, SHUT_WR);
      while (read(s, buffer, sizeof buffer) > 0) continue;
      close(s);
    }
  }

  std::string answer(const std::string& request) {
    const std::string path = request.substr(4, request.find(' ', 4) - 4);
    const auto range = request.find("Range: bytes=");
    const std::size_t from =
        range == std::string::npos ? 0 : std::stoul(request.substr(range + 13));
    {
      const std::lock_guard lock(mutex_);
      requests_.push_back(path + (from == 0 ? "" : " from " + std::to_string(from)));
    }
    const auto file = files_.find(path);
    if (file == files_.end()) return "HTTP/1.1 404 Not Found\r\nContent-Length: 4\r\n\r\nnone";
    const std::string& all = file->second;
    if (from > 0 && from >= all.size() && behaviour_.ranges)
      return "HTTP/1.1 416 Range Not Satisfiable\r\nContent-Length: 0\r\n\r\n";
    const bool partial = from > 0 && behaviour_.ranges;
    const std::string body = partial ? all.substr(from) : all;
    std::string head = partial ? "HTTP/1.1 206 Partial Content\r\n" : "HTTP/1.1 200 OK\r\n";
    if (partial)
      head += "Content-Range: bytes " + std::to_string(from) + "-" +
              std::to_string(all.size() - 1) + "/" + std::to_string(all.size()) + "\r\n";
    head += "Content-Length: " + std::to_string(body.size()) + "\r\nConnection: close\r\n\r\n";
    return head + body.substr(0, behaviour_.most_bytes);
  }

  static void send_all(int s, const std::string& bytes) {
    for (std::size_t sent = 0; sent < bytes.size();) {
      const auto now = send(s, bytes.data() + sent, bytes.size() - sent, MSG_NOSIGNAL);
      if (now <= 0) return;
      sent += static_cast<std::size_t>(now);
    }
  }

  std::map<std::string, std::string> files_;
  Behaviour behaviour_;
  int listener_;
  std::vector<int> held_;
  mutable std::mutex mutex_;
  std::vector<std::string> requests_;
  std::thread thread_;
};

}  // namespace understudy
