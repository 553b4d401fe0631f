// Every kernel once: result, name, parameters, and the parameters' names for the call. Included wherever all of them
// are needed: for declarations, for the table of each instruction set, and for the functions that call through it.

// --- elementwise ---------------------------------------------------------------------------------------------
KERNEL(void, add, (const float *a, const float *b, float *out, long count), (a, b, out, count))
/// out = scale * x
KERNEL(void, scale, (const float *x, float scale, float *out, long count), (x, scale, out, count))
/// out += scale * x
KERNEL(void, add_scaled, (const float *x, float scale, float *out, long count), (x, scale, out, count))
/// out = x, rounded to nearest where `out_type` holds less.
KERNEL(void, convert, (const void *x, chex_element type, void *out, chex_element out_type, long count),
       (x, type, out, out_type, count))
/// x Φ(x)
KERNEL(void, gelu, (const float *x, float *out, long count), (x, out, count))
/// dx = dy * gelu'(x)
KERNEL(void, gelu_gradient, (const float *x, const float *dy, float *dx, long count), (x, dy, dx, count))
KERNEL(void, relu, (const float *x, float *out, long count), (x, out, count))
KERNEL(void, relu_gradient, (const float *x, const float *dy, float *dx, long count), (x, dy, dx, count))
/// out = keep * out + (1 - keep) * x
KERNEL(void, moving_average, (const float *x, float keep, float *out, long count), (x, keep, out, count))
/// Position of the first NaN or infinity, or -1.
KERNEL(long, first_non_finite, (const void *x, chex_element type, long count), (x, type, count))

// --- primitives: what every operation can be made of ----------------------------------------------------------
/// out = function(x), times factors where they are not NULL.
KERNEL(void, map, (chex_unary function, const float *x, const float *factors, float *out, long count),
       (function, x, factors, out, count))
/// out (rows, columns) = function(a, b)
KERNEL(void, combine,
       (chex_binary function, chex_strided a, chex_strided b, float *out, long rows, long columns),
       (function, a, b, out, rows, columns))
/// out (rows, columns) = a where the condition is not 0, else b.
KERNEL(void, select,
       (chex_strided condition, chex_strided a, chex_strided b, float *out, long rows, long columns),
       (condition, a, b, out, rows, columns))
/// out[r] = the sum or maximum of row r, rows `stride` numbers apart.
KERNEL(void, reduce_rows,
       (chex_reduction how, const float *x, long stride, float *out, long rows, long columns),
       (how, x, stride, out, rows, columns))
/// out[c] = the sum or maximum of column c, rows `stride` numbers apart.
KERNEL(void, reduce_columns,
       (chex_reduction how, const float *x, long stride, float *out, long rows, long columns),
       (how, x, stride, out, rows, columns))
/// out[r, c] = x[r, c], each with steps of its own, in numbers of `type`.
KERNEL(void, copy_plane,
       (const void *x, chex_step from, void *out, chex_step to, long rows, long columns, chex_element type),
       (x, from, out, to, rows, columns, type))

// --- rows: after a product, while they are still in the cache ------------------------------------------------
/// x[r, c] += vector[c]
KERNEL(void, add_row_vector, (void *x, const float *vector, chex_element type, long rows, long columns),
       (x, vector, type, rows, columns))
/// x = residual + (x + bias)
KERNEL(void, bias_residual, (float *x, const float *bias, const float *residual, long rows, long columns),
       (x, bias, residual, rows, columns))
/// activated = gelu(x + bias); x keeps the sum unless it is `activated` itself.
KERNEL(void, bias_gelu, (void *x, const float *bias, void *activated, chex_element type, long rows, long columns),
       (x, bias, activated, type, rows, columns))
/// gradients *= gelu'(x); activated = gelu(x)
KERNEL(void, gelu_backward, (void *gradients, const void *x, void *activated, chex_element type, long count),
       (gradients, x, activated, type, count))
/// sums[c] (+)= Σ_r x[r, c]
KERNEL(void, sum_rows, (const void *x, chex_element type, float *sums, long rows, long columns, int accumulate),
       (x, type, sums, rows, columns, accumulate))
