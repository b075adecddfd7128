#ifndef IRLAS_CKERNELS_H
#define IRLAS_CKERNELS_H

#include "irlas_dims.h"
#include "irlas_pool.h"

// The kernels: what a program's steps call.
//
// A kernel is one text used twice. Compiled into this library it takes its sizes at run time (prebuilt tier).
// Generated code holds the same text and calls it with a constant `struct`, so that the C compiler
// specialises it:
//
//     <texts of the kernel's parts, in ascending order of part>
//     static const struct irlas_conv d0 = {64, 32, ..., 1};
//     void k0(const void *unused, float *const *p, float *scratch, int task) {
//       (void)unused;
//       irlas_conv_forward(&d0, p, scratch, task);
//     }
//
// A kernel's work is split into tasks that write disjoint results; their number follows from the sizes alone,
// and so do all sums: results are the same bits whatever number of threads runs the tasks.

/// A kernel, bound to its sizes: `dims` (a `struct` of irlas_dims.h; unused by specialised kernels), operand
/// pointers (results first), scratch of the calling thread, the task's number.
typedef void (*irlas_run_fn)(const void *dims, float *const *operands, float *scratch, int task);

/// Kernels, their structure and operands (results before the dash).
enum irlas_kernel_id {
  /// `irlas_conv`: y - x, weight [, bias [, residual]]. The residual is another buffer than y.
  IRLAS_CONV_FORWARD,
  /// `irlas_conv` (sizes of the forward convolution): dx - dy, transposed weight.
  IRLAS_CONV_INPUT_GRADIENT,
  /// `irlas_conv`: dweight - x, dy. With splits > 1 the result is [splits][weight]: `SUM_PARTIALS` follows.
  IRLAS_CONV_WEIGHT_GRADIENT,
  /// `irlas_conv`: transposed weight - weight. Same number of elements; for the input gradient.
  IRLAS_WEIGHT_TRANSPOSE,
  /// `irlas_conv`: weight in panels - weight {out, in / groups, kh, kw}.
  IRLAS_WEIGHT_PACK,
  /// `irlas_conv`: weight {out, in / groups, kh, kw} - weight in panels.
  IRLAS_WEIGHT_UNPACK,
  /// `irlas_partials`: sum [count] - partials [splits][count].
  IRLAS_SUM_PARTIALS,
  /// `irlas_reduction`: partials [blocks][c] - dy. `SUM_PARTIALS` (count c, splits blocks) follows.
  IRLAS_BIAS_GRADIENT_PARTIAL,
  /// `irlas_conv`: y, partials [blocks][2][outputs] - x, weight [, bias [, residual]], with the blocks of
  /// `irlas_conv_blocks`.
  IRLAS_CONV_STATISTICS,
  /// `irlas_reduction`: partials [blocks][2][c] - x.
  IRLAS_BATCH_STATISTICS_PARTIAL,
  /// `irlas_statistics`: statistics [2][c] (mean, biased variance) - partials [images * bands][2][c].
  IRLAS_BATCH_STATISTICS,
  /// `irlas_norm`: y - x, scale, shift, mean, variance.
  IRLAS_BATCH_NORM,
  /// `irlas_norm`: y - x, statistics, scale, shift [, residual]. In place on x or residual allowed.
  IRLAS_BATCH_NORMALIZE,
  /// `irlas_norm`: partials [blocks][2][c] - x, dy, statistics [, scale, shift]. `SUM_PARTIALS` (count 2c) follows.
  /// With an activation (and then scale and shift) dy is the gradient of its result.
  IRLAS_BATCH_NORM_REDUCE_PARTIAL,
  /// `irlas_norm`: dx - x, dy, statistics, scale, reductions [2][c] [, shift], with an activation likewise.
  /// In place on x or dy allowed.
  IRLAS_BATCH_NORM_INPUT_GRADIENT,
  /// `irlas_maps` (option: activation): y - x. In place allowed.
  IRLAS_ACTIVATION,
  /// `irlas_gradients`: dx - saved, dy0, ..., added0, ... In place on any allowed.
  IRLAS_ACTIVATION_GRADIENT,
  /// `irlas_pooling`: y - x.
  IRLAS_MAX_POOL,
  /// `irlas_pooling`: dx - x, dy.
  IRLAS_MAX_POOL_GRADIENT,
  /// `irlas_pooling`: y - x.
  IRLAS_AVERAGE_POOL,
  /// `irlas_pooling`: dx - dy.
  IRLAS_AVERAGE_POOL_GRADIENT,
  /// `irlas_places`: y [batch][c] - x.
  IRLAS_GLOBAL_AVERAGE_POOL,
  /// `irlas_places`: dx - dy [batch][c].
  IRLAS_GLOBAL_AVERAGE_POOL_GRADIENT,
  /// `irlas_places`: y [batch][c] - x.
  IRLAS_SPATIAL_SUM,
  /// `irlas_maps` (option: number of inputs): y - x0, x1, ... In place on any input allowed.
  IRLAS_ADD,
  /// `irlas_places`: y - x, gate. In place on x (or on an equal gate) allowed.
  IRLAS_MULTIPLY,
  /// `irlas_copy`: to - from. Slice, crop; embed and pad after a `FILL`; concat of many.
  IRLAS_COPY,
  /// `irlas_join`: y - x0, x1, ...
  IRLAS_CONCAT,
  /// `irlas_join`: y0, y1, ... - x.
  IRLAS_SPLIT,
  /// `irlas_transpose`: y - x. Flatten is [places][channels] to [channels][places]; NCHW to NHWC the reverse.
  IRLAS_TRANSPOSE,
  /// `irlas_shuffle`: y - x. The gradient is the shuffle by `channels / groups`.
  IRLAS_CHANNEL_SHUFFLE,
  /// `irlas_upsample`: y - x.
  IRLAS_UPSAMPLE,
  /// `irlas_upsample` (sizes of the forward op): dx - dy.
  IRLAS_UPSAMPLE_GRADIENT,
  /// `irlas_elements`: y -.
  IRLAS_FILL,
  /// `irlas_mask`: mask - key, where key points to uint32_t {seed low, seed high, step low, step high}.
  /// Element i is decided by word i % 4 of Philox4x32-10 with counter {i / 4, stream, step low, step high}.
  IRLAS_RANDOM_MASK,
  /// `irlas_loss`: loss [1] - logits, labels.
  IRLAS_SOFTMAX_CROSS_ENTROPY,
  /// `irlas_loss`: dlogits - logits, labels.
  IRLAS_SOFTMAX_CROSS_ENTROPY_GRADIENT,
  /// `irlas_row`: y [channels] - matrix.
  IRLAS_ROW,
  /// `irlas_running`: new running mean - running, statistics [2][c]. In place allowed.
  IRLAS_RUNNING_MEAN,
  /// `irlas_running`: new running variance - running, statistics [2][c]. In place allowed.
  IRLAS_RUNNING_VARIANCE,
  /// `irlas_sgd`: new velocity - parameter, gradient, velocity. In place on gradient or velocity allowed.
  IRLAS_SGD_VELOCITY,
  /// `irlas_sgd`: new parameter - parameter, gradient, learning rate [1] [, new velocity].
  /// In place on parameter or gradient allowed.
  IRLAS_SGD_STEP,
  /// `irlas_fold`: new weight - weight, scale, variance. In place allowed.
  IRLAS_FOLDED_WEIGHT,
  /// `irlas_fold`: new bias - scale, shift, mean, variance [, bias].
  IRLAS_FOLDED_BIAS,
  /// `irlas_norm`: y - x, scale, shift.
  IRLAS_LAYER_NORM,
  /// `irlas_norm`: partials [blocks][2][c] - x, dy. `SUM_PARTIALS` (count 2c) follows.
  IRLAS_LAYER_NORM_REDUCE_PARTIAL,
  /// `irlas_norm`: dx - x, dy, scale.
  IRLAS_LAYER_NORM_INPUT_GRADIENT,
  /// `irlas_attention`: y - x, where x holds queries, keys and values.
  IRLAS_ATTENTION,
  /// `irlas_attention`: dx - x, dy.
  IRLAS_ATTENTION_GRADIENT,
  /// `irlas_reduction`: y - x.
  IRLAS_SOFTMAX,
  /// `irlas_reduction`: dx - y, dy.
  IRLAS_SOFTMAX_GRADIENT,
  /// `irlas_conv`: y - x, transformed weight [, bias [, residual]]. 3x3 windows of stride 1 or 2, dense; within 1e-5 of `CONV_FORWARD`.
  IRLAS_CONV_WINOGRAD,
  /// `irlas_conv`: transformed weight [`irlas_winograd_count`] of a convolution of stride 1 - weight.
  IRLAS_WINOGRAD_WEIGHT,
  /// `irlas_conv` (sizes of dy to dx, padding 2 - the convolution's): transformed weight - transposed weight. With it
  /// `CONV_WINOGRAD` computes the input gradient from dy.
  IRLAS_WINOGRAD_GRADIENT_WEIGHT,
  /// `irlas_conv`: rounded weight [`irlas_bf16_count`] - weight. For convolutions with `pairs`.
  IRLAS_BF16_WEIGHT,
  /// `irlas_conv` (as `WINOGRAD_GRADIENT_WEIGHT`): rounded weight - transposed weight.
  IRLAS_BF16_GRADIENT_WEIGHT,
  /// `irlas_separable`: y - x [, expanding weight [, bias]], depthwise weight [, bias], weight [, bias] [, residual]. The same
  /// results as `CONV_FORWARD` one after the other.
  IRLAS_SEPARABLE,
  /// `irlas_norm`: factors [3][channels] - statistics, scale, shift: (x - the first) * the second + the third, then the
  /// activation, is what `BATCH_NORMALIZE` computes.
  IRLAS_NORM_FACTORS,
  /// `irlas_maps` (option: number of inputs n): y - x0, x1, ...: channel j of input i becomes channel j * n + i.
  IRLAS_INTERLEAVE,
  /// `irlas_conv`: factors of the weight [`irlas_strassen_count`] - weight (for an input gradient, the sizes of dy to dx and the
  /// transposed weight). For convolutions with `strassen`.
  IRLAS_STRASSEN_WEIGHT,
  /// `irlas_conv`: transformed weight [`irlas_winograd_count`] of a convolution of stride 2 - weight.
  IRLAS_STRIDED_WEIGHT,
  /// `irlas_composition`: weight - weight of the second, weight of the first.
  IRLAS_COMPOSED_WEIGHT,
  /// `irlas_composition`: bias - weight of the second, bias of the first [, bias of the second].
  IRLAS_COMPOSED_BIAS,
  IRLAS_KERNEL_COUNT,
};

