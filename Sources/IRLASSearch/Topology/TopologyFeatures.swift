/// A block's topology in numbers: the state feature code that the mirror stimuli function is linear in.
///
/// Everything is a function of the block's `TopologyView` alone, so nothing depends on names, on the order of statements,
/// on widths or on strides. `docs/method.md` lists the features with their definitions.
package struct TopologyFeatures: Hashable, Sendable {
  /// What a feature may be used for.
  package enum Group: String, Hashable, Sendable, CaseIterable {
    /// Means over the steps in which the block is made, in canonical order.
    case step
    /// What the whole block looks like, without size and cost.
    case topology
    /// Size, and what running time follows: for a model of latency, not for likeness.
    case cost
  }

  /// One row of the table.
  package struct Feature: Hashable, Sendable {
    /// Stable; model files name features by it.
    package let name: String
    package let group: Group
    /// The quantity that becomes 1; larger ones do too.
    package let cap: Double
    /// What it is, in one line.
    package let documentation: String
  }

  /// Grows whenever a feature changes its meaning, its cap or its place.
  package static let version = 1

  /// All features, in the order of `values`: step, topology, cost.
  package static let table: [Feature] = stepTable + topologyTable + costTable

  /// The rows of one group.
  package static func range(of group: Group) -> Range<Int> {
    switch group {
    case .step: 0..<stepTable.count
    case .topology: stepTable.count..<stepTable.count + topologyTable.count
    case .cost: stepTable.count + topologyTable.count..<table.count
    }
  }

  /// The place of a feature in the table.
  package static func index(of name: String) -> Int? { table.firstIndex { $0.name == name } }

  /// One for each row of the table: the quantity divided by its cap, at most 1.
  package let values: [Double]

  /// The features of a block.
  package init(_ view: TopologyView) {
    let structure = BlockStructure(view)
    var values = StepFeatures.means(view, structure)
    values.reserveCapacity(Self.table.count)
    var place = values.count
    func append(_ quantities: [Double]) {
      for quantity in quantities {
        values.append(min(1, quantity / Self.caps[place]))
        place += 1
      }
    }
    append(structure.topologyQuantities(view))
    append(structure.costQuantities(view))
    self.values = values
  }

  private static let caps = table.map(\.cap)
}

extension TopologyFeatures {
  /// The table of the manual.
  package static var manualTable: String {
    let rows = table.map { feature in
      let cap = feature.cap == 1 ? "" : " \(Int(feature.cap))"
      return "| `\(feature.name)` | \(feature.group.rawValue) |\(cap) | \(feature.documentation) |"
    }
    return (["| feature | group | cap | definition |", "|---|---|---|---|"] + rows).joined(separator: "\n")
  }
}
