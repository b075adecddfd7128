package import IRLASGraph

/// What one place of the text came to, in the order in which the elaborations met it.
package struct Finding: Hashable, Sendable {
  /// The distinct results: `[64, 32, 32]`, `512`, `3x3`; at most `Finding.limit`.
  package internal(set) var texts: [String]
  /// The shapes of the tensors of the first result; nil when it was no tensor or tuple of tensors.
  package let shapes: [Shape]?
  /// Whether the first result was a layer, which has no shape.
  package let isLayer: Bool
  /// The type that a parameter with this value would have; nil for tensors and strings.
  package let typeName: String?
  /// Whether there were more than `Finding.limit` distinct results.
  package internal(set) var hasMore = false

  /// How many distinct results are kept.
  package static let limit = 3

  /// Adds what another elaboration found at the same place.
  mutating func merge(_ other: Finding) {
    for text in other.texts where !texts.contains(text) {
      if texts.count == Self.limit { hasMore = true } else { texts.append(text) }
    }
    hasMore = hasMore || other.hasMore
  }

  /// The results in one line: `[64, 32, 32] | [128, 16, 16] | ...`.
  package var text: String { texts.joined(separator: " | ") + (hasMore ? " | ..." : "") }
}

/// Learned numbers and multiply-accumulates behind a place of the text, over all its uses in one network.
package struct Figures: Hashable, Sendable {
  /// Learned numbers; those of a shared layer count where they are first used.
  package var parameters = 0
  /// Multiply-accumulates of one sample.
  package var macs = 0
  /// How often the place was applied.
  package var uses = 0

  /// No figures yet.
  package init() {}
}

/// What checking a program found out about the places of its text.
///
/// Kept elaboration by elaboration, so that those which an edit does not touch are not done again.
package struct ElaborationRecord: Sendable {
  /// The elaborations that hold for the program, in the order in which they were done.
  private(set) var units: [PlacedUnit] = []
  /// The last elaboration of every network and `check` line, those that hold no longer included: they tell how much
  /// work the next one will be.
  private(set) var known: [ElaborationUnit.Key: ElaborationUnit] = [:]
  /// Whether every elaboration has been done, and none ran into a limit.
  package internal(set) var isComplete = true

  /// A record of nothing.
  package init() {}

  /// Adds an elaboration that holds.
  mutating func add(_ unit: PlacedUnit) {
    units.append(unit)
    known[unit.unit.key] = unit.unit
  }

  /// Remembers an elaboration that holds no longer.
  mutating func remember(_ unit: ElaborationUnit) { known[unit.key] = unit }

  /// What the link, sum, product or bound name at exactly this span came to.
  package func finding(at span: SourceSpan) -> Finding? {
    var result: Finding?
    for unit in units {
      guard let place = unit.original(of: span), let found = unit.unit.findings[place] else { continue }
      guard result != nil else {
        result = found
        continue
      }
      result?.merge(found)
    }
    return result
  }

  /// What the layer applied at exactly this span costs, in the network that met it first.
  package func figures(at span: SourceSpan) -> Figures? {
    for unit in units {
      if let place = unit.original(of: span), let found = unit.unit.figures[place] { return found }
    }
    return nil
  }

  /// What a network costs as a whole, with the parameters that it was first elaborated with, and its depth.
  package func totals(of module: Int) -> (figures: Figures, depth: Int)? {
    for unit in units where unit.module == module {
      if let total = unit.unit.total { return total }
    }
    return nil
  }
}
