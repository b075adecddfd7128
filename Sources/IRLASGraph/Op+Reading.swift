/// Why a mnemonic with attributes names no op.
enum OpReadingIssue: Error, Hashable {
  case unknownOp(String)
  case missing(String)
  case duplicate(String)
  case unexpected(String)
  case wrongKind(String, expected: String)

  var reason: String {
    switch self {
    case .unknownOp(let name): "there is no op `\(name)`"
    case .missing(let name): "the attribute `\(name)` is missing"
    case .duplicate(let name): "the attribute `\(name)` is given twice"
    case .unexpected(let name): "this op has no attribute `\(name)`"
    case .wrongKind(let name, let expected): "the attribute `\(name)` must be \(expected)"
    }
  }
}

extension Op {
  /// The inverse of `mnemonic` and `attributes`.
  init(mnemonic: String, attributes: [Attribute]) throws(OpReadingIssue) {
    var list = AttributeList(remaining: attributes)
    for (index, attribute) in attributes.enumerated()
    where attributes[..<index].contains(where: { $0.name == attribute.name }) {
      throw .duplicate(attribute.name)
    }
    self = try Op.read(mnemonic, &list)
    if let extra = list.remaining.first { throw .unexpected(extra.name) }
  }

  private static func read(_ mnemonic: String, _ list: inout AttributeList) throws(OpReadingIssue) -> Op {
    switch mnemonic {
    case "input": return .input(index: try list.integer("index"))
    case "labels": return .labels
    case "hyperparameter": return .hyperparameter(try list.member("which"))
    case "parameter":
      let role: Parameter.Role = try list.member("role")
      if list.contains("constant") {
        return .parameter(Parameter(role, .constant(try list.real("constant"))))
      }
      if list.contains("normal") {
        return .parameter(Parameter(role, .normal(deviation: try list.real("normal"))))
      }
      if list.contains("truncated_normal") {
        return .parameter(
          Parameter(role, .truncatedNormal(deviation: try list.real("truncated_normal"))))
      }
      return .parameter(Parameter(role, .uniform(fanIn: try list.integer("fan_in"))))
    case "state": return .state(try list.member("role"))
    case "zero": return .zero
    case "conv": return .conv(try list.convolution())
    case "linear": return .linear
    case "bn":
      return .batchNorm(BatchNorm(epsilon: try list.real("epsilon"), momentum: try list.real("momentum")))
    case "layer_norm": return .layerNorm(epsilon: try list.real("epsilon"))
    case "attend": return .attention(heads: try list.integer("heads"))
    case "softmax": return .softmax
    case "max_pool": return .maxPool(try list.pool())
    case "avg_pool": return .averagePool(try list.pool())
    case "global_avg_pool": return .globalAveragePool
    case "add": return .add
    case "mul": return .multiply
    case "concat": return .concat(try list.axis())
    case "slice":
      return .slice(
        axis: try list.axis(), start: try list.integer("start"), length: try list.integer("length"))
    case "shuffle": return .channelShuffle(groups: try list.integer("groups"))
    case "crop": return .crop(try list.border("border"))
    case "pad": return .pad(try list.border("border"))
    case "upsample": return .upsample(factor: try list.integer("factor"))
    case "dropout": return .dropout(rate: try list.real("rate"))
    case "drop_path": return .dropPath(rate: try list.real("rate"))
    case "identity": return .identity
    case "flatten": return .flatten
    case "flatten_places": return .flattenPlaces
    case "learned": return .learned
    case "cross_entropy":
      return .softmaxCrossEntropy(
        smoothing: try list.real("smoothing"), weight: try list.real("weight", default: 1))
    default: return try readDerived(mnemonic, &list)
    }
  }