/// What a program needs to know about a kernel.
struct irlas_kernel {
  /// "conv_forward": the function in the kernel text is `irlas_` + name.
  const char *name;
  /// "irlas_conv": the structure.
  const char *dims;
  /// The structure is `integers` values of ptrdiff_t followed by `floats` values of float.
  int integers, floats;
  /// Which parts of the kernel text it needs: bit i stands for part i.
  uint32_t parts;
  /// The prebuilt kernel for this CPU.
  irlas_run_fn run;
  int (*tasks)(const void *dims);
  /// Floats of scratch a thread needs.
  ptrdiff_t (*scratch)(const void *dims);
};

const struct irlas_kernel *irlas_kernel(enum irlas_kernel_id id);

/// The parts of the kernel text. NULL past the last one; `length` is in bytes, the text ends with a newline
/// and a zero byte.
const char *irlas_kernel_text(int part, ptrdiff_t *length);

/// The number of partial sums the weight gradient of a convolution is best split into (1 or more).
ptrdiff_t irlas_conv_weight_splits(const struct irlas_conv *d);

/// The blocks of which `CONV_STATISTICS` leaves the statistics.
struct irlas_statistics irlas_conv_blocks(const struct irlas_conv *d);

/// Floats of the transformed weight with which `CONV_WINOGRAD` computes a convolution; 0 where it cannot.
ptrdiff_t irlas_winograd_count(const struct irlas_conv *d);

