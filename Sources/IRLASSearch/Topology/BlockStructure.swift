/// What the features of a whole block are computed from: levels, readers, ancestors.
struct BlockStructure {
  /// For each node the number of edges on the longest path from the source.
  private(set) var levels: [Int]
  /// For each node how many nodes read it.
  private(set) var readers: [Int]
  /// The ancestors of each node, as bits, `words` words for each; empty above `TopologyView.exactSize` nodes.
  private(set) var ancestors: [UInt64]
  private(set) var words: Int

  init(_ view: TopologyView) {
    let count = view.nodes.count
    levels = [Int](repeating: 0, count: count)
    readers = levels
    words = count <= TopologyView.exactSize ? (count + 63) / 64 : 0
    ancestors = [UInt64](repeating: 0, count: words * count)
    for (index, node) in view.nodes.enumerated() {
      var level = 0
      for operand in node.predecessors {
        level = max(level, levels[operand] + 1)
        readers[operand] += 1
        if words > 0 {
          for word in 0..<words { ancestors[index * words + word] |= ancestors[operand * words + word] }
          ancestors[index * words + operand / 64] |= 1 << UInt64(operand % 64)
        }
      }
      levels[index] = level
    }
  }

  /// Whether node `b` is computed from node `a`. In a large block, whether 256 nodes back from `b` show it.
  func isAncestor(_ a: Int, of b: Int, in view: TopologyView) -> Bool {
    guard a < b else { return false }
    if words > 0 { return ancestors[b * words + a / 64] >> UInt64(a % 64) & 1 == 1 }
    if a == 0 { return true }
    var seen: Set<Int> = []
    var stack = [b]
    while let node = stack.popLast(), seen.count < TopologyView.exactSize {
      for operand in view.nodes[node].predecessors {
        if operand == a { return true }
        if levels[operand] > levels[a], seen.insert(operand).inserted { stack.append(operand) }
      }
    }
    return false
  }

  /// Whether one operand of a node is computed from another.
  private func joinsAncestor(_ node: Int, in view: TopologyView) -> Bool {
    let operands = view.nodes[node].predecessors
    guard operands.count > 1 else { return false }
    // In ascending order; everything is computed from the source.
    if operands[0] == 0 { return true }
    for (place, b) in operands.enumerated().dropFirst() {
      for a in operands[..<place] where isAncestor(a, of: b, in: view) { return true }
      if words == 0, place > 64 { break }
    }
    return false
  }

  /// Whether a node is a sum that closes a residual connection.
  func isResidual(_ node: Int, in view: TopologyView) -> Bool {
    view.nodes[node].kind == .add && joinsAncestor(node, in: view)
  }

  /// Whether a node is a concatenation of something with what is computed from it.
  func isDense(_ node: Int, in view: TopologyView) -> Bool {
    view.nodes[node].kind == .concat && joinsAncestor(node, in: view)
  }

  /// log2 of a convolution's groups, at most 5; a depthwise convolution has as many as there can be.
  static func cardinalityBits(of node: TopologyView.Node) -> Double {
    if node.kind == .depthwise { return 5 }
    return node.groups > 1 ? min(5, stableLog(Double(node.groups)) * log2e) : 0
  }

  // MARK: Width

  /// The largest number of operations of which none is computed from another (Dilworth: the operations less the
  /// largest matching of ancestors with descendants). In a large block, the largest number on one level.
  func width(of view: TopologyView) -> Int {
    let operations = view.nodes.indices.filter { view.nodes[$0].kind.isOperation }
    guard words > 0 else {
      var counts = [Int](repeating: 0, count: view.nodes.count)
      for node in operations { counts[levels[node]] += 1 }
      return counts.max() ?? 0
    }
    if operations.count < 2 { return operations.count }
    var matching = Matching(structure: self, operations: operations, count: view.nodes.count)
    return operations.count - matching.size()
  }

  /// A matching between nodes and their ancestors, found by augmenting paths.
  private struct Matching {
    let structure: BlockStructure
    let operations: [Int]
    /// For each node, as an ancestor, the descendant that it is matched with; -1 for none.
    var partner: [Int]
    var visited: [Int]
    var round = 0

    init(structure: BlockStructure, operations: [Int], count: Int) {
      self.structure = structure
      self.operations = operations
      partner = [Int](repeating: -1, count: count)
      visited = [Int](repeating: -1, count: count)
    }

    mutating func size() -> Int {
      var size = 0
      for node in operations {
        round = node
        if augment(node) { size += 1 }
      }
      return size
    }

    /// At most as deep as there are operations, which are `TopologyView.exactSize` at most.
    private mutating func augment(_ node: Int) -> Bool {
      for ancestor in operations {
        if ancestor >= node { break }
        let word = structure.ancestors[node * structure.words + ancestor / 64]
        guard word >> UInt64(ancestor % 64) & 1 == 1, visited[ancestor] != round else { continue }
        visited[ancestor] = round
        if partner[ancestor] < 0 || augment(partner[ancestor]) {
          partner[ancestor] = node
          return true
        }
      }
      return false
    }
  }
}

extension TopologyView.Kind {
  /// Whether it computes on its operand: neither source nor sink, and no merge.
  var isOperation: Bool { self != .input && self != .output && !isMerge }
}