  /// The ops that only the compiler creates, and the activations.
  private static func readDerived(_ mnemonic: String, _ list: inout AttributeList) throws(OpReadingIssue)
    -> Op
  {
    switch mnemonic {
    case "conv_input_grad": return .convInputGradient(try list.convolution())
    case "conv_weight_grad": return .convWeightGradient(try list.convolution())
    case "bias_grad": return .biasGradient
    case "linear_input_grad": return .linearInputGradient
    case "linear_weight_grad": return .linearWeightGradient
    case "bn_statistics": return .batchStatistics
    case "bn_normalize":
      return .batchNormalize(epsilon: try list.real("epsilon"), activation: try list.activation())
    case "bn_reduce":
      return .batchNormReduce(epsilon: try list.real("epsilon"), activation: try list.activation())
    case "bn_input_grad":
      return .batchNormInputGradient(epsilon: try list.real("epsilon"), activation: try list.activation())
    case "layer_norm_reduce": return .layerNormReduce(epsilon: try list.real("epsilon"))
    case "layer_norm_input_grad": return .layerNormInputGradient(epsilon: try list.real("epsilon"))
    case "attend_grad": return .attentionGradient(heads: try list.integer("heads"))
    case "learned_grad": return .learnedGradient
    case "row": return .row(index: try list.integer("index"))
    case "running_mean": return .runningMean(momentum: try list.real("momentum"))
    case "running_variance":
      return .runningVariance(momentum: try list.real("momentum"), places: try list.integer("places"))
    case "softmax_grad": return .softmaxGradient
    case "max_pool_grad": return .maxPoolGradient(try list.pool())
    case "avg_pool_grad": return .averagePoolGradient(try list.pool())
    case "global_avg_pool_grad": return .globalAveragePoolGradient
    case "spatial_sum": return .spatialSum
    case "unflatten": return .unflatten
    case "embed": return .embed(axis: try list.axis(), start: try list.integer("start"))
    case "upsample_grad": return .upsampleGradient(factor: try list.integer("factor"))
    case "random_mask": return .randomMask(rate: try list.real("rate"), stream: try list.integer("stream"))
    case "cross_entropy_grad":
      return .softmaxCrossEntropyGradient(
        smoothing: try list.real("smoothing"), weight: try list.real("weight", default: 1))
    case "sgd_velocity":
      return .sgdVelocity(momentum: try list.real("momentum"), decay: try list.real("decay"))
    case "sgd_step":
      return .sgdStep(
        SGDStep(
          momentum: try list.real("momentum"), decay: try list.real("decay"),
          nesterov: try list.flag("nesterov")))
    case "folded_weight": return .foldedWeight(epsilon: try list.real("epsilon"))
    case "folded_bias": return .foldedBias(epsilon: try list.real("epsilon"))
    case "composed_weight": return .composedWeight(groups: try list.integer("groups"))
    case "composed_bias": return .composedBias
    default:
      for function in Activation.allCases {
        if mnemonic == function.rawValue { return .activation(function) }
        if mnemonic == "\(function.rawValue)_grad" {
          return .activationGradient(function, added: try list.integer("added", default: 0))
        }
      }
      throw .unknownOp(mnemonic)
    }
  }
}

/// The attributes of one op, taken one by one by name.
private struct AttributeList {
  var remaining: [Attribute]

  func contains(_ name: String) -> Bool { remaining.contains { $0.name == name } }

  mutating func take(_ name: String) -> AttributeValue? {
    guard let index = remaining.firstIndex(where: { $0.name == name }) else { return nil }
    return remaining.remove(at: index).value
  }

  mutating func required(_ name: String) throws(OpReadingIssue) -> AttributeValue {
    guard let value = take(name) else { throw .missing(name) }
    return value
  }

  mutating func integer(_ name: String, default fallback: Int? = nil) throws(OpReadingIssue) -> Int {
    if let fallback, !contains(name) { return fallback }
    guard case .integer(let value) = try required(name) else {
      throw .wrongKind(name, expected: "an integer")
    }
    return value
  }

  mutating func real(_ name: String, default fallback: Double? = nil) throws(OpReadingIssue) -> Double {
    if let fallback, !contains(name) { return fallback }
    guard case .real(let value) = try required(name) else {
      throw .wrongKind(name, expected: "a real number such as 0.1 or 1e-05")
    }
    return value
  }

  mutating func flag(_ name: String, default fallback: Bool? = nil) throws(OpReadingIssue) -> Bool {
    if let fallback, !contains(name) { return fallback }
    guard case .flag(let value) = try required(name) else {
      throw .wrongKind(name, expected: "true or false")
    }
    return value
  }

  mutating func extent(_ name: String, default fallback: Extent? = nil) throws(OpReadingIssue) -> Extent {
    if let fallback, !contains(name) { return fallback }
    guard case .extent(let value) = try required(name) else {
      throw .wrongKind(name, expected: "a pair of sizes such as 3x3")
    }
    return value
  }

  mutating func border(_ name: String, default fallback: Border? = nil) throws(OpReadingIssue) -> Border {
    if let fallback, !contains(name) { return fallback }
    guard case .border(let value) = try required(name) else {
      throw .wrongKind(name, expected: "four sizes [top, left, bottom, right]")
    }
    return value
  }

  mutating func member<Value: RawRepresentable & CaseIterable>(_ name: String) throws(OpReadingIssue) -> Value
  where Value.RawValue == String {
    guard case .word(let word) = try required(name), let value = Value(rawValue: word) else {
      let all = Value.allCases.map(\.rawValue).joined(separator: ", ")
      throw .wrongKind(name, expected: "one of \(all)")
    }
    return value
  }

  /// The activation that an op applies as well, if any.
  mutating func activation() throws(OpReadingIssue) -> Activation? {
    contains("activation") ? try member("activation") : nil
  }

  mutating func axis() throws(OpReadingIssue) -> Axis {
    guard case .word(let word) = try required("axis"),
      let axis = Axis.allCases.first(where: { "\($0)" == word })
    else { throw .wrongKind("axis", expected: "channel, height or width") }
    return axis
  }

  mutating func window() throws(OpReadingIssue) -> Window {
    Window(
      kernelSize: try extent("kernel"), stride: try extent("stride", default: .one),
      dilation: try extent("dilation", default: .one), padding: try border("padding", default: Border.none))
  }

  mutating func convolution() throws(OpReadingIssue) -> Convolution {
    let window = try window()
    let groups = try integer("groups", default: 1)
    return Convolution(window: window, groups: groups, activation: try activation())
  }

  mutating func pool() throws(OpReadingIssue) -> Pool {
    Pool(
      window: try window(), ceil: try flag("ceil", default: false),
      countsPadding: try flag("count_padding", default: false))
  }
}
