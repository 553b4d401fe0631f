#pragma once
#include <stdint.h>

// What a DICOM decoder is asked and answers, by function call or between a process and its decoding worker.
// All numbers are in the machine's byte order: both ends are the same build on the same machine.

#ifdef __cplusplus
extern "C" {
#endif

typedef enum {
  CHEX_DICOM_OK = 0,
  /// The data end before the image does.
  CHEX_DICOM_TRUNCATED = 1,
  /// The data break the format's rules.
  CHEX_DICOM_DAMAGED = 2,
  /// A sound file of a kind that is not read.
  CHEX_DICOM_UNSUPPORTED = 3,
  /// More memory than allowed would be needed, or there is none.
  CHEX_DICOM_MEMORY = 4,
} chex_dicom_status;

/// Pixels of the largest radiograph that is decoded.
#define CHEX_DICOM_MOST_PIXELS 100000000u
/// Bytes of the largest file that a worker takes.
#define CHEX_DICOM_MOST_BYTES ((uint64_t)1 << 30)

/// What the header says. Texts end in a zero byte, are trimmed, empty where the file has none, and UTF-8:
/// each byte that is not becomes '?'.
typedef struct {
  uint32_t rows;
  uint32_t columns;
  /// Bits that a sample takes in the file, and those of them that mean something.
  uint32_t bits_allocated;
  uint32_t bits_stored;
  /// 1 where stored values are signed, otherwise 0.
  uint32_t is_signed;
  uint32_t frames;
  uint32_t samples_per_pixel;
  uint32_t reserved;
  /// Between rows and between columns in millimetres at the patient, then at the detector; 0 where not given.
  double pixel_spacing[2];
  double imager_pixel_spacing[2];
  /// "MONOCHROME1", "MONOCHROME2", "RGB" and so on.
  char photometric[24];
  char transfer_syntax[72];
  char modality[24];
  /// View Position where given, otherwise what View Code Sequence means, in the same words.
  char view_position[24];
  /// Image Laterality where given, otherwise Laterality: "L", "R", "B", "U".
  char laterality[24];
  char body_part[24];
  char manufacturer[72];
  char patient[72];
  char study[72];
  char instance[72];
} chex_dicom_header_fields;

/// Why something failed, as a sentence without its full stop.
typedef struct {
  char text[256];
} chex_dicom_message;

/// How stored values become grey. All zero is the default.
typedef struct {
  /// Other than 0: the file's own window or table of values of interest is not used, but the percentiles.
  uint32_t ignore_window;
  uint32_t reserved;
  /// The percentiles, 0 to 100, that become black and white where there is no window; both 0 means 0.5 and
  /// 99.5.
  double low_percentile;
  double high_percentile;
} chex_dicom_options;

#define CHEX_DICOM_REQUEST_MAGIC 0x31515843u
#define CHEX_DICOM_REPLY_MAGIC 0x31525843u

typedef enum {
  /// The header alone.
  CHEX_DICOM_READ_HEADER = 1,
  /// The header, and grey values as float32.
  CHEX_DICOM_DECODE = 2,
  /// The header, and stored values as int32.
  CHEX_DICOM_READ_STORED = 3,
} chex_dicom_request_kind;

/// A request, followed by `byte_count` bytes of the file.
typedef struct {
  uint32_t magic;
  uint32_t kind;
  uint64_t byte_count;
  chex_dicom_options options;
} chex_dicom_request;

/// A reply, followed by `pixel_count` values of four bytes; none unless the status is CHEX_DICOM_OK.
typedef struct {
  uint32_t magic;
  uint32_t status;
  uint64_t pixel_count;
  chex_dicom_header_fields header;
  chex_dicom_message message;
} chex_dicom_reply;

/// The file of the library or program that this function was linked into; null where the system does not say.
const char *chex_dicom_own_library(void);

#ifdef __cplusplus
}
#endif
