#ifndef IRLAS_DIMS_H
#define IRLAS_DIMS_H

#include <stddef.h>
#include <stdint.h>

// The sizes every kernel works on. Each structure is plain data: whole numbers (ptrdiff_t) first, then
// floats, so that a program can write any of them as a C initialiser without knowing its fields.
//
// Memory layout: a feature map is NHWC, float, [batch][height][width][channels]. Vectors are [channels],
// statistics and reductions [2][channels], labels one float a sample, scalars one float.
// A convolution's weight is in panels of output channels (source/panel.h); only the kernels know the order:
// `weight_pack` and `weight_unpack` convert from and to {out, in / groups, kh, kw}. An element-wise kernel
// (an optimiser's update) works on panels as on anything else.
//
// A pitch is the number of floats from one pixel of a map to the next: its channels, or those of a larger map of which
// it is some neighbouring channels.
//
// Buffers start at multiples of 64 bytes, channels of a larger map anywhere; nothing outside them is read or written.

/// An element-wise function of one argument.
enum irlas_activation {
  IRLAS_NONE = 0,
  IRLAS_RELU = 1,
  IRLAS_RELU6 = 2,
  IRLAS_SIGMOID = 3,
  IRLAS_SILU = 4,
  IRLAS_HARD_SWISH = 5,
  IRLAS_HARD_SIGMOID = 6,
  IRLAS_GELU = 7,
  IRLAS_ABS = 8,
  IRLAS_NEGATE = 9,
};

/// A convolution: x [batch][height][width][channels], y [batch][out_height][out_width][outputs].
/// Padding below and to the right follows from the output size. A linear layer of N samples is a 1x1
/// convolution with batch 1, height 1, width N.
struct irlas_conv {
  ptrdiff_t batch, height, width, channels;
  ptrdiff_t out_height, out_width, outputs;
  ptrdiff_t kernel_height, kernel_width;
  ptrdiff_t stride_height, stride_width;
  ptrdiff_t dilation_height, dilation_width;
  ptrdiff_t pad_top, pad_left;
  ptrdiff_t groups;
  /// Whether a bias [outputs] is added (forward only).
  ptrdiff_t has_bias;
  /// Whether a map of the result's shape is added before the activation (forward only).
  ptrdiff_t has_residual;
  /// `enum irlas_activation`, applied to the result (forward only).
  ptrdiff_t activation;
  /// How many partial sums the weight gradient leaves: `irlas_conv_weight_splits`. 0 counts as 1.
  ptrdiff_t splits;
  /// Whether products are of bfloat16: x is rounded on the way, and the weight is what `bf16_weight` makes (forward only).
  ptrdiff_t pairs;
  /// Whether x is to be normalised on the way: 1 + `enum irlas_activation`, or 0. The last operand then is factors
  /// [3][channels], as `norm_factors` makes them (forward and weight gradient).
  ptrdiff_t normalizes;
  /// Whether a 1x1 convolution is computed by Strassen's method; the weight is what `strassen_weight` makes (forward only).
  ptrdiff_t strassen;
  /// Pitches of x (and dx), y (and dy) and the residual.
  ptrdiff_t x_pitch, y_pitch, residual_pitch;
};

/// A depthwise convolution with a 1x1 convolution after it and, where it `expands`, one before it: x [batch][height][width]
/// [inputs], `channels` between them, y [batch][out_height][out_width][outputs]. Without it inputs equal channels.
struct irlas_separable {
  ptrdiff_t batch, height, width, inputs, channels;
  ptrdiff_t out_height, out_width, outputs;
  ptrdiff_t kernel_height, kernel_width;
  ptrdiff_t stride_height, stride_width;
  ptrdiff_t dilation_height, dilation_width;
  ptrdiff_t pad_top, pad_left;  // not negative
  /// Whether there is a first 1x1 convolution, whether it has a bias, and what it applies to its result.
  ptrdiff_t expands, expand_bias, expand_activation;
  ptrdiff_t depthwise_bias, depthwise_activation;
  /// Of the last convolution; the residual is added before the activation.
  ptrdiff_t has_bias, has_residual, activation;
  /// Whether the 1x1 convolutions have `pairs`, as in `irlas_conv`.
  ptrdiff_t pairs;
  /// Pitches of x, y and the residual.
  ptrdiff_t x_pitch, y_pitch, residual_pitch;
};

/// Sums of `splits` arrays of `count` elements.
struct irlas_partials {
  ptrdiff_t count, splits;
};

/// A reduction over rows (batch * height * width) to channels in `blocks` partial results
/// (`irlas_reduction_blocks`).
struct irlas_reduction {
  ptrdiff_t rows, channels, blocks;
  /// The pitch of what is reduced.
  ptrdiff_t pitch;
};

/// Statistics of channels from those of `images * bands` blocks: the `rows` of each image, of `columns` values, are cut
/// into `bands` even parts, of whole units of `unit` rows but for what is left at the end.
struct irlas_statistics {
  ptrdiff_t channels, images, bands, rows, columns, unit;
};

/// Batch norm over rows (batch * height * width).
struct irlas_norm {
  ptrdiff_t rows, channels, blocks;
  /// `enum irlas_activation`, applied to the result; in gradients, what was applied to it.
  ptrdiff_t activation;
  /// Whether a map is added before the activation (`batch_normalize`).
  ptrdiff_t has_residual;
  /// Pitches of x, y and the residual, in gradients of x, dx and dy; layer norm knows none.
  ptrdiff_t x_pitch, y_pitch, residual_pitch;
  float epsilon;
};

