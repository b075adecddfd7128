package import IRLASGraph

/// What is different between two networks, in the terms of the language.
package struct GraphDifference: Hashable, Sendable {
  /// One change, wherever it was made in the same way.
  package struct Change: Hashable, Sendable {
    /// What kind of change it is.
    package enum Kind: String, Hashable, Sendable {
      case added
      case removed
      /// Another layer, or the same with other arguments.
      case changed
      /// A layer reads other values.
      case connection
    }

    package var kind: Kind
    /// The cell or network in whose text the change is.
    package var place: String
    /// What stood there; nil for what was added.
    package var before: String?
    /// What stands there; nil for what was removed.
    package var after: String?
    /// The instance paths at which the change shows, in the order of the graph.
    package var paths: [String]

    /// The change as a sentence without its place.
    package var text: String {
      switch (kind, before, after) {
      case (.added, _, let after?): "\(after) added"
      case (.removed, let before?, _): "\(before) removed"
      case (_, let before?, let after?): "\(before) became \(after)"
      case (_, let before?, nil): "\(before) no more"
      case (_, nil, let after?): "now \(after)"
      case (_, nil, nil): "changed"
      }
    }
  }

  /// Figures of one of the two networks.
  package struct Figures: Hashable, Sendable {
    package let parameters: Int
    package let macs: Int
    package let depth: Int
    package let hash: GraphHash
  }

  /// In the order of the second network; empty exactly for equal programs.
  package let changes: [Change]
  package let before: Figures
  package let after: Figures

  /// Whether the two are the same program.
  package var isEmpty: Bool { changes.isEmpty }
}

/// Compares two networks by their programs: equal ones have equal hashes; of others the scopes are laid side by side,
/// from the network inwards, and what stands in them.
package func difference(from a: Graph, to b: Graph) -> GraphDifference {
  func figures(_ graph: Graph) -> GraphDifference.Figures {
    let counted = graph.withoutAuxiliaryOutputs
    return GraphDifference.Figures(
      parameters: counted.parameterCount, macs: counted.macs, depth: counted.depth, hash: graph.programHash)
  }
  let (before, after) = (figures(a), figures(b))
  var changes: [GraphDifference.Change] = []
  if before.hash != after.hash {
    var comparison = GraphComparison(a, b)
    changes = comparison.run()
    if changes.isEmpty {
      changes = [
        GraphDifference.Change(
          kind: .connection, place: b.name, before: nil, after: "connected in another way", paths: [])
      ]
    }
  }
  return GraphDifference(changes: changes, before: before, after: after)
}
