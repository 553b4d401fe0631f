// The boundary between the plugin, which is Swift, and what it asks of libtorch, which is C++: tensors as pointers and
// sizes, and a table of functions. No exception crosses it.
#ifndef CHEX_TORCH_H
#define CHEX_TORCH_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/// Counts what follows: a library of another number is refused, since its functions take something else.
#define CHEX_TORCH_ABI 2
/// Axes of a tensor, at most.
#define CHEX_TORCH_RANK 12
/// The library's only symbol: a function without arguments that returns a `const chex_torch_table *`.
#define CHEX_TORCH_ENTRY "chex_torch_library"

typedef enum chex_torch_type { CHEX_TORCH_FLOAT32 = 0, CHEX_TORCH_BFLOAT16 = 1 } chex_torch_type;

/// A dense, row-major array on the device. Where there is none, `rank` is -1.
typedef struct chex_torch_tensor {
  void *data;
  int32_t type;
  int32_t rank;
  int64_t sizes[CHEX_TORCH_RANK];
} chex_torch_tensor;

/// How a call ended: `error` is NULL, or a sentence that the caller frees.
typedef struct chex_torch_outcome {
  char *error;
  /// Whether the device had no more memory.
  int32_t wantsMemory;
} chex_torch_outcome;

/// A place where libtorch computes, and the precision that it multiplies in.
typedef struct chex_torch_device chex_torch_device;

typedef enum chex_torch_unary {
  CHEX_TORCH_NEGATE, CHEX_TORCH_ABSOLUTE, CHEX_TORCH_SIGN, CHEX_TORCH_RECIPROCAL, CHEX_TORCH_EXPONENTIAL,
  CHEX_TORCH_LOGARITHM, CHEX_TORCH_SQUARE_ROOT, CHEX_TORCH_RECIPROCAL_SQUARE_ROOT, CHEX_TORCH_SQUARE,
  CHEX_TORCH_SIGMOID, CHEX_TORCH_TANH, CHEX_TORCH_GELU, CHEX_TORCH_GELU_DERIVATIVE, CHEX_TORCH_RELU,
  CHEX_TORCH_RELU_DERIVATIVE, CHEX_TORCH_SILU, CHEX_TORCH_SILU_DERIVATIVE, CHEX_TORCH_SINE, CHEX_TORCH_COSINE,
  CHEX_TORCH_ERROR_FUNCTION
} chex_torch_unary;

typedef enum chex_torch_binary {
  CHEX_TORCH_ADD, CHEX_TORCH_SUBTRACT, CHEX_TORCH_MULTIPLY, CHEX_TORCH_DIVIDE, CHEX_TORCH_POWER,
  CHEX_TORCH_MAXIMUM, CHEX_TORCH_MINIMUM, CHEX_TORCH_GREATER, CHEX_TORCH_GREATER_OR_EQUAL, CHEX_TORCH_EQUAL
} chex_torch_binary;

typedef enum chex_torch_epilogue {
  CHEX_TORCH_NONE, CHEX_TORCH_BIAS, CHEX_TORCH_BIAS_RESIDUAL, CHEX_TORCH_BIAS_GELU, CHEX_TORCH_GELU_GRADIENT
} chex_torch_epilogue;

/// Where an array lies in a tensor, in numbers.
typedef struct chex_torch_place {
  int64_t start;
  const int64_t *strides;
} chex_torch_place;

/// Queries, keys and values of all heads as columns: `queries` (B, T, ...), `keysValues` (B, N, ...).
typedef struct chex_torch_attention {
  chex_torch_tensor queries, keysValues;
  int64_t query, key, value;
  int64_t heads, width;
  double scale;
} chex_torch_attention;

typedef struct chex_torch_geometry {
  int64_t stride[2], padding[2], dilation[2], groups;
} chex_torch_geometry;

