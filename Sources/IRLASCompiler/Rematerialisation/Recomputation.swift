package import IRLASGraph

/// A training graph in which the backward pass computes some values of the forward pass again.
///
/// A copy of a node stands right before the first node of the backward pass that needs it; what it reads is the copy of a
/// value that is not kept either, or the value that is. Each node is copied once, and everything after the first reader
/// reads that copy.
package struct Recomputation: Sendable {
  /// The graph with the copies.
  package let graph: Graph
  /// For each copy the node that it computes again, both in the new graph. Looked up only.
  package let originals: [NodeID: NodeID]
  /// Of each node of the old graph: the node in the new one and its copy, where there is one.
  let nodes: [(kept: NodeID?, copy: NodeID?)]

  /// For each node of the new graph whether its value is its operand's memory.
  let isView: [Bool]

  /// Rewrites a graph.
  ///
  /// - Parameters:
  ///   - graph: a training graph after all other passes; one that shares common values would undo this one.
  ///   - isDropped: for each node whether the backward pass computes its value again. Views of such values are computed
  ///     again too.
  ///   - boundary: the first node of the backward pass.
  ///   - isLeft: for each node whether it is left to its readers, like views; none is by default.
  package init(_ graph: Graph, dropping isDropped: [Bool], boundary: NodeID, isLeft: [Bool] = []) {
    let areViews = graph.ids.map { graph.isView($0) || !isLeft.isEmpty && isLeft[$0.index] }
    let isDropped = Self.withViews(graph, isDropped, boundary, areViews)
    var rewrite = GraphRewrite(graph)
    var copies: [NodeID?] = Array(repeating: nil, count: graph.nodes.count)
    // What is to be copied before the current node, over a list: chains can be as deep as the network.
    var pending: [NodeID] = []
    for id in graph.ids {
      guard id >= boundary else {
        rewrite.keep(id)
        continue
      }
      for input in graph[id].inputs where isDropped[input.index] && copies[input.index] == nil {
        pending.append(input)
        while let next = pending.last {
          let missing = graph[next].inputs.filter { isDropped[$0.index] && copies[$0.index] == nil }
          if copies[next.index] != nil {
            pending.removeLast()
          } else if missing.isEmpty {
            pending.removeLast()
            let operands = graph[next].inputs.map { copies[$0.index] ?? rewrite.value($0) }
            copies[next.index] = rewrite.again(next, operands)
          } else {
            pending += missing.reversed()
          }
        }
      }
      rewrite.keep(id, operands: graph[id].inputs.map { copies[$0.index] ?? rewrite.value($0) })
    }
    let kept = graph.ids.map { rewrite.value($0) }
    let before = rewrite.builder.nodes
    let result = rewrite.finish()
    let places = Self.places(of: before, in: result)
    var originals: [NodeID: NodeID] = [:]
    var nodes: [(kept: NodeID?, copy: NodeID?)] = []
    for id in graph.ids {
      let node = places[kept[id.index].index]
      let copy = copies[id.index].flatMap { places[$0.index] }
      // An original that nobody reads is gone, and its copy is the original.
      if let node, let copy { originals[copy] = node }
      nodes.append((node, copy))
    }
    var isView = [Bool](repeating: false, count: result.nodes.count)
    for (view, node) in zip(areViews, nodes) where view {
      if let kept = node.kept { isView[kept.index] = true }
      if let copy = node.copy { isView[copy.index] = true }
    }
    self.isView = isView
    self.graph = result
    self.originals = originals
    self.nodes = nodes
  }

  /// The place of each node in a graph that was made of them and lacks some.
  private static func places(of nodes: [Node], in graph: Graph) -> [NodeID?] {
    var next = 0
    return nodes.map { node in
      guard next < graph.nodes.count, graph.nodes[next].scope == node.scope,
        graph.nodes[next].name == node.name
      else { return nil }
      next += 1
      return NodeID(next - 1)
    }
  }

  /// Another name of a value cannot be kept without the value.
  private static func withViews(_ graph: Graph, _ isDropped: [Bool], _ boundary: NodeID, _ areViews: [Bool])
    -> [Bool]
  {
    var isDropped = isDropped
    for id in graph.ids where id < boundary && areViews[id.index] {
      if isDropped[graph[id].inputs[0].index] { isDropped[id.index] = true }
    }
    return isDropped
  }

  /// Whether the value of such a node may be computed again: see `Op.mayBeRecomputed`.
  package static func mayRecompute(_ op: Op) -> Bool { op.mayBeRecomputed }

  /// The first node of the backward pass of a training graph: the first gradient of the loss; nil when it has none.
  package static func boundary(of graph: Graph) -> NodeID? {
    graph.ids.first {
      if case .softmaxCrossEntropyGradient = graph[$0].op { true } else { false }
    }
  }
}
