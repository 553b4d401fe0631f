#include <png.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "chex_codecs.h"
#include "luma.h"

/// Memory that an interlaced image may take before it becomes grey.
#define MOST_INTERLACED_BYTES ((size_t)1 << 30)

typedef struct {
  png_structp png;
  png_infop info;
  const uint8_t *next;
  size_t left;
  int ended_early;
  chex_codec_message *message;
  uint8_t *block;
  jmp_buf jump;
} reader;

static void fail(png_structp png, png_const_charp text) {
  reader *state = png_get_error_ptr(png);
  snprintf(state->message->text, sizeof state->message->text, "%s", text);
  longjmp(state->jump, 1);
}

static void ignore_warning(png_structp png, png_const_charp text) {
  (void)png;
  (void)text;
}

static void read_bytes(png_structp png, png_bytep destination, size_t count) {
  reader *state = png_get_io_ptr(png);
  if (count > state->left) {
    state->ended_early = 1;
    png_error(png, "the file ends within a chunk");
  }
  memcpy(destination, state->next, count);
  state->next += count;
  state->left -= count;
}

static chex_codec_status close_reader(reader *state, chex_codec_status status) {
  png_destroy_read_struct(&state->png, &state->info, NULL);
  free(state->block);
  return status;
}

static chex_codec_status refuse(reader *state, chex_codec_status status, const char *text) {
  snprintf(state->message->text, sizeof state->message->text, "%s", text);
  return close_reader(state, status);
}

/// libpng's own words for compressed data that stop too soon; everything else that it objects to is damage.
static chex_codec_status failure(reader *state) {
  int short_data = strstr(state->message->text, "Not enough") != NULL;
  return close_reader(state, state->ended_early || short_data ? CHEX_CODEC_TRUNCATED : CHEX_CODEC_DAMAGED);
}

static int open_reader(reader *state, const uint8_t *bytes, size_t size, chex_codec_message *message) {
  memset(state, 0, sizeof *state);
  state->next = bytes;
  state->left = size;
  state->message = message;
  message->text[0] = 0;
  state->png = png_create_read_struct(PNG_LIBPNG_VER_STRING, state, fail, ignore_warning);
  if (state->png) state->info = png_create_info_struct(state->png);
  if (!state->info) return 0;
  png_set_read_fn(state->png, state, read_bytes);
  png_set_user_limits(state->png, 0x7fffffff, 0x7fffffff);
  // Text, profiles and the like are skipped unread, so that none can grow without bound; tRNS is still read, and sBIT,
  // which has at most four bytes.
  png_set_keep_unknown_chunks(state->png, PNG_HANDLE_CHUNK_NEVER, NULL, -1);
  png_set_keep_unknown_chunks(state->png, PNG_HANDLE_CHUNK_AS_DEFAULT, (png_const_bytep) "sBIT", 1);
  return 1;
}

static void copy_header(reader *state, chex_image_header *header) {
  header->width = png_get_image_width(state->png, state->info);
  header->height = png_get_image_height(state->png, state->info);
  header->bit_depth = png_get_bit_depth(state->png, state->info);
  header->channels = png_get_channels(state->png, state->info);
}

chex_codec_status chex_png_header(const uint8_t *bytes, size_t size, chex_image_header *header,
                                  chex_codec_message *message) {
  reader state;
  if (!open_reader(&state, bytes, size, message)) return refuse(&state, CHEX_CODEC_MEMORY, "no memory");
  if (setjmp(state.jump)) return failure(&state);
  png_read_info(state.png, state.info);
  copy_header(&state, header);
  return close_reader(&state, CHEX_CODEC_OK);
}

/// Deflate cannot shrink by more than 1032 : 1, so a small file that announces a huge image is incomplete.
static int can_hold_image(size_t size, const chex_image_header *header) {
  uint64_t bits = (uint64_t)header->width * header->height * header->bit_depth * header->channels;
  return bits / 8 / 1040 <= size;
}

static void convert_row(const uint8_t *row, float *pixels, uint32_t width, int channels, int depth) {
  int sample_bytes = depth == 16 ? 2 : 1;
  int alpha = channels == 2 || channels == 4;
  if (channels >= 3) {
    if (depth == 16) {
      luma_16(row, pixels, width, channels);
    } else {
      luma_8(row, pixels, width, channels);
    }
  } else {
    grey_row(row, pixels, width, channels, depth);
  }
  if (!alpha) return;
  const uint8_t *opacity = row + (channels - 1) * sample_bytes;
  for (uint32_t x = 0; x < width; x++, opacity += channels * sample_bytes) {
    pixels[x] *= depth == 16 ? (float)(opacity[0] << 8 | opacity[1]) / 65535.0f : (float)*opacity / 255.0f;
  }
}

