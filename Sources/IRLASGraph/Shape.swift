/// The shape of one value of the graph.
///
/// A *batched* shape describes one sample of a batch: an image is `[channels, height, width]`, a per-sample
/// scalar (a class label) is `[]`. An unbatched shape describes a tensor that exists once: a convolution's
/// weight `{out, in / groups, kernelHeight, kernelWidth}`, a per-channel vector `{channels}`, a scalar `{}`.
/// The batch size itself is an option of the compiler and never part of a graph.
package struct Shape: Hashable, Sendable {
  /// The largest number of dimensions a shape can have.
  package static let maximumRank = 4
  /// The largest size of one dimension, and of a whole tensor, that shape inference lets pass. Within these
  /// limits no product of two tensor sizes is trusted: costs saturate instead of trapping.
  package static let maximumDimension = 1 << 24
  package static let maximumElementCount = 1 << 40

  private var d0 = 0
  private var d1 = 0
  private var d2 = 0
  private var d3 = 0
  /// The number of dimensions, 0 to 4, without the batch.
  package let rank: Int
  /// Whether the value exists once per sample of the batch.
  package let isBatched: Bool

  /// Creates a shape of at most four dimensions.
  package init(_ dimensions: [Int], isBatched: Bool) {
    precondition(dimensions.count <= Self.maximumRank, "a shape has at most four dimensions")
    rank = dimensions.count
    self.isBatched = isBatched
    for (axis, size) in dimensions.enumerated() { self[axis] = size }
  }

  /// The shape of one image or feature map, `[channels, height, width]`.
  package static func image(_ channels: Int, _ height: Int, _ width: Int) -> Shape {
    Shape([channels, height, width], isBatched: true)
  }

  /// The shape of a tensor that exists once for all samples.
  package static func unbatched(_ dimensions: Int...) -> Shape { Shape(dimensions, isBatched: false) }

  /// A per-sample scalar, such as a class label.
  package static let sampleScalar = Shape([], isBatched: true)
  /// A scalar that exists once, such as the mean loss of a batch.
  package static let scalar = Shape([], isBatched: false)

  /// The size along `axis`.
  package subscript(axis: Int) -> Int {
    get {
      precondition(axis >= 0 && axis < rank, "axis \(axis) of a shape of rank \(rank)")
      switch axis {
      case 0: return d0
      case 1: return d1
      case 2: return d2
      default: return d3
      }
    }
    set {
      precondition(axis >= 0 && axis < rank, "axis \(axis) of a shape of rank \(rank)")
      switch axis {
      case 0: d0 = newValue
      case 1: d1 = newValue
      case 2: d2 = newValue
      default: d3 = newValue
      }
    }
  }

  /// The sizes as an array.
  package var dimensions: [Int] { (0..<rank).map { self[$0] } }

  /// Whether this is a `[channels, height, width]` feature map.
  package var isImage: Bool { isBatched && rank == 3 }
  package var channels: Int { self[0] }
  package var height: Int { self[1] }
  package var width: Int { self[2] }

  /// The number of elements of one sample (batched) or of the tensor (unbatched). Saturates at `Int.max`.
  package var elementCount: Int {
    var count = 1
    for axis in 0..<rank { count = saturatingProduct(count, self[axis]) }
    return count
  }
}

extension Shape: CustomStringConvertible {
  /// `[64, 32, 32]` when batched, `{64, 3, 3, 3}` when not.
  package var description: String {
    let inner = dimensions.map(String.init).joined(separator: ", ")
    return isBatched ? "[\(inner)]" : "{\(inner)}"
  }
}

/// The product of two non-negative integers, or `Int.max` when it does not fit.
package func saturatingProduct(_ a: Int, _ b: Int) -> Int {
  let (product, overflow) = a.multipliedReportingOverflow(by: b)
  return overflow ? Int.max : product
}

/// The sum of two non-negative integers, or `Int.max` when it does not fit.
package func saturatingSum(_ a: Int, _ b: Int) -> Int {
  let (sum, overflow) = a.addingReportingOverflow(b)
  return overflow ? Int.max : sum
}
