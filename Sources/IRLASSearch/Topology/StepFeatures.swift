import IRLASGraph

/// Features of the steps in which a block is made: step t adds node t of the view, the last one is the terminal.
///
/// A block's features are the means over its T operations, mu = (1/T) sum_t phi_t, which takes away the advantage of
/// long blocks. What a step's features say follows from the steps before it.
package enum StepFeatures {
  /// How a step's operation is told apart in the code of a step.
  private enum Kind: Int, CaseIterable {
    case convolution, depthwise, separable, maxPool, averagePool, add, concat, other

    init(_ kind: TopologyView.Kind) {
      switch kind {
      case .convolution: self = .convolution
      case .depthwise: self = .depthwise
      case .separable: self = .separable
      case .maxPool: self = .maxPool
      case .averagePool: self = .averagePool
      case .add: self = .add
      case .concat: self = .concat
      case .input, .linear, .attention, .multiply, .other, .output: self = .other
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

  /// The coarser classes that pairs are made of.
  private enum PairClass: Int, CaseIterable {
    case input, pointwise, spatial, separable, pool, merge, other

    init(_ node: TopologyView.Node) {
      switch node.kind {
      case .input: self = .input
      case .convolution: self = node.kernel == .one ? .pointwise : .spatial
      case .depthwise, .separable: self = .separable
      case .maxPool, .averagePool: self = .pool
      case .add, .concat: self = .merge
      case .linear, .attention, .multiply, .other, .output: self = .other
      }
    }
  }

  /// Readers and predecessors of these classes have a feature each.
  private static let pairReaders: [PairClass] = [.pointwise, .spatial, .separable, .pool, .merge]
  private static let pairSources: [PairClass] = [.input, .pointwise, .spatial, .separable, .pool, .merge]

  // Where the parts of a step's code begin.
  private static let kernels = Kind.allCases.count
  private static let groups = kernels + 4
  private static let distances = groups + 1
  private static let operands = distances + 5
  private static let continues = operands + 2
  private static let opens = continues + 1
  private static let residual = opens + 1
  private static let pairs = residual + 1
  private static let leaves = pairs + 30
  /// The number of features of a step.
  package static let count = leaves + 1

  static let table: [TopologyFeatures.Feature] = {
    var table: [TopologyFeatures.Feature] = []
    func row(_ name: String, _ documentation: String) {
      table.append(.init(name: "step.\(name)", group: .step, cap: 1, documentation: documentation))
    }
    for kind in Kind.allCases { row("type.\(kind.name)", "1 if the step is of this type") }
    for kernel in ["1", "3", "5", "7+"] {
      row("kernel.\(kernel)", "1 if the longer side of its window is this long, or one shorter")
    }
    row("groups", "log2 of its groups, divided by 5 and at most 1; 1 for a depthwise convolution")
    row("from.input", "the share of its operands that are the block's input")
    for distance in ["1", "2", "3", "4+"] {
      row("from.\(distance)", "the share of its operands that are the result of the step so many before it")
    }
    row("operands.2", "1 if it has two operands")
    row("operands.3+", "1 if it has more")
    row(
      "continues", "1 if its only operand is the result of the step before it; for the first step, the input")
    row("opens", "1 if its only operand was read by an earlier step: a new branch begins")
    row("residual", "1 if it is a sum of which one operand is computed from another")
    for reader in pairReaders {
      for source in pairSources {
        row("pair.\(source).\(reader)", "for a step of the second class, the share of operands of the first")
      }
    }
    row("leaves", "the number of values that the terminal joins, divided by T")
    return table
  }()

  /// The mean code of the steps.
  static func means(_ view: TopologyView, _ structure: BlockStructure) -> [Double] {
    var sums = [Double](repeating: 0, count: count)
    let steps = view.size
    guard steps > 0 else { return sums }
    var isRead = [Bool](repeating: false, count: view.nodes.count)
    for step in 1...steps { add(step, of: view, structure, &isRead, to: &sums) }
    for index in sums.indices { sums[index] /= Double(steps) }
    sums[leaves] = terminal(view)
    return sums
  }

  /// The code of every step, in order; the terminal's last.
  package static func codes(_ view: TopologyView) -> [[Double]] {
    let structure = BlockStructure(view)
    var isRead = [Bool](repeating: false, count: view.nodes.count)
    var codes: [[Double]] = []
    for step in 1..<max(1, view.nodes.count - 1) {
      var code = [Double](repeating: 0, count: count)
      add(step, of: view, structure, &isRead, to: &code)
      codes.append(code)
    }
    var last = [Double](repeating: 0, count: count)
    last[leaves] = terminal(view)
    return codes + [last]
  }

  private static func terminal(_ view: TopologyView) -> Double {
    guard view.size > 0 else { return 0 }
    var joined = view.nodes[view.nodes.count - 1].predecessors
    if joined.count == 1, view.nodes[joined[0]].kind == .concat {
      joined = view.nodes[joined[0]].predecessors
    }
    return min(1, Double(joined.count) / Double(view.size))
  }

  private static func add(
    _ step: Int, of view: TopologyView, _ structure: BlockStructure, _ isRead: inout [Bool],
    to code: inout [Double]
  ) {
    let node = view.nodes[step]
    code[Kind(node.kind).rawValue] += 1
    let side = max(node.kernel.height, node.kernel.width)
    if side > 0 { code[kernels + min(3, side / 2)] += 1 }
    code[groups] += BlockStructure.cardinalityBits(of: node) / 5
    let share = 1 / Double(max(1, node.predecessors.count))
    let reader = PairClass(node)
    let readerPlace = reader.rawValue - 1
    for operand in node.predecessors {
      code[distances + (operand == 0 ? 0 : min(4, step - operand))] += share
      let source = PairClass(view.nodes[operand])
      if reader != .other, source != .other {
        code[pairs + readerPlace * pairSources.count + source.rawValue] += share
      }
    }
    switch node.predecessors.count {
    case 2: code[operands] += 1
    case 3...: code[operands + 1] += 1
    default: break
    }
    if node.predecessors.count == 1 {
      let operand = node.predecessors[0]
      if operand == step - 1 { code[continues] += 1 }
      if isRead[operand] { code[opens] += 1 }
    }
    if structure.isResidual(step, in: view) { code[residual] += 1 }
    for operand in node.predecessors { isRead[operand] = true }
  }
}

extension TopologyFeatures {
  static let stepTable = StepFeatures.table
}
