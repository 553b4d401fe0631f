#include "chex_dicom.h"

#include <cstring>
#include <exception>
#include <new>
#include <stdexcept>

#include "radiograph.hpp"

using namespace chex;

namespace {

void say(chex_dicom_message *message, const char *text) {
  snprintf(message->text, sizeof message->text, "%s", text);
}

/// Does the work and turns every exception into a status.
template <typename Work>
chex_dicom_status guarded(chex_dicom_message *message, Work work) {
  memset(message, 0, sizeof *message);
  try {
    work();
    return CHEX_DICOM_OK;
  } catch (const Failure &failure) {
    *message = failure.message;
    return failure.status;
  } catch (const std::bad_alloc &) {
    say(message, "no memory");
    return CHEX_DICOM_MEMORY;
  } catch (const std::length_error &) {
    say(message, "more memory than there can be is asked for");
    return CHEX_DICOM_MEMORY;
  } catch (const std::exception &error) {
    say(message, error.what());
    return CHEX_DICOM_DAMAGED;
  } catch (...) {
    say(message, "the codec gave up without a word");
    return CHEX_DICOM_DAMAGED;
  }
}

/// Everything up to the stored values.
struct Radiograph {
  DicomFile file;
  chex_dicom_header_fields header;
  Layout layout;
  std::vector<int32_t> values;

  Radiograph(const uint8_t *bytes, size_t size, size_t count) {
    read_file({bytes, size}, true, file);
    fill_header(file, header);
    layout = supported_layout(file, header);
    if (layout.pixels() != count) fail(CHEX_DICOM_DAMAGED, "two different headers");
    values = stored_values(file, header, layout);
  }
};

}  // namespace

chex_dicom_status chex_dicom_header(const uint8_t *bytes, size_t size, chex_dicom_header_fields *header,
                                    chex_dicom_message *message) {
  return guarded(message, [&] {
    DicomFile file;
    read_file({bytes, size}, false, file);
    fill_header(file, *header);
  });
}

chex_dicom_status chex_dicom_stored(const uint8_t *bytes, size_t size, int32_t *values, size_t count,
                                    chex_dicom_message *message) {
  return guarded(message, [&] {
    Radiograph radiograph(bytes, size, count);
    memcpy(values, radiograph.values.data(), count * sizeof *values);
  });
}

chex_dicom_status chex_dicom_decode(const uint8_t *bytes, size_t size, const chex_dicom_options *options,
                                    float *pixels, size_t count, chex_dicom_message *message) {
  return guarded(message, [&] {
    Radiograph radiograph(bytes, size, count);
    render(radiograph.file, radiograph.header, radiograph.layout, radiograph.values, *options, pixels);
  });
}
