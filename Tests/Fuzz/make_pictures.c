// Writes the PNG and JPEG corpus: make_pictures FOLDER. A small picture of a slope, an edge and some texture,
// in every kind of file that the decoders tell apart.
#include <png.h>
#include <stdio.h>
#include <stdlib.h>

#include "chex_codecs.h"

enum { WIDTH = 24, HEIGHT = 20 };

static unsigned sample(unsigned x, unsigned y, unsigned channel, unsigned most) {
  unsigned value = (x * 7 + y * 3 + channel * 11 + (x * y) % 5 + (x > 12 ? 60 : 0)) % 256;
  return value * most / 255;
}

static FILE *create(const char *folder, const char *kind, const char *name) {
  char path[512];
  snprintf(path, sizeof path, "%s/%s/%s.%s", folder, kind, name, kind);
  FILE *file = fopen(path, "wb");
  if (!file) {
    perror(path);
    exit(1);
  }
  return file;
}

static void write_png(const char *folder, const char *name, int depth, int color, int interlaced) {
  FILE *file = create(folder, "png", name);
  png_structp png = png_create_write_struct(PNG_LIBPNG_VER_STRING, NULL, NULL, NULL);
  png_infop info = png_create_info_struct(png);
  if (setjmp(png_jmpbuf(png))) exit(1);
  png_init_io(png, file);
  png_set_IHDR(png, info, WIDTH, HEIGHT, depth, color, interlaced ? PNG_INTERLACE_ADAM7 : PNG_INTERLACE_NONE,
               PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
  if (color == PNG_COLOR_TYPE_PALETTE) {
    png_color palette[16];
    png_byte opacity[4] = {0, 90, 180, 255};
    for (int i = 0; i < 16; i++) palette[i] = (png_color){i * 16, 255 - i * 9, i * 5};
    png_set_PLTE(png, info, palette, 1 << depth > 16 ? 16 : 1 << depth);
    png_set_tRNS(png, info, opacity, 4, NULL);
  }
  png_write_info(png, info);
  unsigned channels = png_get_channels(png, info);
  int passes = png_set_interlace_handling(png);
  for (int pass = 0; pass < passes; pass++) {
    for (unsigned y = 0; y < HEIGHT; y++) {
      png_byte row[WIDTH * 4 * 2] = {0};
      for (unsigned i = 0; i < WIDTH * channels; i++) {
        unsigned value = sample(i / channels, y, i % channels, (1u << depth) - 1);
        if (depth == 16) {
          row[2 * i] = value >> 8;
          row[2 * i + 1] = value & 255;
        } else {
          row[i * depth / 8] |= value << (8 - depth - i * depth % 8);
        }
      }
      png_write_row(png, row);
    }
  }
  png_write_end(png, info);
  png_destroy_write_struct(&png, &info);
  fclose(file);
}

static void write_jpeg(const char *folder, const char *name, int channels, int quality, int progressive) {
  uint8_t pixels[WIDTH * HEIGHT * 4];
  for (unsigned i = 0; i < (unsigned)(WIDTH * HEIGHT * channels); i++) {
    unsigned place = i / channels;
    pixels[i] = sample(place % WIDTH, place / WIDTH, i % channels, 255);
  }
  chex_encoded encoded;
  chex_codec_message message;
  if (chex_jpeg_encode(pixels, WIDTH, HEIGHT, channels, quality, progressive, &encoded, &message)) exit(1);
  FILE *file = create(folder, "jpeg", name);
  fwrite(encoded.bytes, 1, encoded.size, file);
  fclose(file);
  chex_encoded_release(&encoded);
}

int main(int count, char **words) {
  if (count != 2) return fprintf(stderr, "make_pictures: expected one folder\n"), 2;
  const char *folder = words[1];
  write_png(folder, "grey1", 1, PNG_COLOR_TYPE_GRAY, 0);
  write_png(folder, "grey2-interlaced", 2, PNG_COLOR_TYPE_GRAY, 1);
  write_png(folder, "grey4", 4, PNG_COLOR_TYPE_GRAY, 0);
  write_png(folder, "grey8", 8, PNG_COLOR_TYPE_GRAY, 0);
  write_png(folder, "grey16", 16, PNG_COLOR_TYPE_GRAY, 0);
  write_png(folder, "grey16-interlaced", 16, PNG_COLOR_TYPE_GRAY, 1);
  write_png(folder, "grey-alpha8", 8, PNG_COLOR_TYPE_GRAY_ALPHA, 0);
  write_png(folder, "grey-alpha16", 16, PNG_COLOR_TYPE_GRAY_ALPHA, 0);
  write_png(folder, "rgb8", 8, PNG_COLOR_TYPE_RGB, 0);
  write_png(folder, "rgb16-interlaced", 16, PNG_COLOR_TYPE_RGB, 1);
  write_png(folder, "rgba8-interlaced", 8, PNG_COLOR_TYPE_RGB_ALPHA, 1);
  write_png(folder, "rgba16", 16, PNG_COLOR_TYPE_RGB_ALPHA, 0);
  write_png(folder, "palette2", 2, PNG_COLOR_TYPE_PALETTE, 0);
  write_png(folder, "palette4-interlaced", 4, PNG_COLOR_TYPE_PALETTE, 1);
  write_jpeg(folder, "grey", 1, 90, 0);
  write_jpeg(folder, "grey-progressive", 1, 90, 1);
  write_jpeg(folder, "grey-coarse", 1, 10, 0);
  write_jpeg(folder, "colour", 3, 80, 0);
  write_jpeg(folder, "colour-progressive", 3, 80, 1);
  write_jpeg(folder, "inks", 4, 80, 0);
  write_jpeg(folder, "inks-progressive", 4, 60, 1);
  return 0;
}
