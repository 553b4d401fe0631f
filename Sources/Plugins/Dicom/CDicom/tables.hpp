#pragma once
#include "dataset.hpp"

namespace chex {

/// A table from a sequence: output values for consecutive inputs from `first` on, ends repeated.
struct Table {
  int32_t first = 0;
  std::vector<uint16_t> entries;
  double operator()(double input) const;
  /// What stands for white: the largest number of as many bits as the largest entry has. The bits that a descriptor
  /// gives are those of its storage in some makers' files, and are not looked at.
  double white() const;
};

/// The usable tables of a sequence's items, in their order; an item without data or descriptor is none.
/// `lowest` and `highest` are the values that are going to be looked up, and `is_signed` says how the first input
/// is read where the file does not.
std::vector<Table> read_tables(const DataSet &data, uint32_t sequence, bool is_signed, double lowest,
                               double highest);

}  // namespace chex
