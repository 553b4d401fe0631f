#pragma once
#include <vector>

#include "dataset.hpp"

namespace chex {

/// The largest deflated data set that is read.
constexpr size_t MOST_INFLATED = size_t(1) << 30;

/// Inflates at most `most` bytes of a raw deflate stream; false where there are more. Data that end early
/// give what they hold: the walk through the elements finds what is missing.
bool inflate_bytes(Span bytes, size_t most, std::vector<uint8_t> &inflated);

}  // namespace chex
