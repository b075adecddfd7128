package import IRLASGraph

/// Common subexpressions: nodes with the same op on the same operands are computed once (J. Cocke, 1970; value
/// numbering on the arena, one hash table).
///
/// Only pure ops take part: two dropouts draw two masks. Batch norm is left out as well, because it moves its running
/// statistics once per application while training. A sum of two is the same sum the other way round; longer sums
/// are added in order and are not.
package func shareCommonValues(_ graph: Graph) -> Graph {
  var rewrite = GraphRewrite(graph)
  // Looked up only, never iterated.
  var known: [ValueKey: NodeID] = [:]
  for id in graph.ids {
    let node = graph[id]
    guard node.op.isPure, !node.op.movesStatistics else {
      rewrite.keep(id)
      continue
    }
    var operands = rewrite.operands(id)
    if node.op == .add, operands.count == 2 { operands.sort() }
    let key = ValueKey(op: node.op, operands: operands, shape: node.shape)
    if let value = known[key] {
      rewrite.replace(id, by: value)
    } else {
      rewrite.keep(id)
      known[key] = rewrite.value(id)
    }
  }
  return rewrite.finish()
}

/// What determines the value of a node with a pure op.
private struct ValueKey: Hashable {
  let op: Op
  let operands: [NodeID]
  let shape: Shape
}

extension Op {
  fileprivate var movesStatistics: Bool {
    if case .batchNorm = self { true } else { false }
  }
}
