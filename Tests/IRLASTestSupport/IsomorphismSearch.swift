package import IRLASGraph

/// Whether two graphs are the same up to the numbering of their nodes, found by backtracking in the manner of VF2
/// (Cordella, Foggia, Sansone and Vento, 2004). It shares nothing with the canonical labelling that it checks.
package struct IsomorphismSearch {
  /// An edge seen from one of its ends.
  fileprivate struct Edge: Hashable {
    var end: Int
    /// The place among the operands from 1 on, or 0 where their order does not matter; shifted for edges that are
    /// seen backwards.
    var label: Int
  }

  fileprivate struct Side {
    var kinds: [String]
    var edges: [[Edge]] = []
    /// The same edges, each with how often it occurs.
    var counts: [[Edge: Int]] = []
  }

  private var a: Side
  private var b: Side
  private var image: [Int]
  private var isTaken: [Bool]
  private var order: [Int] = []

  /// Whether there is a bijection of the nodes that keeps kinds, operands and outputs.
  ///
  /// - Parameters:
  ///   - kind: what a node is by itself.
  ///   - isUnordered: whether the order of a node's operands does not matter.
  package static func areIsomorphic(
    _ a: Graph, _ b: Graph, kind: (Graph, NodeID) -> String = programKind,
    isUnordered: (Op) -> Bool = { $0 == .add }
  ) -> Bool {
    guard a.nodes.count == b.nodes.count, a.outputs.count == b.outputs.count else { return false }
    guard a.updates.count == b.updates.count else { return false }
    var search = IsomorphismSearch(
      a: Side(a, kind, isUnordered), b: Side(b, kind, isUnordered), image: [], isTaken: [])
    guard search.a.kinds.sorted() == search.b.kinds.sorted() else { return false }
    search.image = [Int](repeating: -1, count: a.nodes.count)
    search.isTaken = [Bool](repeating: false, count: a.nodes.count)
    search.connect()
    return search.extend()
  }

  /// Everything that `GraphIdentity.program` says of a node: the op, its constants and the shape.
  package static func programKind(_ graph: Graph, _ id: NodeID) -> String {
    if case .randomMask(let rate, _) = graph[id].op { return "random_mask \(rate) \(graph[id].shape)" }
    return "\(graph[id].op.text) \(graph[id].shape)"
  }

  private init(a: Side, b: Side, image: [Int], isTaken: [Bool]) {
    self.a = a
    self.b = b
    self.image = image
    self.isTaken = isTaken
  }

  /// An order in which every node comes when most of its neighbours are there, the newest neighbours first, so
  /// that a wrong choice shows soon.
  private mutating func connect() {
    var reached = [Int](repeating: 0, count: image.count)
    var newest = [Int](repeating: 0, count: image.count)
    var isPlaced = [Bool](repeating: false, count: image.count)
    for place in image.indices {
      var best = -1
      for node in image.indices where !isPlaced[node] {
        if best < 0 || (reached[node], newest[node]) > (reached[best], newest[best]) { best = node }
      }
      isPlaced[best] = true
      order.append(best)
      for edge in a.edges[best] {
        reached[edge.end] += 1
        newest[edge.end] = place
      }
    }
  }

  private mutating func extend() -> Bool {
    // For each depth the candidates that are left.
    var candidates = [self.candidates(at: 0)]
    while let top = candidates.last {
      let depth = candidates.count - 1
      if depth == order.count { return true }
      let node = order[depth]
      if image[node] >= 0 {
        isTaken[image[node]] = false
        image[node] = -1
      }
      guard let candidate = top.last else {
        candidates.removeLast()
        continue
      }
      candidates[depth].removeLast()
      guard !isTaken[candidate], fits(node, candidate) else { continue }
      image[node] = candidate
      isTaken[candidate] = true
      candidates.append(depth + 1 < order.count ? self.candidates(at: depth + 1) : [])
      if depth + 1 == order.count { return true }
    }
    return false
  }

  private func candidates(at depth: Int) -> [Int] {
    guard depth < order.count else { return [] }
    for edge in a.edges[order[depth]] where image[edge.end] >= 0 {
      // The neighbour sees this node through the reverse of the edge.
      return b.edges[image[edge.end]].filter { $0.label == reverse(edge.label) }.map(\.end)
    }
    return Array(b.kinds.indices)
  }

  private func reverse(_ label: Int) -> Int {
    label >= Side.backwards ? label - Side.backwards : label + Side.backwards
  }

  private func fits(_ node: Int, _ candidate: Int) -> Bool {
    guard a.kinds[node] == b.kinds[candidate], a.edges[node].count == b.edges[candidate].count else {
      return false
    }
    for edge in a.edges[node] where image[edge.end] >= 0 {
      let twin = Edge(end: image[edge.end], label: edge.label)
      if a.counts[node][edge] != b.counts[candidate][twin] { return false }
    }
    // And no edge more: the mapped neighbours of both have to be equally many.
    let mapped = a.edges[node].count { image[$0.end] >= 0 }
    return mapped == b.edges[candidate].count { isTaken[$0.end] }
  }
}

extension IsomorphismSearch.Side {
  static let backwards = 1 << 20

  fileprivate init(_ graph: Graph, _ kind: (Graph, NodeID) -> String, _ isUnordered: (Op) -> Bool) {
    kinds = graph.ids.map { kind(graph, $0) }
    for (index, output) in graph.outputs.enumerated() {
      kinds[output.value.index] += " output \(index)\(output.isAuxiliary ? " aux" : "")"
    }
    edges = [[IsomorphismSearch.Edge]](repeating: [], count: kinds.count)
    func connect(_ from: Int, _ to: Int, _ label: Int) {
      edges[from].append(.init(end: to, label: label))
      edges[to].append(.init(end: from, label: label + Self.backwards))
    }
    for id in graph.ids {
      for (slot, input) in graph[id].inputs.enumerated() {
        connect(input.index, id.index, isUnordered(graph[id].op) ? 0 : slot + 1)
      }
    }
    for update in graph.updates { connect(update.value.index, update.target.index, Self.backwards - 1) }
    counts = edges.map { list in
      var counts: [IsomorphismSearch.Edge: Int] = [:]
      for edge in list { counts[edge, default: 0] += 1 }
      return counts
    }
  }
}