static uint32_t highest_sample(const uint8_t *row, uint32_t width, int channels) {
  int colours = channels >= 3 ? 3 : 1;
  uint32_t highest = 0;
  for (uint32_t x = 0; x < width; x++, row += 2 * channels) {
    for (int i = 0; i < colours; i++) {
      uint32_t sample = (uint32_t)(row[2 * i] << 8 | row[2 * i + 1]);
      if (sample > highest) highest = sample;
    }
  }
  return highest;
}

/// The bits that sBIT calls significant; 0 where there is no such chunk.
static int significant_bits(reader *state) {
  png_color_8p bits;
  if (!png_get_sBIT(state->png, state->info, &bits)) return 0;
  int colour = png_get_color_type(state->png, state->info) & PNG_COLOR_MASK_COLOR;
  if (!colour) return bits->gray;
  int most = bits->red > bits->green ? bits->red : bits->green;
  return bits->blue > most ? bits->blue : most;
}

/// The 16-bit sample that is white. Detectors of 8 to 14 bits are often written into 16 without being scaled, which by
/// the letter of the format is a nearly black radiograph; sBIT, where it is there, says how many bits there may be.
static uint32_t white_sample(uint32_t highest, int significant) {
  if (highest == 0) return 65535;
  for (int bits = 8; bits < 16; bits += 2) {
    if (significant) bits = significant;
    uint32_t white = (1u << bits) - 1;
    if (highest <= white) return white;
    if (significant) break;
  }
  return 65535;
}

static void stretch(float *pixels, size_t count, uint32_t white) {
  double factor = 65535.0 / white;
  for (size_t i = 0; i < count; i++) {
    float level = (float)(pixels[i] * factor);
    pixels[i] = level < 1 ? level : 1;
  }
}

chex_codec_status chex_png_decode(const uint8_t *bytes, size_t size, const chex_image_header *expected,
                                  float *pixels, uint32_t *white, chex_codec_message *message) {
  reader state;
  if (!open_reader(&state, bytes, size, message)) return refuse(&state, CHEX_CODEC_MEMORY, "no memory");
  if (setjmp(state.jump)) return failure(&state);
  png_read_info(state.png, state.info);
  chex_image_header found;
  copy_header(&state, &found);
  if (found.width != expected->width || found.height != expected->height)
    return refuse(&state, CHEX_CODEC_DAMAGED, "two different headers");
  if (!can_hold_image(size, &found))
    return refuse(&state, CHEX_CODEC_TRUNCATED, "the file is too small for the size in its header");
  int significant = significant_bits(&state);
  png_set_expand(state.png);
  int passes = png_set_interlace_handling(state.png);
  png_read_update_info(state.png, state.info);
  int channels = png_get_channels(state.png, state.info);
  int depth = png_get_bit_depth(state.png, state.info);
  size_t row_bytes = png_get_rowbytes(state.png, state.info);
  size_t rows = passes > 1 ? found.height : 1;
  if (rows > 1 && row_bytes > MOST_INTERLACED_BYTES / rows)
    return refuse(&state, CHEX_CODEC_MEMORY, "interlaced, and over 1 GiB when unpacked");
  state.block = calloc(rows, row_bytes);
  if (!state.block) return refuse(&state, CHEX_CODEC_MEMORY, "no memory for its rows");
  uint32_t highest = 0;
  for (int pass = 0; pass < passes; pass++) {
    for (uint32_t y = 0; y < found.height; y++) {
      uint8_t *row = state.block + (passes > 1 ? y * row_bytes : 0);
      png_read_row(state.png, row, NULL);
      if (pass < passes - 1) continue;
      convert_row(row, pixels + (size_t)y * found.width, found.width, channels, depth);
      uint32_t sample = depth == 16 ? highest_sample(row, found.width, channels) : 255;
      if (sample > highest) highest = sample;
    }
  }
  png_read_end(state.png, NULL);
  *white = depth == 16 ? white_sample(highest, significant) : 255;
  if (depth == 16 && *white < 65535) stretch(pixels, (size_t)found.width * found.height, *white);
  return close_reader(&state, CHEX_CODEC_OK);
}
