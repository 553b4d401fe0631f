#include <algorithm>
#include <cmath>
#include <limits>

#include "film.hpp"

namespace chex {

namespace {

/// A table from a sequence: output values for consecutive inputs from `first` on, ends repeated.
struct Table {
  int32_t first = 0;
  uint32_t bits = 16;
  std::vector<uint16_t> entries;
  double operator()(double input) const {
    double index = std::clamp(std::nearbyint(input) - first, 0.0, double(entries.size() - 1));
    return entries[size_t(index)];
  }
};

/// Reads the table of a sequence's first item; false where there is none.
bool read_table(const DataSet &data, uint32_t sequence, bool is_signed, Table &table) {
  DataSet item;
  if (!data.first_item(sequence, item)) return false;
  const Element *descriptor = item.find(0x00283002), *values = item.find(0x00283006);
  if (!descriptor || !values) fail(CHEX_DICOM_DAMAGED, "a lookup table has no descriptor or no data");
  if (descriptor->vr[0]) is_signed = descriptor->vr[0] == 'S';
  int32_t count = 0, bits = 0;
  if (!item.short_number(0x00283002, 0, false, count) ||
      !item.short_number(0x00283002, 1, is_signed, table.first) ||
      !item.short_number(0x00283002, 2, false, bits) || bits < 1 || bits > 16) {
    fail(CHEX_DICOM_DAMAGED, "a lookup table's descriptor is wrong");
  }
  size_t entries = count ? size_t(count) : 65536;
  table.bits = uint32_t(bits);
  table.entries.resize(entries);
  bool packed = bits <= 8 && values->value.size < 2 * entries;
  if (values->value.size < entries * (packed ? 1 : 2)) {
    fail(CHEX_DICOM_TRUNCATED, "a lookup table has %zu bytes for %zu entries", values->value.size, entries);
  }
  bool big = item.encoding.big_endian;
  for (size_t i = 0; i < entries; i++) {
    const uint8_t *at = values->value.bytes + (packed ? i : 2 * i);
    table.entries[i] = packed ? at[0] : uint16_t(big ? at[0] << 8 | at[1] : at[1] << 8 | at[0]);
  }
  return true;
}

/// How often each stored value occurs. They have 16 bits, so that every later step is done once per value.
struct Histogram {
  int32_t lowest = 0;
  std::vector<uint32_t> counts;
};

Histogram count_values(const std::vector<int32_t> &values) {
  auto [low, high] = std::minmax_element(values.begin(), values.end());
  Histogram histogram{*low, std::vector<uint32_t>(size_t(*high - *low) + 1)};
  for (int32_t value : values) histogram.counts[size_t(value - histogram.lowest)]++;
  return histogram;
}

/// The stored values that stand for no measurement; `low` above `high` where there are none.
struct Padding {
  int32_t low = 1, high = 0;
  bool holds(int32_t value) const { return low <= value && value <= high; }
};

Padding read_padding(const DataSet &data, bool is_signed) {
  int32_t value = 0, limit = 0;
  if (!data.short_number(0x00280120, 0, is_signed, value)) return {};
  if (!data.short_number(0x00280121, 0, is_signed, limit)) limit = value;
  return {std::min(value, limit), std::max(value, limit)};
}

/// The modality's values of `count` stored values from `lowest` on.
std::vector<double> modality_values(const DataSet &data, bool is_signed, int32_t lowest, size_t count) {
  std::vector<double> result(count);
  Table table;
  if (read_table(data, 0x00283000, is_signed, table)) {
    for (size_t i = 0; i < count; i++) result[i] = table(double(lowest) + double(i));
    return result;
  }
  double slope = 1, intercept = 0;
  data.decimal(0x00281053, 0, slope);
  data.decimal(0x00281052, 0, intercept);
  if (slope == 0) fail(CHEX_DICOM_DAMAGED, "Rescale Slope is 0");
  for (size_t i = 0; i < count; i++) result[i] = slope * (double(lowest) + double(i)) + intercept;
  return result;
}

enum class Shape { linear, linear_exact, sigmoid };

struct Window {
  double centre = 0, width = 0;
  Shape shape = Shape::linear;

