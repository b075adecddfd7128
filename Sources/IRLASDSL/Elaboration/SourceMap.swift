package import IRLASGraph

/// Where the nodes and scopes of a graph stand in the program's text.
package struct SourceMap: Hashable, Sendable {
  /// Spans by origin; entry 0 stands for none.
  package let spans: [SourceSpan]

  /// A map of the given spans.
  package init(spans: [SourceSpan]) { self.spans = spans }

  /// The text behind an origin; nil for 0 and for origins of another graph.
  package subscript(origin: Int32) -> SourceSpan? {
    origin > 0 && Int(origin) < spans.count ? spans[Int(origin)] : nil
  }

  /// The text that made a node.
  package subscript(node: Node) -> SourceSpan? { self[node.origin] }

  /// The text that made a scope.
  package subscript(scope: Scope) -> SourceSpan? { self[scope.origin] }
}

/// A network as a graph, with where its parts come from.
package struct Elaboration: Sendable {
  /// The graph; its origins are indices into `sourceMap`.
  package let graph: Graph
  /// The text behind nodes and scopes.
  package let sourceMap: SourceMap
  /// The scopes that stand for one op each; empty unless a cell is looked at by itself.
  var opaqueScopes: Set<ScopeID> = []
}
