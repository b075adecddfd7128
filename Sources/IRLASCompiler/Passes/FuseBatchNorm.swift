package import IRLASGraph

/// While training: batch norm takes what follows it into its own pass over memory.
///
/// - Forward, `activation(batchNormalize(x) + residual)` is one node, where nobody else reads what lies between. The sum
///   and the activation are each optional.
/// - Backward, the gradient of the activation is computed again from x wherever batch norm's gradient reads it, so that
///   it is never written: `activationGradient` disappears when only the gradient of that batch norm reads it. An
///   activation whose gradient needs its argument then no longer keeps the argument in memory. With a residual the
///   gradient has other readers, and stays.
package func fuseBatchNorm(_ graph: Graph) -> Graph {
  let fusions = BatchNormFusions(graph)
  var rewrite = GraphRewrite(graph)
  for id in graph.ids {
    switch fusions[id] {
    case .stays:
      rewrite.keep(id)
    case .disappears:
      break
    case .result(let norm, let residual, let op):
      let operands = rewrite.operands(norm) + (residual.map { [rewrite.value($0)] } ?? [])
      rewrite.keep(norm, op: op, operands: operands)
      rewrite.replace(id, by: rewrite.value(norm))
    case .gradient(let op, let operands):
      rewrite.keep(id, op: op, operands: operands.map { rewrite.value($0) })
    }
  }
  return rewrite.finish()
}

/// What becomes of each node of a graph.
private struct BatchNormFusions {
  enum Fate {
    case stays
    /// Its readers disappear or compute it themselves.
    case disappears
    /// A batch norm takes its place, as `op` with the residual.
    case result(norm: NodeID, residual: NodeID?, op: Op)
    /// A gradient of batch norm that takes over the gradient of an activation.
    case gradient(op: Op, operands: [NodeID])
  }

  private let graph: Graph
  private var fates: [Fate]
  /// How often each value is read by what is left.
  private var uses: [Int]

  subscript(id: NodeID) -> Fate { fates[id.index] }

  init(_ graph: Graph) {
    self.graph = graph
    fates = Array(repeating: .stays, count: graph.nodes.count)
    uses = graph.useCounts()
    let consumers = graph.consumers()
    for id in graph.ids { fuseGradient(id, consumers[id.index]) }
    // An activation may take a sum with it, so sums that are left come second.
    for id in graph.ids { fuseActivation(id) }
    for id in graph.ids {
      guard case .stays = fates[id.index], let (norm, residual) = normInSum(id) else { continue }
      join(norm, residual, nil, at: id)
    }
  }

  // MARK: Backward

  private mutating func fuseGradient(_ id: NodeID, _ consumers: [NodeID]) {
    guard case .activationGradient(let function, _) = graph[id].op, graph[id].inputs.count == 2 else {
      return
    }
    let (saved, dy) = (graph[id].inputs[0], graph[id].inputs[1])
    var norm = saved
    if function.savesOutput {
      guard graph[saved].op == .activation(function) else { return }
      norm = graph[saved].inputs[0]
    }
    guard isPlain(norm), !consumers.isEmpty, consumers.count == uses[id.index] else { return }
    let gradients = consumers.map { gradient($0, of: norm, through: function, at: id, dy) }
    for (consumer, gradient) in zip(consumers, gradients) {
      guard let gradient else { return }
      fates[consumer.index] = gradient
    }
    fates[id.index] = .disappears
    uses[saved.index] -= 1
  }

  /// The form of `reader`, a gradient of `norm`, that reads `dy` instead of the activation's gradient `masked`.
  private func gradient(
    _ reader: NodeID, of norm: NodeID, through function: Activation, at masked: NodeID, _ dy: NodeID
  ) -> Fate? {
    guard case .batchNormalize(let epsilon, _) = graph[norm].op else { return nil }
    let (x, statistics) = (graph[norm].inputs[0], graph[norm].inputs[1])
    let (scale, shift) = (graph[norm].inputs[2], graph[norm].inputs[3])
    let inputs = graph[reader].inputs
    guard inputs.count >= 3, inputs[0] == x, inputs[1] == masked, inputs[2] == statistics,
      inputs.filter({ $0 == masked }).count == 1
    else { return nil }
    switch graph[reader].op {
    case .batchNormReduce(epsilon, nil):
      return .gradient(
        op: .batchNormReduce(epsilon: epsilon, activation: function),
        operands: [x, dy, statistics, scale, shift])
    case .batchNormInputGradient(epsilon, nil) where inputs[3] == scale:
      return .gradient(
        op: .batchNormInputGradient(epsilon: epsilon, activation: function),
        operands: [x, dy, statistics, scale, inputs[4], shift])
    default: return nil
    }
  }

  // MARK: Forward

  private mutating func fuseActivation(_ id: NodeID) {
    guard case .activation(let function) = graph[id].op else { return }
    let argument = graph[id].inputs[0]
    guard uses[argument.index] == 1 else { return }
    if isPlain(argument) {
      join(argument, nil, function, at: id)
    } else if let (norm, residual) = normInSum(argument) {
      join(norm, residual, function, at: id)
      fates[argument.index] = .disappears
    }
  }

  private mutating func join(
    _ norm: NodeID, _ residual: NodeID?, _ activation: Activation?, at id: NodeID
  ) {
    guard case .batchNormalize(let epsilon, _) = graph[norm].op else { return }
    fates[norm.index] = .disappears
    fates[id.index] = .result(
      norm: norm, residual: residual, op: .batchNormalize(epsilon: epsilon, activation: activation))
  }

  /// A sum of two, one of them a batch norm that nobody else reads: that, and the other one.
  private func normInSum(_ id: NodeID) -> (norm: NodeID, residual: NodeID)? {
    let node = graph[id]
    guard node.op == .add, node.inputs.count == 2 else { return nil }
    let (a, b) = (node.inputs[0], node.inputs[1])
    if isPlain(a), uses[a.index] == 1 { return (a, b) }
    if isPlain(b), uses[b.index] == 1 { return (b, a) }
    return nil
  }

  /// Whether a node is a batch norm with nothing fused to it.
  private func isPlain(_ id: NodeID) -> Bool {
    guard case .batchNormalize(_, nil) = graph[id].op else { return false }
    return graph[id].inputs.count == 4
  }
}
