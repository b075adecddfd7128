extension Op {
  /// The shape of the result, from the shapes of the inputs and, where those do not determine it, the shape
  /// the node declares (sources, gradients whose forward op loses sizes).
  ///
  /// - Throws: the first `ShapeIssue` found; a shape that is returned obeys the size limits of `Shape`.
  package func resultShape(of inputs: [Shape], declared: Shape? = nil) throws(ShapeIssue) -> Shape {
    let rule = ShapeRule(inputs: inputs, declared: declared)
    let shape = try rule.apply(self)
    for axis in 0..<shape.rank where shape[axis] > Shape.maximumDimension {
      throw .tooLarge(what: "a size of \(shape)", value: shape[axis])
    }
    if shape.elementCount > Shape.maximumElementCount {
      throw .tooLarge(what: "the number of elements of \(shape)", value: shape.elementCount)
    }
    return shape
  }
}

/// One application of a shape rule: `apply` has the ops that programs are made of, `derived` those that the compiler adds.
struct ShapeRule {
  /// The shapes of the inputs.
  let inputs: [Shape]
  /// The shape that the node declares, where it does.
  let declared: Shape?

  /// The shape of the result of an op.
  func apply(_ op: Op) throws(ShapeIssue) -> Shape {
    switch op {
    case .input:
      return try positiveImage()
    case .labels:
      return try declaredExactly(.sampleScalar)
    case .hyperparameter:
      return try declaredExactly(.scalar)
    case .parameter, .state:
      try count(0...0)
      return try declaredPositive(where: { !$0.isBatched }, "an unbatched tensor")
    case .zero, .randomMask:
      if case .randomMask(let rate, _) = op { try checkRate(rate) }
      return try positiveImage()
    case .conv(let convolution):
      return try conv(convolution)
    case .linear:
      return try linear()
    case .batchNorm:
      try count(5...5)
      let x = try image(0)
      for index in 1...4 { try parameter(index, .unbatched(x.channels)) }
      return x
    case .layerNorm:
      try count(3...3)
      let x = try image(0)
      for index in 1...2 { try parameter(index, .unbatched(x.channels)) }
      return x
    case .attention(let heads):
      try count(1...1)
      return try attended(heads)
    case .flattenPlaces:
      try count(1...1)
      let x = try image(0)
      return .image(x.channels, saturatingProduct(x.height, x.width), 1)
    case .learned:
      try count(1...1)
      guard !inputs[0].isBatched, inputs[0].rank == 3 else {
        throw .wrongKind(input: 0, expected: "a tensor {c, h, w}", actual: inputs[0])
      }
      return .image(inputs[0][0], inputs[0][1], inputs[0][2])
    case .activation, .softmax, .identity:
      try count(1...1)
      return try image(0)
    case .dropout(let rate), .dropPath(let rate):
      try count(1...1)
      try checkRate(rate)
      return try image(0)
    case .maxPool(let pool), .averagePool(let pool):
      try count(1...1)
      return try self.pool(pool)
    case .globalAveragePool, .spatialSum:
      try count(1...1)
      return .image(try image(0).channels, 1, 1)
    case .add:
      try count(2...Int.max)
      return inputs[0].isBatched ? try equalInputs() : try equalUnbatched(Array(1..<inputs.count))
    case .multiply:
      return try multiply()
    case .concat(let axis):
      return try concat(axis)
    case .slice(let axis, let start, let length):
      return try slice(axis, start, length)
    case .channelShuffle(let groups):
      try count(1...1)
      let x = try image(0)
      try positive("groups", groups)
      guard x.channels % groups == 0 else {
        throw .groupsDoNotDivide(groups: groups, channels: x.channels, ofOutput: false)
      }
      return x
    case .crop(let border):
      try count(1...1)
      return try bordered(border, sign: -1)
    case .pad(let border):
      try count(1...1)
      return try bordered(border, sign: 1)
    case .upsample(let factor):
      try count(1...1)
      let x = try image(0)
      try positive("factor", factor)
      return .image(x.channels, saturatingProduct(x.height, factor), saturatingProduct(x.width, factor))
    case .flatten:
      try count(1...1)
      return .image(try image(0).elementCount, 1, 1)
    case .softmaxCrossEntropy(let smoothing, _):
      try logitsAndLabels(smoothing)
      return .scalar
    default:
      return try derived(op)
    }
  }
}
