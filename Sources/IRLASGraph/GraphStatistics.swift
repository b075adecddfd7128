/// What a graph costs, layer by layer and cell by cell: the rows of listings, the small print of diagrams.
package struct GraphStatistics: Hashable, Sendable {
  /// One node that computes something.
  package struct Layer: Hashable, Sendable {
    package let node: NodeID
    /// The instance path.
    package let path: String
    /// The op in a few words; see `Op.summary(inputs:result:)`.
    package let summary: String
    package let shape: Shape
    /// Learned numbers. Those of a shared layer count where they are first used.
    package let parameters: Int
    /// Multiply-accumulates of one sample.
    package let macs: Int
  }

  /// One scope with everything in and below it.
  package struct ScopeTotal: Hashable, Sendable {
    package let scope: ScopeID
    /// The number of nodes that compute something.
    package fileprivate(set) var nodes = 0
    package fileprivate(set) var parameters = 0
    package fileprivate(set) var macs = 0
  }

  /// In the graph's order, which is topological.
  package let layers: [Layer]
  /// By scope id; the first is the whole network.
  package let scopes: [ScopeTotal]
  /// The largest number of weighted layers on a path from input to output.
  package let depth: Int

  package var parameters: Int { scopes.first?.parameters ?? 0 }
  package var macs: Int { scopes.first?.macs ?? 0 }
  package var nodes: Int { layers.count }
}

extension Graph {
  /// What the graph costs, layer by layer and cell by cell.
  package var statistics: GraphStatistics {
    let scopePaths = scopePaths()
    var layers: [GraphStatistics.Layer] = []
    var totals = scopes.indices.map { GraphStatistics.ScopeTotal(scope: ScopeID($0)) }
    var isCounted = [Bool](repeating: false, count: nodes.count)
    for id in ids {
      let node = self[id]
      guard !node.op.isSource else { continue }
      let inputShapes = inputShapes(of: id)
      var parameters = 0
      for input in node.inputs where !isCounted[input.index] {
        guard case .parameter = self[input].op else { continue }
        isCounted[input.index] = true
        parameters = saturatingSum(parameters, self[input].shape.elementCount)
      }
      let macs = node.op.macs(inputs: inputShapes, result: node.shape)
      let scope = scopePaths[node.scope.index]
      layers.append(
        GraphStatistics.Layer(
          node: id, path: scope.isEmpty ? node.name : "\(scope).\(node.name)",
          summary: node.op.summary(inputs: inputShapes, result: node.shape), shape: node.shape,
          parameters: parameters, macs: macs))
      totals[node.scope.index].nodes += 1
      totals[node.scope.index].parameters = saturatingSum(totals[node.scope.index].parameters, parameters)
      totals[node.scope.index].macs = saturatingSum(totals[node.scope.index].macs, macs)
    }
    for index in scopes.indices.reversed() {
      guard let parent = scopes[index].parent else { continue }
      totals[parent.index].nodes += totals[index].nodes
      totals[parent.index].parameters = saturatingSum(
        totals[parent.index].parameters, totals[index].parameters)
      totals[parent.index].macs = saturatingSum(totals[parent.index].macs, totals[index].macs)
    }
    return GraphStatistics(layers: layers, scopes: totals, depth: depth)
  }

  /// `path(of:)` of every scope.
  private func scopePaths() -> [String] {
    var paths: [String] = []
    for scope in scopes {
      guard let parent = scope.parent else {
        paths.append("")
        continue
      }
      let prefix = paths[parent.index]
      paths.append(prefix.isEmpty ? scope.name : "\(prefix).\(scope.name)")
    }
    return paths
  }
}
