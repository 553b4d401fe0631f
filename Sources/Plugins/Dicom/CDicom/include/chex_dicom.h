#pragma once
#include <stddef.h>
#include <stdint.h>

#include "chex_dicom_protocol.h"

// DICOM radiographs from memory. The file's structure, native and run-length pixels are read by code of our own
// that checks every length; JPEG, JPEG-LS and JPEG 2000 pixels are decompressed by GDCM. No exception leaves
// these functions. GDCM's codecs may still crash on hostile data, so that nothing but a worker process and
// tests should link this.

#ifdef __cplusplus
extern "C" {
#endif

/// Reads the header only: no pixel is decoded and no memory in proportion to the radiograph is taken.
chex_dicom_status chex_dicom_header(const uint8_t *bytes, size_t size, chex_dicom_header_fields *header,
                                    chex_dicom_message *message);

/// The stored values, decompressed, of Bits Stored or of the compressed stream's precision where that is less,
/// sign-extended, row-major; `count` is rows * columns as announced by the header. Bits beyond those stored are cut
/// off; of a radiograph that was compressed with loss they are clamped. Colour becomes its luma, rounded.
chex_dicom_status chex_dicom_stored(const uint8_t *bytes, size_t size, int32_t *values, size_t count,
                                    chex_dicom_message *message);

/// Decodes to grey float32 in [0, 1], row-major: stored values, then the modality's table or rescaling, then the first
/// table of values of interest, else the first window, else the percentiles of the pixels that are not padding. Numbers
/// that are none, items without data, and whatever would make all pixels alike are passed over: no radiograph is
/// refused for how it wants to be shown. MONOCHROME1 is inverted last (Presentation LUT Shape repeats what MONOCHROME1
/// says and is not looked at). Padding is black. A radiograph whose pixels all have one value is refused as
/// CHEX_DICOM_UNSUPPORTED.
chex_dicom_status chex_dicom_decode(const uint8_t *bytes, size_t size, const chex_dicom_options *options,
                                    float *pixels, size_t count, chex_dicom_message *message);

#ifdef __cplusplus
}
#endif
