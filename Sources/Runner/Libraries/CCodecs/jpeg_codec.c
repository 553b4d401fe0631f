#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jpeglib.h>
#include <jerror.h>

#include "chex_codecs.h"
#include "luma.h"

/// Memory that a progressive image's coefficients may take.
#define MOST_WORKING_BYTES (1L << 30)
/// Scans of a progressive file; real ones have about ten, hostile ones thousands that cost
/// time without bound.
#define MOST_SCANS 100

/// libjpeg's error manager with a way back; `base` must come first.
typedef struct {
  struct jpeg_error_mgr base;
  jmp_buf jump;
  chex_codec_message *message;
  chex_codec_status status;
} error_manager;

static void fail(j_common_ptr common) {
  error_manager *errors = (error_manager *)common->err;
  char text[JMSG_LENGTH_MAX];
  if (errors->status == CHEX_CODEC_OK) {
    common->err->format_message(common, text);
    snprintf(errors->message->text, sizeof errors->message->text, "%s", text);
    switch (common->err->msg_code) {
      case JERR_OUT_OF_MEMORY:
      case JERR_NO_BACKING_STORE: errors->status = CHEX_CODEC_MEMORY; break;
      case JERR_BAD_PRECISION:
      case JERR_SOF_UNSUPPORTED:
      case JERR_CONVERSION_NOTIMPL:
      case JERR_ARITH_NOTIMPL: errors->status = CHEX_CODEC_UNSUPPORTED; break;
      case JERR_INPUT_EMPTY:
      case JERR_INPUT_EOF: errors->status = CHEX_CODEC_TRUNCATED; break;
      default: errors->status = CHEX_CODEC_DAMAGED;
    }
  }
  longjmp(errors->jump, 1);
}

/// libjpeg warns and paints grey where data are missing or wrong; such a radiograph must not pass for a whole one.
static void judge_message(j_common_ptr common, int level) {
  if (level >= 0) return;
  error_manager *errors = (error_manager *)common->err;
  switch (common->err->msg_code) {
    case JWRN_JPEG_EOF:
    case JWRN_HIT_MARKER: errors->status = CHEX_CODEC_TRUNCATED; break;
    case JWRN_HUFF_BAD_CODE:
    case JWRN_ARITH_BAD_CODE:
    case JWRN_MUST_RESYNC:
    case JWRN_BOGUS_PROGRESSION: errors->status = CHEX_CODEC_DAMAGED; break;
    default: return;
  }
  char text[JMSG_LENGTH_MAX];
  common->err->format_message(common, text);
  snprintf(errors->message->text, sizeof errors->message->text, "%s", text);
  longjmp(errors->jump, 1);
}

static void count_scans(j_common_ptr common) {
  if (!common->is_decompressor || ((j_decompress_ptr)common)->input_scan_number <= MOST_SCANS) return;
  error_manager *errors = (error_manager *)common->err;
  errors->status = CHEX_CODEC_UNSUPPORTED;
  snprintf(errors->message->text, sizeof errors->message->text, "more than %d progressive scans", MOST_SCANS);
  longjmp(errors->jump, 1);
}

static struct jpeg_error_mgr *prepare(error_manager *errors, chex_codec_message *message) {
  memset(errors, 0, sizeof *errors);
  message->text[0] = 0;
  errors->message = message;
  struct jpeg_error_mgr *base = jpeg_std_error(&errors->base);
  base->error_exit = fail;
  base->emit_message = judge_message;
  return base;
}

typedef struct {
  struct jpeg_decompress_struct image;
  struct jpeg_progress_mgr progress;
  error_manager errors;
  uint8_t *row;
} reader;

static void open_reader(reader *state, const uint8_t *bytes, size_t size) {
  jpeg_create_decompress(&state->image);
  state->image.mem->max_memory_to_use = MOST_WORKING_BYTES;
  state->progress.progress_monitor = count_scans;
  state->image.progress = &state->progress;
  jpeg_mem_src(&state->image, bytes, size);
  jpeg_read_header(&state->image, TRUE);
}

static chex_codec_status close_reader(reader *state) {
  jpeg_destroy_decompress(&state->image);
  free(state->row);
  return state->errors.status;
}

chex_codec_status chex_jpeg_header(const uint8_t *bytes, size_t size, chex_image_header *header,
                                   chex_codec_message *message) {
  reader state;
  memset(&state, 0, sizeof state);
  state.image.err = prepare(&state.errors, message);
  if (setjmp(state.errors.jump)) return close_reader(&state);
  open_reader(&state, bytes, size);
  header->width = state.image.image_width;
  header->height = state.image.image_height;
  header->bit_depth = (uint32_t)state.image.data_precision;
  header->channels = (uint32_t)state.image.num_components;
  return close_reader(&state);
}

/// The colour space to ask libjpeg for; grey wherever it can make it, since luma is what it stores.
static J_COLOR_SPACE wanted_space(J_COLOR_SPACE stored) {
  switch (stored) {
    case JCS_GRAYSCALE:
    case JCS_YCbCr:
    case JCS_RGB: return JCS_GRAYSCALE;
    case JCS_CMYK:
    case JCS_YCCK: return JCS_CMYK;
    default: return JCS_UNKNOWN;
  }
}

