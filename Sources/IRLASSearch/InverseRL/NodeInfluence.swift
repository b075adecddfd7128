package import IRLASGraph

/// How much a node of a block does for its score.
package struct NodeInfluence: Hashable, Sendable {
  /// The node of the view, by its index.
  package let node: Int
  /// The nodes of the graph that it stands for.
  package let members: [NodeID]
  /// How much lower the score would be without it; below 0 where it would be higher.
  package let influence: Double
}

extension TopologyMirror {
  /// What each node of a block does for the score: the score less that of the block with the node taken out, so that who
  /// read it reads what it read. (Occlusion: Zeiler and Fergus, ECCV 2014, on pictures.)
  ///
  /// - Parameters:
  ///   - counted: the features whose contributions count, by index; all when nil.
  package func influences(_ view: TopologyView, counting counted: Set<Int>? = nil) -> [NodeInfluence] {
    let expert = mirror.match(row(TopologyFeatures(view))).expert
    func part(_ view: TopologyView) -> Double {
      mirror.contributions(row(TopologyFeatures(view)), to: expert).reduce(0) {
        counted?.contains($1.feature) ?? true ? $0 + $1.share : $0
      }
    }
    let whole = part(view)
    return view.nodes.indices.dropFirst().dropLast().map { index in
      NodeInfluence(
        node: index, members: view.nodes[index].members, influence: whole - part(view.without(index)))
    }
  }
}

extension TopologyView {
  /// The view of the block without one operation: who read it reads what it read.
  func without(_ removed: Int) -> TopologyView {
    var raw = RawBlock()
    raw.arity = arity
    // Whether something nonlinear stood between two operations is no longer known; sums stay apart.
    func edges(_ predecessors: [Int]) -> [RawBlock.Edge] {
      predecessors.flatMap { $0 == removed ? nodes[removed].predecessors : [$0] }
        .map { RawBlock.Edge(from: $0, gap: .nonlinear) }
    }
    for (index, node) in nodes.enumerated().dropFirst().dropLast() {
      var item = RawBlock.Item(kind: node.kind, kernel: node.kernel)
      item.groups = node.groups
      item.members = node.members
      item.inputs = edges(node.predecessors)
      item.isDead = index == removed
      raw.items.append(item)
    }
    raw.outputs = edges(nodes[nodes.count - 1].predecessors)
    raw.normalize()
    return TopologyLabelling.view(of: raw)
  }
}
