extension Graph {
  /// Equal for two graphs exactly when they are the same program up to names, scopes, origins, the order of
  /// independent nodes and of the operands of sums: such graphs train to the same numbers.
  package var programHash: GraphHash { hash(.program) }

  /// Equal for graphs of the same topology: `program` without widths and shapes, and with unordered concats.
  package var topologyHash: GraphHash { hash(.topology) }

  /// The hash of one identity. Nodes of the `opaque` scopes count by their kind alone, without attributes and
  /// shapes: such a scope stands for one op whose insides follow from what surrounds it.
  package func hash(_ identity: GraphIdentity, opaque: Set<ScopeID> = []) -> GraphHash {
    CanonicalForm(self, identity, opaque: opaque).hash
  }

  /// The same program with its nodes in canonical order, which is topological (an operand stands right before
  /// its first reader where it can), and the operands of sums in that order.
  ///
  /// Equal programs give graphs that differ in names, scopes and origins only.
  package func canonicalized() -> Graph {
    let form = CanonicalForm(self, .program)
    var nodes: [Node] = []
    for id in form.order {
      var node = self[id]
      node.inputs = form.operands(of: id).map { NodeID($0) }
      nodes.append(node)
    }
    let updates = form.updates.map { Update(target: NodeID($0.target), value: NodeID($0.value)) }
    return Graph(
      name: name, nodes: nodes, scopes: scopes,
      outputs: outputs.map {
        Output(name: $0.name, value: NodeID(form.places[$0.value.index]), isAuxiliary: $0.isAuxiliary)
      },
      updates: updates)
  }

  /// The ids of the nodes in the order of `canonicalized()`.
  package var canonicalOrder: [NodeID] { CanonicalForm(self, .program).order }
}

/// The canonical order of a graph's nodes, and what the hash of the graph covers.
private struct CanonicalForm {
  private let graph: Graph
  private let identity: GraphIdentity
  private let colours: [UInt64]
  private(set) var order: [NodeID] = []
  /// For each node its index in `order`.
  private(set) var places: [Int] = []

  init(_ graph: Graph, _ identity: GraphIdentity, opaque: Set<ScopeID> = []) {
    self.graph = graph
    self.identity = identity
    colours = Self.colours(of: graph, identity, opaque)
    let edges = Self.edges(of: graph, identity)
    let swept = Self.sweep(graph, colours, identity)
    let labels = CanonicalLabelling.places(ColouredGraph(colours: swept, edges: edges))
    order = Self.topologicalOrder(graph, identity, labels)
    places = [Int](repeating: 0, count: order.count)
    for (place, id) in order.enumerated() { places[id.index] = place }
  }

  /// The canonical indices of a node's operands, sorted where their order does not matter.
  func operands(of id: NodeID) -> [Int] {
    let operands = graph[id].inputs.map { places[$0.index] }
    return graph[id].op.isUnordered(in: identity) ? operands.sorted() : operands
  }

  /// The updates in canonical indices, by target.
  var updates: [(target: Int, value: Int)] {
    graph.updates.map { (places[$0.target.index], places[$0.value.index]) }
      .sorted { $0.0 != $1.0 ? $0.0 < $1.0 : $0.1 < $1.1 }
  }

  var hash: GraphHash {
    var hash = StableHash(seed: identity == .program ? 1 : 2)
    hash.combine(order.count)
    for id in order {
      hash.combine(colours[id.index])
      let operands = operands(of: id)
      hash.combine(operands.count)
      for operand in operands { hash.combine(operand) }
    }
    for output in graph.outputs { hash.combine(places[output.value.index]) }
    for update in updates {
      hash.combine(update.target)
      hash.combine(update.value)
    }
    return GraphHash(hash.value)
  }

  // MARK: Colours and edges

