/// The value of one attribute of an op.
package enum AttributeValue: Hashable, Sendable {
  case integer(Int)
  case real(Double)
  case flag(Bool)
  /// A member of a closed set, by its raw value.
  case word(String)
  case extent(Extent)
  case border(Border)
}

extension AttributeValue: CustomStringConvertible {
  /// How the text form writes the value: `8`, `1e-05`, `true`, `relu`, `3x3`, `[1, 1, 1, 1]` (top, left,
  /// bottom, right).
  package var description: String {
    switch self {
    case .integer(let value): "\(value)"
    case .real(let value): "\(value)"
    case .flag(let value): "\(value)"
    case .word(let value): value
    case .extent(let value): "\(value)"
    case .border(let b): "[\(b.top), \(b.left), \(b.bottom), \(b.right)]"
    }
  }
}

/// A named attribute of an op, in the order of the text form.
package struct Attribute: Hashable, Sendable {
  package var name: String
  package var value: AttributeValue

  init(_ name: String, _ value: AttributeValue) {
    self.name = name
    self.value = value
  }
}

extension Op {
  /// Everything that distinguishes this op from others with the same mnemonic. Attributes at their defaults
  /// (stride 1, no padding, one group, ...) are left out; `Op(mnemonic:attributes:)` puts them back.
  package var attributes: [Attribute] {
    switch self {
    case .input(let index), .row(let index):
      [Attribute("index", .integer(index))]
    case .hyperparameter(let which):
      [Attribute("which", .word(which.rawValue))]
    case .parameter(let parameter):
      parameter.attributes
    case .state(let role):
      [Attribute("role", .word(role.rawValue))]
    case .conv(let convolution), .convInputGradient(let convolution), .convWeightGradient(let convolution):
      convolution.attributes
    case .maxPool(let pool), .averagePool(let pool), .maxPoolGradient(let pool),
      .averagePoolGradient(let pool):
      pool.attributes
    case .batchNorm(let norm):
      [Attribute("epsilon", .real(norm.epsilon)), Attribute("momentum", .real(norm.momentum))]
    case .concat(let axis):
      [Attribute("axis", .word("\(axis)"))]
    case .slice(let axis, let start, let length):
      [
        Attribute("axis", .word("\(axis)")), Attribute("start", .integer(start)),
        Attribute("length", .integer(length)),
      ]
    case .embed(let axis, let start):
      [Attribute("axis", .word("\(axis)")), Attribute("start", .integer(start))]
    case .attention(let heads), .attentionGradient(let heads):
      [Attribute("heads", .integer(heads))]
    case .channelShuffle(let groups), .composedWeight(let groups):
      [Attribute("groups", .integer(groups))]
    case .crop(let border), .pad(let border):
      [Attribute("border", .border(border))]
    case .upsample(let factor), .upsampleGradient(let factor):
      [Attribute("factor", .integer(factor))]
    case .dropout(let rate), .dropPath(let rate):
      [Attribute("rate", .real(rate))]
    case .softmaxCrossEntropy(let smoothing, let weight),
      .softmaxCrossEntropyGradient(let smoothing, let weight):
      [Attribute("smoothing", .real(smoothing))] + (weight == 1 ? [] : [Attribute("weight", .real(weight))])
    case .batchNormalize(let epsilon, let activation), .batchNormReduce(let epsilon, let activation),
      .batchNormInputGradient(let epsilon, let activation):
      [Attribute("epsilon", .real(epsilon))]
        + (activation.map { [Attribute("activation", .word($0.rawValue))] } ?? [])
    case .layerNorm(let epsilon), .layerNormReduce(let epsilon), .layerNormInputGradient(let epsilon),
      .foldedWeight(let epsilon), .foldedBias(let epsilon):
      [Attribute("epsilon", .real(epsilon))]
    case .runningMean(let momentum):
      [Attribute("momentum", .real(momentum))]
    case .runningVariance(let momentum, let places):
      [Attribute("momentum", .real(momentum)), Attribute("places", .integer(places))]
    case .randomMask(let rate, let stream):
      [Attribute("rate", .real(rate)), Attribute("stream", .integer(stream))]
    case .sgdVelocity(let momentum, let decay):
      [Attribute("momentum", .real(momentum)), Attribute("decay", .real(decay))]
    case .sgdStep(let step):
      [
        Attribute("momentum", .real(step.momentum)), Attribute("decay", .real(step.decay)),
        Attribute("nesterov", .flag(step.nesterov)),
      ]
    case .activationGradient(_, let added):
      added == 0 ? [] : [Attribute("added", .integer(added))]
    case .labels, .zero, .linear, .activation, .globalAveragePool,
      .globalAveragePoolGradient, .add, .multiply, .identity, .flatten, .biasGradient, .linearInputGradient,
      .linearWeightGradient, .batchStatistics, .spatialSum, .unflatten, .flattenPlaces, .learned,
      .learnedGradient, .softmax, .softmaxGradient, .composedBias:
      []
    }
  }
}

extension Parameter {
  fileprivate var attributes: [Attribute] {
    let role = Attribute("role", .word(role.rawValue))
    switch initializer {
    case .constant(let value): return [role, Attribute("constant", .real(value))]
    case .uniform(let fanIn): return [role, Attribute("fan_in", .integer(fanIn))]
    case .normal(let deviation): return [role, Attribute("normal", .real(deviation))]
    case .truncatedNormal(let deviation): return [role, Attribute("truncated_normal", .real(deviation))]
    }
  }
}

extension Window {
  fileprivate var attributes: [Attribute] {
    var list = [Attribute("kernel", .extent(kernelSize))]
    if stride != .one { list.append(Attribute("stride", .extent(stride))) }
    if dilation != .one { list.append(Attribute("dilation", .extent(dilation))) }
    if !padding.isNone { list.append(Attribute("padding", .border(padding))) }
    return list
  }
}

extension Convolution {
  fileprivate var attributes: [Attribute] {
    var list = window.attributes
    if groups != 1 { list.append(Attribute("groups", .integer(groups))) }
    if let activation { list.append(Attribute("activation", .word(activation.rawValue))) }
    return list
  }
}

extension Pool {
  fileprivate var attributes: [Attribute] {
    var list = window.attributes
    if ceil { list.append(Attribute("ceil", .flag(true))) }
    if countsPadding { list.append(Attribute("count_padding", .flag(true))) }
    return list
  }
}
