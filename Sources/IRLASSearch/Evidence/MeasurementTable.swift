package import IRLASGraph

/// A space of which every distinct program was trained: what strategies are compared on without training anything again.
package struct MeasurementTable: Sendable {
  /// One program and its accuracies, a pair for each training seed.
  package struct Row: Hashable, Sendable {
    /// `Graph.programHash`.
    package var program: GraphHash
    package var parameters: Int
    package var macs: Int
    /// On the images held out from training, by training seed.
    package var validation: [Double]
    /// On the test images, by training seed.
    package var test: [Double]

    package init(program: GraphHash, parameters: Int, macs: Int, validation: [Double], test: [Double]) {
      self.program = program
      self.parameters = parameters
      self.macs = macs
      self.validation = validation
      self.test = test
    }
  }

  /// Why rows make no table.
  package enum Issue: Error, Hashable, Sendable, CustomStringConvertible {
    case empty
    case duplicate(GraphHash)
    /// A row has another number of training seeds than the first one, or not the same number of both accuracies.
    case uneven(GraphHash)

    package var description: String {
      switch self {
      case .empty: "the table has no program"
      case .duplicate(let hash): "the program \(hash) stands in the table twice"
      case .uneven(let hash): "the program \(hash) has another number of training seeds than the first one"
      }
    }
  }

  /// In the order of the space.
  package let rows: [Row]
  private let places: [GraphHash: Int]

  /// A table of at least one program, each with as many training seeds as the others.
  package init(_ rows: [Row]) throws(Issue) {
    guard let first = rows.first, !first.validation.isEmpty else { throw .empty }
    var places: [GraphHash: Int] = [:]
    for (place, row) in rows.enumerated() {
      guard places.updateValue(place, forKey: row.program) == nil else { throw .duplicate(row.program) }
      guard row.validation.count == first.validation.count, row.test.count == first.validation.count else {
        throw .uneven(row.program)
      }
    }
    self.rows = rows
    self.places = places
  }

  /// How often each program was trained.
  package var seedCount: Int { rows[0].validation.count }

  /// The place of a program in `rows`.
  package func place(of program: GraphHash) -> Int? { places[program] }
}

extension MeasurementTable {
  /// How much of what is measured is the network, and how much the luck of a seed.
  package struct Signal: Hashable, Sendable {
    /// The standard deviation of the programs' mean validation accuracies.
    package let betweenPrograms: Double
    /// The standard deviation between the seeds of one program, pooled over programs.
    package let betweenSeeds: Double
    /// Spearman's rank correlation of the validation accuracies of two seeds, the mean over pairs of seeds.
    package let rankCorrelation: Double
    /// The mean test accuracy of the program that is best by the mean of all seeds, on the validation images.
    package let best: Double
    /// What is expected of whoever tries every program once and takes the best by what one seed says: no strategy
    /// that sees one seed can be expected to do better.
    package let ceiling: Double
    /// The mean test accuracy of all programs: a program drawn at random.
    package let average: Double
  }

  /// The signal of a table. Nil with fewer than two programs or seeds.
  package var signal: Signal? {
    guard rows.count > 1, seedCount > 1 else { return nil }
    let means = rows.map(\.validation.mean)
    let grand = means.mean
    let between = (means.map { ($0 - grand) * ($0 - grand) }.sum / Double(rows.count - 1)).squareRoot()
    var within = 0.0
    for (row, mean) in zip(rows, means) {
      within += row.validation.map { ($0 - mean) * ($0 - mean) }.sum / Double(seedCount - 1)
    }
    var correlations: [Double] = []
    for first in 0..<seedCount {
      for second in (first + 1)..<max(seedCount, first + 1) {
        correlations.append(
          rankCorrelation(rows.map { $0.validation[first] }, rows.map { $0.validation[second] }))
      }
    }
    let picks = (0..<seedCount).map { seed in rows[best(by: { $0.validation[seed] })].test.mean }
    return Signal(
      betweenPrograms: between, betweenSeeds: (within / Double(rows.count)).squareRoot(),
      rankCorrelation: correlations.mean, best: rows[best(by: \.validation.mean)].test.mean,
      ceiling: picks.mean, average: rows.map(\.test.mean).mean)
  }

  /// The first of the rows with the largest value.
  private func best(by value: (Row) -> Double) -> Int {
    var best = 0
    for place in rows.indices where value(rows[place]) > value(rows[best]) { best = place }
    return best
  }
}

/// Spearman's rank correlation, equal values having their mean rank; 0 where one side is constant.
package func rankCorrelation(_ a: [Double], _ b: [Double]) -> Double {
  func ranks(_ values: [Double]) -> [Double] {
    let order = values.indices.sorted { values[$0] == values[$1] ? $0 < $1 : values[$0] < values[$1] }
    var ranks = [Double](repeating: 0, count: values.count)
    var start = 0
    while start < order.count {
      var end = start + 1
      while end < order.count, values[order[end]] == values[order[start]] { end += 1 }
      for place in start..<end { ranks[order[place]] = Double(start + end - 1) / 2 }
      start = end
    }
    return ranks
  }
  let (x, y) = (ranks(a), ranks(b))
  let (meanX, meanY) = (x.mean, y.mean)
  var (product, squareX, squareY) = (0.0, 0.0, 0.0)
  for (left, right) in zip(x, y) {
    product += (left - meanX) * (right - meanY)
    squareX += (left - meanX) * (left - meanX)
    squareY += (right - meanY) * (right - meanY)
  }
  return squareX > 0 && squareY > 0 ? product / (squareX * squareY).squareRoot() : 0
}

extension [Double] {
  /// The sum, from the first to the last.
  fileprivate var sum: Double {
    var sum = 0.0
    for value in self { sum += value }
    return sum
  }
}
