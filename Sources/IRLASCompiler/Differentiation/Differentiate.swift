package import IRLASGraph

/// The training graph of a forward graph: one step of training as ordinary nodes.
///
/// Reverse-mode differentiation over the arena (S. Linnainmaa, BIT 16(2), 1976): the forward nodes are copied in
/// order, with batch norm normalising by the batch and dropout multiplying by a random mask; the loss follows;
/// then each node, last first, hands the gradient of its result on to its operands by the rule of its op
/// (`Differentiator+Gradient.swift`). Contributions to one value are summed by one n-ary `add` in the order in which
/// they arise, so the sum's order depends on the graph alone. A parameter's update is emitted as soon as its
/// gradient is complete, which lets the memory plan free gradients early.
///
/// Linear in the number of nodes and operands; nothing recurses.
///
/// - Returns: a graph with outputs `loss` (a scalar) and `logits` (the scores that the first term of the loss is of), a `learning_rate` hyperparameter and a state
///   `<parameter>.velocity` per parameter when there is momentum, and updates of parameters, velocities and
///   running statistics.
/// - Parameter graph: a forward graph with outputs `[k, 1, 1]`. Auxiliary ones that the loss does not name are left
///   out. Random masks draw from the streams whose numbers
///   are the places of their `dropout` and `drop_path` nodes in `canonicalOrder`: equal programs draw equal masks.
package func differentiate(_ graph: Graph, objective: TrainingObjective) throws(DifferentiationError) -> Graph
{
  guard graph.updates.isEmpty else { throw .updatesAlready }
  let graph = graph.keepingAuxiliaryOutputs(objective.loss.names)
  let scores = try scores(of: graph, objective.loss)
  var differentiator = Differentiator(graph, objective)
  for id in graph.ids { try differentiator.emitForward(id) }
  guard scores.allSatisfy({ differentiator.needsGradient[$0.index] }) else { throw .nothingToLearn }
  try differentiator.emitLoss(scores)
  for id in graph.ids.reversed() { try differentiator.emitBackward(id) }
  return differentiator.finish()
}

/// The class scores that each term of a loss is of.
private func scores(of graph: Graph, _ loss: Recipe.Loss) throws(DifferentiationError) -> [NodeID] {
  let main = graph.outputs.filter { !$0.isAuxiliary }
  var trained: Set<String> = []
  var scores: [NodeID] = []
  for term in loss.terms {
    let output: Graph.Output
    if let name = term.output {
      guard let named = graph.outputs.first(where: { $0.name == name }) else {
        throw .noOutput(name, outputs: graph.outputs.map(\.name))
      }
      output = named
    } else {
      guard main.count == 1 else { throw .outputCount(main.count) }
      output = main[0]
    }
    let shape = graph[output.value].shape
    guard shape.isImage, shape.height == 1, shape.width == 1 else {
      throw .notLogits(output: output.name, shape: shape)
    }
    trained.insert(output.name)
    scores.append(output.value)
  }
  if let output = main.first(where: { !trained.contains($0.name) }) { throw .untrained(output: output.name) }
  return scores
}

/// The state of one differentiation. Arrays named "by forward index" have one place per node of the forward graph.
struct Differentiator {
  let forward: Graph
  let objective: TrainingObjective
  private var builder: GraphBuilder
  /// The node of the training graph that computes the same value, by forward index.
  private var values: [NodeID] = []
  /// What else the gradient of a node needs: batch statistics or the mask, by forward index.
  private var companions: [NodeID?] = []
  /// Whether a parameter influences the value, by forward index. Others, the images above all, get no gradient.
  private(set) var needsGradient: [Bool] = []
  /// The parts of the gradient of each value found so far, by forward index.
  private var contributions: [[NodeID]]
  /// The newest value of a running statistic within the step, by forward index: a batch norm applied twice
  /// moves its statistics twice.
  private var runningValues: [NodeID?]
  /// The number of the mask stream of each node, by forward index; empty when there are no masks.
  private let streams: [Int]
  private var learningRate: NodeID?
  private var loss: NodeID?
  private var outputs: [Graph.Output] = []
  private var updates: [Graph.Update] = []

  init(_ graph: Graph, _ objective: TrainingObjective) {
    forward = graph
    self.objective = objective
    builder = GraphBuilder(rewriting: graph)
    contributions = Array(repeating: [], count: graph.nodes.count)
    runningValues = Array(repeating: nil, count: graph.nodes.count)
    values.reserveCapacity(graph.nodes.count)
    streams = Self.maskStreams(of: graph)
  }

