import IRLASGraph
import IRLASSearch

/// All blocks of the network structure code with at most `layers` layers, as rows of simple features: a space small
/// enough for exact answers.
struct SmallBlocks {
  static let names = [
    "layers", "conv1", "conv3", "conv5", "max1", "max3", "avg1", "avg3", "identity", "add", "concat",
    "reads input",
    "reads last", "leaves", "depth",
  ]

  /// The blocks, with repeats where features agree.
  let codes: [NetworkStructureCode]
  /// A row for each block.
  let features: FeatureMatrix
  /// The rows without repeats.
  let distinct: FeatureMatrix

  init(layers: Int) {
    var codes: [NetworkStructureCode] = []
    var level: [[NetworkStructureCode.Row]] = [[]]
    for _ in 0..<layers {
      level = level.flatMap { rows in Self.rows(at: rows.count + 1).map { rows + [$0] } }
      codes += level.compactMap { try? NetworkStructureCode($0) }
    }
    self.codes = codes
    features = FeatureMatrix(
      codes.map { Self.features($0, layers: Double(layers)) }, width: Self.names.count)
    distinct = features.distinct().rows
  }

  private static func rows(at index: Int) -> [NetworkStructureCode.Row] {
    var rows: [NetworkStructureCode.Row] = []
    for kind in NetworkStructureCode.Kind.allCases where kind != .terminal {
      for kernel in kind.kernels {
        for first in 0..<index {
          if kind.arity == 1 {
            rows.append(.init(kind, kernel: kernel, first))
          } else {
            for second in 0..<first { rows.append(.init(kind, kernel: kernel, first, second)) }
          }
        }
      }
    }
    return rows
  }

  /// Each in [0, 1].
  static func features(_ code: NetworkStructureCode, layers: Double) -> [Double] {
    var values = [Double](repeating: 0, count: names.count)
    var depths = [0.0]
    values[0] = Double(code.rows.count) / layers
    for (position, row) in code.rows.enumerated() {
      let slot =
        switch row.kind {
        case .convolution: 1 + row.kernel / 2
        case .maxPool: 4 + row.kernel / 2
        case .averagePool: 6 + row.kernel / 2
        case .identity: 8
        case .add: 9
        case .concat, .terminal: 10
        }
      values[slot] += 1 / layers
      if row.predecessors.contains(0) { values[11] += 1 / layers }
      if row.predecessors.contains(position) { values[12] += 1 / layers }
      depths.append(1 + (row.predecessors.map { depths[$0] }.max() ?? 0))
    }
    values[13] = Double(code.leaves.count) / layers
    values[14] = (depths.max() ?? 0) / layers
    return values
  }
}

/// Keyed random numbers.
struct Draws {
  private var hash: StableHash
  init(_ seed: UInt64) { hash = StableHash(seed: seed) }

  /// In [0, 1).
  mutating func uniform() -> Double {
    hash.combine(1 as UInt64)
    return Double(hash.value >> 11) * 0x1p-53
  }

  /// About normal: the sum of twelve uniform numbers.
  mutating func normal() -> Double { (0..<12).reduce(-6.0) { sum, _ in sum + uniform() } }

  mutating func normals(_ count: Int) -> [Double] { (0..<count).map { _ in normal() } }
}

func product(_ a: [Double], _ b: [Double]) -> Double { zip(a, b).reduce(0) { $0 + $1.0 * $1.1 } }

func length(_ a: [Double]) -> Double { product(a, a).squareRoot() }

func angleCosine(_ a: [Double], _ b: [Double]) -> Double { product(a, b) / (length(a) * length(b)) }

/// An orthonormal basis of the differences between rows: the directions of a reward that choices can tell.
func identifiableBasis(_ matrix: FeatureMatrix) -> [[Double]] {
  var basis: [[Double]] = []
  for row in 1..<matrix.count {
    var rest = zip(matrix[row], matrix[0]).map { $0 - $1 }
    // Twice, against rounding (Kahan: "twice is enough").
    for _ in 0..<2 {
      for direction in basis {
        let part = product(rest, direction)
        rest = zip(rest, direction).map { $0 - part * $1 }
      }
    }
    let size = length(rest)
    if size > 1e-6 { basis.append(rest.map { $0 / size }) }
    if basis.count == matrix.width { break }
  }
  return basis
}

/// The part of a vector in the span of a basis.
func projected(_ vector: [Double], on basis: [[Double]]) -> [Double] {
  basis.reduce([Double](repeating: 0, count: vector.count)) { sum, direction in
    let part = product(vector, direction)
    return zip(sum, direction).map { $0 + part * $1 }
  }
}