/// out (columns, rows) = xᵀ, rows of x `stride` numbers apart.
KERNEL(void, transpose, (const void *x, chex_element type, long stride, void *out, long rows, long columns),
       (x, type, stride, out, rows, columns))

// --- products ------------------------------------------------------------------------------------------------
/// The right operand of a product, x (depth, columns), whose number at row r, column c lies at
/// r · row_stride + c · column_stride and one of the two is 1, as rows of 32-bit words: a float, or the pair of
/// bfloat16 of rows 2i and 2i + 1. out (out_depth, out_columns), zero where x has nothing.
KERNEL(void, pack,
       (const void *x, chex_element type, long row_stride, long column_stride, long depth, long columns,
        void *out, chex_element out_type, long out_depth, long out_columns),
       (x, type, row_stride, column_stride, depth, columns, out, out_type, out_depth, out_columns))
/// Rows that a product computes together: parts of a product that hold whole tiles of them lose nothing.
KERNEL(long, tile_rows, (void), ())
/// Floats of scratch that `multiply_panels` needs for so many rows.
KERNEL(long, panel_scratch, (long rows, long k), (rows, k))
/// out (rows, n) (+)= x (rows, k) · the right operand (k, n), all float32. A number of x lies at
/// r · row_stride + i · depth_stride; the right operand is packed in panels of 16 columns, (k, 16) each. Equal rows of
/// x give equal rows of out, to the bit.
KERNEL(void, multiply_panels,
       (const float *x, long row_stride, long depth_stride, long rows, const float *panels, long k, long n,
        float *out, int accumulate, float *scratch),
       (x, row_stride, depth_stride, rows, panels, k, n, out, accumulate, scratch))

/// Multiplies and adds `repeats` times in as many registers as hide the latency, and touches no memory: the most that
/// a product could reach. `numbers` has the factor and the term, and gets the sum of the results in the factor's place.
/// Returns the operations.
KERNEL(double, multiply_in_registers, (long repeats, float *numbers), (repeats, numbers))

// --- convolution ---------------------------------------------------------------------------------------------
/// Floats that transformed weights take.
KERNEL(long, winograd_weights_size, (long outputs, long inputs), (outputs, inputs))
/// The transformed weights of outputs `first` and after, up to a whole number of tiles, of weight (outputs, inputs, 3,
/// 3); or, `backward`, of weight (inputs, outputs, 3, 3) turned by half a turn.
KERNEL(void, winograd_weights,
       (const float *weight, long outputs, long inputs, int backward, long first, long count, float *out),
       (weight, outputs, inputs, backward, first, count, out))
/// Floats of scratch for so many rows of panels.
KERNEL(long, winograd_scratch, (const chex_tiles *how, long rows), (how, rows))
/// Rows of panels `first` and after of one image.
KERNEL(void, winograd,
       (const float *x, const float *weights, const float *bias, float *out, const chex_tiles *how, long first,
        long rows, float *scratch),
       (x, weights, bias, out, how, first, rows, scratch))

/// Inputs of one row of panels, transformed, as right operands of one product for each of 16 points whose depth is `tiles`
/// tiles: points of (blocks of 16 channels, tiles, 16).
KERNEL(void, winograd_inputs,
       (const float *x, const chex_tiles *how, long row, long tiles, long first_tile, float *out, float *scratch),
       (x, how, row, tiles, first_tile, out, scratch))
/// Gradients of outputs of one row of panels, transformed, as left operands: points of (outputs, tiles).
KERNEL(void, winograd_gradients,
       (const float *dy, const chex_tiles *how, long row, long tiles, long first_tile, float *out,
        float *scratch),
       (dy, how, row, tiles, first_tile, out, scratch))
/// Floats of scratch for either.
KERNEL(long, winograd_gradient_scratch, (const chex_tiles *how), (how))
/// Gradients of `count` 3 × 3 weights from their 16 points, `point_step` numbers apart.
KERNEL(void, winograd_weight_gradient,
       (const float *points, long point_step, long count, float *out, int accumulate),
       (points, point_step, count, out, accumulate))
