#include "inflate.hpp"

#include <zlib.h>

#include <algorithm>

namespace chex {

namespace {

/// zlib's state, released when it goes.
struct Stream {
  z_stream state{};
  Stream() {
    if (inflateInit2(&state, -MAX_WBITS) != Z_OK) fail(CHEX_DICOM_MEMORY, "no memory to inflate it");
  }
  ~Stream() { inflateEnd(&state); }
};

}  // namespace

bool inflate_bytes(Span bytes, size_t most, std::vector<uint8_t> &inflated) {
  constexpr size_t step = size_t(1) << 18;
  inflated.clear();
  Stream stream;
  size_t taken = 0;
  for (;;) {
    size_t piece = std::min(bytes.size - taken, step);
    stream.state.next_in = const_cast<uint8_t *>(bytes.bytes + taken);
    stream.state.avail_in = unsigned(piece);
    size_t room = std::min(step, most - inflated.size());
    if (room == 0) return false;
    size_t before = inflated.size();
    inflated.resize(before + room);
    stream.state.next_out = inflated.data() + before;
    stream.state.avail_out = unsigned(room);
    int result = inflate(&stream.state, Z_NO_FLUSH);
    taken += piece - stream.state.avail_in;
    inflated.resize(before + room - stream.state.avail_out);
    if (result == Z_STREAM_END) return true;
    if (result == Z_BUF_ERROR && taken == bytes.size) return true;
    if (result != Z_OK && result != Z_BUF_ERROR) fail(CHEX_DICOM_DAMAGED, "its deflated data are wrong");
  }
}

}  // namespace chex
