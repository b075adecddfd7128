import IRLASGraph

// Features of the whole block. The order of the quantities is that of the table above them.

extension TopologyFeatures {
  static let topologyTable: [Feature] = {
    var table: [Feature] = []
    func row(_ name: String, cap: Double = 1, _ documentation: String) {
      table.append(Feature(name: name, group: .topology, cap: cap, documentation: documentation))
    }
    row("edges", cap: 4, "edges per node: m / (n + 1)")
    row("cycles", "independent cycles per edge: (m - n - 1) / m")
    row("slenderness", "D / (D + W): depth D in operations, width W the largest antichain of operations")
    row("depth_share", "D divided by the number of operations")
    row("width_share", "W divided by the number of operations")
    for degree in ["1", "2", "3", "4+"] { row("in.\(degree)", "the share of nodes with so many operands") }
    for degree in ["1", "2", "3", "4+"] { row("out.\(degree)", "the share of nodes with so many readers") }
    for length in ["0", "1", "2", "3", "4+"] {
      row("paths.\(length)", "the share of paths from source to sink through so many operations")
    }
    row("paths.spread", "s / (1 + mean): mean and standard deviation s of the operations on a path")
    for span in ["2", "3", "4+"] { row("skips.\(span)", "the share of edges that span so many levels") }
    row("sums", "the share of nodes that are sums")
    row("sums.operands", cap: 8, "the mean number of operands of a sum")
    row("sums.residual", "the share of sums of which one operand is computed from another")
    row("concats", "the share of nodes that are concatenations")
    row("concats.operands", cap: 8, "the mean number of operands of a concatenation")
    row("concats.dense", "the share of concatenations of which one operand is computed from another")
    row("gates", "the share of nodes that multiply")
    row(
      "cardinality", cap: 5, "log2 of the largest number of alike parallel branches; g groups are g of them")
    row(
      "homogeneity",
      "the share of parallel branches that are like a sibling; g groups are g alike, at most 32")
    row("symmetry", "log2 |Aut| / n")
    row(
      "crossing",
      "the share of edges that are left when all series and parallels are joined; 0 if one is left")
    for kind in BlockStructure.OperationClass.allCases {
      row("operations.\(kind.name)", "the share of operations that are of this kind")
    }
    row("operations.entropy", "the entropy of these shares, divided by that of equal ones")
    return table
  }()

  static let costTable: [Feature] = {
    var table: [Feature] = []
    func row(_ name: String, cap: Double, _ documentation: String) {
      table.append(Feature(name: name, group: .cost, cap: cap, documentation: documentation))
    }
    row("nodes", cap: 32, "n, the number of nodes without source and sink")
    row("all_edges", cap: 64, "m, the number of edges")
    row("all_cycles", cap: 32, "m - n - 1, the number of independent cycles")
    row("depth", cap: 16, "D, the operations on the longest path")
    row("width", cap: 16, "W, the largest number of operations of which none is computed from another")
    row("all_paths", cap: 10, "log2 (1 + the number of paths from source to sink)")
    row("kernels", cap: 32, "nodes less the sums that the convolution before them can add")
    row("critical_path", cap: 24, "the nodes on the longest path")
    row("parallelism", cap: 8, "kernels divided by the critical path")
    row("live_values", cap: 16, "the largest number of values that are needed at a time, in canonical order")
    row("moved_values", cap: 96, "values read and values written: m + n")
    row("inputs", cap: 4, "how many different values the block reads")
    return table
  }()
}

extension BlockStructure {
  /// Operations as their mix counts them.
  enum OperationClass: Int, CaseIterable {
    case pointwise, spatial, depthwise, separable, maxPool, averagePool, other

    init(_ node: TopologyView.Node) {
      switch node.kind {
      case .convolution: self = node.kernel == .one ? .pointwise : .spatial
      case .depthwise: self = .depthwise
      case .separable: self = .separable
      case .maxPool: self = .maxPool
      case .averagePool: self = .averagePool
      default: self = .other
      }
    }

    var name: String {
      switch self {
      case .maxPool: "max_pool"
      case .averagePool: "avg_pool"
      default: "\(self)"
      }
    }
  }

