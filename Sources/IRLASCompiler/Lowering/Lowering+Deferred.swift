internal import IRLASGraph

extension Lowering {
  /// Normalised maps that only convolutions and the gradients of their weights read, kernels that copy what they read anyway:
  /// they normalise and activate the copy, and the map needs no memory and no pass of its own.
  ///
  /// A map that is computed again is one if its original is, so that both are read by the same kernels.
  ///
  /// - Returns: for each node whether it is one.
  static func deferredNormalizations(
    _ graph: Graph, _ schedule: Schedule, _ batch: Int, _ methods: Methods, _ rule: FormRule,
    _ precision: Precision, _ originals: [NodeID: NodeID] = [:]
  ) -> [Bool] {
    let consumers = graph.consumers()
    var isOpen = [Bool](repeating: false, count: graph.nodes.count)
    for output in graph.outputs { isOpen[output.value.index] = true }
    for update in graph.updates { isOpen[update.value.index] = true }
    for id in schedule.prepare { isOpen[id.index] = true }

    /// Whether a convolution copies its input, band by band.
    func copies(_ id: NodeID, _ convolution: Convolution) -> Bool {
      let shapes = graph.inputShapes(of: id)
      let plain = KernelSizes.conv(batch: batch, input: shapes[0], output: graph[id].shape, convolution)
      let sizes = plain.withPairs(precision == .bfloat16 && plain.roundedWeightCount != nil)
      if let form = methods.form(of: sizes, isGradient: false, changing: true), rule.takes(form) {
        return form.copiesInput
      }
      return convolution.window.kernelSize != .one || sizes != plain
    }
    func isOnTheWay(_ map: NodeID, to reader: NodeID) -> Bool {
      guard graph[reader].inputs.filter({ $0 == map }).count == 1, graph[reader].inputs[0] == map else {
        return false
      }
      switch graph[reader].op {
      case .conv(let convolution): return copies(reader, convolution)
      case .convWeightGradient: return true
      default: return false
      }
    }
    var isDeferred = [Bool](repeating: false, count: graph.nodes.count)
    for id in schedule.step where !isOpen[id.index] && graph[id].inputs.count == 4 {
      guard case .batchNormalize = graph[id].op else { continue }
      isDeferred[id.index] = consumers[id.index].allSatisfy { isOnTheWay(id, to: $0) }
    }
    for id in graph.ids {
      guard let original = originals[id] else { continue }
      let areBoth = isDeferred[id.index] && isDeferred[original.index]
      isDeferred[id.index] = areBoth
      isDeferred[original.index] = areBoth
    }
    return isDeferred
  }
}