/// What one parameter's update reads and writes; without a gradient the average alone follows.
typedef struct chex_torch_update {
  chex_torch_tensor parameter, gradient, first, second, average;
  double learningRate, weightDecay;
} chex_torch_update;

typedef struct chex_torch_step {
  double beta1, beta2, epsilon, averageDecay;
  int64_t count;
} chex_torch_step;

/// What the library offers. Functions may be called from any thread; on a GPU they return before the work is done, which
/// happens in the order of the calls.
typedef struct chex_torch_table {
  int32_t abi;
  /// libtorch as the library was compiled against it, and as it runs.
  const char *compiledVersion;
  const char *runningVersion;

  /// Names of places, one a line: "cpu", "cuda:0 NVIDIA H100 (80 GB)". The caller frees them.
  chex_torch_outcome (*devices)(char **names);
  /// Opens a place: "cpu", "cuda:0", "xpu:1". The same place opened twice computes in one order.
  chex_torch_outcome (*open)(const char *place, chex_torch_device **device);
  /// Whether bfloat16 products are what the device does best.
  int32_t (*prefersBFloat16)(const chex_torch_device *);
  /// Threads that operations on the processor use.
  void (*setThreads)(int32_t threads);

  /// What libtorch allocates on the processor between two of its steps comes from `take`, aligned to 64 bytes, and goes
  /// back to `give` by its address.
  void (*shareMemory)(void *(*take)(size_t bytes), void (*give)(void *address));

  // Memory. Blocks are given back by what `allocate` wrote to `owner`.
  chex_torch_outcome (*allocate)(chex_torch_device *, size_t bytes, void **data, void **owner);
  void (*release)(void *owner);
  /// A block of a GPU that holds a copy of bytes of the host, made beside what computes there.
  chex_torch_outcome (*stage)(
      chex_torch_device *, const void *source, size_t bytes, void **data, void **owner);
  /// `source` may be reused when the call returns.
  chex_torch_outcome (*upload)(chex_torch_device *, const void *source, void *destination, size_t bytes);
  /// Waits.
  chex_torch_outcome (*download)(chex_torch_device *, const void *source, void *destination, size_t bytes);
  chex_torch_outcome (*copy)(chex_torch_device *, const void *source, void *destination, size_t bytes);
  chex_torch_outcome (*fill)(chex_torch_device *, void *destination, float value, size_t count);
  chex_torch_outcome (*synchronize)(chex_torch_device *);

  // Elementwise; `out` comes last.
  chex_torch_outcome (*convert)(chex_torch_device *, chex_torch_tensor x, chex_torch_tensor out);
  chex_torch_outcome (*map)(chex_torch_device *, int32_t function, chex_torch_tensor x, chex_torch_tensor out);
  chex_torch_outcome (*combine)(
      chex_torch_device *, int32_t function, chex_torch_tensor a, chex_torch_tensor b, chex_torch_tensor out);
  chex_torch_outcome (*select)(
      chex_torch_device *, chex_torch_tensor condition, chex_torch_tensor a, chex_torch_tensor b,
      chex_torch_tensor out);
  /// out = factor · scalar · x; `scalar` may be none.
  chex_torch_outcome (*scale)(
      chex_torch_device *, chex_torch_tensor x, double factor, chex_torch_tensor scalar, chex_torch_tensor out);
  /// out += factor · x
  chex_torch_outcome (*addScaled)(chex_torch_device *, chex_torch_tensor x, double factor, chex_torch_tensor out);
  /// out = function'(x) · outputGradient, of gelu or relu.
  chex_torch_outcome (*mapGradient)(
      chex_torch_device *, int32_t function, chex_torch_tensor x, chex_torch_tensor outputGradient,
      chex_torch_tensor out);

  // Sums and places.
  /// `maximum`: else the sum. `out` has 1 along the axes.
  chex_torch_outcome (*reduce)(
      chex_torch_device *, int32_t maximum, chex_torch_tensor x, const int64_t *axes, size_t axisCount,
      chex_torch_tensor out);
  chex_torch_outcome (*sumRows)(chex_torch_device *, chex_torch_tensor x, chex_torch_tensor out, int32_t accumulate);
  chex_torch_outcome (*copyStrided)(
      chex_torch_device *, chex_torch_tensor x, chex_torch_place source, chex_torch_tensor out,
      chex_torch_place destination, const int64_t *sizes, size_t rank);
  /// out row i = x row rows[i]; x and out are matrices.
  chex_torch_outcome (*gatherRows)(
      chex_torch_device *, chex_torch_tensor x, const int64_t *rows, size_t count, chex_torch_tensor out);
  /// out row rows[i] += x row i
  chex_torch_outcome (*scatterRows)(
      chex_torch_device *, chex_torch_tensor x, const int64_t *rows, size_t count, chex_torch_tensor out);
  /// images (B, C, S, S); `patches` numbers `count` of the B · (S/P)² patches, those of image b from b · (S/P)² on.
  chex_torch_outcome (*extractPatches)(
      chex_torch_device *, chex_torch_tensor images, const int64_t *patches, size_t count, int64_t patchSize,
      chex_torch_tensor out);

  // Products. `type` is what is multiplied.
  /// a (batch, m, k) or its transpose, b (batch, k, n) or its transpose, out (batch, m, n).
  chex_torch_outcome (*multiplyMatrices)(
      chex_torch_device *, int32_t type, chex_torch_tensor a, int32_t transposingA, chex_torch_tensor b,
      int32_t transposingB, chex_torch_tensor out, int32_t accumulate);
  /// x (rows, k), weight (n, k) and out (rows, n) forward; x (rows, n), out (rows, k) backward. `vector` is the bias,
  /// or none; `matrix` the residual, or where gelu's gradient is taken; `activated` what gelu made, or none.
  chex_torch_outcome (*product)(
      chex_torch_device *, int32_t type, chex_torch_tensor x, chex_torch_tensor weight, int32_t backward,
      chex_torch_tensor out, int32_t epilogue, chex_torch_tensor vector, chex_torch_tensor matrix,
      chex_torch_tensor activated);
  /// out (n, k) (+)= outputGradientᵀ (n, rows) · x (rows, k)
  chex_torch_outcome (*weightGradient)(
      chex_torch_device *, int32_t type, chex_torch_tensor outputGradient, chex_torch_tensor x,
      chex_torch_tensor out, int32_t accumulate);

  // Norms, attention, softmax.
  chex_torch_outcome (*layerNorm)(
      chex_torch_device *, chex_torch_tensor x, chex_torch_tensor weight, chex_torch_tensor bias, double epsilon,
      chex_torch_tensor out, chex_torch_tensor mean, chex_torch_tensor inverse);
  chex_torch_outcome (*layerNormGradient)(
      chex_torch_device *, chex_torch_tensor x, chex_torch_tensor weight, chex_torch_tensor mean,
      chex_torch_tensor inverse, chex_torch_tensor outputGradient, chex_torch_tensor residual,
      chex_torch_tensor out, chex_torch_tensor weightGradient, chex_torch_tensor biasGradient);
  /// x (B, C, ...); with 0 groups the norm of the whole batch.
  chex_torch_outcome (*imageNorm)(
      chex_torch_device *, chex_torch_tensor x, int64_t groups, chex_torch_tensor weight, chex_torch_tensor bias,
      double epsilon, chex_torch_tensor out, chex_torch_tensor mean, chex_torch_tensor inverse);
  chex_torch_outcome (*imageNormGradient)(
      chex_torch_device *, chex_torch_tensor x, int64_t groups, chex_torch_tensor weight, chex_torch_tensor mean,
      chex_torch_tensor inverse, chex_torch_tensor outputGradient, chex_torch_tensor out,
      chex_torch_tensor weightGradient, chex_torch_tensor biasGradient);
  /// `fused`: by libtorch's attention kernels where they take these sizes; else as products of matrices.
  chex_torch_outcome (*attention)(
      chex_torch_device *, int32_t fused, const chex_torch_attention *operands, chex_torch_tensor out,
      chex_torch_tensor logSums);
  chex_torch_outcome (*attentionGradient)(
      chex_torch_device *, int32_t fused, const chex_torch_attention *operands, chex_torch_tensor out,
      chex_torch_tensor logSums, chex_torch_tensor outputGradient, const chex_torch_attention *gradients);
  chex_torch_outcome (*softmax)(chex_torch_device *, chex_torch_tensor x, int64_t axis, chex_torch_tensor out);
  chex_torch_outcome (*softmaxGradient)(
      chex_torch_device *, chex_torch_tensor result, chex_torch_tensor outputGradient, int64_t axis,
      chex_torch_tensor out);

  // Images.
  chex_torch_outcome (*convolution)(
      chex_torch_device *, int32_t type, chex_torch_tensor x, chex_torch_tensor weight, chex_torch_tensor bias,
      chex_torch_geometry geometry, chex_torch_tensor out);
  chex_torch_outcome (*convolutionInputGradient)(
      chex_torch_device *, int32_t type, chex_torch_tensor outputGradient, chex_torch_tensor weight,
      chex_torch_geometry geometry, chex_torch_tensor out);
  chex_torch_outcome (*convolutionWeightGradient)(
      chex_torch_device *, int32_t type, chex_torch_tensor outputGradient, chex_torch_tensor x,
      chex_torch_geometry geometry, chex_torch_tensor out, int32_t accumulate);
  chex_torch_outcome (*maxPool)(
      chex_torch_device *, chex_torch_tensor x, const int64_t *kernel, chex_torch_geometry geometry,
      chex_torch_tensor out);
  chex_torch_outcome (*maxPoolGradient)(
      chex_torch_device *, chex_torch_tensor x, chex_torch_tensor outputGradient, const int64_t *kernel,
      chex_torch_geometry geometry, chex_torch_tensor out);
  /// Bilinear, corners apart.
  chex_torch_outcome (*resize)(chex_torch_device *, chex_torch_tensor x, chex_torch_tensor out);
  chex_torch_outcome (*resizeGradient)(
      chex_torch_device *, chex_torch_tensor outputGradient, chex_torch_tensor out);

  // Losses and the optimiser.
  chex_torch_outcome (*meanSquaredError)(
      chex_torch_device *, chex_torch_tensor a, chex_torch_tensor b, chex_torch_tensor mean);
  /// out = factor · scalar · (a - b); `scalar` may be none.
  chex_torch_outcome (*difference)(
      chex_torch_device *, chex_torch_tensor a, chex_torch_tensor b, double factor, chex_torch_tensor scalar,
      chex_torch_tensor out);
  /// out (3): norm, factor, verdict; `losses` may be none.
  chex_torch_outcome (*gradientScale)(
      chex_torch_device *, const chex_torch_tensor *gradients, size_t count, chex_torch_tensor losses,
      double share, double clipNorm, chex_torch_tensor out);
  chex_torch_outcome (*adamW)(
      chex_torch_device *, const chex_torch_update *updates, size_t count, chex_torch_step step,
      chex_torch_tensor scale);
} chex_torch_table;

typedef const chex_torch_table *(*chex_torch_entry)(void);

/// Opens the library by itself: libtorch exports `sgemm_` and others that the core's matrix library has too. Nobody else
/// finds libtorch's, and libtorch finds its own before those that the process has already.
void *chex_torch_load(const char *file);

/// What `entry`, the address of the library's only symbol, returns.
const chex_torch_table *chex_torch_table_of(void *entry);

/// The file that this function was loaded from; NULL where the system does not know.
const char *chex_torch_own_file(void);

#ifdef __cplusplus
}
#endif

#endif
