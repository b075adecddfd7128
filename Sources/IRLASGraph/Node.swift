/// The index of a node in its graph; also names the node's one value.
package struct NodeID: Hashable, Comparable, Sendable {
  package let index: Int
  package init(_ index: Int) { self.index = index }
  package static func < (a: NodeID, b: NodeID) -> Bool { a.index < b.index }
}

extension NodeID: CustomStringConvertible {
  package var description: String { "%\(index)" }
}

/// One operation and its result.
package struct Node: Hashable, Sendable {
  package var op: Op
  /// The operands, all of them earlier in the arena.
  package var inputs: [NodeID]
  /// The shape of the result.
  package var shape: Shape
  package var scope: ScopeID
  /// Unique within the scope; a part of the instance path.
  package var name: String
  /// Position in the source map of whoever built the graph; 0 for none.
  package var origin: Int32

  package init(op: Op, inputs: [NodeID], shape: Shape, scope: ScopeID, name: String, origin: Int32) {
    self.op = op
    self.inputs = inputs
    self.shape = shape
    self.scope = scope
    self.name = name
    self.origin = origin
  }
}
