/// Everything a node of the graph can compute: a closed set.
///
/// Each module adds its facet of every op in one exhaustive `switch` without `default` (shape and cost here,
/// gradient, kernels and reference semantics in the compiler, export names in its exporters), so that an op
/// which misses a facet does not compile. Every op has exactly one result.
///
/// Notation in the comments: `x` is a feature map `[c, h, w]`, `dy` the gradient of the loss with respect to
/// an op's result, `N` the batch size.
package enum Op: Hashable, Sendable {
  // MARK: Sources (no inputs; the node declares the shape)

  /// The network's input number `index`, an image `[c, h, w]`.
  case input(index: Int)
  /// The class index of every sample, `[]` per sample, stored as a float.
  case labels
  /// A scalar that the caller sets before each step.
  case hyperparameter(Hyperparameter)
  /// A learned tensor.
  case parameter(Parameter)
  /// A tensor that persists between steps without being learned: running statistics, optimiser state.
  case state(StateRole)
  /// Zeros of the declared shape.
  case zero

  // MARK: Layers

  /// `x, weight {out, c / groups, kh, kw} [, bias {out}]` to `[out, h', w']`: cross-correlation.
  case conv(Convolution)
  /// `x [n, 1, 1], weight {out, n} [, bias {out}]` to `[out, 1, 1]`.
  case linear
  /// `x, scale {c}, shift {c}, mean {c}, variance {c}`: normalisation by running statistics,
  /// `scale * (x - mean) / sqrt(variance + epsilon) + shift`. While training the compiler replaces it by
  /// `batchStatistics` and `batchNormalize`.
  case batchNorm(BatchNorm)
  /// `x, scale {c}, shift {c}`: normalisation over the channels of each place,
  /// `scale * (x - mean) / sqrt(variance + epsilon) + shift` (Ba, Kiros and Hinton, 2016).
  case layerNorm(epsilon: Double)
  /// `x [3c, h, w]`, which holds queries, keys and values in this order, to `[c, h, w]`: for each of `heads` heads
  /// of `d = c / heads` channels `softmax(q k / sqrt(d)) v` over all places (Vaswani et al., NIPS 2017).
  case attention(heads: Int)
  case activation(Activation)
  /// `exp(x) / sum exp(x)`, the sum over the channels of each place.
  case softmax
  case maxPool(Pool)
  case averagePool(Pool)
  /// `[c, h, w]` to `[c, 1, 1]`.
  case globalAveragePool
  /// The sum of two or more feature maps, or tensors that exist once, of equal shapes.
  case add
  /// `x * y` of equal shapes, or of `x` and a gate `[c, 1, 1]` or `[1, 1, 1]`, which comes second.
  case multiply
  /// Two or more inputs joined along an axis.
  case concat(Axis)
  /// `length` consecutive places along an axis from `start` on. `split(n)` is `n` slices.
  case slice(axis: Axis, start: Int, length: Int)
  /// ShuffleNet's permutation: channel `i * (c / groups) + j` goes to `j * groups + i`.
  case channelShuffle(groups: Int)
  case crop(Border)
  /// Pads with zeros.
  case pad(Border)
  /// Nearest-neighbour enlargement of height and width by a whole factor.
  case upsample(factor: Int)
  /// Zeroes elements with probability `rate` and scales the rest by `1 / (1 - rate)`; identity at inference.
  case dropout(rate: Double)
  /// The same for whole samples (stochastic depth); identity at inference.
  case dropPath(rate: Double)
  case identity
  /// `[c, h, w]` to `[c * h * w, 1, 1]`, in that order.
  case flatten
  /// `[c, h, w]` to `[c, h * w, 1]`: the places in rows one after the other.
  case flattenPlaces
  /// A parameter `{c, h, w}` as the same feature map `[c, h, w]` for every sample.
  case learned
  /// `logits [k, 1, 1], labels` to a scalar: the mean over the batch of the cross entropy with targets
  /// `(1 - smoothing) * onehot + smoothing / k`, times `weight`.
  case softmaxCrossEntropy(smoothing: Double, weight: Double = 1)

  // MARK: Gradients (emitted by differentiation)

  /// `dy, weight` to the declared shape of x.
  case convInputGradient(Convolution)
  /// `x, dy` to the declared shape of the weight, summed over the batch.
  case convWeightGradient(Convolution)
  /// `dy [c, h, w]` to `{c}`: the sum over batch, height and width.
  case biasGradient
  /// `dy [out, 1, 1], weight {out, n}` to `[n, 1, 1]`.
  case linearInputGradient
  /// `x [n, 1, 1], dy [out, 1, 1]` to `{out, n}`, summed over the batch.
  case linearWeightGradient
  /// `x` to `{2, c}`: mean and biased variance over batch, height and width.
  case batchStatistics
  /// `x, statistics {2, c}, scale, shift [, residual]`: normalisation by the batch's own statistics, then the sum with
  /// `residual` and the activation, which only the compiler's fusion pass sets.
  case batchNormalize(epsilon: Double, activation: Activation? = nil)
  /// `x, dy, statistics` to `{2, c}`: the gradients of shift (`sum dy`) and of scale (`sum dy * xhat`). With an activation,
  /// which only the compiler's fusion pass sets, `dy` is the gradient of `activation(batchNormalize(x))`, and the operands
  /// go on with `scale, shift`.
  case batchNormReduce(epsilon: Double, activation: Activation? = nil)
  /// `x, dy, statistics, scale, reductions {2, c}` to the gradient of x. With an activation `dy` is as in
  /// `batchNormReduce`, and the operands go on with `shift`.
  case batchNormInputGradient(epsilon: Double, activation: Activation? = nil)
  /// `x, dy` to `{2, c}`: the gradients of layer norm's shift (`sum dy`) and scale (`sum dy * xhat`).
  case layerNormReduce(epsilon: Double)
  /// `x, dy, scale` to the gradient of x.
  case layerNormInputGradient(epsilon: Double)
  /// `x [3c, h, w], dy [c, h, w]` to the gradient of x.
  case attentionGradient(heads: Int)
  /// Row `index` of `{2, c}` as `{c}`.
  case row(index: Int)
  /// `running {c}, statistics {2, c}` to `(1 - momentum) * running + momentum * mean`.
  case runningMean(momentum: Double)
  /// `running {c}, statistics {2, c}` likewise with the unbiased variance over `N * places` values.
  case runningVariance(momentum: Double, places: Int)
  /// `saved, dy`: `saved` is the activation's output or its input, as `Activation.savesOutput` says. The compiler's fusion
  /// pass gives it more operands: several `dy`, whose sum counts, and as the last ones `added` maps that are added to the
  /// result.
  case activationGradient(Activation, added: Int = 0)
  /// `y, dy`, where `y` is the result of `softmax`, to `y * (dy - sum y dy)`, the sum over the channels.
  case softmaxGradient
  /// `x, dy` to the shape of x: the first maximum of each window in row-major order receives its gradient.
  case maxPoolGradient(Pool)
  /// `dy` to the declared shape of x.
  case averagePoolGradient(Pool)
  /// `dy [c, 1, 1]` to the declared shape of x.
  case globalAveragePoolGradient
  /// `[c, h, w]` to `[c, 1, 1]`: sums over height and width (the gradient of a channel gate).
  case spatialSum
  /// `dy` placed at `start` along an axis of zeros of the declared shape: the gradient of `slice`.
  case embed(axis: Axis, start: Int)
  /// `dy [n, 1, 1]` or `[c, n, 1]` to the declared shape of x, the same elements in the same order: the gradient of
  /// `flatten` and `flattenPlaces`.
  case unflatten
  /// `dy [c, h, w]` to `{c, h, w}`: the sum over the batch, the gradient of `learned`.
  case learnedGradient
  /// `dy` to the shape of x: sums each `factor x factor` block.
  case upsampleGradient(factor: Int)
  /// A fresh mask of the declared shape on every step: 0 with probability `rate`, else `1 / (1 - rate)`.
  /// `stream` separates the masks of one network; it derives from the canonical order of its nodes.
  case randomMask(rate: Double, stream: Int)
  /// `logits, labels` to the gradient of `softmaxCrossEntropy` with respect to the logits.
  case softmaxCrossEntropyGradient(smoothing: Double, weight: Double = 1)

  // MARK: Optimiser

  /// `parameter, gradient, velocity` to `momentum * velocity + gradient + decay * parameter`.
  case sgdVelocity(momentum: Double, decay: Double)
  /// `parameter, gradient, learning rate [, new velocity]` to the updated parameter (PyTorch's SGD).
  case sgdStep(SGDStep)

  // MARK: Inference

  /// `weight {out, ...}, scale, variance` to the weight of a convolution with its batch norm folded in.
  case foldedWeight(epsilon: Double)
  /// `scale, shift, mean, variance [, bias]` to the bias of that convolution.
  case foldedBias(epsilon: Double)
  /// `weight {out, m, 1, 1}, first {m, in / groups, 1, 1}` to the weight `{out, in, 1, 1}` of one convolution in place of the two,
  /// of which the first has groups.
  case composedWeight(groups: Int)
  /// `weight {out, m, 1, 1}, bias {m} [, bias {out}]`: the bias of that convolution.
  case composedBias
}

