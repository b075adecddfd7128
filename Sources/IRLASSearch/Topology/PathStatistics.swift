/// The paths from source to sink, each as likely as any other: how many there are and how many operations they pass.
struct PathStatistics {
  /// log2 of their number.
  let bits: Double
  /// The shares of those with 0, 1, 2, 3 and more operations.
  let lengths: [Double]
  let mean: Double
  let variance: Double
  /// The number of operations on the longest.
  let longest: Int

  /// What is known of the paths to one node. Their number is `count * 2^exponent`.
  private struct Paths {
    var count = 1.0
    var exponent = 0
    var lengths = (1.0, 0.0, 0.0, 0.0, 0.0)
    var mean = 0.0
    var square = 0.0
    var longest = 0
  }

  init(_ view: TopologyView) {
    var paths: [Paths] = []
    paths.reserveCapacity(view.nodes.count)
    for node in view.nodes { paths.append(Self.paths(to: node, paths)) }
    let last = paths[paths.count - 1]
    bits = stableLog(last.count) * log2e + Double(last.exponent)
    lengths = [last.lengths.0, last.lengths.1, last.lengths.2, last.lengths.3, last.lengths.4]
    mean = last.mean
    variance = max(0, last.square - last.mean * last.mean)
    longest = last.longest
  }

  private static func paths(to node: TopologyView.Node, _ paths: [Paths]) -> Paths {
    guard let first = node.predecessors.first else { return Paths() }
    var result = paths[first]
    if node.predecessors.count > 1 {
      var exponent = result.exponent
      for operand in node.predecessors { exponent = max(exponent, paths[operand].exponent) }
      result = Paths(count: 0, exponent: exponent, lengths: (0, 0, 0, 0, 0))
      for operand in node.predecessors {
        let part = paths[operand]
        let weight =
          part.count * Double(sign: .plus, exponent: max(-1000, part.exponent - exponent), significand: 1)
        result.count += weight
        result.lengths.0 += weight * part.lengths.0
        result.lengths.1 += weight * part.lengths.1
        result.lengths.2 += weight * part.lengths.2
        result.lengths.3 += weight * part.lengths.3
        result.lengths.4 += weight * part.lengths.4
        result.mean += weight * part.mean
        result.square += weight * part.square
        result.longest = max(result.longest, part.longest)
      }
      let scale = 1 / result.count
      result.lengths.0 *= scale
      result.lengths.1 *= scale
      result.lengths.2 *= scale
      result.lengths.3 *= scale
      result.lengths.4 *= scale
      result.mean *= scale
      result.square *= scale
      if result.count > 0x1p200 {
        result.count *= 0x1p-200
        result.exponent += 200
      }
    }
    if node.kind.isOperation {
      result.lengths = (
        0, result.lengths.0, result.lengths.1, result.lengths.2, result.lengths.3 + result.lengths.4
      )
      result.square += 2 * result.mean + 1
      result.mean += 1
      result.longest += 1
    }
    return result
  }
}
