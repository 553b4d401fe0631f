#include <algorithm>
#include <cmath>
#include <limits>

#include "radiograph.hpp"
#include "tables.hpp"

namespace chex {

namespace {

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

/// Whether two pixels that are not padding differ after `levels`, one value for each stored value, when these are
/// rounded to `Level`.
template <typename Level = double>
bool tells_apart(const Histogram &histogram, const Padding &padding, const std::vector<double> &levels) {
  const double *first = nullptr;
  for (size_t i = 0; i < levels.size(); i++) {
    if (!histogram.counts[i] || padding.holds(histogram.lowest + int32_t(i))) continue;
    if (first && Level(*first) != Level(levels[i])) return true;
    first = &levels[i];
  }
  return false;
}

/// The modality's value for every stored value. A table or slope that makes all pixels alike is none.
std::vector<double> modality_values(const DataSet &data, bool is_signed, const Histogram &histogram,
                                    const Padding &padding) {
  size_t count = histogram.counts.size();
  double lowest = histogram.lowest, highest = lowest + double(count - 1);
  std::vector<double> result(count);
  for (const Table &table : read_tables(data, 0x00283000, is_signed, lowest, highest)) {
    for (size_t i = 0; i < count; i++) result[i] = table(lowest + double(i));
    if (tells_apart(histogram, padding, result)) return result;
  }
  double slope = 1, intercept = 0;
  data.decimal(0x00281053, 0, slope);
  data.decimal(0x00281052, 0, intercept);
  for (size_t i = 0; i < count; i++) result[i] = slope * (lowest + double(i)) + intercept;
  if (tells_apart(histogram, padding, result)) return result;
  for (size_t i = 0; i < count; i++) result[i] = lowest + double(i);
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

/// The file's windows of a width that their function allows; none where the function is not known.
std::vector<Window> read_windows(const DataSet &data) {
  std::string_view name = data.text(0x00281056);
  Window window;
  if (name == "LINEAR_EXACT") {
    window.shape = Shape::linear_exact;
  } else if (name == "SIGMOID") {
    window.shape = Shape::sigmoid;
  } else if (!name.empty() && name != "LINEAR") {
    return {};
  }
  std::vector<Window> windows;
  size_t count = std::min(data.text_count(0x00281050), data.text_count(0x00281051));
  for (size_t i = 0; i < count; i++) {
    if (!data.decimal(0x00281050, i, window.centre) || !data.decimal(0x00281051, i, window.width)) continue;
    if (window.shape == Shape::linear ? window.width >= 1 : window.width > 0) windows.push_back(window);
  }
  return windows;
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

/// A radiograph of one value shows nothing, and there is no window for it. Padding that leaves nothing of a radiograph
/// is none.
void refuse_blank(const Histogram &histogram, Padding &padding) {
  int32_t only = 0;
  size_t kinds = 0, padded = 0;
  for (size_t i = 0; i < histogram.counts.size(); i++) {
    int32_t value = histogram.lowest + int32_t(i);
    if (!histogram.counts[i]) continue;
    bool is_padding = padding.holds(value);
    padded += is_padding;
    kinds += !is_padding;
    if (!is_padding) only = value;
  }
  if (kinds == 0 && padded == 1) fail(CHEX_DICOM_UNSUPPORTED, "blank: every pixel is padding");
  if (kinds == 0) padding = Padding();
  if (kinds == 1) fail(CHEX_DICOM_UNSUPPORTED, "blank: every pixel has the value %d", only);
}

/// Grey for every stored value, before inversion: by the first of the file's own tables and windows that shows
/// something, otherwise by the percentiles.
std::vector<double> grey_levels(const DataSet &data, const Histogram &histogram,
                                const std::vector<double> &modality, const Padding &padding,
                                const chex_dicom_options &options) {
  std::vector<double> grey(modality.size());
  auto [least, most] = std::minmax_element(modality.begin(), modality.end());
  if (!options.ignore_window) {
    for (const Table &table : read_tables(data, 0x00283010, *least < 0, *least, *most)) {
      double white = table.white();
      for (size_t i = 0; i < grey.size(); i++) grey[i] = table(modality[i]) / white;
      if (tells_apart<float>(histogram, padding, grey)) return grey;
    }
    for (const Window &window : read_windows(data)) {
      for (size_t i = 0; i < grey.size(); i++) grey[i] = window(modality[i]);
      if (tells_apart<float>(histogram, padding, grey)) return grey;
    }
  }
  Window window = percentile_window(histogram, modality, padding, options);
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
    std::vector<double> modality = modality_values(file.data, layout.is_signed, histogram, padding);
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
