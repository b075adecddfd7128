extension Graph {
  /// Everything that is wrong with the graph, in the order of scopes, nodes, outputs, updates; empty for every
  /// graph that leaves the builder or a pass. Linear in the size of the graph.
  package func verify() -> [GraphIssue] {
    var verifier = GraphVerifier(graph: self)
    verifier.checkScopes()
    verifier.checkNodes()
    verifier.checkEnds()
    return verifier.issues
  }
}

private struct GraphVerifier {
  let graph: Graph
  var issues: [GraphIssue] = []
  /// Instance paths as a trie over their parts, because a name may itself contain dots.
  private var paths = PathTrie()
  /// For each scope its place in the trie; the root's for a scope that is wrong.
  private var scopePaths: [Int] = []

  init(graph: Graph) { self.graph = graph }

  mutating func checkScopes() {
    if graph.scopes.first?.parent != nil || graph.scopes.first?.kind != .network {
      issues.append(.rootScope)
    }
    var copies = Set<CopyOf>()
    for (index, scope) in graph.scopes.enumerated() {
      let id = ScopeID(index)
      if case .repetition(let count) = scope.kind, count < 1 {
        issues.append(.repetitionCount(id, count: count))
      }
      guard index > 0 else {
        scopePaths.append(PathTrie.root)
        continue
      }
      if scope.kind == .network { issues.append(.rootScope) }
      guard let parent = scope.parent, parent.index >= 0, parent.index < index else {
        issues.append(.parentNotEarlier(id))
        scopePaths.append(PathTrie.root)
        continue
      }
      checkRepetition(id, scope, in: graph[parent], &copies)
      scopePaths.append(claim(scope.name, below: scopePaths[parent.index], .scope(id)))
    }
  }

  private struct CopyOf: Hashable {
    let repetition: ScopeID
    let index: Int
  }

  private mutating func checkRepetition(
    _ id: ScopeID, _ scope: Scope, in parent: Scope, _ copies: inout Set<CopyOf>
  ) {
    switch (scope.kind, parent.kind) {
    case (.copy(let index), .repetition(let count)):
      if index < 0 || index >= count { issues.append(.copyIndex(id, index: index, count: count)) }
      if let repetition = scope.parent,
        !copies.insert(CopyOf(repetition: repetition, index: index)).inserted
      {
        issues.append(.copyTwice(id, index: index))
      }
    case (.copy, _), (_, .repetition):
      issues.append(.copyOutsideRepetition(id))
    default: break
    }
  }

  private mutating func claim(_ name: String, below parent: Int, _ place: GraphIssue.Place) -> Int {
    if name.isEmpty { issues.append(.emptyName(place)) }
    let (path, isNew) = paths.claim(name, below: parent)
    if !isNew { issues.append(.duplicatePath(place, path: name)) }
    return path
  }

  mutating func checkNodes() {
    var inputIndices = Set<Int>()
    let inputCount = graph.nodes.reduce(0) { if case .input = $1.op { $0 + 1 } else { $0 } }
    for id in graph.ids {
      let node = graph[id]
      if node.scope.index >= 0, node.scope.index < scopePaths.count {
        _ = claim(node.name, below: scopePaths[node.scope.index], .node(id))
        if case .repetition = graph[node.scope].kind { issues.append(.outsideCopy(id)) }
      } else {
        issues.append(.scopeMissing(id))
      }
      if case .input(let index) = node.op,
        index < 0 || index >= inputCount || !inputIndices.insert(index).inserted
      {
        issues.append(.inputIndex(id, index: index))
      }
      if let name = node.op.attributeOutOfRange { issues.append(.attribute(id, name: name)) }
      checkShape(id, node)
    }
  }

  private mutating func checkShape(_ id: NodeID, _ node: Node) {
    for input in node.inputs where input.index < 0 || input >= id {
      issues.append(.inputNotEarlier(id, input: input))
      return
    }
    do throws(ShapeIssue) {
      let inferred = try node.op.resultShape(of: graph.inputShapes(of: id), declared: node.shape)
      if inferred != node.shape {
        issues.append(.shapeDiffers(id, stored: node.shape, inferred: inferred))
      }
    } catch {
      issues.append(.shape(id, error))
    }
  }

  /// Outputs, updates, and the nodes that neither needs.
  mutating func checkEnds() {
    let nodes = graph.nodes
    var isLive = [Bool](repeating: false, count: nodes.count)
    for (index, output) in graph.outputs.enumerated() {
      if output.name.isEmpty { issues.append(.emptyName(.output(index))) }
      if nodes.indices.contains(output.value.index) {
        isLive[output.value.index] = true
      } else {
        issues.append(.outputMissing(index))
      }
    }
    var updated = Set<NodeID>()
    for (index, update) in graph.updates.enumerated() {
      guard nodes.indices.contains(update.target.index), nodes.indices.contains(update.value.index) else {
        issues.append(.updateMissing(index))
        continue
      }
      isLive[update.target.index] = true
      isLive[update.value.index] = true
      switch graph[update.target].op {
      case .parameter, .state: break
      default: issues.append(.updateTarget(index, update.target))
      }
      let (target, value) = (graph[update.target].shape, graph[update.value].shape)
      if target != value { issues.append(.updateShape(index, target: target, value: value)) }
      if !updated.insert(update.target).inserted { issues.append(.updatedTwice(index, update.target)) }
    }
    for index in nodes.indices.reversed() where isLive[index] {
      for input in nodes[index].inputs where nodes.indices.contains(input.index) {
        isLive[input.index] = true
      }
    }
    for (index, node) in nodes.enumerated() where !isLive[index] {
      if case .input = node.op { continue }
      issues.append(.dead(NodeID(index)))
    }
  }
}

extension Op {
  /// An attribute that is not finite, or a count that is not positive; shape inference looks at neither.
  fileprivate var attributeOutOfRange: String? {
    for attribute in attributes {
      switch attribute.value {
      case .real(let value) where !value.isFinite: return attribute.name
      case .integer(let value) where value < 1 && (attribute.name == "fan_in" || attribute.name == "places"):
        return attribute.name
      default: continue
      }
    }
    return nil
  }
}

/// A set of dotted paths that shares prefixes, so that deep nesting costs no more than its names.
private struct PathTrie {
  static let root = 0

  private struct Edge: Hashable {
    let parent: Int
    let part: Substring
  }

  private var children: [Edge: Int] = [:]
  private var isClaimed = [true]

  /// Adds `name`, which may have several parts, below a place, and says whether the path was free.
  mutating func claim(_ name: String, below parent: Int) -> (place: Int, isNew: Bool) {
    var place = parent
    for part in name.split(separator: ".", omittingEmptySubsequences: false) {
      let edge = Edge(parent: place, part: part)
      if let child = children[edge] {
        place = child
      } else {
        isClaimed.append(false)
        place = isClaimed.count - 1
        children[edge] = place
      }
    }
    defer { isClaimed[place] = true }
    return (place, !isClaimed[place])
  }
}
