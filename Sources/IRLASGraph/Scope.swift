/// The index of a scope in its graph.
package struct ScopeID: Hashable, Comparable, Sendable {
  package let index: Int
  package init(_ index: Int) { self.index = index }
  /// The scope of the network itself.
  package static let root = ScopeID(0)
  package static func < (a: ScopeID, b: ScopeID) -> Bool { a.index < b.index }
}

/// One instantiation in the program's text: the network, a cell, a `repeat` or one of its copies. Scopes form a
/// tree; every node belongs to one. Diagrams fold by it, traces and checkpoints name by it.
package struct Scope: Hashable, Sendable {
  package enum Kind: Hashable, Sendable {
    case network
    case cell
    /// A `repeat` of `count` copies.
    case repetition(count: Int)
    /// Copy `index` (from 0) of the repetition that is its parent.
    case copy(index: Int)
  }

  package let kind: Kind
  /// Nil for the root only.
  package let parent: ScopeID?
  /// Unique among the scopes and nodes with the same parent; a part of instance paths.
  package let name: String
  /// How the text names it: `Bottleneck(256, width: 512)`.
  package let label: String
  /// Whether the cell is marked `@atomic`: one node in the view that topology features take of a network.
  package let isAtomic: Bool
  /// Position in the source map of whoever built the graph.
  package let origin: Int32

  package init(
    kind: Kind, parent: ScopeID?, name: String, label: String, isAtomic: Bool = false, origin: Int32
  ) {
    self.kind = kind
    self.parent = parent
    self.name = name
    self.label = label
    self.isAtomic = isAtomic
    self.origin = origin
  }
}