  private static func maskStreams(of graph: Graph) -> [Int] {
    let isMasked = graph.nodes.contains {
      switch $0.op {
      case .dropout, .dropPath: true
      default: false
      }
    }
    guard isMasked else { return [] }
    var streams = [Int](repeating: 0, count: graph.nodes.count)
    for (place, id) in graph.canonicalOrder.enumerated() { streams[id.index] = place }
    return streams
  }

  // MARK: Forward

  /// Copies one node of the forward graph, in the form it has while training.
  mutating func emitForward(_ id: NodeID) throws(DifferentiationError) {
    let node = forward[id]
    var companion: NodeID?
    let value: NodeID
    switch node.op {
    case .identity:
      value = values[node.inputs[0].index]
    case .dropout(let rate):
      (value, companion) = try emitMasked(node, id, rate: rate, mask: node.shape)
    case .dropPath(let rate):
      (value, companion) = try emitMasked(node, id, rate: rate, mask: .image(1, 1, 1))
    case .batchNorm(let norm):
      (value, companion) = try emitBatchNorm(node, norm)
    case .conv(let convolution) where convolution.activation != nil:
      throw .notForward(node: forward.path(of: id), op: "a fused convolution")
    case .input, .parameter, .state, .zero, .conv, .linear, .activation, .maxPool, .averagePool,
      .globalAveragePool, .add, .multiply, .concat, .slice, .channelShuffle, .crop, .pad, .upsample, .flatten,
      .layerNorm, .attention, .flattenPlaces, .learned, .softmax:
      value = try copy(node)
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
    values.append(value)
    companions.append(companion)
    if case .parameter = node.op {
      needsGradient.append(objective.trained.includes(forward.path(of: id)))
    } else {
      needsGradient.append(node.inputs.contains { needsGradient[$0.index] })
    }
  }

  /// `x * mask`; a rate of 0 leaves x alone and needs no mask.
  private mutating func emitMasked(_ node: Node, _ id: NodeID, rate: Double, mask: Shape)
    throws(DifferentiationError) -> (NodeID, NodeID?)
  {
    let x = values[node.inputs[0].index]
    guard rate > 0 else { return (x, nil) }
    let mask = try emit(
      .randomMask(rate: rate, stream: streams[id.index]), [], declared: mask, "mask", beside: node)
    return (try copy(node, op: .multiply, inputs: [x, mask]), mask)
  }

  /// Batch norm by the statistics of the batch, and its moving averages (S. Ioffe and C. Szegedy, ICML 2015).
  private mutating func emitBatchNorm(_ node: Node, _ norm: BatchNorm) throws(DifferentiationError) -> (
    NodeID, NodeID?
  ) {
    let x = values[node.inputs[0].index]
    let statistics = try emit(.batchStatistics, [x], "statistics", beside: node)
    let inputs = [x, statistics, values[node.inputs[1].index], values[node.inputs[2].index]]
    let result = try copy(node, op: .batchNormalize(epsilon: norm.epsilon), inputs: inputs)
    let places = node.shape.height * node.shape.width
    let moves: [(NodeID, Op, String)] = [
      (node.inputs[3], .runningMean(momentum: norm.momentum), "next_mean"),
      (node.inputs[4], .runningVariance(momentum: norm.momentum, places: places), "next_variance"),
    ]
    for (state, op, suffix) in moves {
      let current = runningValues[state.index] ?? values[state.index]
      runningValues[state.index] = try emit(op, [current, statistics], suffix, beside: node)
    }
    return (result, statistics)
  }

  // MARK: Loss and updates

  /// Adds the labels, the loss and its gradient with respect to the class scores that its terms are of.
  mutating func emitLoss(_ scores: [NodeID]) throws(DifferentiationError) {
    let labels = try addToRoot(.labels, declared: .sampleScalar, name: "labels")
    var parts: [NodeID] = []
    for (term, logits) in zip(objective.loss.terms, scores) {
      let operands = [values[logits.index], labels]
      let name = objective.loss.terms.count == 1 ? "loss" : "loss.term"
      let (smoothing, weight) = (term.smoothing, term.weight)
      parts.append(
        try addToRoot(.softmaxCrossEntropy(smoothing: smoothing, weight: weight), operands, name: name))
      contributions[logits.index].append(
        try addToRoot(
          .softmaxCrossEntropyGradient(smoothing: smoothing, weight: weight), operands, name: "\(name).grad"))
    }
    let loss = parts.count == 1 ? parts[0] : try addToRoot(.add, parts, name: "loss")
    outputs = [
      Graph.Output(name: "loss", value: loss), Graph.Output(name: "logits", value: values[scores[0].index]),
    ]
    if case .sgd = objective.update {
      learningRate = try addToRoot(
        .hyperparameter(.learningRate), declared: .scalar, name: Hyperparameter.learningRate.rawValue)
    }
  }

  /// Sums the contributions to the gradient of a value and applies the rule of its op.
  mutating func emitBackward(_ id: NodeID) throws(DifferentiationError) {
    let parts = contributions[id.index]
    guard !parts.isEmpty else { return }
    contributions[id.index] = []
    let node = forward[id]
    let gradient = parts.count == 1 ? parts[0] : try emit(.add, parts, "grad", beside: node)
    try propagate(gradient, through: node, id)
  }

  /// What a complete gradient of a parameter leads to.
  mutating func emitUpdate(of id: NodeID, gradient: NodeID) throws(DifferentiationError) {
    let node = forward[id]
    let parameter = values[id.index]
    switch objective.update {
    case .none:
      outputs.append(Graph.Output(name: "\(forward.path(of: id)).grad", value: gradient))
    case .sgd(let momentum, let nesterov, let decay):
      guard let learningRate else { preconditionFailure("the loss comes before the updates") }
      var inputs = [parameter, gradient, learningRate]
      if momentum != 0 {
        let velocity = try emit(.state(.velocity), [], declared: node.shape, "velocity", beside: node)
        let next = try emit(
          .sgdVelocity(momentum: momentum, decay: decay), [parameter, gradient, velocity], "next_velocity",
          beside: node)
        updates.append(Graph.Update(target: velocity, value: next))
        inputs.append(next)
      }
      let step = SGDStep(momentum: momentum, decay: decay, nesterov: nesterov)
      let next = try emit(.sgdStep(step), inputs, "next", beside: node)
      updates.append(Graph.Update(target: parameter, value: next))
    }
  }

  /// Ends the graph. Updates are listed in the order of their targets.
  consuming func finish() -> Graph {
    for id in forward.ids {
      guard let value = runningValues[id.index] else { continue }
      updates.append(Graph.Update(target: values[id.index], value: value))
    }
    updates.sort { $0.target < $1.target }
    // Gradient outputs were found last parameter first; callers expect the order of the program.
    outputs[2...].reverse()
    return builder.finish(outputs: outputs, updates: updates)
  }

  // MARK: Emission

  /// The training graph's value of a forward node.
  func value(_ id: NodeID) -> NodeID { values[id.index] }

  /// The batch statistics or the mask of a forward node.
  func companion(_ id: NodeID) -> NodeID? { companions[id.index] }

  /// Adds a part of the gradient of a forward node's value.
  mutating func contribute(_ gradient: NodeID, to id: NodeID) { contributions[id.index].append(gradient) }

  /// Adds a node called `<node>.<suffix>` to the scope of a forward node.
  mutating func emit(
    _ op: Op, _ inputs: [NodeID], declared: Shape? = nil, _ suffix: String, beside node: Node
  ) throws(DifferentiationError) -> NodeID {
    let name = "\(node.name).\(suffix)"
    do {
      return try builder.add(op, inputs, declared: declared, name: name, beside: node)
    } catch {
      throw .shape(node: name, error)
    }
  }

  private mutating func copy(_ node: Node, op: Op? = nil, inputs: [NodeID]? = nil)
    throws(DifferentiationError) -> NodeID
  {
    do {
      return try builder.copy(node, op: op, inputs: inputs ?? node.inputs.map { values[$0.index] })
    } catch {
      throw .shape(node: node.name, error)
    }
  }

  private mutating func addToRoot(
    _ op: Op, _ inputs: [NodeID] = [], declared: Shape? = nil, name: String
  ) throws(DifferentiationError) -> NodeID {
    do {
      return try builder.add(op, inputs, declared: declared, name: name)
    } catch {
      throw .shape(node: name, error)
    }
  }
}