/// Whether `CONV_WINOGRAD`, where it is possible, is estimated to be faster than `CONV_FORWARD`; a function of the sizes alone
/// and of whether the weight is `changing`: transformed for every call.
int irlas_winograd_is_better(const struct irlas_conv *d, int changing);

/// Floats of the weight with which a convolution is computed by Strassen's method; 0 where it cannot.
ptrdiff_t irlas_strassen_count(const struct irlas_conv *d);

/// Whether that is estimated to be faster, where it is possible; as `irlas_winograd_is_better`.
int irlas_strassen_is_better(const struct irlas_conv *d, int changing);

/// Whether `SEPARABLE` can compute its convolutions.
int irlas_separable_is_possible(const struct irlas_separable *d);

/// Whether `SEPARABLE`, where it is possible, is estimated to be faster than its convolutions one after the other; a function
/// of the sizes alone.
int irlas_separable_is_better(const struct irlas_separable *d);

/// Floats of memory of the rounded weight with which a convolution has `pairs`; 0 where its groups are too small for it.
ptrdiff_t irlas_bf16_count(const struct irlas_conv *d);

/// The number of blocks for a reduction over `rows`.
ptrdiff_t irlas_reduction_blocks(ptrdiff_t rows, ptrdiff_t channels);

/// A linear layer as a 1x1 convolution over a row of samples.
static inline struct irlas_conv irlas_linear(ptrdiff_t batch, ptrdiff_t inputs, ptrdiff_t outputs,
                                             ptrdiff_t has_bias, ptrdiff_t activation) {
  struct irlas_conv d = {
      .batch = 1, .height = 1, .width = batch, .channels = inputs, .out_height = 1, .out_width = batch,
      .outputs = outputs, .kernel_height = 1, .kernel_width = 1, .stride_height = 1, .stride_width = 1,
      .dilation_height = 1, .dilation_width = 1, .groups = 1, .has_bias = has_bias, .activation = activation,
      .splits = 1, .x_pitch = inputs, .y_pitch = outputs, .residual_pitch = outputs};
  return d;
}

