extension GraphBuilder {
  /// The learned tensors of one layer, so that several applications can share them.
  package struct LayerParameters: Hashable, Sendable {
    package var values: [NodeID]
    package init(_ values: [NodeID]) { self.values = values }
  }

  /// A convolution of `x` with fresh parameters, or with those of an earlier application (`shared`).
  ///
  /// - Returns: the result and the parameters it uses.
  package mutating func conv(
    _ x: NodeID, out: Int, _ convolution: Convolution, bias: Bool = false, sharing: LayerParameters? = nil,
    name: String = "conv", origin: Int32 = 0
  ) throws(ShapeIssue) -> (result: NodeID, parameters: LayerParameters) {
    if let sharing {
      return (try add(.conv(convolution), [x] + sharing.values, name: name, origin: origin), sharing)
    }
    let channels = shape(of: x).channels
    let size = convolution.window.kernelSize
    guard out > 0 else { throw .notPositive(attribute: "out", value: out) }
    guard convolution.groups > 0 else { throw .notPositive(attribute: "groups", value: convolution.groups) }
    guard channels % convolution.groups == 0 else {
      throw .groupsDoNotDivide(groups: convolution.groups, channels: channels, ofOutput: false)
    }
    guard out % convolution.groups == 0 else {
      throw .groupsDoNotDivide(groups: convolution.groups, channels: out, ofOutput: true)
    }
    guard size.height > 0, size.width > 0 else {
      throw .notPositive(attribute: "kernel size", value: min(size.height, size.width))
    }
    let weightShape = Shape.unbatched(out, channels / convolution.groups, size.height, size.width)
    // Checked before anything is added, so that a failure leaves the builder unchanged.
    _ = try Op.conv(convolution).resultShape(of: [shape(of: x), weightShape])
    let fanIn = saturatingProduct(saturatingProduct(channels / convolution.groups, size.height), size.width)
    return try weighted(
      .conv(convolution), x, weight: weightShape, fanIn: fanIn, bias: bias, name: name, origin: origin)
  }

  /// A fully connected layer on `[n, 1, 1]`, with fresh or shared parameters.
  package mutating func linear(
    _ x: NodeID, out: Int, bias: Bool = true, sharing: LayerParameters? = nil, name: String = "linear",
    origin: Int32 = 0
  ) throws(ShapeIssue) -> (result: NodeID, parameters: LayerParameters) {
    if let sharing {
      return (try add(.linear, [x] + sharing.values, name: name, origin: origin), sharing)
    }
    guard out > 0 else { throw .notPositive(attribute: "out", value: out) }
    let weightShape = Shape.unbatched(out, shape(of: x).channels)
    _ = try Op.linear.resultShape(of: [shape(of: x), weightShape])
    return try weighted(
      .linear, x, weight: weightShape, fanIn: shape(of: x).channels, bias: bias, name: name, origin: origin)
  }

  private mutating func weighted(
    _ op: Op, _ x: NodeID, weight: Shape, fanIn: Int, bias: Bool, name: String, origin: Int32
  ) throws(ShapeIssue) -> (result: NodeID, parameters: LayerParameters) {
    // The name of the layer is taken first, so that its parameters can carry it.
    let layer = uniqueLayerName(name)
    var values = [
      try add(
        .parameter(Parameter(.weight, .uniform(fanIn: fanIn))), declared: weight, name: "\(layer).weight",
        origin: origin)
    ]
    if bias {
      values.append(
        try add(
          .parameter(Parameter(.bias, .uniform(fanIn: fanIn))), declared: .unbatched(weight[0]),
          name: "\(layer).bias", origin: origin))
    }
    let result = try add(op, [x] + values, exactName: layer, origin: origin)
    return (result, LayerParameters(values))
  }

  /// Batch norm of `x` with fresh or shared parameters and running statistics.
  package mutating func batchNorm(
    _ x: NodeID, _ norm: BatchNorm = BatchNorm(), sharing: LayerParameters? = nil, name: String = "bn",
    origin: Int32 = 0
  ) throws(ShapeIssue) -> (result: NodeID, parameters: LayerParameters) {
    if let sharing {
      return (try add(.batchNorm(norm), [x] + sharing.values, name: name, origin: origin), sharing)
    }
    guard shape(of: x).isImage else {
      throw .wrongKind(input: 0, expected: "a feature map [c, h, w]", actual: shape(of: x))
    }
    let vector = Shape.unbatched(shape(of: x).channels)
    let layer = uniqueLayerName(name)
    let tensors: [(Op, String)] = [
      (.parameter(Parameter(.scale, .constant(1))), "scale"),
      (.parameter(Parameter(.shift, .constant(0))), "shift"),
      (.state(.runningMean), StateRole.runningMean.rawValue),
      (.state(.runningVariance), StateRole.runningVariance.rawValue),
    ]
    var values: [NodeID] = []
    for (op, suffix) in tensors {
      values.append(try add(op, declared: vector, name: "\(layer).\(suffix)", origin: origin))
    }
    let result = try add(.batchNorm(norm), [x] + values, exactName: layer, origin: origin)
    return (result, LayerParameters(values))
  }

  /// Layer norm over the channels of each place of `x`, with fresh or shared parameters.
  package mutating func layerNorm(
    _ x: NodeID, epsilon: Double = 1e-6, sharing: LayerParameters? = nil, name: String = "layer_norm",
    origin: Int32 = 0
  ) throws(ShapeIssue) -> (result: NodeID, parameters: LayerParameters) {
    let op = Op.layerNorm(epsilon: epsilon)
    if let sharing {
      return (try add(op, [x] + sharing.values, name: name, origin: origin), sharing)
    }
    guard shape(of: x).isImage else {
      throw .wrongKind(input: 0, expected: "a feature map [c, h, w]", actual: shape(of: x))
    }
    let vector = Shape.unbatched(shape(of: x).channels)
    let layer = uniqueLayerName(name)
    var values: [NodeID] = []
    for (role, value) in [(Parameter.Role.scale, 1.0), (.shift, 0)] {
      values.append(
        try add(
          .parameter(Parameter(role, .constant(value))), declared: vector, name: "\(layer).\(role.rawValue)",
          origin: origin))
    }
    let result = try add(op, [x] + values, exactName: layer, origin: origin)
    return (result, LayerParameters(values))
  }

  /// A learned feature map `[c, h, w]`, the same for every sample, with fresh or shared values.
  package mutating func learned(
    _ size: Shape, _ initializer: Parameter.Initializer, sharing: LayerParameters? = nil,
    name: String = "learned", origin: Int32 = 0
  ) throws(ShapeIssue) -> (result: NodeID, parameters: LayerParameters) {
    let declared = Shape(size.dimensions, isBatched: false)
    if let sharing {
      for value in sharing.values where shape(of: value) != declared {
        throw .parameterShape(input: 0, expected: declared, actual: shape(of: value))
      }
      return (try add(.learned, sharing.values, name: name, origin: origin), sharing)
    }
    let op = Op.parameter(Parameter(.value, initializer))
    // Checked before a name is taken, so that a failure leaves the builder unchanged.
    _ = try Op.learned.resultShape(of: [try op.resultShape(of: [], declared: declared)])
    let layer = uniqueLayerName(name)
    let value = try add(op, declared: declared, name: "\(layer).value", origin: origin)
    let result = try add(.learned, [value], exactName: layer, origin: origin)
    return (result, LayerParameters([value]))
  }
}
