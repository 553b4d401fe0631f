#include "tables.hpp"

#include <algorithm>
#include <cmath>

namespace chex {

namespace {

constexpr uint32_t DESCRIPTOR = 0x00283002, ENTRIES = 0x00283006;

/// False where the item holds no table of at least two entries.
bool read_table(const DataSet &item, bool is_signed, Table &table) {
  const Element *descriptor = item.find(DESCRIPTOR), *values = item.find(ENTRIES);
  if (!descriptor || !values) return false;
  if (descriptor->vr[0]) is_signed = descriptor->vr[0] == 'S';
  int32_t announced = 0, bits = 16;
  if (!item.short_number(DESCRIPTOR, 0, false, announced) ||
      !item.short_number(DESCRIPTOR, 1, is_signed, table.first)) {
    return false;
  }
  item.short_number(DESCRIPTOR, 2, false, bits);
  size_t count = announced ? size_t(announced) : 65536, size = values->value.size;
  // Entries of a byte each, where there are just as many bytes, or where words would be too few.
  bool packed = size == count + count % 2 || size == count || (bits <= 8 && size < 2 * count && size >= count);
  count = std::min(count, packed ? size : size / 2);
  if (count < 2) return false;
  table.entries.resize(count);
  bool big = item.encoding.big_endian;
  for (size_t i = 0; i < count; i++) {
    const uint8_t *at = values->value.bytes + (packed ? i : 2 * i);
    table.entries[i] = packed ? at[0] : uint16_t(big ? at[0] << 8 | at[1] : at[1] << 8 | at[0]);
  }
  return true;
}

/// The first input is read with the sign under which some of the inputs lie in the table.
void correct_sign(Table &table, double lowest, double highest) {
  if (table.first > 32767 && highest < table.first) table.first -= 65536;
  if (table.first < 0 && lowest >= table.first + double(table.entries.size())) table.first += 65536;
}

}  // namespace

double Table::operator()(double input) const {
  double index = std::clamp(std::nearbyint(input) - first, 0.0, double(entries.size() - 1));
  return entries[size_t(index)];
}

double Table::white() const {
  unsigned most = *std::max_element(entries.begin(), entries.end()), white = 1;
  while (white < most) white = 2 * white + 1;
  return white;
}

std::vector<Table> read_tables(const DataSet &data, uint32_t sequence, bool is_signed, double lowest,
                               double highest) {
  std::vector<Table> tables;
  for (const DataSet &item : data.items(sequence)) {
    Table table;
    if (!read_table(item, is_signed, table)) continue;
    correct_sign(table, lowest, highest);
    tables.push_back(table);
  }
  return tables;
}

}  // namespace chex
