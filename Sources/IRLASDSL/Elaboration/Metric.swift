package import IRLASGraph

/// A figure of a whole network that `require` and `check` may name.
package enum Metric: String, CaseIterable, Hashable, Sendable {
  /// Learned numbers.
  case params
  /// Multiply-accumulates of one sample.
  case macs
  /// Weighted layers on the longest path.
  case depth

  /// Metrics of the design that only a measurement on a machine gives.
  static let measured: Set<String> = ["memory", "latency"]
}

extension Graph {
  /// A figure of the network. What only auxiliary outputs read does not count.
  package func value(of metric: Metric) -> Int {
    guard outputs.contains(where: \.isAuxiliary) else {
      switch metric {
      case .params: return parameterCount
      case .macs: return macs
      case .depth: return depth
      }
    }
    var isLive = [Bool](repeating: false, count: nodes.count)
    for output in outputs where !output.isAuxiliary { isLive[output.value.index] = true }
    for index in nodes.indices.reversed() where isLive[index] {
      for input in nodes[index].inputs { isLive[input.index] = true }
    }
    var total = 0
    var depths = [Int](repeating: 0, count: nodes.count)
    for id in ids where isLive[id.index] {
      let node = self[id]
      switch metric {
      case .params:
        if case .parameter = node.op { total = saturatingSum(total, node.shape.elementCount) }
      case .macs: total = saturatingSum(total, macs(of: id))
      case .depth:
        let below = node.inputs.map { depths[$0.index] }.max() ?? 0
        depths[id.index] = below + (node.op.isWeightedLayer ? 1 : 0)
        total = max(total, depths[id.index])
      }
    }
    return total
  }
}