/// Which instruction set the prebuilt kernels use: "avx512", "avx2" or "portable".
const char *irlas_prebuilt_name(void);

/// Fused multiply-adds in registers with the instructions of the prebuilt kernels: `*(const ptrdiff_t *)dims` rounds, each
/// of `*flops` floating-point operations. Needs scratch of one float.
irlas_run_fn irlas_peak(int *flops);

/// Reads `*(const ptrdiff_t *)dims` floats a task from operand 0 on. Needs scratch of one float.
irlas_run_fn irlas_read(void);

/// A matrix product as CBLAS has it (row-major 101; not transposed 111, transposed 112), on the calling thread.
typedef void (*irlas_sgemm_fn)(int order, int trans_a, int trans_b, int m, int n, int k, float alpha,
                               const float *a, int lda, const float *b, int ldb, float beta, float *c, int ldc);

/// The product that `irlas_product` uses. NULL takes it away.
void irlas_set_sgemm(irlas_sgemm_fn function);

/// A stand-in for a kernel whose work is a plain matrix product (linear layers, 1x1 convolutions): same operands,
/// no scratch, another number of tasks, which depends on the sizes alone. NULL where there is none, and without
/// a product.
irlas_run_fn irlas_product(enum irlas_kernel_id id, const void *dims, int *tasks);

#endif