/// The gradient of 3 × 3 weights by their definition, from `rows` rows of outputs of one image, for few channels: out
/// (outputs, inputs, 9).
KERNEL(void, direct_weight_gradient,
       (const float *x, const float *dy, const chex_tiles *how, long first, long rows, float *out, float *scratch),
       (x, dy, how, first, rows, out, scratch))
KERNEL(long, direct_weight_gradient_scratch, (const chex_tiles *how, long rows), (how, rows))
/// Inputs of rows `first` and after of the outputs: out (channels · kernel, rows · outWidth), zero outside the image.
KERNEL(void, unfold,
       (const float *x, const chex_convolution *how, long channels, long first, long rows, float *out),
       (x, how, channels, first, rows, out))
/// Adds such a matrix to the inputs that it was made of.
KERNEL(void, fold,
       (const float *columns, const chex_convolution *how, long channels, long first, long rows, float *out),
       (columns, how, channels, first, rows, out))
/// A left operand in whole tiles of rows, zero beyond the last row: (tiles, depth, tile rows).
KERNEL(void, pack_left, (const float *x, long row_stride, long depth_stride, long rows, long depth, float *out),
       (x, row_stride, depth_stride, rows, depth, out))
/// out (rows, n), rows `out_stride` apart, = left (rows, k) · right (k, n) + bias (rows; may be NULL), both packed.
KERNEL(void, multiply_packed,
       (const float *left, long rows, const float *panels, long k, long n, float *out, long out_stride,
        const float *bias),
       (left, rows, panels, k, n, out, out_stride, bias))

// --- layer norm ----------------------------------------------------------------------------------------------
/// weight and bias may be NULL. mean and inverse deviation of each row are kept for the backward pass, or, where they
/// are `known` already, used as they are.
KERNEL(void, layer_norm,
       (const float *x, const float *weight, const float *bias, float epsilon, void *out, chex_element type,
        float *mean, float *inverse, int known, long rows, long columns),
       (x, weight, bias, epsilon, out, type, mean, inverse, known, rows, columns))
/// dx = residual + gradient; residual may be NULL. weight_sum and bias_sum (columns each, may be NULL) have this
/// range's sums added.
KERNEL(void, layer_norm_gradient,
       (const float *x, const float *weight, const float *mean, const float *inverse, const void *dy,
        chex_element type, const float *residual, float *dx, float *weight_sum, float *bias_sum, long rows,
        long columns),
       (x, weight, mean, inverse, dy, type, residual, dx, weight_sum, bias_sum, rows, columns))

// --- images: norms over stretches, softmax, resizing -----------------------------------------------------------
/// sums[0] += Σ (x - shift), sums[1] += Σ (x - shift)²
KERNEL(void, moments, (const float *x, long count, float shift, double *sums), (x, count, shift, sums))
/// sums[0] += Σ dy, sums[1] += Σ dy (x - mean)
KERNEL(void, gradient_moments, (const float *dy, const float *x, float mean, long count, double *sums),
       (dy, x, mean, count, sums))
/// out = x scale + shift
KERNEL(void, affine, (const float *x, float scale, float shift, float *out, long count),
       (x, scale, shift, out, count))
/// out = a a_scale + b b_scale + shift
KERNEL(void, blend,
       (const float *a, float a_scale, const float *b, float b_scale, float shift, float *out, long count),
       (a, a_scale, b, b_scale, shift, out, count))
/// out = e^x over its sum in each row.
KERNEL(void, softmax_rows, (const float *x, float *out, long rows, long columns), (x, out, rows, columns))
/// dx = out (dy - Σ out dy) in each row.
KERNEL(void, softmax_gradient_rows, (const float *out, const float *dy, float *dx, long rows, long columns),
       (out, dy, dx, rows, columns))
/// A plane whose rows have `width` numbers, at other places. `line` holds a row of x.
KERNEL(void, resize_plane,
       (const float *x, long width, const chex_place *rows, long out_height, const chex_place *columns,
        long out_width, float *out, float *line),
       (x, width, rows, out_height, columns, out_width, out, line))