  double operator()(double value) const {
    switch (shape) {
      case Shape::sigmoid: return 1 / (1 + std::exp(-4 * (value - centre) / width));
      case Shape::linear_exact: return std::clamp((value - centre) / width + 0.5, 0.0, 1.0);
      case Shape::linear: break;
    }
    double middle = centre - 0.5, span = width - 1;
    if (value <= middle - span / 2) return 0;
    if (value > middle + span / 2) return 1;
    return std::clamp((value - middle) / span + 0.5, 0.0, 1.0);
  }
};

/// The file's first window; false where there is none or its width makes no sense.
bool read_window(const DataSet &data, Window &window) {
  std::string_view shape = data.text(0x00281056);
  if (!shape.empty() && shape != "LINEAR" && shape != "LINEAR_EXACT" && shape != "SIGMOID") {
    fail(CHEX_DICOM_UNSUPPORTED, "VOI LUT Function \"%.16s\": LINEAR, LINEAR_EXACT and SIGMOID are read",
         std::string(shape).c_str());
  }
  if (shape == "LINEAR_EXACT") window.shape = Shape::linear_exact;
  if (shape == "SIGMOID") window.shape = Shape::sigmoid;
  return data.decimal(0x00281050, 0, window.centre) && data.decimal(0x00281051, 0, window.width) &&
         window.width >= 1;
}

/// A modality value and how many pixels have it.
struct Weighted {
  double value;
  uint64_t count;
};

/// The value at a percentile of the sorted pixels; between two of them, their mean weighted by nearness.
double percentile(const std::vector<Weighted> &sorted, uint64_t total, double percent) {
  double place = percent / 100 * double(total - 1);
  uint64_t index = uint64_t(place), passed = 0;
  for (size_t i = 0; i < sorted.size(); i++) {
    passed += sorted[i].count;
    if (index >= passed) continue;
    double next = index + 1 >= passed && i + 1 < sorted.size() ? sorted[i + 1].value : sorted[i].value;
    return sorted[i].value + (place - double(index)) * (next - sorted[i].value);
  }
  return sorted.back().value;
}

/// The window from one percentile to the other of all pixels that are not padding.
Window percentile_window(const Histogram &histogram, const std::vector<double> &modality,
                         const Padding &padding, const chex_dicom_options &options) {
  bool defaults = options.low_percentile == 0 && options.high_percentile == 0;
  double low = defaults ? 0.5 : options.low_percentile, high = defaults ? 99.5 : options.high_percentile;
  if (!(low >= 0 && low < high && high <= 100))
    fail(CHEX_DICOM_UNSUPPORTED, "percentiles %g and %g: expected 0 <= low < high <= 100", low, high);
  std::vector<Weighted> sorted;
  uint64_t total = 0;
  for (size_t i = 0; i < modality.size(); i++) {
    if (!histogram.counts[i] || padding.holds(histogram.lowest + int32_t(i))) continue;
    sorted.push_back({modality[i], histogram.counts[i]});
    total += histogram.counts[i];
  }
  std::sort(sorted.begin(), sorted.end(), [](auto &one, auto &other) { return one.value < other.value; });
  double black = percentile(sorted, total, low), white = percentile(sorted, total, high);
  if (!(black < white)) {
    // Nearly all pixels are alike: what differs lies outside the percentiles.
    black = sorted.front().value;
    white = sorted.back().value;
    if (!(black < white))
      fail(CHEX_DICOM_UNSUPPORTED, "blank: its modality table gives every pixel the value %g", black);
  }
  return {(black + white) / 2, white - black, Shape::linear_exact};
}

/// A film of one value shows nothing, and there is no window for it.
void refuse_blank(const Histogram &histogram, const Padding &padding) {
  int32_t only = 0;
  size_t kinds = 0;
  for (size_t i = 0; i < histogram.counts.size() && kinds < 2; i++) {
    int32_t value = histogram.lowest + int32_t(i);
    if (!histogram.counts[i] || padding.holds(value)) continue;
    only = value;
    kinds++;
  }
  if (kinds == 0) fail(CHEX_DICOM_UNSUPPORTED, "blank: every pixel is padding");
  if (kinds == 1) fail(CHEX_DICOM_UNSUPPORTED, "blank: every pixel has the value %d", only);
}

/// Grey for every stored value, before inversion.
std::vector<double> grey_levels(const DataSet &data, const Histogram &histogram,
                                const std::vector<double> &modality, const Padding &padding,
                                const chex_dicom_options &options) {
  std::vector<double> grey(modality.size());
  Table table;
  Window window;
  double least = *std::min_element(modality.begin(), modality.end());
  if (!options.ignore_window && read_table(data, 0x00283010, least < 0, table)) {
    double most = double((1u << table.bits) - 1);
    for (size_t i = 0; i < grey.size(); i++) grey[i] = std::min(table(modality[i]) / most, 1.0);
    return grey;
  }
  if (options.ignore_window || !read_window(data, window))
    window = percentile_window(histogram, modality, padding, options);
  for (size_t i = 0; i < grey.size(); i++) grey[i] = window(modality[i]);
  return grey;
}

}  // namespace

void render(const DicomFile &file, const chex_dicom_header_fields &header, const Layout &layout,
            const std::vector<int32_t> &values, const chex_dicom_options &options, float *pixels) {
  Histogram histogram = count_values(values);
  bool colour = layout.samples == 3;
  Padding padding = colour ? Padding{} : read_padding(file.data, layout.is_signed);
  refuse_blank(histogram, padding);
  size_t levels = histogram.counts.size();
  std::vector<double> grey(levels);
  if (colour) {
    for (size_t i = 0; i < levels; i++) grey[i] = (histogram.lowest + double(i)) / 255;
  } else {
    std::vector<double> modality = modality_values(file.data, layout.is_signed, histogram.lowest, levels);
    grey = grey_levels(file.data, histogram, modality, padding, options);
  }
  bool inverted = std::string_view(header.photometric) == "MONOCHROME1";
  std::vector<float> table(levels);
  float least = 1, most = 0;
  for (size_t i = 0; i < levels; i++) {
    bool is_padding = padding.holds(histogram.lowest + int32_t(i));
    table[i] = is_padding ? 0 : float(inverted ? 1 - grey[i] : grey[i]);
    if (!histogram.counts[i] || is_padding) continue;
    least = std::min(least, table[i]);
    most = std::max(most, table[i]);
  }
  if (least == most)
    fail(CHEX_DICOM_UNSUPPORTED, "blank: its window gives every pixel the grey %g", double(most));
  for (size_t i = 0; i < values.size(); i++) pixels[i] = table[size_t(values[i] - histogram.lowest)];
}

}  // namespace chex