/// A constant for `count` elements.
struct irlas_elements {
  ptrdiff_t count;
  float value;
};

/// Element-wise work on up to eight maps of `rows` (batch * height * width) pixels, map i with pitch `pitch<i>`. Where
/// nothing lies between pixels a map may be one row.
struct irlas_maps {
  ptrdiff_t rows, channels;
  /// The number of inputs (`add`, `interleave`), or the activation.
  ptrdiff_t option;
  ptrdiff_t y_pitch;
  ptrdiff_t pitch0, pitch1, pitch2, pitch3, pitch4, pitch5, pitch6, pitch7;
};

/// The gradient of an activation on `rows` pixels, from the sum of `gradients` maps, and `added` maps added to it; of up to
/// eight maps map i has pitch `pitch<i>`. More are one row.
struct irlas_gradients {
  ptrdiff_t rows, channels;
  /// `enum irlas_activation`.
  ptrdiff_t activation;
  ptrdiff_t gradients, added;
  ptrdiff_t y_pitch;
  ptrdiff_t pitch0, pitch1, pitch2, pitch3, pitch4, pitch5, pitch6, pitch7;
};

/// A pooling window: x [batch][height][width][channels], y [batch][out_height][out_width][channels].
struct irlas_pooling {
  ptrdiff_t batch, height, width, channels;
  ptrdiff_t out_height, out_width;
  ptrdiff_t kernel_height, kernel_width;
  ptrdiff_t stride_height, stride_width;
  ptrdiff_t dilation_height, dilation_width;
  ptrdiff_t pad_top, pad_left, pad_bottom, pad_right;
  /// Whether an average divides by all places inside the padded map instead of those inside the map.
  ptrdiff_t counts_padding;
  /// Pitches of x and y (and dy); dx has none.
  ptrdiff_t x_pitch, y_pitch;
};

/// Attention: x [batch][places][3][channels] (queries, keys, values), y [batch][places][channels]. Each head has
/// `channels / heads` adjacent channels; `scale` multiplies the products of queries and keys.
struct irlas_attention {
  ptrdiff_t batch, places, channels, heads;
  float scale;
};

/// A map of `places` (height * width) by channels.
struct irlas_places {
  ptrdiff_t batch, places, channels;
  /// `multiply`: 0 for equal shapes, 1 for a gate [batch][channels], 2 for a gate [batch].
  ptrdiff_t gate;
};

/// Copies blocks [batch][rows][columns][channels]; strides and offsets count floats, channels are adjacent.
struct irlas_copy {
  ptrdiff_t batch, rows, columns, channels;
  ptrdiff_t from_offset, from_batch, from_row, from_column;
  ptrdiff_t to_offset, to_batch, to_row, to_column;
};

/// `rows` rows of up to eight parts side by side; part i ends at float `end<i>` of a row. By themselves its rows are
/// `pitch<i>` floats apart, those of the whole `pitch`.
struct irlas_join {
  ptrdiff_t rows, parts;
  ptrdiff_t end0, end1, end2, end3, end4, end5, end6, end7;
  ptrdiff_t pitch;
  ptrdiff_t pitch0, pitch1, pitch2, pitch3, pitch4, pitch5, pitch6, pitch7;
};

/// `batch` matrices [rows][columns] to [columns][rows].
struct irlas_transpose {
  ptrdiff_t batch, rows, columns;
};

/// A permutation of channels: `i * (channels / groups) + j` goes to `j * groups + i`.
struct irlas_shuffle {
  ptrdiff_t rows, channels, groups;
  /// The pitch of x.
  ptrdiff_t pitch;
};

/// Enlargement of [batch][height][width][channels] by `factor`; the gradient's sizes are the same ones.
struct irlas_upsample {
  ptrdiff_t batch, height, width, channels, factor;
};

/// A random mask: 0 with probability `rate`, else `scale`.
struct irlas_mask {
  ptrdiff_t count, stream;
  float rate, scale;
};

/// Cross entropy of [batch][classes] logits with targets `(1 - smoothing) * onehot + smoothing / classes`, times
/// `weight`.
struct irlas_loss {
  ptrdiff_t batch, classes;
  float smoothing, weight;
};

/// Running statistics. `unbias` is n / (n - 1) for the variance over n values.
struct irlas_running {
  ptrdiff_t channels;
  float momentum, unbias;
};

/// One row of a matrix [rows][channels].
struct irlas_row {
  ptrdiff_t channels, index;
};

/// An SGD update of `count` elements.
struct irlas_sgd {
  ptrdiff_t count;
  ptrdiff_t nesterov;
  /// Whether a velocity is given (`sgd_step`).
  ptrdiff_t has_velocity;
  float momentum, decay;
};

/// Batch norm folded into a convolution.
struct irlas_fold {
  /// The convolution's `channels / groups * kernel_height * kernel_width`, outputs, channels and groups.
  ptrdiff_t taps, outputs, channels, groups;
  /// Whether the convolution has a bias.
  ptrdiff_t has_bias;
  float epsilon;
};

/// Two 1x1 convolutions, one after the other, as one.
struct irlas_composition {
  /// Channels before the first, between the two and after the second.
  ptrdiff_t inputs, middle, outputs;
  /// Of the first; the second has one.
  ptrdiff_t groups;
  /// Whether the second has a bias.
  ptrdiff_t has_bias;
};

#endif