/// The gradient of such a plane (height, width).
KERNEL(void, resize_plane_gradient,
       (const float *dy, long height, long width, const chex_place *rows, long out_height,
        const chex_place *columns, long out_width, float *dx, float *line),
       (dy, height, width, rows, out_height, columns, out_width, dx, line))

/// The largest number of each window of a plane, and the gradient of the plane, which the first of equal ones gets.
KERNEL(void, max_pool, (const float *x, const chex_convolution *how, float *out), (x, how, out))
KERNEL(void, max_pool_gradient, (const float *x, const float *dy, const chex_convolution *how, float *dx),
       (x, dy, how, dx))

// --- attention -----------------------------------------------------------------------------------------------
/// Words (4 bytes) of scratch that a head needs, 64-byte aligned.
KERNEL(long, attention_scratch, (chex_head how, int backward), (how, backward))
/// out row i = Σ_j softmax_j(scale · query i · key j) value j; log_sums[i] = log Σ_j e^(scale · query i · key j).
KERNEL(void, attention, (chex_head how, float *log_sums, void *out, long out_stride, void *scratch),
       (how, log_sums, out, out_stride, scratch))
/// `up`: gradient of out, rows `up_stride` apart.
KERNEL(void, attention_gradient,
       (chex_head how, const float *log_sums, const void *up, long up_stride, chex_head_gradients gradients,
        void *scratch),
       (how, log_sums, up, up_stride, gradients, scratch))

// --- losses, norms, optimiser --------------------------------------------------------------------------------
KERNEL(double, sum_of_squares, (const float *x, long count), (x, count))
KERNEL(double, squared_error, (const float *a, const float *b, long count), (a, b, count))
/// dx = scale * (a - b)
KERNEL(void, difference, (const float *a, const float *b, float scale, float *dx, long count),
       (a, b, scale, dx, count))
/// Clips, updates, and lets `average` (may be NULL) follow the parameter, in one pass.
KERNEL(void, adamw,
       (float *parameter, const float *gradient, float *first, float *second, float *average, chex_adamw_step how,
        long count),
       (parameter, gradient, first, second, average, how, count))

// --- pixels: float32 grey, row-major; the same bits on every processor ---------------------------------------
// No fused multiply-add, and sums run in an order that does not depend on the instruction set.

/// Resizes a crop by antialiased bicubic convolution (a = -0.5, support scaled by the downsampling factor,
/// windows clipped at the crop's border, weights normalised), rows first, then columns, and clips to [0, 1].
/// - crop: the crop's first pixel within its radiograph; row_stride: floats from one image row to the next.
/// - output: output_height * output_width floats, mirrored left to right where `mirrored` is not 0.
/// Returns 0, or -1 where memory for the scratch rows ran out. All sizes must be positive.
KERNEL(int, crop_resize,
       (const float *crop, ptrdiff_t row_stride, int crop_height, int crop_width, float *output,
        int output_height, int output_width, int mirrored),
       (crop, row_stride, crop_height, crop_width, output, output_height, output_width, mirrored))
/// Mirrors each row left to right, in place.
KERNEL(void, mirror_rows, (float *pixels, int height, int width), (pixels, height, width))
/// v ← clip(v * factor).
KERNEL(void, scale_clip, (float *pixels, ptrdiff_t count, float factor), (pixels, count, factor))
/// v ← clip(grey + (v - grey) * factor).
KERNEL(void, blend_clip, (float *pixels, ptrdiff_t count, float grey, float factor), (pixels, count, grey, factor))
/// v ← clip(v)^exponent, exponent > 0, to 2e-6; values under 1.2e-38 count as black.
KERNEL(void, power_clip, (float *pixels, ptrdiff_t count, float exponent), (pixels, count, exponent))
/// The mean grey, summed in double.
KERNEL(double, mean, (const float *pixels, ptrdiff_t count), (pixels, count))
/// Gaussian blur of standard deviation `radius` pixels by three passes of an extended box blur (Gwosdek et
/// al. 2011) along each axis, edge pixels repeated; in place. Returns 0, or -1 where memory for the scratch
/// lines ran out.
KERNEL(int, gaussian_blur, (float *pixels, int height, int width, double radius), (pixels, height, width, radius))
