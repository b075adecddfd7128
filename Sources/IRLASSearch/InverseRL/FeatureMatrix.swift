/// Blocks as rows of feature values.
package struct FeatureMatrix: Hashable, Sendable {
  /// How many features a row has.
  package let width: Int
  /// The rows, one after the other.
  package private(set) var values: [Double] = []
  /// How many rows there are.
  package private(set) var count = 0

  /// A matrix without rows.
  package init(width: Int) { self.width = width }

  /// A matrix of rows that all have `width` values.
  package init(_ rows: [[Double]], width: Int) {
    self.width = width
    values.reserveCapacity(rows.count * width)
    for row in rows { append(row) }
  }

  /// Adds a row of `width` values.
  package mutating func append(_ row: some Collection<Double>) {
    precondition(row.count == width, "a row has one value for each feature")
    values += row
    count += 1
  }

  /// Row `index`, from 0.
  package subscript(_ index: Int) -> [Double] { Array(values[index * width..<(index + 1) * width]) }

  /// The scalar product of each row with a vector.
  package func products(with vector: [Double]) -> [Double] {
    precondition(vector.count == width)
    return values.withUnsafeBufferPointer { values in
      vector.withUnsafeBufferPointer { vector in
        (0..<count).map { row in
          var sum = 0.0
          let start = row * width
          for column in 0..<width { sum += values[start + column] * vector[column] }
          return sum
        }
      }
    }
  }

  /// The sum of the rows, each times its coefficient.
  package func combination(_ coefficients: [Double]) -> [Double] {
    precondition(coefficients.count == count)
    var sum = [Double](repeating: 0, count: width)
    for (row, coefficient) in coefficients.enumerated() where coefficient != 0 {
      for column in 0..<width { sum[column] += coefficient * values[row * width + column] }
    }
    return sum
  }

  /// The rows without repeats, in the order in which they first come, and how often each comes.
  package func distinct() -> (rows: FeatureMatrix, counts: [Int]) {
    var places: [[Double]: Int] = [:]
    var rows = FeatureMatrix(width: width)
    var counts: [Int] = []
    for index in 0..<count {
      let row = self[index]
      if let place = places[row] {
        counts[place] += 1
      } else {
        places[row] = counts.count
        rows.append(row)
        counts.append(1)
      }
    }
    return (rows, counts)
  }
}

/// How features are brought to a common scale: z = (phi - mean) / deviation, with the statistics of a frozen pool of
/// random blocks.
package struct Standardization: Hashable, Sendable {
  /// The smallest deviation that is divided by. Features are scaled to about [0, 1]; one that hardly varies in the
  /// pool, or not at all, would otherwise outweigh all others together.
  package static let smallestDeviation = 0.1

  /// The pool's mean of each feature.
  package let mean: [Double]
  /// The pool's standard deviation of each feature, at least `smallestDeviation`.
  package let deviation: [Double]

  /// With statistics that are known.
  package init(mean: [Double], deviation: [Double]) {
    precondition(mean.count == deviation.count)
    self.mean = mean
    self.deviation = deviation
  }

  /// The statistics of a pool of at least one row.
  package init(pool: FeatureMatrix) {
    precondition(pool.count > 0)
    let share = [Double](repeating: 1 / Double(pool.count), count: pool.count)
    let mean = pool.combination(share)
    var variance = [Double](repeating: 0, count: pool.width)
    for row in 0..<pool.count {
      for column in 0..<pool.width {
        let difference = pool.values[row * pool.width + column] - mean[column]
        variance[column] += difference * difference
      }
    }
    self.mean = mean
    deviation = variance.map { max(Self.smallestDeviation, ($0 / Double(pool.count)).squareRoot()) }
  }

  /// The standardised values of a row of features.
  package func callAsFunction(_ row: [Double]) -> [Double] {
    precondition(row.count == mean.count)
    return row.indices.map { (row[$0] - mean[$0]) / deviation[$0] }
  }

  /// The standardised values of all rows.
  package func callAsFunction(_ matrix: FeatureMatrix) -> FeatureMatrix {
    var result = FeatureMatrix(width: matrix.width)
    for row in 0..<matrix.count { result.append(self(matrix[row])) }
    return result
  }
}

/// The scalar product.
func dot(_ a: [Double], _ b: [Double]) -> Double {
  var sum = 0.0
  for (x, y) in zip(a, b) { sum += x * y }
  return sum
}

/// The Euclidean length.
func norm(_ a: [Double]) -> Double { dot(a, a).squareRoot() }

/// The cosine of the angle between two vectors; 0 when one of them is 0.
func cosine(_ a: [Double], _ b: [Double]) -> Double {
  let lengths = norm(a) * norm(b)
  return lengths > 0 ? dot(a, b) / lengths : 0
}

/// a + factor * b
func sum(_ a: [Double], _ factor: Double, _ b: [Double]) -> [Double] { zip(a, b).map { $0 + factor * $1 } }
