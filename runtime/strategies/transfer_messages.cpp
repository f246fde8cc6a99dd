#include "runtime/strategies/transfer_messages.hpp"

namespace understudy {
namespace {

std::string exchange_name(const TransferJob& job) {
  return job.exchange.exchange == TransferExchange::kLogits ? "logits" : "checkpoint";
}

}  // namespace

TransferMessages::TransferMessages(Node& node, const TransferJob& job)
    : node_(node), job_(job), codec_(make_codec<float>(codec_of(job.exchange.precision))) {}

Tag TransferMessages::tag(std::size_t model, std::int64_t update) const {
  return {static_cast<std::uint32_t>(model), static_cast<std::uint32_t>(update)};
}

void TransferMessages::send(std::size_t model, std::int64_t update, std::span<const float> values,
                            std::size_t count, std::span<const std::size_t> nodes) {
  if (nodes.empty()) return;
  const std::size_t bytes = codec_->encoded_bytes(count);
  Payload payload = Payload::dry(bytes);
  if (!node_.dry()) {
    UNDERSTUDY_CHECK(values.size() == count);
    payload = Payload::of_size(bytes);
    StreamKey key = transfer_stream(job_.seed, model, Purpose::kCodec);
    key.step = static_cast<std::uint32_t>(update);
    codec_->encode(values, RandomStream(key), payload.writable());
  }
  const Tag about = tag(model, update);
  node_.describe_stream(
      about.stream, [&] { return Activity{.collective = exchange_name(job_), .step = update}; });
  for (const std::size_t to : nodes) node_.send(job_.nodes.members[to], about, payload);
}

Task<> TransferMessages::receive(std::size_t model, std::int64_t update, std::size_t owner,
                                 std::vector<float>& out, std::size_t count) {
  const TimePoint start = node_.now();
  const std::string kind = exchange_name(job_);
  node_.meter().begin(start, kind);
  const Tag about = tag(model, update);
  const std::optional<Message> message = co_await node_.receive(job_.nodes.members[owner], about);
  node_.meter().end(node_.now(), kind);
  node_.meter().expose(node_.now() - start);
  if (!message) throw TransportError("a node of the transfer is lost");
  if (message->payload.is_dry()) co_return;
  out.resize(count);
  codec_->decode(message->payload.bytes(), out);
}

}  // namespace understudy
