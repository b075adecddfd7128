/// Builds a graph node by node; shapes are inferred as nodes are added.
///
/// `add(_:_:declared:...)` is the one way in. Layers with parameters have conveniences that create the parameter
/// nodes too, in `GraphBuilder+Layers.swift`.
package struct GraphBuilder: Sendable {
  package private(set) var nodes: [Node] = []
  package private(set) var scopes: [Scope]
  /// The scope that new nodes and scopes belong to.
  package private(set) var scope: ScopeID = .root
  /// How often a base name was used under each scope.
  private var nameCounts: [ScopedName: Int] = [:]
  private let name: String

  private struct ScopedName: Hashable {
    let scope: ScopeID
    let name: String
  }

  /// Starts a graph for the network called `name`.
  package init(name: String, label: String? = nil, origin: Int32 = 0) {
    self.name = name
    scopes = [Scope(kind: .network, parent: nil, name: name, label: label ?? name, origin: origin)]
  }

  package subscript(id: NodeID) -> Node { nodes[id.index] }

  /// The shape of a value built so far.
  package func shape(of id: NodeID) -> Shape { nodes[id.index].shape }

  // MARK: Scopes

  /// Opens a scope below the current one; nodes added until `closeScope()` belong to it.
  package mutating func openScope(
    _ kind: Scope.Kind, name: String, label: String, isAtomic: Bool = false, origin: Int32 = 0
  ) {
    let unique: String
    if case .copy(let index) = kind { unique = "\(index)" } else { unique = uniqueName(name) }
    scopes.append(
      Scope(kind: kind, parent: scope, name: unique, label: label, isAtomic: isAtomic, origin: origin))
    scope = ScopeID(scopes.count - 1)
  }

  /// Returns to the parent of the current scope.
  package mutating func closeScope() {
    guard let parent = scopes[scope.index].parent else {
      preconditionFailure("the network's own scope cannot be closed")
    }
    scope = parent
  }

  /// Adds to the network's own scope whatever `body` adds to the current one.
  package mutating func atRoot<Result>(
    _ body: (inout GraphBuilder) throws(ShapeIssue) -> Result
  ) throws(ShapeIssue) -> Result {
    let previous = scope
    scope = .root
    defer { scope = previous }
    return try body(&self)
  }

  /// `base`, or `base2`, `base3`, ... : the first that is free under the current scope.
  private mutating func uniqueName(_ base: String) -> String {
    let key = ScopedName(scope: scope, name: base)
    guard var count = nameCounts[key] else {
      nameCounts[key] = 1
      return base
    }
    var candidate: ScopedName
    repeat {
      count += 1
      candidate = ScopedName(scope: scope, name: "\(base)\(count)")
    } while nameCounts[candidate] != nil
    nameCounts[key] = count
    nameCounts[candidate] = 1
    return candidate.name
  }

  // MARK: Nodes

  /// Adds a node to the current scope.
  ///
  /// - Parameters:
  ///   - declared: the result's shape where the inputs do not determine it.
  ///   - name: the base of the node's name, made unique within the scope; the op's own when nil.
  /// - Throws: why the op cannot be applied to these inputs; the builder is then unchanged.
  @discardableResult
  package mutating func add(
    _ op: Op, _ inputs: [NodeID] = [], declared: Shape? = nil, name: String? = nil, origin: Int32 = 0
  ) throws(ShapeIssue) -> NodeID {
    let shape = try op.resultShape(of: inputs.map { nodes[$0.index].shape }, declared: declared)
    nodes.append(
      Node(
        op: op, inputs: inputs, shape: shape, scope: scope, name: uniqueName(name ?? op.mnemonic),
        origin: origin))
    return NodeID(nodes.count - 1)
  }

  /// Adds a node whose name was reserved by `uniqueLayerName`.
  mutating func add(_ op: Op, _ inputs: [NodeID], exactName: String, origin: Int32) throws(ShapeIssue)
    -> NodeID
  {
    let shape = try op.resultShape(of: inputs.map { nodes[$0.index].shape })
    nodes.append(Node(op: op, inputs: inputs, shape: shape, scope: scope, name: exactName, origin: origin))
    return NodeID(nodes.count - 1)
  }

  /// Reserves a name in the current scope.
  mutating func uniqueLayerName(_ base: String) -> String { uniqueName(base) }

  /// Ends the graph: nodes that no output or update reads are dropped (the network's inputs stay), the rest
  /// keep their order. Scopes stay as they are.
  package consuming func finish(outputs: [Graph.Output], updates: [Graph.Update] = []) -> Graph {
    Graph.pruned(name: name, nodes: nodes, scopes: scopes, outputs: outputs, updates: updates)
  }
}

extension GraphBuilder {
  /// Starts a graph with the scopes of an existing one and no nodes: how a pass begins. Names are taken as the
  /// pass gives them through `copy` and must stay unique.
  package init(rewriting graph: Graph) {
    self.init(name: graph.name)
    scopes = graph.scopes
    for node in graph.nodes { nameCounts[ScopedName(scope: node.scope, name: node.name)] = 1 }
  }

  /// Adds a node that takes its name, scope and origin from `node` and its operands from `inputs`.
  /// The result's shape is inferred again.
  package mutating func copy(_ node: Node, op: Op? = nil, inputs: [NodeID]) throws(ShapeIssue) -> NodeID {
    let op = op ?? node.op
    let shape = try op.resultShape(of: inputs.map { nodes[$0.index].shape }, declared: node.shape)
    nodes.append(
      Node(op: op, inputs: inputs, shape: shape, scope: node.scope, name: node.name, origin: node.origin))
    return NodeID(nodes.count - 1)
  }

  /// Adds a new node to the scope, and at the origin, of an existing one.
  package mutating func add(
    _ op: Op, _ inputs: [NodeID], declared: Shape? = nil, name: String? = nil, beside node: Node
  ) throws(ShapeIssue) -> NodeID {
    let previous = scope
    scope = node.scope
    defer { scope = previous }
    return try add(op, inputs, declared: declared, name: name, origin: node.origin)
  }
}