  /// What each node is by itself: its op, and which outputs it gives.
  private static func colours(of graph: Graph, _ identity: GraphIdentity, _ opaque: Set<ScopeID>)
    -> [UInt64]
  {
    var colours = graph.ids.map { id in
      if opaque.contains(graph[id].scope) { return graph[id].op.opaqueCode }
      return graph[id].op.identityCode(
        in: identity, inputs: graph.inputShapes(of: id), result: graph[id].shape)
    }
    for (index, output) in graph.outputs.enumerated() {
      let mark = StableHash.mix(UInt64(index), output.isAuxiliary ? 2 : 1)
      colours[output.value.index] = StableHash.mix(colours[output.value.index], mark)
    }
    return colours
  }

  private static func label(slot: Int, _ op: Op, _ identity: GraphIdentity) -> UInt64 {
    op.isUnordered(in: identity) ? 0 : UInt64(slot) + 1
  }

  private static func edges(of graph: Graph, _ identity: GraphIdentity) -> [ColouredGraph.Edge] {
    var edges: [ColouredGraph.Edge] = []
    for id in graph.ids {
      for (slot, input) in graph[id].inputs.enumerated() {
        edges.append(
          ColouredGraph.Edge(
            from: input.index, to: id.index, label: label(slot: slot, graph[id].op, identity)))
      }
    }
    for update in graph.updates {
      edges.append(ColouredGraph.Edge(from: update.value.index, to: update.target.index, label: UInt64.max))
    }
    return edges
  }

  /// One pass down and one pass up: each node learns what it is computed from and what is computed from it.
  /// That already tells most nodes apart, so that the refinement has little left to do.
  private static func sweep(_ graph: Graph, _ colours: [UInt64], _ identity: GraphIdentity) -> [UInt64] {
    var down = colours
    for id in graph.ids {
      var sum: UInt64 = 0
      for (slot, input) in graph[id].inputs.enumerated() {
        sum &+= StableHash.mix(down[input.index], label(slot: slot, graph[id].op, identity))
      }
      down[id.index] = StableHash.mix(down[id.index], sum)
    }
    var sums = [UInt64](repeating: 0, count: colours.count)
    var up = down
    for id in graph.ids.reversed() {
      up[id.index] = StableHash.mix(down[id.index], sums[id.index])
      for (slot, input) in graph[id].inputs.enumerated() {
        sums[input.index] &+= StableHash.mix(up[id.index], label(slot: slot, graph[id].op, identity))
      }
    }
    return up
  }

  // MARK: Order

  /// The nodes in the order in which a depth-first walk from the outputs leaves them. The labels decide only
  /// where the structure does not: operands of sums, updates, and inputs that nothing reads.
  private static func topologicalOrder(_ graph: Graph, _ identity: GraphIdentity, _ labels: [Int]) -> [NodeID]
  {
    var order: [NodeID] = []
    var isPlaced = [Bool](repeating: false, count: graph.nodes.count)
    var stack: [(id: NodeID, operands: [NodeID], next: Int)] = []

    func operands(_ id: NodeID) -> [NodeID] {
      let inputs = graph[id].inputs
      guard graph[id].op.isUnordered(in: identity) else { return inputs }
      return inputs.sorted { labels[$0.index] < labels[$1.index] }
    }
    func visit(_ root: NodeID) {
      guard !isPlaced[root.index] else { return }
      stack.append((root, operands(root), 0))
      while let top = stack.last {
        if top.next < top.operands.count {
          stack[stack.count - 1].next += 1
          let operand = top.operands[top.next]
          if !isPlaced[operand.index] { stack.append((operand, operands(operand), 0)) }
        } else {
          stack.removeLast()
          if !isPlaced[top.id.index] {
            isPlaced[top.id.index] = true
            order.append(top.id)
          }
        }
      }
    }

    for output in graph.outputs { visit(output.value) }
    for update in graph.updates.sorted(by: { labels[$0.target.index] < labels[$1.target.index] }) {
      visit(update.value)
      visit(update.target)
    }
    for id in graph.ids.sorted(by: { labels[$0.index] < labels[$1.index] }) { visit(id) }
    return order
  }
}
