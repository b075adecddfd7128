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

/// One application of a shape rule.
private struct ShapeRule {
  let inputs: [Shape]
  let declared: Shape?

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
    case .activation, .identity:
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

  /// The rules of the ops that only the compiler creates.
  private func derived(_ op: Op) throws(ShapeIssue) -> Shape {
    switch op {
    case .convInputGradient(let convolution):
      try count(2...2)
      let x = try positiveImage(inputCount: 2)
      try expectInput(0, try convShape(x, weight: inputs[1], convolution))
      return x
    case .convWeightGradient(let convolution):
      try count(2...2)
      let weight = try declaredPositive(where: { !$0.isBatched && $0.rank == 4 }, "a weight {o, i, kh, kw}")
      try expectInput(1, try convShape(try image(0), weight: weight, convolution))
      return weight
    case .biasGradient:
      try count(1...1)
      return .unbatched(try image(0).channels)
    case .linearInputGradient:
      try count(2...2)
      let dy = try flat(0)
      guard !inputs[1].isBatched, inputs[1].rank == 2 else {
        throw .wrongKind(input: 1, expected: "a weight {out, in}", actual: inputs[1])
      }
      try parameter(1, .unbatched(dy.channels, inputs[1][1]))
      return .image(inputs[1][1], 1, 1)
    case .linearWeightGradient:
      try count(2...2)
      return .unbatched(try flat(1).channels, try flat(0).channels)
    case .batchStatistics:
      try count(1...1)
      return .unbatched(2, try image(0).channels)
    case .batchNormalize:
      try count(4...4)
      let x = try image(0)
      try parameter(1, .unbatched(2, x.channels))
      for index in 2...3 { try parameter(index, .unbatched(x.channels)) }
      return x
    case .batchNormReduce:
      try count(3...3)
      let x = try image(0)
      try expectInput(1, x)
      try parameter(2, .unbatched(2, x.channels))
      return .unbatched(2, x.channels)
    case .batchNormInputGradient:
      try count(5...5)
      let x = try image(0)
      try expectInput(1, x)
      try parameter(2, .unbatched(2, x.channels))
      try parameter(3, .unbatched(x.channels))
      try parameter(4, .unbatched(2, x.channels))
      return x
    case .layerNormReduce:
      try count(2...2)
      return .unbatched(2, try equalInputs().channels)
    case .layerNormInputGradient:
      try count(3...3)
      let x = try image(0)
      try expectInput(1, x)
      try parameter(2, .unbatched(x.channels))
      return x
    case .attentionGradient(let heads):
      try count(2...2)
      try expectInput(1, try attended(heads))
      return inputs[0]
    case .learnedGradient:
      try count(1...1)
      let dy = try image(0)
      return .unbatched(dy.channels, dy.height, dy.width)
    case .row(let index):
      try count(1...1)
      let matrix = inputs[0]
      guard !matrix.isBatched, matrix.rank == 2 else {
        throw .wrongKind(input: 0, expected: "a matrix {rows, c}", actual: matrix)
      }
      guard index >= 0, index < matrix[0] else {
        throw .outOfRange(axis: .channel, start: index, length: 1, size: matrix[0])
      }
      return .unbatched(matrix[1])
    case .runningMean, .runningVariance:
      try count(2...2)
      let running = try vector(0)
      try parameter(1, .unbatched(2, running[0]))
      return running
    case .activationGradient:
      try count(2...2)
      return try equalInputs()
    case .maxPoolGradient(let pool):
      try count(2...2)
      try expectInput(1, try self.pool(pool))
      return inputs[0]
    case .averagePoolGradient(let pool):
      try count(1...1)
      let x = try positiveImage(inputCount: 1)
      try expectInput(0, try self.pool(pool, of: x))
      return x
    case .globalAveragePoolGradient:
      try count(1...1)
      let x = try positiveImage(inputCount: 1)
      try expectInput(0, .image(x.channels, 1, 1))
      return x
    case .embed(let axis, let start):
      try count(1...1)
      let x = try positiveImage(inputCount: 1)
      var expected = x
      let dy = try image(0)
      expected[axis.rawValue] = dy[axis.rawValue]
      try expectInput(0, expected)
      try range(axis, start, dy[axis.rawValue], x[axis.rawValue])
      return x
    case .unflatten:
      try count(1...1)
      let x = try positiveImage(inputCount: 1)
      let places = Shape.image(x.channels, saturatingProduct(x.height, x.width), 1)
      try expectInput(0, inputs[0] == places ? places : .image(x.elementCount, 1, 1))
      return x
    case .upsampleGradient(let factor):
      try count(1...1)
      try positive("factor", factor)
      let dy = try image(0)
      guard dy.height % factor == 0, dy.width % factor == 0 else {
        throw .wrongKind(input: 0, expected: "a map divisible by \(factor)", actual: dy)
      }
      return .image(dy.channels, dy.height / factor, dy.width / factor)
    case .softmaxCrossEntropyGradient(let smoothing, _):
      try logitsAndLabels(smoothing)
      return inputs[0]
    case .sgdVelocity:
      try count(3...3)
      return try equalUnbatched([0, 1, 2])
    case .sgdStep:
      try count(3...4)
      try expectInput(2, .scalar)
      return try equalUnbatched(inputs.count == 4 ? [0, 1, 3] : [0, 1])
    case .foldedWeight:
      try count(3...3)
      guard !inputs[0].isBatched, inputs[0].rank == 4 else {
        throw .wrongKind(input: 0, expected: "a weight {o, i, kh, kw}", actual: inputs[0])
      }
      for index in 1...2 { try parameter(index, .unbatched(inputs[0][0])) }
      return inputs[0]
    case .foldedBias:
      try count(4...5)
      let scale = try vector(0)
      for index in 1..<inputs.count { try parameter(index, scale) }
      return scale
    case .input, .labels, .hyperparameter, .parameter, .state, .zero, .randomMask, .conv, .linear, .batchNorm,
      .activation, .identity, .dropout, .dropPath, .maxPool, .averagePool, .globalAveragePool, .spatialSum,
      .add, .multiply, .concat, .slice, .channelShuffle, .crop, .pad, .upsample, .flatten,
      .softmaxCrossEntropy,
      .layerNorm, .attention, .flattenPlaces, .learned:
      preconditionFailure("handled by apply")
    }
  }

