import Glibc

/// How long kernels will take: what was measured where it was, and elsewhere what kernels of the same family let expect.
///
/// For a family, `seconds = a + b macs + c floats` with a, b, c >= 0, fitted by least squares of relative errors; what
/// measured kernels of similar size are off from that corrects it, weighted by their distance in the logarithms of both
/// (inverse distance weighting; Shepard, 1968).
package struct LatencyModel: Sendable {
  private struct Family {
    var coefficients: [Double]
    /// Logarithms of macs, floats, and measured over fitted time.
    var residuals: [(macs: Double, floats: Double, ratio: Double)]
  }

  private let timings: KernelTimings
  private let threads: Int
  private var families: [String: Family] = [:]
  private var overall: Family?

  /// Fits the measurements on so many threads. Nil where there are none.
  package init?(_ timings: KernelTimings, threads: Int) {
    let entries = timings.entries.filter { $0.threads == threads }
    guard !entries.isEmpty else { return nil }
    self.timings = timings
    self.threads = threads
    var start = 0
    while start < entries.count {
      var end = start + 1
      while end < entries.count, entries[end].load.family == entries[start].load.family { end += 1 }
      families[entries[start].load.family] = Self.fit(Array(entries[start..<end]))
      start = end
    }
    overall = Self.fit(entries)
  }

  /// The expected time of a call, and whether just that was measured.
  package func seconds(of load: KernelLoad) -> (seconds: Double, isMeasured: Bool) {
    if let seconds = timings.seconds(of: load, threads: threads) { return (seconds, true) }
    guard let family = families[load.family] ?? overall else { return (0, false) }
    let fitted = Self.value(family.coefficients, load)
    var (sum, weights) = (0.0, 0.5)
    let (macs, floats) = Self.logarithms(load)
    for residual in family.residuals {
      let distance =
        (residual.macs - macs) * (residual.macs - macs)
        + (residual.floats - floats) * (residual.floats - floats)
      let weight = 1 / (distance + 0.05)
      sum += weight * residual.ratio
      weights += weight
    }
    return (fitted * exp(sum / weights), false)
  }

  /// The expected time of one pass of a plan, and the share of its calls that were measured.
  package func seconds(of plan: ExecutionPlan) -> (seconds: Double, measured: Int, calls: Int) {
    var (seconds, measured) = (0.0, 0)
    let loads = plan.loads
    for load in loads {
      let call = self.seconds(of: load)
      seconds += call.seconds
      measured += call.isMeasured ? 1 : 0
    }
    return (seconds, measured, loads.count)
  }

  // MARK: Fitting

  private static func terms(_ load: KernelLoad) -> [Double] { [1, load.macs, load.floats] }

  private static func value(_ coefficients: [Double], _ load: KernelLoad) -> Double {
    zip(coefficients, terms(load)).reduce(0) { $0 + $1.0 * $1.1 }
  }

  private static func logarithms(_ load: KernelLoad) -> (macs: Double, floats: Double) {
    (log(load.macs + 1), log(load.floats + 1))
  }

  private static func fit(_ entries: [KernelTimings.Entry]) -> Family {
    // Of the fits on every choice of terms, the best without a negative coefficient.
    var best: (error: Double, coefficients: [Double])?
    for choice in 1..<8 {
      let chosen = (0..<3).filter { choice >> $0 & 1 == 1 }
      guard chosen.count <= entries.count, let solution = leastSquares(entries, chosen),
        solution.allSatisfy({ $0 >= 0 })
      else { continue }
      var coefficients = [0.0, 0, 0]
      for (place, term) in chosen.enumerated() { coefficients[term] = solution[place] }
      let error = entries.reduce(0.0) {
        let off = value(coefficients, $1.load) / $1.seconds - 1
        return $0 + off * off
      }
      if best.map({ error < $0.error }) ?? true { best = (error, coefficients) }
    }
    // One term alone always has a solution: times are positive.
    let coefficients = best?.coefficients ?? [entries[0].seconds, 0, 0]
    return Family(
      coefficients: coefficients,
      residuals: entries.map {
        let (macs, floats) = logarithms($0.load)
        return (macs, floats, log($0.seconds / max(value(coefficients, $0.load), 1e-12)))
      })
  }

  /// Solves the normal equations of `sum_t x_t term_t / seconds = 1` by elimination; nil where they are singular.
  private static func leastSquares(_ entries: [KernelTimings.Entry], _ chosen: [Int]) -> [Double]? {
    let size = chosen.count
    // Terms differ by many orders of magnitude: each is scaled to its mean.
    let rows = entries.map { entry in chosen.map { terms(entry.load)[$0] / entry.seconds } }
    let scales = chosen.indices.map { column in
      rows.reduce(0.0) { $0 + $1[column] } / Double(rows.count)
    }
    guard scales.allSatisfy({ $0 > 0 }) else { return nil }
    var matrix = [[Double]](repeating: [Double](repeating: 0, count: size + 1), count: size)
    for row in rows {
      for i in 0..<size {
        for j in 0..<size { matrix[i][j] += row[i] / scales[i] * row[j] / scales[j] }
        matrix[i][size] += row[i] / scales[i]
      }
    }
    for pivot in 0..<size {
      guard let best = (pivot..<size).max(by: { abs(matrix[$0][pivot]) < abs(matrix[$1][pivot]) }),
        abs(matrix[best][pivot]) > 1e-9 * Double(rows.count)
      else { return nil }
      matrix.swapAt(pivot, best)
      for row in 0..<size where row != pivot {
        let factor = matrix[row][pivot] / matrix[pivot][pivot]
        for column in pivot...size { matrix[row][column] -= factor * matrix[pivot][column] }
      }
    }
    return (0..<size).map { matrix[$0][size] / matrix[$0][$0] / scales[$0] }
  }
}