/// An axis of a feature map.
package enum Axis: Int, Hashable, Sendable, CaseIterable {
  case channel = 0
  case height = 1
  case width = 2
}

/// A scalar that is set before each step.
package enum Hyperparameter: String, Hashable, Sendable, CaseIterable {
  case learningRate = "learning_rate"
}

/// What a learned tensor is for; the initial values follow from it.
package struct Parameter: Hashable, Sendable {
  /// The place of the tensor in its layer, as PyTorch names it.
  package enum Role: String, Hashable, Sendable, CaseIterable {
    case weight
    case bias
    /// A normalisation's gamma.
    case scale
    /// A normalisation's beta.
    case shift
    /// A tensor that the program made itself.
    case value
  }

  /// The distribution of the initial values.
  package enum Initializer: Hashable, Sendable {
    case constant(Double)
    /// Uniform in `±1 / sqrt(fanIn)`: PyTorch's default for convolution and linear weights and biases.
    case uniform(fanIn: Int)
    /// Normal with mean 0.
    case normal(deviation: Double)
    /// Normal with mean 0, cut off at two deviations of the uncut distribution.
    case truncatedNormal(deviation: Double)
  }

  package var role: Role
  package var initializer: Initializer

  package init(_ role: Role, _ initializer: Initializer) {
    self.role = role
    self.initializer = initializer
  }
}