  // MARK: Layers

  private func conv(_ convolution: Convolution) throws(ShapeIssue) -> Shape {
    try count(2...3)
    let result = try convShape(try image(0), weight: inputs[1], convolution)
    if inputs.count == 3 { try parameter(2, .unbatched(result.channels)) }
    return result
  }

  /// The result of a convolution of `x` by a weight of the given shape.
  private func convShape(_ x: Shape, weight: Shape, _ convolution: Convolution) throws(ShapeIssue) -> Shape {
    let groups = convolution.groups
    try positive("groups", groups)
    guard x.channels % groups == 0 else {
      throw .groupsDoNotDivide(groups: groups, channels: x.channels, ofOutput: false)
    }
    guard !weight.isBatched, weight.rank == 4 else {
      throw .wrongKind(input: 1, expected: "a weight {o, i, kh, kw}", actual: weight)
    }
    guard weight[0] % groups == 0 else {
      throw .groupsDoNotDivide(groups: groups, channels: weight[0], ofOutput: true)
    }
    let size = convolution.window.kernelSize
    let expected = Shape.unbatched(weight[0], x.channels / groups, size.height, size.width)
    guard weight == expected else { throw .parameterShape(input: 1, expected: expected, actual: weight) }
    let (height, width) = try windowed(convolution.window, x, ceil: false)
    return .image(weight[0], height, width)
  }

  private func linear() throws(ShapeIssue) -> Shape {
    try count(2...3)
    let x = try flat(0)
    let weight = inputs[1]
    guard !weight.isBatched, weight.rank == 2 else {
      throw .wrongKind(input: 1, expected: "a weight {out, in}", actual: weight)
    }
    try parameter(1, .unbatched(weight[0], x.channels))
    if inputs.count == 3 { try parameter(2, .unbatched(weight[0])) }
    return .image(weight[0], 1, 1)
  }

