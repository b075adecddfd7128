extension Op {
  /// The op in a few words, for listings and diagrams: `conv 3x3 64->128 /2 g8`, `max_pool 3x3 /2`.
  ///
  /// - Parameters:
  ///   - inputs: the shapes of the operands.
  ///   - result: the shape of the result.
  package func summary(inputs: [Shape], result: Shape) -> String {
    let detail = detail(inputs: inputs, result: result)
    return detail.isEmpty ? word(inputs: inputs) : "\(word(inputs: inputs)) \(detail)"
  }

  /// The first word of the summary: the mnemonic, but `dwconv` for a depthwise convolution.
  package func word(inputs: [Shape]) -> String {
    if case .conv(let convolution) = self, convolution.isDepthwise(inputs) { return "dwconv" }
    return mnemonic
  }

  /// The summary without its first word; empty for ops that need no more.
  package func detail(inputs: [Shape], result: Shape) -> String {
    switch self {
    case .conv(let convolution):
      var parts = ["\(convolution.window.kernelSize)"]
      if let x = inputs.first, x.isImage, result.isImage {
        parts.append(x.channels == result.channels ? "\(x.channels)" : "\(x.channels)->\(result.channels)")
        parts += convolution.window.movement(x)
      }
      if convolution.groups > 1, !convolution.isDepthwise(inputs) { parts.append("g\(convolution.groups)") }
      if let activation = convolution.activation { parts.append("+\(activation.rawValue)") }
      return parts.joined(separator: " ")
    case .convInputGradient(let convolution), .convWeightGradient(let convolution):
      let groups = convolution.groups > 1 ? " g\(convolution.groups)" : ""
      return "\(convolution.window.kernelSize)\(groups)"
    case .linear:
      guard let x = inputs.first, x.isImage, result.isImage else { return "" }
      return "\(x.channels)->\(result.channels)"
    case .maxPool(let pool), .averagePool(let pool):
      let movement = inputs.first.map { $0.isImage ? pool.window.movement($0) : [] } ?? []
      return (["\(pool.window.kernelSize)"] + movement + (pool.ceil ? ["ceil"] : [])).joined(separator: " ")
    case .maxPoolGradient(let pool), .averagePoolGradient(let pool):
      return "\(pool.window.kernelSize)"
    case .input(let index): return index == 0 ? "" : "\(index)"
    case .row(let index): return "\(index)"
    case .parameter(let parameter): return parameter.role.rawValue
    case .state(let role): return role.rawValue
    case .hyperparameter(let which): return which.rawValue
    case .concat(let axis): return axis == .channel ? "" : "\(axis)"
    case .slice(let axis, let start, let length):
      return "\(axis == .channel ? "" : "\(axis) ")\(start)..<\(saturatingSum(start, length))"
    case .embed(let axis, let start): return "\(axis == .channel ? "" : "\(axis) ")at \(start)"
    case .attention(let heads), .attentionGradient(let heads): return "\(heads) head\(heads == 1 ? "" : "s")"
    case .channelShuffle(let groups): return "g\(groups)"
    case .crop(let border), .pad(let border): return border.summary
    case .upsample(let factor), .upsampleGradient(let factor): return "x\(factor)"
    case .dropout(let rate), .dropPath(let rate), .randomMask(let rate, _): return "\(rate)"
    case .softmaxCrossEntropy(let smoothing, let weight),
      .softmaxCrossEntropyGradient(let smoothing, let weight):
      let parts = [weight == 1 ? "" : "x\(weight)", smoothing == 0 ? "" : "smoothing \(smoothing)"]
      return parts.filter { !$0.isEmpty }.joined(separator: " ")
    case .batchNormalize(_, let activation), .batchNormReduce(_, let activation),
      .batchNormInputGradient(_, let activation):
      return activation.map { "+\($0.rawValue)" } ?? ""
    case .labels, .zero, .batchNorm, .activation, .activationGradient, .globalAveragePool,
      .globalAveragePoolGradient, .add, .multiply, .identity, .flatten, .biasGradient, .linearInputGradient,
      .linearWeightGradient, .batchStatistics, .runningMean, .runningVariance, .spatialSum, .unflatten,
      .sgdVelocity, .sgdStep, .foldedWeight,
      .foldedBias, .composedWeight, .composedBias, .layerNorm, .flattenPlaces, .learned, .layerNormReduce,
      .layerNormInputGradient,
      .learnedGradient, .softmax, .softmaxGradient:
      return ""
    }
  }
}

extension Convolution {
  /// Whether every channel has filters of its own. A convolution of one channel does not count.
  fileprivate func isDepthwise(_ inputs: [Shape]) -> Bool {
    guard groups > 1, let x = inputs.first, x.isImage else { return false }
    return groups == x.channels
  }
}

extension Window {
  /// Stride, dilation and unusual padding in short: `/2`, `d2`, `valid`, `p1,1,0,0`.
  fileprivate func movement(_ input: Shape) -> [String] {
    var parts: [String] = []
    if stride != .one { parts.append(stride.height == stride.width ? "/\(stride.height)" : "/\(stride)") }
    if dilation != .one {
      parts.append(dilation.height == dilation.width ? "d\(dilation.height)" : "d\(dilation)")
    }
    if !isSamePadded(input) { parts.append(padding.isNone ? "valid" : "p\(padding.summary)") }
    return parts
  }
}

extension Border {
  /// One number when all sides agree, else top, left, bottom, right.
  fileprivate var summary: String {
    if top == left, top == bottom, top == right { return "\(top)" }
    return "\(top),\(left),\(bottom),\(right)"
  }
}
