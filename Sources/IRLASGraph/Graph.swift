/// A network as a directed acyclic graph in an arena: ids are indices, every input of a node stands before it.
///
/// A graph is built by `GraphBuilder` and rewritten by passes that build a new one, so that a `Graph` value
/// always verifies (see `verify()`).
package struct Graph: Hashable, Sendable {
  /// A value that the graph gives to its caller.
  package struct Output: Hashable, Sendable {
    /// The label in the program's `return`, or `output`.
    package var name: String
    package var value: NodeID
    /// Exists while training only; outside parameters, MACs and latency.
    package var isAuxiliary: Bool

    package init(name: String, value: NodeID, isAuxiliary: Bool = false) {
      self.name = name
      self.value = value
      self.isAuxiliary = isAuxiliary
    }
  }

  /// An assignment at the end of a step: parameter or state `target` takes the value `value`.
  package struct Update: Hashable, Sendable {
    package var target: NodeID
    package var value: NodeID

    package init(target: NodeID, value: NodeID) {
      self.target = target
      self.value = value
    }
  }

  package let name: String
  package let nodes: [Node]
  package let scopes: [Scope]
  package let outputs: [Output]
  package let updates: [Update]

  init(name: String, nodes: [Node], scopes: [Scope], outputs: [Output], updates: [Update]) {
    self.name = name
    self.nodes = nodes
    self.scopes = scopes
    self.outputs = outputs
    self.updates = updates
  }

  package subscript(id: NodeID) -> Node { nodes[id.index] }
  package subscript(id: ScopeID) -> Scope { scopes[id.index] }

  /// All node ids in arena order, which is a topological order.
  package var ids: some RandomAccessCollection<NodeID> { nodes.indices.lazy.map { NodeID($0) } }

  /// The shapes of a node's operands.
  package func inputShapes(of id: NodeID) -> [Shape] { self[id].inputs.map { self[$0].shape } }

  /// The names from the network down to a scope, without the network's own: `repeat2.0.Bottleneck`.
  package func path(of scope: ScopeID) -> String {
    var names: [String] = []
    var current = scope
    while let parent = self[current].parent {
      names.append(self[current].name)
      current = parent
    }
    return names.reversed().joined(separator: ".")
  }

  /// The instance path of a node, unique in the graph: `repeat2.0.Bottleneck.conv3`.
  package func path(of node: NodeID) -> String {
    let scope = path(of: self[node].scope)
    return scope.isEmpty ? self[node].name : "\(scope).\(self[node].name)"
  }
}

extension Graph {
  /// The number of learned numbers: batch norm's scale and shift count, running statistics do not.
  package var parameterCount: Int {
    var total = 0
    for node in nodes {
      if case .parameter = node.op { total = saturatingSum(total, node.shape.elementCount) }
    }
    return total
  }

  /// Multiply-accumulates of one sample; see `Op.macs(inputs:result:)`. Saturates at `Int.max`.
  package var macs: Int {
    var total = 0
    for id in ids { total = saturatingSum(total, macs(of: id)) }
    return total
  }

  /// Multiply-accumulates of one node for one sample.
  package func macs(of id: NodeID) -> Int {
    self[id].op.macs(inputs: inputShapes(of: id), result: self[id].shape)
  }

  /// The largest number of weighted layers (convolutions and linear layers) on a path from input to output.
  package var depth: Int {
    var depths = [Int](repeating: 0, count: nodes.count)
    var deepest = 0
    for id in ids {
      let below = self[id].inputs.map { depths[$0.index] }.max() ?? 0
      depths[id.index] = below + (self[id].op.isWeightedLayer ? 1 : 0)
      deepest = max(deepest, depths[id.index])
    }
    return deepest
  }

  /// The number of nodes that compute something: sources do not count.
  package var computeNodeCount: Int { nodes.reduce(0) { $0 + ($1.op.isSource ? 0 : 1) } }

  /// For each node the nodes that read it, in arena order; a node that reads a value twice stands there twice.
  package func consumers() -> [[NodeID]] {
    var consumers = [[NodeID]](repeating: [], count: nodes.count)
    for id in ids {
      for input in self[id].inputs { consumers[input.index].append(id) }
    }
    return consumers
  }
}