  private func pool(_ pool: Pool, of given: Shape? = nil) throws(ShapeIssue) -> Shape {
    let x: Shape
    if let given { x = given } else { x = try image(0) }
    let (height, width) = try windowed(pool.window, x, ceil: pool.ceil)
    let window = pool.window
    let sides: [(Axis, Int, Int)] = [
      (.height, max(window.padding.top, window.padding.bottom), window.kernelSize.height),
      (.width, max(window.padding.left, window.padding.right), window.kernelSize.width),
    ]
    for (axis, padding, kernel) in sides where padding > kernel / 2 {
      throw .paddingTooLarge(axis: axis, padding: padding, kernel: kernel)
    }
    return .image(x.channels, height, width)
  }

  private func windowed(_ window: Window, _ x: Shape, ceil: Bool) throws(ShapeIssue) -> (Int, Int) {
    try positive("kernel height", window.kernelSize.height)
    try positive("kernel width", window.kernelSize.width)
    try positive("stride", min(window.stride.height, window.stride.width))
    try positive("dilation", min(window.dilation.height, window.dilation.width))
    let padding = window.padding
    let least = min(min(padding.top, padding.bottom), min(padding.left, padding.right))
    if least < 0 { throw .negative(attribute: "padding", value: least) }
    let sizes = [
      window.kernelSize.height, window.kernelSize.width, window.stride.height, window.stride.width,
      window.dilation.height, window.dilation.width, padding.top, padding.bottom, padding.left, padding.right,
    ]
    for size in sizes where size > Shape.maximumDimension {
      throw .tooLarge(what: "a size of the window", value: size)
    }
    let (height, width) = window.outputSize(for: Extent(x.height, x.width), ceil: ceil)
    guard let height else {
      throw .windowDoesNotFit(
        axis: .height, input: x.height, padding: padding.top + padding.bottom,
        reach: window.dilation.height * (window.kernelSize.height - 1) + 1)
    }
    guard let width else {
      throw .windowDoesNotFit(
        axis: .width, input: x.width, padding: padding.left + padding.right,
        reach: window.dilation.width * (window.kernelSize.width - 1) + 1)
    }
    return (height, width)
  }

  private func attended(_ heads: Int) throws(ShapeIssue) -> Shape {
    let x = try image(0)
    try positive("heads", heads)
    guard x.channels % 3 == 0 else {
      throw .groupsDoNotDivide(groups: 3, channels: x.channels, ofOutput: false)
    }
    guard x.channels / 3 % heads == 0 else {
      throw .groupsDoNotDivide(groups: heads, channels: x.channels / 3, ofOutput: false)
    }
    return .image(x.channels / 3, x.height, x.width)
  }

  private func multiply() throws(ShapeIssue) -> Shape {
    try count(2...2)
    let x = try image(0)
    let y = try image(1)
    let isGate = y.height == 1 && y.width == 1 && (y.channels == x.channels || y.channels == 1)
    guard x == y || isGate else {
      throw .operandsDisagree(first: 0, second: 1, shapes: inputs, exceptAlong: nil)
    }
    return x
  }

  private func concat(_ axis: Axis) throws(ShapeIssue) -> Shape {
    try count(1...Int.max)
    var result = try image(0)
    for index in 1..<max(inputs.count, 1) {
      let next = try image(index)
      for other in 0..<3 where other != axis.rawValue && next[other] != result[other] {
        throw .operandsDisagree(first: 0, second: index, shapes: inputs, exceptAlong: axis)
      }
      result[axis.rawValue] = saturatingSum(result[axis.rawValue], next[axis.rawValue])
    }
    return result
  }

  private func slice(_ axis: Axis, _ start: Int, _ length: Int) throws(ShapeIssue) -> Shape {
    try count(1...1)
    var result = try image(0)
    try range(axis, start, length, result[axis.rawValue])
    result[axis.rawValue] = length
    return result
  }

  private func bordered(_ border: Border, sign: Int) throws(ShapeIssue) -> Shape {
    let least = min(min(border.top, border.bottom), min(border.left, border.right))
    if least < 0 { throw .negative(attribute: "border", value: least) }
    let x = try image(0)
    let rows = saturatingSum(border.top, border.bottom)
    let columns = saturatingSum(border.left, border.right)
    if sign < 0 {
      guard rows < x.height else { throw .vanishes(axis: .height, size: x.height - rows) }
      guard columns < x.width else { throw .vanishes(axis: .width, size: x.width - columns) }
      return .image(x.channels, x.height - rows, x.width - columns)
    }
    return .image(x.channels, saturatingSum(x.height, rows), saturatingSum(x.width, columns))
  }

