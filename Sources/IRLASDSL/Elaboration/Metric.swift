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
    let counted = withoutAuxiliaryOutputs
    return switch metric {
    case .params: counted.parameterCount
    case .macs: counted.macs
    case .depth: counted.depth
    }
  }

  /// A table of the parts directly below the network that weigh most, heaviest first, with their share of the whole:
  /// what to look at when a budget is exceeded.
  func heaviest(_ metric: Metric) -> [String] {
    guard metric != .depth else { return [] }
    // For each scope the one directly below the network; parents stand before their children.
    var top: [ScopeID] = []
    for (index, scope) in scopes.enumerated() {
      guard let parent = scope.parent, parent != .root else {
        top.append(ScopeID(index))
        continue
      }
      top.append(top[parent.index])
    }
    var weights: [String: Int] = [:]
    var order: [String] = []
    for id in ids {
      let node = self[id]
      var weight = macs(of: id)
      if metric == .params {
        if case .parameter = node.op { weight = node.shape.elementCount } else { weight = 0 }
      }
      guard weight > 0 else { continue }
      let scope = top[node.scope.index]
      let name = scope == .root ? String(node.name.prefix { $0 != "." }) : self[scope].label
      if weights[name] == nil { order.append(name) }
      weights[name] = saturatingSum(weights[name] ?? 0, weight)
    }
    let sorted = order.enumerated().sorted {
      let (a, b) = (weights[$0.element] ?? 0, weights[$1.element] ?? 0)
      return a == b ? $0.offset < $1.offset : a > b
    }
    let total = order.reduce(0) { saturatingSum($0, weights[$1] ?? 0) }
    let shown = sorted.prefix(sorted.count == 6 ? 6 : 5).map(\.element)
    var rows = shown.map { (weight: weights[$0] ?? 0, name: $0) }
    let rest = sorted.dropFirst(shown.count)
    if !rest.isEmpty {
      let weight = rest.reduce(0) { saturatingSum($0, weights[$1.element] ?? 0) }
      rows.append((weight, "\(rest.count) more"))
    }
    let width = rows.map { grouped($0.weight).utf8.count }.max() ?? 0
    return rows.map { row in
      let number = grouped(row.weight)
      let percent = String(Int((Double(row.weight) / Double(max(1, total)) * 100).rounded()))
      return String(repeating: " ", count: width - number.utf8.count) + number
        + String(repeating: " ", count: 4 - percent.utf8.count) + "\(percent) %  \(row.name)"
    }
  }
}
