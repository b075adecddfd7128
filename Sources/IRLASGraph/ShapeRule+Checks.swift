extension ShapeRule {
  /// Fails unless the number of inputs is one of the expected.
  func count(_ expected: ClosedRange<Int>) throws(ShapeIssue) {
    guard expected.contains(inputs.count) else {
      throw .inputCount(expected: expected, actual: inputs.count)
    }
  }

  /// An input that is a feature map.
  func image(_ index: Int) throws(ShapeIssue) -> Shape {
    guard inputs[index].isImage else {
      throw .wrongKind(input: index, expected: "a feature map [c, h, w]", actual: inputs[index])
    }
    return inputs[index]
  }

  /// An input that is a feature map of one place.
  func flat(_ index: Int) throws(ShapeIssue) -> Shape {
    let x = try image(index)
    guard x.height == 1, x.width == 1 else { throw .needsFlat(actual: x) }
    return x
  }

  /// An input that is a vector without a batch.
  func vector(_ index: Int) throws(ShapeIssue) -> Shape {
    guard !inputs[index].isBatched, inputs[index].rank == 1 else {
      throw .wrongKind(input: index, expected: "a vector {c}", actual: inputs[index])
    }
    return inputs[index]
  }

  /// The weight `{out, in, 1, 1}` of a 1x1 convolution.
  func pointwiseWeight(_ index: Int) throws(ShapeIssue) -> Shape {
    let weight = inputs[index]
    guard !weight.isBatched, weight.rank == 4, weight[2] == 1, weight[3] == 1 else {
      throw .wrongKind(input: index, expected: "a weight {o, i, 1, 1}", actual: weight)
    }
    return weight
  }

  /// Fails unless an input, a parameter, has exactly the expected shape.
  func parameter(_ index: Int, _ expected: Shape) throws(ShapeIssue) {
    guard inputs[index] == expected else {
      throw .parameterShape(input: index, expected: expected, actual: inputs[index])
    }
  }

  /// Fails unless an input has exactly the expected shape.
  func expectInput(_ index: Int, _ expected: Shape) throws(ShapeIssue) {
    guard inputs[index] == expected else {
      throw .wrongKind(input: index, expected: "\(expected)", actual: inputs[index])
    }
  }

  /// The shape of all inputs, which are equal feature maps.
  func equalInputs() throws(ShapeIssue) -> Shape {
    let first = try image(0)
    for index in 1..<inputs.count where try image(index) != first {
      throw .operandsDisagree(first: 0, second: index, shapes: inputs, exceptAlong: nil)
    }
    return first
  }

  /// The shape of the first input, which has no batch, when those of the given indices are equal.
  func equalUnbatched(_ indices: [Int]) throws(ShapeIssue) -> Shape {
    let first = inputs[0]
    guard !first.isBatched else {
      throw .wrongKind(input: 0, expected: "an unbatched tensor", actual: first)
    }
    for index in indices { try parameter(index, first) }
    return first
  }

  /// Fails unless the inputs are class scores `[k, 1, 1]` and one label for each sample.
  func logitsAndLabels(_ smoothing: Double) throws(ShapeIssue) {
    try count(2...2)
    try checkRate(smoothing, "smoothing")
    _ = try flat(0)
    try expectInput(1, .sampleScalar)
  }

  /// Fails unless `length` places from `start` on lie within an axis of `size`.
  func range(_ axis: Axis, _ start: Int, _ length: Int, _ size: Int) throws(ShapeIssue) {
    guard start >= 0, length >= 1, start <= size, length <= size - start else {
      throw .outOfRange(axis: axis, start: start, length: length, size: size)
    }
  }

  /// Fails unless an attribute is at least 1.
  func positive(_ attribute: String, _ value: Int) throws(ShapeIssue) {
    guard value > 0 else { throw .notPositive(attribute: attribute, value: value) }
  }

  /// Fails unless a rate is at least 0 and below 1.
  func checkRate(_ value: Double, _ attribute: String = "rate") throws(ShapeIssue) {
    guard value >= 0, value < 1 else { throw .rateOutOfRange(attribute: attribute, value: value) }
  }

  /// The expected shape, which the node declares.
  func declaredExactly(_ expected: Shape) throws(ShapeIssue) -> Shape {
    try count(0...0)
    guard let declared, declared == expected else {
      throw .declaredShape(expected: "\(expected)", actual: declared ?? .scalar)
    }
    return expected
  }

  /// The feature map that the node declares.
  func positiveImage(inputCount: Int = 0) throws(ShapeIssue) -> Shape {
    try count(inputCount...inputCount)
    return try declaredPositive(where: { $0.isImage }, "a feature map [c, h, w]")
  }

  /// The shape that the node declares, when it is of the accepted kind and no size is 0.
  func declaredPositive(where accepts: (Shape) -> Bool, _ expected: String) throws(ShapeIssue)
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