  /// What `topologyTable` lists, before scaling.
  func topologyQuantities(_ view: TopologyView) -> [Double] {
    let n = Double(view.size)
    let m = Double(view.edgeCount)
    guard view.size > 0 else { return [Double](repeating: 0, count: TopologyFeatures.topologyTable.count) }
    let interior = 1..<view.nodes.count - 1
    var quantities: [Double] = []
    quantities.reserveCapacity(TopologyFeatures.topologyTable.count)

    let paths = PathStatistics(view)
    let width = Double(self.width(of: view))
    let depth = Double(paths.longest)
    quantities += [m / (n + 1), (m - n - 1) / m, ratio(depth, depth + width)]

    var inDegrees = [0.0, 0, 0, 0]
    var outDegrees = inDegrees
    var spans = [0.0, 0, 0]
    var mix = [Double](repeating: 0, count: OperationClass.allCases.count)
    var sums = (count: 0.0, operands: 0.0, residual: 0.0)
    var concats = sums
    var gates = 0.0
    var bits = 0.0
    var grouped = 0.0
    for index in 1..<view.nodes.count {
      let node = view.nodes[index]
      for operand in node.predecessors where levels[index] - levels[operand] > 1 {
        spans[min(2, levels[index] - levels[operand] - 2)] += 1
      }
      guard interior.contains(index) else { continue }
      inDegrees[min(3, max(0, node.predecessors.count - 1))] += 1
      outDegrees[min(3, max(0, readers[index] - 1))] += 1
      switch node.kind {
      case .add:
        sums.count += 1
        sums.operands += Double(node.predecessors.count)
        if isResidual(index, in: view) { sums.residual += 1 }
      case .concat:
        concats.count += 1
        concats.operands += Double(node.predecessors.count)
        if isDense(index, in: view) { concats.residual += 1 }
      case .multiply: gates += 1
      default: mix[OperationClass(node).rawValue] += 1
      }
      if node.kind == .depthwise || node.groups > 1 {
        bits = max(bits, Self.cardinalityBits(of: node))
        grouped += node.kind == .depthwise ? 32 : Double(min(32, node.groups))
      }
    }
    let operations = mix.reduce(0, +)
    quantities += [ratio(depth, operations), ratio(width, operations)]
    quantities += inDegrees.map { $0 / n }
    quantities += outDegrees.map { $0 / n }
    quantities += paths.lengths
    quantities.append(paths.variance.squareRoot() / (1 + paths.mean))
    quantities += spans.map { $0 / m }
    quantities += [sums.count / n, ratio(sums.operands, sums.count), ratio(sums.residual, sums.count)]
    quantities += [
      concats.count / n, ratio(concats.operands, concats.count), ratio(concats.residual, concats.count),
    ]
    quantities.append(gates / n)

    let tree = SeriesParallelReduction(view)
    if tree.multiplicity > 1 { bits = max(bits, stableLog(Double(tree.multiplicity)) * log2e) }
    quantities.append(bits)
    quantities.append(ratio(Double(tree.alike) + grouped, Double(tree.siblings) + grouped))
    quantities.append(view.automorphisms / n)
    quantities.append(tree.remaining > 1 ? Double(tree.remaining) / m : 0)

    quantities += mix.map { ratio($0, operations) }
    var entropy = 0.0
    for share in mix where share > 0 { entropy -= share / operations * stableLog(share / operations) }
    quantities.append(entropy / stableLog(Double(mix.count)))
    return quantities
  }

  /// What `costTable` lists, before scaling.
  func costQuantities(_ view: TopologyView) -> [Double] {
    let n = Double(view.size)
    let m = Double(view.edgeCount)
    let paths = PathStatistics(view)
    var kernels = 0.0
    for index in 1..<max(1, view.nodes.count - 1) {
      let node = view.nodes[index]
      let isFused =
        node.kind == .add
        && node.predecessors.contains { view.nodes[$0].kind.isConvolution && readers[$0] == 1 }
      if !isFused { kernels += 1 }
    }
    let critical = Double(max(0, levels[view.nodes.count - 1] - 1))
    return [
      n, m, max(0, m - n - 1), Double(paths.longest), Double(width(of: view)),
      paths.bits > 40 ? paths.bits : stableLog(1 + exponential2(paths.bits)) * log2e, kernels, critical,
      ratio(kernels, critical), Double(liveValues(view)), m + n, Double(view.arity),
    ]
  }

  /// The largest number of values that are read later than the step that makes the next one begins.
  private func liveValues(_ view: TopologyView) -> Int {
    var left = readers
    var live = 1
    var peak = 1
    for (index, node) in view.nodes.enumerated().dropFirst() {
      if index < view.nodes.count - 1 { live += 1 }
      peak = max(peak, live)
      for operand in node.predecessors {
        left[operand] -= 1
        if left[operand] == 0 { live -= 1 }
      }
    }
    return peak
  }

  private func ratio(_ a: Double, _ b: Double) -> Double { b > 0 ? a / b : 0 }

  private func exponential2(_ x: Double) -> Double { stableExp(x / log2e) }
}
