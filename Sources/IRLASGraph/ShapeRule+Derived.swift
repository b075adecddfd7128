extension ShapeRule {
  /// The rules of the ops that only the compiler creates.
  func derived(_ op: Op) throws(ShapeIssue) -> Shape {
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
      try count(4...5)
      let x = try image(0)
      try parameter(1, .unbatched(2, x.channels))
      for index in 2...3 { try parameter(index, .unbatched(x.channels)) }
      if inputs.count == 5 { try expectInput(4, x) }
      return x
    case .batchNormReduce(_, let activation):
      try count(activation == nil ? 3...3 : 5...5)
      let x = try image(0)
      try expectInput(1, x)
      try parameter(2, .unbatched(2, x.channels))
      for index in 3..<inputs.count { try parameter(index, .unbatched(x.channels)) }
      return .unbatched(2, x.channels)
    case .batchNormInputGradient(_, let activation):
      try count(activation == nil ? 5...5 : 6...6)
      let x = try image(0)
      try expectInput(1, x)
      try parameter(2, .unbatched(2, x.channels))
      try parameter(3, .unbatched(x.channels))
      try parameter(4, .unbatched(2, x.channels))
      if activation != nil { try parameter(5, .unbatched(x.channels)) }
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
    case .activationGradient(_, let added):
      guard added >= 0 else { throw .negative(attribute: "added", value: added) }
      try count(saturatingSum(2, added)...Int.max)
      return try equalInputs()
    case .softmaxGradient:
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
    case .composedWeight(let groups):
      try count(2...2)
      try positive("groups", groups)
      let weight = try pointwiseWeight(0)
      let first = try pointwiseWeight(1)
      guard first[0] == weight[1], first[0] % groups == 0 else {
        throw .wrongKind(
          input: 1, expected: "a weight {\(weight[1]), i, 1, 1} of \(groups) groups", actual: inputs[1])
      }
      return .unbatched(weight[0], saturatingProduct(first[1], groups), 1, 1)
    case .composedBias:
      try count(2...3)
      let weight = try pointwiseWeight(0)
      try parameter(1, .unbatched(weight[1]))
      if inputs.count == 3 { try parameter(2, .unbatched(weight[0])) }
      return .unbatched(weight[0])
    case .input, .labels, .hyperparameter, .parameter, .state, .zero, .randomMask, .conv, .linear, .batchNorm,
      .activation, .identity, .dropout, .dropPath, .maxPool, .averagePool, .globalAveragePool, .spatialSum,
      .add, .multiply, .concat, .slice, .channelShuffle, .crop, .pad, .upsample, .flatten,
      .softmaxCrossEntropy,
      .layerNorm, .attention, .flattenPlaces, .learned, .softmax:
      preconditionFailure("handled by apply")
    }
  }
}
