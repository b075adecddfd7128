package import IRLASGraph

extension NetworkStructureCode {
  /// Why a block is no list of rows.
  package enum Inexpressible: Error, Hashable, Sendable {
    case inputs(Int)
    case outputs(Int)
    /// Rows have square windows of certain sizes.
    case window(kind: TopologyView.Kind, kernel: Extent)
    /// There is no such layer type.
    case kind(TopologyView.Kind)
  }

  /// The rows of a block, in the canonical order of its view. Sums and concatenations of more than two values become
  /// several rows; one at the end of values that nothing else reads needs none.
  ///
  /// Groups, depthwise and separable convolutions stand in the sixth entry. A view of the graph of these rows is equal
  /// to `view`.
  package init(_ view: TopologyView) throws(Inexpressible) {
    guard view.arity == 1 else { throw .inputs(view.arity) }
    let results = view.nodes[view.nodes.count - 1].predecessors
    guard results.count == 1 else { throw .outputs(results.count) }
    var readers = [Int](repeating: 0, count: view.nodes.count)
    for node in view.nodes { for operand in node.predecessors { readers[operand] += 1 } }

    var rows: [Row] = []
    // For each node the row that has its value.
    var places = [Int](repeating: 0, count: view.nodes.count)
    for (index, node) in view.nodes.enumerated().dropFirst().dropLast() {
      let operands = node.predecessors.map { places[$0] }
      switch node.kind {
      case .add, .concat:
        let joinsLeaves =
          node.kind == .concat && index == results[0]
          && node.predecessors.allSatisfy { $0 > 0 && readers[$0] == 1 }
        if joinsLeaves { continue }
        var value = operands[0]
        for operand in operands.dropFirst() {
          rows.append(Row(node.kind == .add ? .add : .concat, value, operand))
          value = rows.count
        }
      default:
        rows.append(try Self.row(node, operands[0]))
      }
      places[index] = rows.count
    }
    do throws(Issue) {
      try self.init(rows)
    } catch {
      preconditionFailure("rows of a view are sound: \(error)")
    }
  }

  private static func row(_ node: TopologyView.Node, _ operand: Int) throws(Inexpressible) -> Row {
    let kind: Kind
    var connection = Connection.standard
    switch node.kind {
    case .convolution:
      kind = .convolution
      if node.groups > 1 { connection = .groups(node.groups) }
    case .depthwise:
      kind = .convolution
      connection = .depthwise
    case .separable:
      guard node.groups == 1 else { throw .kind(.separable) }
      kind = .convolution
      connection = .separable
    case .maxPool: kind = .maxPool
    case .averagePool: kind = .averagePool
    case .input, .linear, .attention, .multiply, .add, .concat, .other, .output: throw .kind(node.kind)
    }
    guard node.kernel.height == node.kernel.width, kind.kernels.contains(node.kernel.height) else {
      throw .window(kind: node.kind, kernel: node.kernel)
    }
    var row = Row(kind, kernel: node.kernel.height, operand)
    row.connection = connection
    return row
  }
}

extension NetworkStructureCode.Inexpressible: CustomStringConvertible {
  package var description: String {
    switch self {
    case .inputs(let count): "the block reads \(count) values; rows read one"
    case .outputs(let count): "the block gives \(count) values; rows give one"
    case .window(let kind, let kernel):
      kernel.height == 0
        ? "there is no row for the \(kind.phrase) over all places"
        : "a \(kind.phrase) with a \(kernel) window is no row: windows are square, 1, 3 or 5 wide, those of pools 1 or 3"
    case .kind(let kind): "there is no row for \(kind.phrase)"
    }
  }
}

extension TopologyView.Kind {
  /// How messages name it.
  package var phrase: String {
    switch self {
    case .input: "input"
    case .convolution: "convolution"
    case .depthwise: "depthwise convolution"
    case .separable: "separable convolution"
    case .maxPool: "max pool"
    case .averagePool: "average pool"
    case .linear: "linear layer"
    case .attention: "attention"
    case .multiply: "gate"
    case .add: "sum"
    case .concat: "concatenation"
    case .other: "other operation"
    case .output: "output"
    }
  }
}
