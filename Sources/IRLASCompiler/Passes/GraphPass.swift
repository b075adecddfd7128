package import IRLASGraph

/// A rewriting of a graph that keeps its meaning: same inputs, same outputs and updates, up to rounding.
///
/// A pass keeps names, scopes and origins of the nodes it keeps, leaves a graph that verifies, and takes time linear
/// in the size of the graph (CSE: in expectation). One pass, one file.
package struct GraphPass: Sendable {
  /// What `--dump-after` calls it.
  package let name: String
  /// The pass.
  package let apply: @Sendable (Graph) -> Graph

  package static let inferenceForm = GraphPass(name: "infer") { IRLASCompiler.inferenceForm($0) }
  package static let simplify = GraphPass(name: "simplify") { IRLASCompiler.simplify($0) }
  package static let shareCommonValues = GraphPass(name: "cse") { IRLASCompiler.shareCommonValues($0) }
  package static let foldBatchNorm = GraphPass(name: "fold-bn") { IRLASCompiler.foldBatchNorm($0) }
  package static let composeConvolutions = GraphPass(name: "compose") {
    IRLASCompiler.composeConvolutions($0)
  }
  package static let fuseBatchNorm = GraphPass(name: "fuse-bn") { IRLASCompiler.fuseBatchNorm($0) }
  package static let fuseGradientSums = GraphPass(name: "fuse-sums") { IRLASCompiler.fuseGradientSums($0) }
  package static let fuseResidual = GraphPass(name: "fuse-residual") { IRLASCompiler.fuseResidual($0) }
  package static let fuseActivation = GraphPass(name: "fuse") { IRLASCompiler.fuseActivation($0) }

  /// From a program's graph to the graph that inference runs.
  ///
  /// Dropout goes first, because it stands between layers that later passes want side by side. Simplification
  /// comes before CSE, which then sees equal operands behind identities. Batch norm is folded before convolutions are
  /// composed and sums and activations fused: they can only join a convolution once the batch norm between them is gone. Sums come
  /// before activations, which may follow them.
  package static let forInference = [
    inferenceForm, simplify, shareCommonValues, foldBatchNorm, composeConvolutions, fuseResidual,
    fuseActivation,
  ]

  /// From a program's graph to the graph that is differentiated: values that are computed once have their gradients
  /// summed once. Nothing may be fused yet, because gradient rules know plain ops only.
  package static let beforeDifferentiation = [simplify, shareCommonValues]

  /// From a training graph to the graph that a training step runs. Simplification turns the gradients of slices
  /// into concats. Batch norm takes sums and activations first, then convolutions what is left: fusing an activation
  /// with one is possible wherever backward needs the activation's result only.
  /// Sums join the gradients of activations that batch norm left.
  package static let forTraining = [
    simplify, shareCommonValues, fuseBatchNorm, fuseGradientSums, fuseActivation,
  ]
}

/// What every pass shares: a new graph that grows while the old one is read in arena order.
struct GraphRewrite {
  let graph: Graph
  private(set) var builder: GraphBuilder
  /// For each old node visited so far the new node with its value; nil when the pass decided to drop it.
  private var values: [NodeID?]

  init(_ graph: Graph) {
    self.graph = graph
    builder = GraphBuilder(rewriting: graph)
    values = Array(repeating: nil, count: graph.nodes.count)
  }

  /// The new node with the value of an old one.
  func value(_ id: NodeID) -> NodeID {
    guard let value = values[id.index] else {
      preconditionFailure("\(graph.path(of: id)) is read after a pass dropped it")
    }
    return value
  }

  /// The new operands of an old node.
  func operands(_ id: NodeID) -> [NodeID] { graph[id].inputs.map { value($0) } }

  /// Copies an old node, with another op or other (new) operands where given.
  mutating func keep(_ id: NodeID, op: Op? = nil, operands: [NodeID]? = nil) {
    let operands = operands ?? self.operands(id)
    let node = graph[id]
    values[id.index] = checked(id) { builder throws(ShapeIssue) in
      try builder.copy(node, op: op, inputs: operands)
    }
  }

  /// Lets readers of an old node read `value` instead.
  mutating func replace(_ id: NodeID, by value: NodeID) { values[id.index] = value }

  /// Adds a node that the old graph did not have, in the scope of an old one, as `<node>.<suffix>`.
  mutating func emit(_ op: Op, _ operands: [NodeID], _ suffix: String, beside id: NodeID) -> NodeID {
    let node = graph[id]
    return checked(id) { builder throws(ShapeIssue) in
      try builder.add(op, operands, name: "\(node.name).\(suffix)", beside: node)
    }
  }

  /// Adds a copy of an old node that reads other (new) operands, as `<node>.again`; readers of the old node stay with it.
  mutating func again(_ id: NodeID, _ operands: [NodeID]) -> NodeID {
    let node = graph[id]
    return checked(id) { builder throws(ShapeIssue) in
      try builder.add(node.op, operands, declared: node.shape, name: "\(node.name).again", beside: node)
    }
  }

  /// Ends the new graph, with all of the old outputs unless told. Nodes that nothing reads any more disappear.
  consuming func finish(outputs kept: [Graph.Output]? = nil) -> Graph {
    let outputs = (kept ?? graph.outputs).map {
      Graph.Output(name: $0.name, value: value($0.value), isAuxiliary: $0.isAuxiliary)
    }
    let updates = graph.updates.map { Graph.Update(target: value($0.target), value: value($0.value)) }
    return builder.finish(outputs: outputs, updates: updates)
  }

  /// A pass only makes nodes whose shapes it knows to fit: anything else is a defect of the pass.
  private mutating func checked(
    _ id: NodeID, _ make: (inout GraphBuilder) throws(ShapeIssue) -> NodeID
  ) -> NodeID {
    do {
      return try make(&builder)
    } catch {
      preconditionFailure("a pass broke \(graph.path(of: id)): \(error)")
    }
  }
}

extension Graph {
  /// How often each node's value is used: by nodes, outputs and updates.
  func useCounts() -> [Int] {
    var counts = [Int](repeating: 0, count: nodes.count)
    for node in nodes { for input in node.inputs { counts[input.index] += 1 } }
    for output in outputs { counts[output.value.index] += 1 }
    for update in updates { counts[update.value.index] += 1 }
    return counts
  }
}
