// ReceivedBody: the DATA of a flow as a BodySource. What was read is given back to the peer's window with the next
// call: by then its taker has it.
//
// Belongs to the flow's owner, which outlives it; one worker's thread.
#pragma once

#include "sallyport/http/exchange.hpp"

#include "http2_fields.hpp"
#include "http2_flow.hpp"

namespace sallyport::http::http2 {

class ReceivedBody final : public BodySource {
 public:
  // `patience`: for the next part. `trailers`: where the flow's owner puts them; wrong ones are no proper end.
  ReceivedBody(Flow& flow, io::Duration patience, ReceivedTrailers& trailers)
      : flow_(flow), patience_(patience), trailers_(trailers) {}

  io::Task<Result<ByteView>> read() override;
  void stop() override;
  [[nodiscard]] bool has_buffered() override;
  [[nodiscard]] Fields& trailers() override { return trailers_.fields; }

 private:
  void consume_given();

  Flow& flow_;
  io::Duration patience_;
  ReceivedTrailers& trailers_;
  std::size_t given_ = 0;  // of flow_.received(), to whoever reads
  bool stopped_ = false;
};

}  // namespace sallyport::http::http2
