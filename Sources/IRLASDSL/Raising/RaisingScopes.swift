import IRLASGraph

/// Which scopes of a graph become cells and repeats of the program, and which nodes stand directly in each.
///
/// A scope is kept where its nodes stand together in the graph's order and share no learned tensors with nodes
/// outside; the parts of others belong to the scope around them.
struct RaisingScopes {
  /// One part of a scope, in the order of the graph.
  enum Item {
    case node(NodeID)
    case scope(ScopeID)
  }

  let graph: Graph
  /// The constant zeros that the program writes.
  let zeros: Set<NodeID>
  private(set) var isKept: [Bool]
  /// For each node the innermost kept scope around it.
  private(set) var owners: [ScopeID] = []
  private(set) var items: [[Item]] = []
  /// For each scope how many empty `fit` cells stood directly in it.
  private(set) var idleFits: [Int]
  /// - Parameter keepsScopes: false puts all nodes directly into the network.
  init(_ graph: Graph, keepsScopes: Bool) {
    self.graph = graph
    zeros = graph.writtenZeros
    isKept = [Bool](repeating: keepsScopes, count: graph.scopes.count)
    idleFits = [Int](repeating: 0, count: graph.scopes.count)
    isKept[0] = true
    if keepsScopes { dropScattered() }
    findOwners()
    collect()
  }

  /// The name of a cell's definition: its label up to the arguments.
  func baseName(_ scope: ScopeID) -> String {
    String(graph[scope].label.prefix { $0 != "(" && $0 != " " })
  }

  /// Whether a node is computed, as against given or made where it is used. `zeros` are the `Graph.writtenZeros`.
  static func isStep(_ id: NodeID, of graph: Graph, zeros: Set<NodeID>) -> Bool {
    if case .zero = graph[id].op { return zeros.contains(id) }
    return !graph[id].op.isSource
  }

  private mutating func dropScattered() {
    let count = graph.scopes.count
    var first = [Int](repeating: Int.max, count: count)
    var last = [Int](repeating: -1, count: count)
    var sizes = [Int](repeating: 0, count: count)
    // Positions among the computed nodes only.
    var position = 0
    for id in graph.ids where Self.isStep(id, of: graph, zeros: []) {
      let scope = graph[id].scope.index
      first[scope] = min(first[scope], position)
      last[scope] = max(last[scope], position)
      sizes[scope] += 1
      position += 1
    }
    for index in graph.scopes.indices.reversed() {
      guard let parent = graph.scopes[index].parent?.index else { continue }
      first[parent] = min(first[parent], first[index])
      last[parent] = max(last[parent], last[index])
      sizes[parent] += sizes[index]
      let scope = graph.scopes[index]
      if sizes[index] == 0 {
        isKept[index] = false
        if scope.kind == .cell, baseName(ScopeID(index)) == "fit" { idleFits[parent] += 1 }
      } else if last[index] - first[index] + 1 != sizes[index] {
        drop(ScopeID(index))
      }
    }
  }

  /// Puts what is in a scope into the one around it; the copies of a repetition stand or fall together.
  private mutating func drop(_ scope: ScopeID) {
    if scope == .root { return }
    isKept[scope.index] = false
    switch graph[scope].kind {
    case .copy:
      if let parent = graph[scope].parent, isKept[parent.index] { drop(parent) }
    case .repetition:
      for index in graph.scopes.indices where graph.scopes[index].parent == scope {
        isKept[index] = false
      }
    case .network, .cell: break
    }
  }

  private func owner(_ scope: ScopeID) -> ScopeID {
    var scope = scope
    while !isKept[scope.index], let parent = graph[scope].parent { scope = parent }
    return scope
  }

  /// Drops scopes until every learned tensor is read within one of them.
  private mutating func findOwners() {
    let readers = graph.consumers()
    for id in graph.ids {
      guard case .parameter = graph[id].op, readers[id.index].count > 1 else { continue }
      while true {
        let owners = readers[id.index].map { owner(graph[$0].scope) }
        // The innermost of different owners has the largest number.
        guard let deepest = owners.max(), owners.contains(where: { $0 != deepest }) else { break }
        drop(deepest)
      }
    }
    owners = graph.nodes.map { owner($0.scope) }
    if !zeros.isEmpty { hoistZeros() }
  }

  /// Moves constant zeros out of scopes that hold nothing else: such a scope, the absent edge of a space, would be a
  /// cell without inputs.
  private mutating func hoistZeros() {
    var hasSteps = [Bool](repeating: false, count: graph.scopes.count)
    for id in graph.ids where Self.isStep(id, of: graph, zeros: []) {
      var scope: ScopeID? = owners[id.index]
      while let current = scope, !hasSteps[current.index] {
        hasSteps[current.index] = true
        scope = graph[current].parent
      }
    }
    for id in graph.ids where zeros.contains(id) {
      while !hasSteps[owners[id.index].index], let parent = graph[owners[id.index]].parent {
        owners[id.index] = owner(parent)
      }
    }
  }

  private mutating func collect() {
    items = [[Item]](repeating: [], count: graph.scopes.count)
    var isListed = [Bool](repeating: false, count: graph.scopes.count)
    for id in graph.ids where Self.isStep(id, of: graph, zeros: zeros) {
      var scope = owners[id.index]
      items[scope.index].append(.node(id))
      while !isListed[scope.index], let parent = graph[scope].parent {
        isListed[scope.index] = true
        let outer = owner(parent)
        items[outer.index].append(.scope(scope))
        scope = outer
      }
    }
    for index in graph.scopes.indices where !isKept[index] && idleFits[index] > 0 {
      idleFits[owner(ScopeID(index)).index] += idleFits[index]
    }
  }

  /// For each kept cell how many kept cells nest in it at most; those of the library do not count.
  func heights(without standard: Set<Int>) -> [Int] {
    var heights = [Int](repeating: 0, count: graph.scopes.count)
    for index in graph.scopes.indices.reversed() where isKept[index] && !standard.contains(index) {
      guard let parent = graph.scopes[index].parent, !items[index].isEmpty else { continue }
      let outer = owner(parent).index
      let own = graph.scopes[index].kind == .cell ? 1 : 0
      heights[outer] = max(heights[outer], heights[index] + own)
    }
    return heights
  }
}

extension Graph {
  /// The constant zeros that are more than the padding of channels: a program says `zeros` for them.
  var writtenZeros: Set<NodeID> {
    var written: Set<NodeID> = []
    func isZero(_ id: NodeID) -> Bool { if case .zero = self[id].op { true } else { false } }
    for id in ids {
      let node = self[id]
      for (position, input) in node.inputs.enumerated() where isZero(input) {
        if case .concat(.channel) = node.op, position == 1, node.inputs.count == 2, !isZero(node.inputs[0]) {
          continue
        }
        written.insert(input)
      }
    }
    for output in outputs where isZero(output.value) { written.insert(output.value) }
    return written
  }
}
