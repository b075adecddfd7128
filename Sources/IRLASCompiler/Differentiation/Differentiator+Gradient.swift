internal import IRLASGraph

extension Differentiator {
  /// The gradient facet of every op: hands `dy`, the gradient of the loss with respect to the result of `node`, on
  /// to those operands that a parameter influences.
  mutating func propagate(_ dy: NodeID, through node: Node, _ id: NodeID) throws(DifferentiationError) {
    let inputs = node.inputs
    switch node.op {
    case .parameter:
      try emitUpdate(of: id, gradient: dy)
    case .input, .state, .zero:
      break  // Nothing is learned from these.

    case .conv(let convolution):
      if wants(inputs[0]) {
        try pass(
          .convInputGradient(convolution), [dy, value(inputs[1])], to: inputs[0], "input_grad", node)
      }
      if wants(inputs[1]) {
        try pass(
          .convWeightGradient(convolution), [value(inputs[0]), dy], to: inputs[1], "weight_grad", node)
      }
      if inputs.count == 3 && wants(inputs[2]) {
        try pass(.biasGradient, [dy], to: inputs[2], "bias_grad", node)
      }
    case .linear:
      if wants(inputs[0]) {
        try pass(.linearInputGradient, [dy, value(inputs[1])], to: inputs[0], "input_grad", node)
      }
      if wants(inputs[1]) {
        try pass(.linearWeightGradient, [value(inputs[0]), dy], to: inputs[1], "weight_grad", node)
      }
      if inputs.count == 3 && wants(inputs[2]) {
        try pass(.biasGradient, [dy], to: inputs[2], "bias_grad", node)
      }
    case .batchNorm(let norm):
      try propagateBatchNorm(dy, node, id, epsilon: norm.epsilon)
    case .layerNorm(let epsilon):
      try propagateLayerNorm(dy, node, epsilon: epsilon)
    case .attention(let heads):
      try pass(.attentionGradient(heads: heads), [value(inputs[0]), dy], to: inputs[0], "input_grad", node)
    case .learned:
      try pass(.learnedGradient, [dy], to: inputs[0], "value_grad", node)

    case .activation(let function):
      let saved = function.savesOutput ? value(id) : value(inputs[0])
      try pass(.activationGradient(function), [saved, dy], to: inputs[0], "grad", node)
    case .softmax:
      try pass(.softmaxGradient, [value(id), dy], to: inputs[0], "input_grad", node)
    case .maxPool(let pool):
      try pass(.maxPoolGradient(pool), [value(inputs[0]), dy], to: inputs[0], "input_grad", node)
    case .averagePool(let pool):
      try pass(.averagePoolGradient(pool), [dy], to: inputs[0], "input_grad", node)
    case .globalAveragePool:
      try pass(.globalAveragePoolGradient, [dy], to: inputs[0], "input_grad", node)

    case .add:
      for input in inputs where wants(input) { contribute(dy, to: input) }
    case .multiply:
      try propagateMultiply(dy, node)
    case .concat(let axis):
      var start = 0
      for input in inputs {
        let length = forward[input].shape[axis.rawValue]
        if wants(input) {
          try pass(
            .slice(axis: axis, start: start, length: length), [dy], to: input, "input_grad", node)
        }
        start += length
      }
    case .slice(let axis, let start, _):
      try pass(.embed(axis: axis, start: start), [dy], to: inputs[0], "input_grad", node)
    case .channelShuffle(let groups):
      // Transposing a groups x (c / groups) grid is undone by transposing the (c / groups) x groups one.
      let inverse = Op.channelShuffle(groups: node.shape.channels / groups)
      try pass(inverse, [dy], to: inputs[0], "input_grad", node)
    case .crop(let border):
      try pass(.pad(border), [dy], to: inputs[0], "input_grad", node)
    case .pad(let border):
      try pass(.crop(border), [dy], to: inputs[0], "input_grad", node)
    case .upsample(let factor):
      try pass(.upsampleGradient(factor: factor), [dy], to: inputs[0], "input_grad", node)
    case .dropout, .dropPath:
      if let mask = companion(id) {
        try pass(.multiply, [dy, mask], to: inputs[0], "input_grad", node)
      } else {
        contribute(dy, to: inputs[0])
      }
    case .identity:
      contribute(dy, to: inputs[0])
    case .flatten, .flattenPlaces:
      try pass(.unflatten, [dy], to: inputs[0], "input_grad", node)

    case .labels, .hyperparameter, .softmaxCrossEntropy, .convInputGradient, .convWeightGradient,
      .biasGradient,
      .linearInputGradient, .linearWeightGradient, .batchStatistics, .batchNormalize, .batchNormReduce,
      .batchNormInputGradient, .row, .runningMean, .runningVariance, .activationGradient, .maxPoolGradient,
      .averagePoolGradient, .globalAveragePoolGradient, .spatialSum, .embed, .unflatten, .upsampleGradient,
      .randomMask, .softmaxCrossEntropyGradient, .sgdVelocity, .sgdStep, .foldedWeight, .foldedBias,
      .composedWeight, .composedBias,
      .layerNormReduce, .layerNormInputGradient, .attentionGradient, .learnedGradient, .softmaxGradient:
      throw .notForward(node: forward.path(of: id), op: node.op.mnemonic)
    }
  }