/// Adobe stores inks inverted: 255 is no ink.
static void convert_inks(const uint8_t *row, float *pixels, uint32_t width, int inverted) {
  for (uint32_t x = 0; x < width; x++, row += 4) {
    int flip = inverted ? 0 : 255;
    int red = row[0] ^ flip, green = row[1] ^ flip, blue = row[2] ^ flip, white = row[3] ^ flip;
    pixels[x] = (float)(299 * red + 587 * green + 114 * blue) / 255000.0f * ((float)white / 255.0f);
  }
}

chex_codec_status chex_jpeg_decode(const uint8_t *bytes, size_t size, const chex_image_header *expected,
                                   int eighths, float *pixels, chex_codec_message *message) {
  reader state;
  memset(&state, 0, sizeof state);
  state.image.err = prepare(&state.errors, message);
  if (setjmp(state.errors.jump)) return close_reader(&state);
  j_decompress_ptr image = &state.image;
  open_reader(&state, bytes, size);
  image->out_color_space = wanted_space(image->jpeg_color_space);
  int inks = image->out_color_space == JCS_CMYK;
  if (image->out_color_space == JCS_UNKNOWN || image->image_width != expected->width ||
      image->image_height != expected->height) {
    snprintf(message->text, sizeof message->text, "%d colour components of unknown meaning",
             image->num_components);
    state.errors.status = CHEX_CODEC_UNSUPPORTED;
    return close_reader(&state);
  }
  image->scale_num = (unsigned)eighths;
  image->scale_denom = 8;
  jpeg_calc_output_dimensions(image);
  uint32_t width = (expected->width * (uint64_t)eighths + 7) / 8;
  if (image->output_width != width || image->output_height != (expected->height * (uint64_t)eighths + 7) / 8) {
    snprintf(message->text, sizeof message->text, "no scale of %d eighths", eighths);
    state.errors.status = CHEX_CODEC_UNSUPPORTED;
    return close_reader(&state);
  }
  state.row = malloc((size_t)width * (inks ? 4 : 1));
  if (!state.row) {
    snprintf(message->text, sizeof message->text, "no memory for its rows");
    state.errors.status = CHEX_CODEC_MEMORY;
    return close_reader(&state);
  }
  jpeg_start_decompress(image);
  while (image->output_scanline < image->output_height) {
    float *line = pixels + (size_t)image->output_scanline * width;
    if (jpeg_read_scanlines(image, &state.row, 1) != 1) break;
    if (inks) {
      convert_inks(state.row, line, width, image->saw_Adobe_marker);
    } else {
      grey_row(state.row, line, width, 1, 8);
    }
  }
  jpeg_finish_decompress(image);
  return close_reader(&state);
}

static void set_up_encoder(j_compress_ptr image, uint32_t width, uint32_t height, int channels, int quality,
                           int progressive) {
  image->image_width = width;
  image->image_height = height;
  image->input_components = channels;
  image->in_color_space = channels == 1 ? JCS_GRAYSCALE : channels == 3 ? JCS_RGB : JCS_CMYK;
  jpeg_set_defaults(image);
  jpeg_set_quality(image, quality, TRUE);
  if (progressive) jpeg_simple_progression(image);
}

chex_codec_status chex_jpeg_encode(const uint8_t *pixels, uint32_t width, uint32_t height, int channels,
                                   int quality, int progressive, chex_encoded *encoded,
                                   chex_codec_message *message) {
  struct jpeg_compress_struct image;
  error_manager errors;
  unsigned char *bytes = NULL;
  unsigned long size = 0;
  // Inverted rows for inks; volatile because it changes between setjmp and longjmp.
  uint8_t *volatile row = NULL;
  memset(&image, 0, sizeof image);
  *encoded = (chex_encoded){0};
  image.err = prepare(&errors, message);
  if (setjmp(errors.jump)) {
    // Only this brings `bytes` up to date after the buffer has grown.
    if (image.dest) image.dest->term_destination(&image);
    jpeg_destroy_compress(&image);
    free(row);
    free(bytes);
    return errors.status;
  }
  jpeg_create_compress(&image);
  jpeg_mem_dest(&image, &bytes, &size);
  set_up_encoder(&image, width, height, channels, quality, progressive);
  size_t row_bytes = (size_t)width * channels;
  row = malloc(row_bytes + 1);
  if (!row) ERREXIT1(&image, JERR_OUT_OF_MEMORY, 0);
  jpeg_start_compress(&image, TRUE);
  while (image.next_scanline < height) {
    const uint8_t *source = pixels + image.next_scanline * row_bytes;
    for (size_t i = 0; i < row_bytes; i++) row[i] = channels == 4 ? 255 - source[i] : source[i];
    JSAMPROW line = row;
    jpeg_write_scanlines(&image, &line, 1);
  }
  jpeg_finish_compress(&image);
  jpeg_destroy_compress(&image);
  free(row);
  encoded->bytes = bytes;
  encoded->size = size;
  return CHEX_CODEC_OK;
}
