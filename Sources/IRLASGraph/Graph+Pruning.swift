extension Graph {
  /// A graph of the nodes that the outputs and updates read, in their order; the inputs stay in any case.
  static func pruned(
    name: String, nodes: [Node], scopes: [Scope], outputs: [Output], updates: [Update]
  ) -> Graph {
    var isLive = [Bool](repeating: false, count: nodes.count)
    for output in outputs { isLive[output.value.index] = true }
    for update in updates {
      isLive[update.target.index] = true
      isLive[update.value.index] = true
    }
    for index in nodes.indices.reversed() {
      if case .input = nodes[index].op { isLive[index] = true }
      guard isLive[index] else { continue }
      for input in nodes[index].inputs { isLive[input.index] = true }
    }
    var renumbered = [NodeID](repeating: NodeID(-1), count: nodes.count)
    var kept: [Node] = []
    for index in nodes.indices where isLive[index] {
      renumbered[index] = NodeID(kept.count)
      var node = nodes[index]
      node.inputs = node.inputs.map { renumbered[$0.index] }
      kept.append(node)
    }
    return Graph(
      name: name, nodes: kept, scopes: scopes,
      outputs: outputs.map {
        Graph.Output(name: $0.name, value: renumbered[$0.value.index], isAuxiliary: $0.isAuxiliary)
      },
      updates: updates.map {
        Graph.Update(target: renumbered[$0.target.index], value: renumbered[$0.value.index])
      })
  }

  /// The network as it is counted and deployed: without auxiliary outputs and what only they read.
  package var withoutAuxiliaryOutputs: Graph { keepingAuxiliaryOutputs { _ in false } }

  /// The network without those auxiliary outputs whose name is not wanted, and what only they read.
  package func keepingAuxiliaryOutputs(_ isWanted: (String) -> Bool) -> Graph {
    let kept = outputs.filter { !$0.isAuxiliary || isWanted($0.name) }
    guard kept.count < outputs.count else { return self }
    return Graph.pruned(name: name, nodes: nodes, scopes: scopes, outputs: kept, updates: updates)
  }
}