  /// With `xhat = (x - mean) / sqrt(variance + epsilon)`: the gradient of shift is `sum dy`, that of scale
  /// `sum dy * xhat`, and that of x uses both sums (Ioffe and Szegedy, 2015, section 3).
  private mutating func propagateBatchNorm(_ dy: NodeID, _ node: Node, _ id: NodeID, epsilon: Double)
    throws(DifferentiationError)
  {
    guard let statistics = companion(id) else { preconditionFailure("batch norm has statistics") }
    let (x, scale, shift) = (node.inputs[0], node.inputs[1], node.inputs[2])
    let sums = try emit(
      .batchNormReduce(epsilon: epsilon), [value(x), dy, statistics], "reductions", beside: node)
    if wants(x) {
      try pass(
        .batchNormInputGradient(epsilon: epsilon), [value(x), dy, statistics, value(scale), sums], to: x,
        "input_grad", node)
    }
    if wants(shift) { try pass(.row(index: 0), [sums], to: shift, "shift_grad", node) }
    if wants(scale) { try pass(.row(index: 1), [sums], to: scale, "scale_grad", node) }
  }

  /// Like batch norm's, with the means of each place, which the kernels compute again.
  private mutating func propagateLayerNorm(_ dy: NodeID, _ node: Node, epsilon: Double)
    throws(DifferentiationError)
  {
    let (x, scale, shift) = (node.inputs[0], node.inputs[1], node.inputs[2])
    if wants(x) {
      try pass(
        .layerNormInputGradient(epsilon: epsilon), [value(x), dy, value(scale)], to: x, "input_grad", node)
    }
    guard wants(scale) || wants(shift) else { return }
    let sums = try emit(.layerNormReduce(epsilon: epsilon), [value(x), dy], "reductions", beside: node)
    if wants(shift) { try pass(.row(index: 0), [sums], to: shift, "shift_grad", node) }
    if wants(scale) { try pass(.row(index: 1), [sums], to: scale, "scale_grad", node) }
  }

  /// The product rule; the gradient of a gate is summed over what the gate was spread over.
  private mutating func propagateMultiply(_ dy: NodeID, _ node: Node) throws(DifferentiationError) {
    let (x, gate) = (node.inputs[0], node.inputs[1])
    if wants(x) { try pass(.multiply, [dy, value(gate)], to: x, "input_grad", node) }
    guard wants(gate) else { return }
    var gradient = try emit(.multiply, [dy, value(x)], "product_grad", beside: node)
    let (from, to) = (forward[x].shape, forward[gate].shape)
    if from != to {
      gradient = try emit(.spatialSum, [gradient], "gate_grad", beside: node)
      if from.channels != to.channels {
        // The channels count as places, whose sum there is.
        let places = Shape.image(1, from.channels, 1)
        gradient = try emit(.unflatten, [gradient], declared: places, "gate_grad", beside: node)
        gradient = try emit(.spatialSum, [gradient], "gate_grad", beside: node)
      }
    }
    contribute(gradient, to: gate)
  }

  private func wants(_ id: NodeID) -> Bool { needsGradient[id.index] }

  /// Emits `op` as a part of the gradient of `input`, whose shape the result has.
  private mutating func pass(
    _ op: Op, _ operands: [NodeID], to input: NodeID, _ suffix: String, _ node: Node
  ) throws(DifferentiationError) {
    let part = try emit(op, operands, declared: forward[input].shape, suffix, beside: node)
    contribute(part, to: input)
  }
}
