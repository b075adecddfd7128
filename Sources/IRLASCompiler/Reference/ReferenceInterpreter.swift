package import IRLASGraph

/// The oracle: evaluates any graph in Double with the most obvious loops, one op after the other.
///
/// Feature maps are `[batch][channels][height][width]`, parameters have PyTorch's layouts; both are row-major and
/// flat. Nothing is fused, reordered or skipped. Kernels, gradients and passes are compared with it.
package struct ReferenceInterpreter: Sendable {
  package let graph: Graph
  package let batch: Int

  package init(_ graph: Graph, batch: Int) {
    precondition(batch > 0, "a batch has at least one sample")
    self.graph = graph
    self.batch = batch
  }

  /// The values of all nodes, or of those up to `last` in the arena.
  package func run(_ inputs: ReferenceInputs, through last: NodeID? = nil) throws(ReferenceError)
    -> ReferenceValues
  {
    var values: [[Double]] = []
    values.reserveCapacity(graph.nodes.count)
    for id in graph.ids.prefix(last.map { $0.index + 1 } ?? graph.nodes.count) {
      let node = graph[id]
      let operands = node.inputs.map { ReferenceOperand(graph[$0].shape, values[$0.index]) }
      let value = try evaluate(node, id, operands, inputs)
      precondition(value.count == elementCount(of: id), "\(graph.path(of: id)) has the size of its shape")
      values.append(value)
    }
    return ReferenceValues(values)
  }

  /// The parameters and states after the graph's updates; what is not updated is carried over.
  package func updated(_ tensors: [NodeID: [Double]], by values: ReferenceValues) -> [NodeID: [Double]] {
    var tensors = tensors
    for update in graph.updates { tensors[update.target] = values[update.value] }
    return tensors
  }

  /// How many numbers a node's value has: all samples for a batched shape.
  package func elementCount(of id: NodeID) -> Int {
    let shape = graph[id].shape
    return shape.elementCount * (shape.isBatched ? batch : 1)
  }

  /// Parameters and states as training starts: constants and `StateRole.initialValue`; distributions are
  /// drawn from Philox blocks of `seed` with the node's index as stream.
  package func initialTensors(seed: UInt64) -> [NodeID: [Double]] {
    var tensors: [NodeID: [Double]] = [:]
    for id in graph.ids {
      let count = elementCount(of: id)
      switch graph[id].op {
      case .state(let role):
        tensors[id] = Array(repeating: role.initialValue, count: count)
      case .parameter(let parameter):
        let words = MaskWords(seed: seed, step: 0, stream: id.index)
        tensors[id] = parameter.initializer.values(count: count) { (0..<$0).map { words[$0] } }
      default: break
      }
    }
    return tensors
  }

  // MARK: The semantics of every op

  private func evaluate(
    _ node: Node, _ id: NodeID, _ x: [ReferenceOperand], _ inputs: ReferenceInputs
  ) throws(ReferenceError) -> [Double] {
    let shape = node.shape
    switch node.op {
    case .input(let index):
      guard inputs.images.indices.contains(index) else { throw .missing(graph.path(of: id)) }
      return try checked(inputs.images[index], id)
    case .labels:
      return try checked(inputs.labels, id)
    case .hyperparameter(let name):
      guard let value = inputs.hyperparameters[name] else { throw .missing(name.rawValue) }
      return [value]
    case .parameter, .state:
      guard let value = inputs.tensors[id] else { throw .missing(graph.path(of: id)) }
      return try checked(value, id)
    case .zero:
      return Array(repeating: 0, count: elementCount(of: id))
    case .randomMask(let rate, let stream):
      switch inputs.masks {
      case .counter(let seed, let step):
        return MaskWords(seed: seed, step: step, stream: stream).mask(shape, batch: batch, rate: rate)
      case .given(let masks):
        guard let mask = masks[stream] else { throw .missing("mask \(stream)") }
        return try checked(mask, id)
      }

    case .conv(let convolution):
      let y = conv(
        x[0], x[1], bias: x.count >= 3 ? x[2] : nil, residual: x.count == 4 ? x[3] : nil, convolution,
        result: shape)
      guard let activation = convolution.activation else { return y }
      return y.map { activation.value($0) }
    case .convInputGradient(let convolution):
      return convInputGradient(dy: x[0], weight: x[1], convolution, result: shape)
    case .convWeightGradient(let convolution):
      return convWeightGradient(x: x[0], dy: x[1], convolution, result: shape)
    case .biasGradient:
      return biasGradient(dy: x[0])
    case .linear:
      return linear(x[0], x[1], bias: x.count == 3 ? x[2] : nil)
    case .linearInputGradient:
      return linearInputGradient(dy: x[0], weight: x[1])
    case .linearWeightGradient:
      return linearWeightGradient(x: x[0], dy: x[1])

    case .batchNorm(let norm):
      return batchNorm(
        x[0], scale: x[1], shift: x[2], mean: x[3].values, variance: x[4].values, epsilon: norm.epsilon)
    case .batchStatistics:
      return batchStatistics(x[0])
    case .batchNormalize(let epsilon, let activation):
      var y = batchNormalize(x[0], statistics: x[1], scale: x[2], shift: x[3], epsilon: epsilon)
      if x.count == 5 { y = zip(y, x[4].values).map(+) }
      guard let activation else { return y }
      return y.map { activation.value($0) }
    case .batchNormReduce(let epsilon, let activation):
      var dy = x[1]
      if let activation {
        let y = batchNormalize(x[0], statistics: x[2], scale: x[3], shift: x[4], epsilon: epsilon)
        dy = activationGradient(activation, of: y, dy: dy)
      }
      return batchNormReduce(x[0], dy: dy, statistics: x[2], epsilon: epsilon)
    case .batchNormInputGradient(let epsilon, let activation):
      var dy = x[1]
      if let activation {
        let y = batchNormalize(x[0], statistics: x[2], scale: x[3], shift: x[5], epsilon: epsilon)
        dy = activationGradient(activation, of: y, dy: dy)
      }
      return batchNormInputGradient(
        x[0], dy: dy, statistics: x[2], scale: x[3], reductions: x[4], epsilon: epsilon)
    case .layerNorm(let epsilon):
      return layerNorm(x[0], scale: x[1], shift: x[2], epsilon: epsilon)
    case .layerNormReduce(let epsilon):
      return layerNormReduce(x[0], dy: x[1], epsilon: epsilon)
    case .layerNormInputGradient(let epsilon):
      return layerNormInputGradient(x[0], dy: x[1], scale: x[2], epsilon: epsilon)
    case .attention(let heads):
      return attention(x[0], heads: heads)
    case .attentionGradient(let heads):
      return attentionGradient(x[0], dy: x[1], heads: heads)
    case .row(let index):
      return Array(x[0].values[index * shape[0]..<(index + 1) * shape[0]])
    case .runningMean(let momentum):
      return zip(x[0].values, x[1].values).map { (1 - momentum) * $0 + momentum * $1 }
    case .runningVariance(let momentum, let places):
      // Bessel's correction; a single value has no unbiased variance, and counts as 0.
      let count = Double(batch * places)
      let unbias = count / max(count - 1, 1)
      let variances = x[1].values[shape[0]...]
      return zip(x[0].values, variances).map { (1 - momentum) * $0 + momentum * unbias * $1 }
    case .foldedWeight(let epsilon):
      return foldedWeight(x[0], scale: x[1], variance: x[2], epsilon: epsilon)
    case .foldedBias(let epsilon):
      return foldedBias(x, epsilon: epsilon)
    case .composedWeight(let groups): return composedWeight(x[0], x[1], groups: groups)
    case .composedBias: return composedBias(x)

    case .activation(let function):
      return x[0].values.map { function.value($0) }
    case .activationGradient(let function, let added):
      let dy = sum(x[1..<(x.count - added)])
      let dx = zip(x[0].values, dy).map { function.derivative(saved: $0) * $1 }
      return x.suffix(added).reduce(dx) { sum, next in zip(sum, next.values).map(+) }
    case .softmax:
      return softmax(x[0])
    case .softmaxGradient:
      return softmaxGradient(y: x[0], dy: x[1])
    case .add:
      return sum(x[...])
    case .multiply:
      return multiply(x[0], x[1])
    case .identity, .dropout, .dropPath, .flatten, .flattenPlaces, .unflatten:
      // Inference; while training, masks stand in the graph. Flattening keeps the order of the elements.
      return x[0].values

    case .learned:
      return Array(repeating: x[0].values, count: batch).flatMap { $0 }
    case .learnedGradient:
      let size = shape.elementCount
      return (0..<size).map { index in (0..<batch).reduce(0) { $0 + x[0].values[$1 * size + index] } }

    case .maxPool(let pool):
      return maxPool(x[0], pool, result: shape)
    case .maxPoolGradient(let pool):
      return maxPoolGradient(x: x[0], dy: x[1], pool)
    case .averagePool(let pool):
      return averagePool(x[0], pool, result: shape)
    case .averagePoolGradient(let pool):
      return averagePoolGradient(dy: x[0], pool, result: shape)
    case .globalAveragePool:
      let places = Double(x[0].shape.height * x[0].shape.width)
      return spatialSum(x[0]).map { $0 / places }
    case .globalAveragePoolGradient:
      let places = shape.height * shape.width
      return x[0].values.flatMap { Array(repeating: $0 / Double(places), count: places) }
    case .spatialSum:
      return spatialSum(x[0])

    case .concat(let axis):
      return concat(x, axis, result: shape)
    case .slice(let axis, let start, _):
      return window(x[0], origin: origin(axis, start), result: shape)
    case .embed(let axis, let start):
      return placed(x[0], origin: origin(axis, start), result: shape)
    case .crop(let border):
      return window(x[0], origin: [0, border.top, border.left], result: shape)
    case .pad(let border):
      return placed(x[0], origin: [0, border.top, border.left], result: shape)
    case .channelShuffle(let groups):
      return channelShuffle(x[0], groups: groups)
    case .upsample(let factor):
      return upsample(x[0], factor, result: shape)
    case .upsampleGradient(let factor):
      return upsampleGradient(dy: x[0], factor, result: shape)

    case .softmaxCrossEntropy(let smoothing, let weight):
      return [weight * crossEntropy(logits: x[0], labels: x[1], smoothing: smoothing)]
    case .softmaxCrossEntropyGradient(let smoothing, let weight):
      return crossEntropyGradient(logits: x[0], labels: x[1], smoothing: smoothing).map { weight * $0 }
    case .sgdVelocity(let momentum, let decay):
      return sgdVelocity(x[0], gradient: x[1], velocity: x[2], momentum: momentum, decay: decay)
    case .sgdStep(let step):
      return sgdStep(
        x[0], gradient: x[1], rate: x[2].values[0], velocity: x.count == 4 ? x[3] : nil, step)
    }
  }

  private func sum(_ x: ArraySlice<ReferenceOperand>) -> [Double] {
    x.dropFirst().reduce(x[x.startIndex].values) { sum, next in zip(sum, next.values).map(+) }
  }

  private func checked(_ values: [Double], _ id: NodeID) throws(ReferenceError) -> [Double] {
    let expected = elementCount(of: id)
    guard values.count == expected else {
      throw .size(graph.path(of: id), expected: expected, actual: values.count)
    }
    return values
  }

  private func origin(_ axis: Axis, _ start: Int) -> [Int] {
    var origin = [0, 0, 0]
    origin[axis.rawValue] = start
    return origin
  }
}
