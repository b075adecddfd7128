import IRLASGraph

/// Which of each pair of a positive and a negative block scores higher: 1 the positive, 0 the negative, 1/2 if neither.
/// Its mean is the area under the ROC curve (Mann and Whitney, 1947).
package struct WinMatrix: Sendable {
  /// How many positives there are.
  package let rows: Int
  /// How many negatives.
  package let columns: Int
  private var wins: [Double]
  /// For each negative the only positive that it is compared with; nil when it is compared with all.
  private let partners: [Int]?

  /// The wins of positives over negatives by their scores; a positive may see other scores of the negatives than the next.
  package init(positives: [Double], negatives: [[Double]], partners: [Int]? = nil) {
    self.partners = partners
    rows = positives.count
    columns = negatives.first?.count ?? 0
    wins = []
    wins.reserveCapacity(rows * columns)
    for (positive, negatives) in zip(positives, negatives) {
      for negative in negatives { wins.append(positive > negative ? 1 : positive == negative ? 0.5 : 0) }
    }
  }

  /// The mean of several matrices of one size: the average over repetitions of a control.
  package init(mean matrices: [WinMatrix]) {
    partners = matrices[0].partners
    rows = matrices[0].rows
    columns = matrices[0].columns
    wins = [Double](repeating: 0, count: rows * columns)
    for matrix in matrices {
      for index in wins.indices { wins[index] += matrix.wins[index] / Double(matrices.count) }
    }
  }

  /// The area under the curve.
  package var area: Double {
    area(rows: [Double](repeating: 1, count: rows), columns: [Double](repeating: 1, count: columns))
  }

  /// The area of a resampled set: how often each row and column was drawn.
  func area(rows rowCounts: [Double], columns columnCounts: [Double]) -> Double {
    var sum = 0.0
    var weight = 0.0
    for row in 0..<rows where rowCounts[row] > 0 {
      for column in 0..<columns {
        // A partner brings its negatives with it, as often as it was drawn.
        if let partners, partners[column] != row { continue }
        let pairs = partners == nil ? rowCounts[row] * columnCounts[column] : rowCounts[row]
        sum += pairs * wins[row * columns + column]
        weight += pairs
      }
    }
    return weight > 0 ? sum / weight : 0.5
  }
}

/// Blocks drawn again with replacement, the same for everything that is compared: a paired bootstrap (Efron and
/// Tibshirani, 1993).
package struct PairedBootstrap: Sendable {
  private let draws: [(rows: [Double], columns: [Double])]

  /// - Parameter clusters: for each negative the positive that it was made from; positives are then drawn with their
  ///   negatives. Nil when negatives are drawn by themselves.
  package init(rows: Int, columns: Int, clusters: [Int]?, count: Int = 2000, seed: UInt64) {
    var draws: [(rows: [Double], columns: [Double])] = []
    for draw in 0..<count {
      var numbers = KeyedDraws(StableHash.mix(seed, UInt64(draw)))
      var rowCounts = [Double](repeating: 0, count: rows)
      for _ in 0..<rows { rowCounts[numbers.next(below: rows)] += 1 }
      var columnCounts = [Double](repeating: 0, count: columns)
      if let clusters {
        for (column, cluster) in clusters.enumerated() { columnCounts[column] = rowCounts[cluster] }
      } else {
        for _ in 0..<columns { columnCounts[numbers.next(below: columns)] += 1 }
      }
      draws.append((rowCounts, columnCounts))
    }
    self.draws = draws
  }

  /// The interval that holds 95 of 100 resampled areas.
  package func interval(_ matrix: WinMatrix) -> ClosedRange<Double> {
    Self.interval(draws.map { matrix.area(rows: $0.rows, columns: $0.columns) })
  }

  /// The same of the difference of two areas.
  package func interval(of matrix: WinMatrix, over other: WinMatrix) -> ClosedRange<Double> {
    Self.interval(
      draws.map {
        matrix.area(rows: $0.rows, columns: $0.columns) - other.area(rows: $0.rows, columns: $0.columns)
      })
  }

  private static func interval(_ values: [Double]) -> ClosedRange<Double> {
    let sorted = values.sorted()
    return sorted[sorted.count / 40]...sorted[sorted.count - 1 - sorted.count / 40]
  }
}

/// Random numbers from a key.
struct KeyedDraws {
  private let key: UInt64
  private var index: UInt64 = 0

  init(_ key: UInt64) { self.key = key }

  /// A number from 0 up to, without, `bound`.
  mutating func next(below bound: Int) -> Int {
    index += 1
    return Int(StableHash.mix(key, index).multipliedFullWidth(by: UInt64(bound)).high)
  }
}