  // MARK: Checks

  private func count(_ expected: ClosedRange<Int>) throws(ShapeIssue) {
    guard expected.contains(inputs.count) else {
      throw .inputCount(expected: expected, actual: inputs.count)
    }
  }

  private func image(_ index: Int) throws(ShapeIssue) -> Shape {
    guard inputs[index].isImage else {
      throw .wrongKind(input: index, expected: "a feature map [c, h, w]", actual: inputs[index])
    }
    return inputs[index]
  }

  private func flat(_ index: Int) throws(ShapeIssue) -> Shape {
    let x = try image(index)
    guard x.height == 1, x.width == 1 else { throw .needsFlat(actual: x) }
    return x
  }

  private func vector(_ index: Int) throws(ShapeIssue) -> Shape {
    guard !inputs[index].isBatched, inputs[index].rank == 1 else {
      throw .wrongKind(input: index, expected: "a vector {c}", actual: inputs[index])
    }
    return inputs[index]
  }

  private func parameter(_ index: Int, _ expected: Shape) throws(ShapeIssue) {
    guard inputs[index] == expected else {
      throw .parameterShape(input: index, expected: expected, actual: inputs[index])
    }
  }

  private func expectInput(_ index: Int, _ expected: Shape) throws(ShapeIssue) {
    guard inputs[index] == expected else {
      throw .wrongKind(input: index, expected: "\(expected)", actual: inputs[index])
    }
  }

  private func equalInputs() throws(ShapeIssue) -> Shape {
    let first = try image(0)
    for index in 1..<inputs.count where try image(index) != first {
      throw .operandsDisagree(first: 0, second: index, shapes: inputs, exceptAlong: nil)
    }
    return first
  }

  private func equalUnbatched(_ indices: [Int]) throws(ShapeIssue) -> Shape {
    let first = inputs[0]
    guard !first.isBatched else {
      throw .wrongKind(input: 0, expected: "an unbatched tensor", actual: first)
    }
    for index in indices { try parameter(index, first) }
    return first
  }

  private func logitsAndLabels(_ smoothing: Double) throws(ShapeIssue) {
    try count(2...2)
    try checkRate(smoothing, "smoothing")
    _ = try flat(0)
    try expectInput(1, .sampleScalar)
  }

  private func range(_ axis: Axis, _ start: Int, _ length: Int, _ size: Int) throws(ShapeIssue) {
    guard start >= 0, length >= 1, start <= size, length <= size - start else {
      throw .outOfRange(axis: axis, start: start, length: length, size: size)
    }
  }

  private func positive(_ attribute: String, _ value: Int) throws(ShapeIssue) {
    guard value > 0 else { throw .notPositive(attribute: attribute, value: value) }
  }

  private func checkRate(_ value: Double, _ attribute: String = "rate") throws(ShapeIssue) {
    guard value >= 0, value < 1 else { throw .rateOutOfRange(attribute: attribute, value: value) }
  }

  private func declaredExactly(_ expected: Shape) throws(ShapeIssue) -> Shape {
    try count(0...0)
    guard let declared, declared == expected else {
      throw .declaredShape(expected: "\(expected)", actual: declared ?? .scalar)
    }
    return expected
  }

  private func positiveImage(inputCount: Int = 0) throws(ShapeIssue) -> Shape {
    try count(inputCount...inputCount)
    return try declaredPositive(where: { $0.isImage }, "a feature map [c, h, w]")
  }

  private func declaredPositive(where accepts: (Shape) -> Bool, _ expected: String) throws(ShapeIssue)
    -> Shape
  {
    guard let declared, accepts(declared) else {
      throw .declaredShape(expected: expected, actual: declared ?? .scalar)
    }
    for axis in 0..<declared.rank where declared[axis] <= 0 {
      throw .declaredShape(expected: "positive sizes", actual: declared)
    }
    return declared
  }
}
