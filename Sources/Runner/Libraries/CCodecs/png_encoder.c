#include <png.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "chex_codecs.h"

typedef struct {
  png_structp png;
  png_infop info;
  chex_encoded *encoded;
  size_t capacity;
  chex_codec_message *message;
  uint8_t *row;
  jmp_buf jump;
} writer;

static void fail(png_structp png, png_const_charp text) {
  writer *state = png_get_error_ptr(png);
  snprintf(state->message->text, sizeof state->message->text, "%s", text);
  longjmp(state->jump, 1);
}

static void ignore_warning(png_structp png, png_const_charp text) {
  (void)png;
  (void)text;
}

static void append(png_structp png, png_bytep bytes, size_t count) {
  writer *state = png_get_io_ptr(png);
  chex_encoded *encoded = state->encoded;
  if (encoded->size + count > state->capacity) {
    size_t capacity = (encoded->size + count) * 2;
    uint8_t *grown = realloc(encoded->bytes, capacity);
    if (!grown) png_error(png, "no memory");
    encoded->bytes = grown;
    state->capacity = capacity;
  }
  memcpy(encoded->bytes + encoded->size, bytes, count);
  encoded->size += count;
}

static void flush(png_structp png) { (void)png; }

static void grey_samples(const float *pixels, uint8_t *row, uint32_t width, int bits) {
  float top = bits == 16 ? 65535.0f : 255.0f;
  for (uint32_t x = 0; x < width; x++) {
    // Written so that not-a-number falls to 0.
    float value = pixels[x] > 0 ? (pixels[x] < 1 ? pixels[x] : 1) : 0;
    uint32_t level = (uint32_t)(value * top + 0.5f);
    if (bits == 16) {
      row[2 * x] = (uint8_t)(level >> 8);
      row[2 * x + 1] = (uint8_t)level;
    } else {
      row[x] = (uint8_t)level;
    }
  }
}

chex_codec_status chex_png_encode_grey(const float *pixels, uint32_t width, uint32_t height, int bits,
                                       chex_encoded *encoded, chex_codec_message *message) {
  writer state = {.encoded = encoded, .message = message};
  *encoded = (chex_encoded){0};
  message->text[0] = 0;
  state.png = png_create_write_struct(PNG_LIBPNG_VER_STRING, &state, fail, ignore_warning);
  if (state.png) state.info = png_create_info_struct(state.png);
  state.row = malloc((size_t)width * 2 + 1);
  int failed = !state.info || !state.row;
  if (failed) snprintf(message->text, sizeof message->text, "no memory");
  if (!failed && setjmp(state.jump)) failed = 1;
  if (!failed) {
    png_set_write_fn(state.png, &state, append, flush);
    png_set_IHDR(state.png, state.info, width, height, bits, PNG_COLOR_TYPE_GRAY, PNG_INTERLACE_NONE,
                 PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
    png_color_8 significant = {.gray = 16};
    if (bits == 16) png_set_sBIT(state.png, state.info, &significant);
    png_write_info(state.png, state.info);
    for (size_t y = 0; y < height; y++) {
      grey_samples(pixels + y * width, state.row, width, bits);
      png_write_row(state.png, state.row);
    }
    png_write_end(state.png, state.info);
  }
  png_destroy_write_struct(&state.png, &state.info);
  free(state.row);
  if (failed) chex_encoded_release(encoded);
  return failed ? CHEX_CODEC_MEMORY : CHEX_CODEC_OK;
}

void chex_encoded_release(chex_encoded *encoded) {
  free(encoded->bytes);
  *encoded = (chex_encoded){0};
}
