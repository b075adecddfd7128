/// The factor L of a symmetric positive definite matrix A = L L^T.
struct CholeskyFactor {
  private let size: Int
  /// The rows of L, one after the other, with zeros above the diagonal.
  private var lower: [Double]

  /// Factors a matrix given by its rows, of which only the lower triangle is read; nil when it is not positive definite
  /// to working precision.
  init?(_ matrix: [Double], size: Int) {
    precondition(matrix.count == size * size)
    self.size = size
    lower = [Double](repeating: 0, count: size * size)
    let isSound = lower.withUnsafeMutableBufferPointer { lower in
      for row in 0..<size {
        for column in 0...row {
          var sum = matrix[row * size + column]
          for k in 0..<column { sum -= lower[row * size + k] * lower[column * size + k] }
          if column < row {
            lower[row * size + column] = sum / lower[column * size + column]
          } else {
            guard sum > 1e-14 * abs(matrix[row * size + row]) else { return false }
            lower[row * size + row] = sum.squareRoot()
          }
        }
      }
      return true
    }
    guard isSound else { return nil }
  }

  /// The solution x of A x = b.
  func solve(_ b: [Double]) -> [Double] {
    var x = b
    for row in 0..<size {
      for k in 0..<row { x[row] -= lower[row * size + k] * x[k] }
      x[row] /= lower[row * size + row]
    }
    for row in (0..<size).reversed() {
      for k in row + 1..<max(size, row + 1) { x[row] -= lower[k * size + row] * x[k] }
      x[row] /= lower[row * size + row]
    }
    return x
  }
}