/// What a persistent tensor that is not learned is for.
package enum StateRole: String, Hashable, Sendable, CaseIterable {
  case runningMean = "running_mean"
  case runningVariance = "running_variance"
  /// SGD's momentum buffer.
  case velocity

  /// The value every element starts with.
  package var initialValue: Double { self == .runningVariance ? 1 : 0 }
}

/// Batch norm's constants; the defaults are PyTorch's.
package struct BatchNorm: Hashable, Sendable {
  package var epsilon: Double
  /// The weight of the newest batch in the running statistics.
  package var momentum: Double

  package init(epsilon: Double = 1e-5, momentum: Double = 0.1) {
    self.epsilon = epsilon
    self.momentum = momentum
  }
}

/// Element-wise functions of one argument.
package enum Activation: String, Hashable, Sendable, CaseIterable {
  /// `max(x, 0)`
  case relu
  /// `min(max(x, 0), 6)`
  case relu6
  /// `1 / (1 + exp(-x))`
  case sigmoid
  /// `x * sigmoid(x)`
  case silu
  /// `x * relu6(x + 3) / 6`
  case hardSwish = "hard_swish"
  /// `relu6(x + 3) / 6`
  case hardSigmoid = "hard_sigmoid"
  /// `x * (1 + erf(x / sqrt(2))) / 2` (Hendrycks and Gimpel, 2016)
  case gelu
  /// `|x|`
  case abs
  /// `-x`
  case negate

  /// Whether the gradient is computed from the function's result (which is kept anyway) or from its argument.
  package var savesOutput: Bool {
    switch self {
    case .relu, .relu6, .sigmoid, .hardSigmoid, .negate: true
    case .silu, .hardSwish, .gelu, .abs: false
    }
  }
}

/// The constants of one SGD update.
package struct SGDStep: Hashable, Sendable {
  package var momentum: Double
  package var decay: Double
  package var nesterov: Bool

  package init(momentum: Double, decay: Double, nesterov: Bool) {
    self.momentum = momentum
    self.decay = decay
    self.nesterov = nesterov
  }
}

extension Op {
  /// Whether the node stands for data given from outside, not for a computation.
  package var isSource: Bool {
    switch self {
    case .input, .labels, .hyperparameter, .parameter, .state: true
    default: false
    }
  }

  /// Whether two nodes with this op and the same inputs compute the same value. Masks are drawn afresh.
  package var isPure: Bool {
    switch self {
    case .dropout, .dropPath, .randomMask, .input, .labels, .hyperparameter, .parameter, .state: false
    default: true
    }
  }

  /// Whether the order of the inputs does not matter.
  package var isCommutative: Bool { self == .add }
}
