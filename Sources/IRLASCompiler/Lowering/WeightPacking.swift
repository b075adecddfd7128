package import IRLASGraph

extension WeightPacking {
  /// The packing of every weight of a graph: of the parameters that convolutions and linear layers read, and of
  /// everything that is added to them element by element (gradients, velocities, folded weights).
  ///
  /// - Throws: `.packingConflict` when two layers want different orders of one weight.
  static func infer(_ graph: Graph) throws(CompileError) -> [NodeID: WeightPacking] {
    var packing: [NodeID: WeightPacking] = [:]
    func require(_ id: NodeID, _ wanted: WeightPacking) throws(CompileError) {
      if let known = packing[id], known != wanted { throw .packingConflict(node: graph.path(of: id)) }
      packing[id] = wanted
    }
    for id in graph.ids {
      let node = graph[id]
      switch node.op {
      case .conv(let convolution), .convInputGradient(let convolution):
        try require(node.inputs[1], WeightPacking(groups: convolution.groups))
      case .convWeightGradient(let convolution):
        try require(id, WeightPacking(groups: convolution.groups))
      case .linear, .linearInputGradient: try require(node.inputs[1], WeightPacking(groups: 1))
      case .linearWeightGradient: try require(id, WeightPacking(groups: 1))
      case .composedWeight(let groups):
        for weight in [node.inputs[0], id] { try require(weight, WeightPacking(groups: 1)) }
        try require(node.inputs[1], WeightPacking(groups: groups))
      case .composedBias: try require(node.inputs[0], WeightPacking(groups: 1))
      default: break
      }
    }
    // Element-wise ops tie their operands and their result together: once against the flow of values, once
    // along it, then nothing is left to learn in graphs that the passes make.
    func tie(_ id: NodeID) throws(CompileError) {
      let node = graph[id]
      guard node.shape.rank >= 2, !node.shape.isBatched else { return }
      let tied: [NodeID]
      switch node.op {
      case .add, .sgdVelocity: tied = node.inputs
      case .sgdStep: tied = node.inputs.enumerated().filter { $0.offset != 2 }.map(\.element)
      case .foldedWeight: tied = [node.inputs[0]]
      default: return
      }
      let members = tied + [id]
      guard let known = members.lazy.compactMap({ packing[$0] }).first else { return }
      for member in members { try require(member, known) }
    }
    for id in graph.ids.reversed() { try tie(id) }
    for id in graph.ids { try tie(id) }
    return packing
  }

  /// The sizes that the packing kernels take for a weight `{out, in / groups, kh, kw}` or `{out, in}`.
  package func sizes(of weight: Shape) -> KernelSizes {
    let kernelSize = weight.rank == 4 ? Extent(weight[2], weight[3]) : .one
    let input = Shape.image(weight[1] * groups, kernelSize.height, kernelSize.width)
    return .conv(
      batch: 1, input: input, output: .image(weight[0], 1, 1),
      Convolution(window: Window(kernelSize: kernelSize), groups: groups))
  }
}
