package import IRLASGraph

/// The order in which the nodes of a graph are computed, and where the new values of updates go.
///
/// Three phases: `prepare` holds values that depend on nothing that changes between steps (zeros; at inference
/// also what is folded from parameters) and runs once after parameters were set; `step` is one step; the
/// copies run at its end.
package struct Schedule: Hashable, Sendable {
  /// Nodes computed once after parameters change.
  package private(set) var prepare: [NodeID] = []
  /// Nodes computed on every step.
  package private(set) var step: [NodeID] = []
  /// Nodes of `step` whose result is written straight over the parameter or state they update.
  package private(set) var inPlace: [NodeID: NodeID] = [:]
  /// Updates that need a copy at the end of the step, because the old value is still read after the new one
  /// exists, or because one value updates several targets.
  package private(set) var copies: [Graph.Update] = []

  /// - Parameter parametersAreConstant: true at inference, where parameters and running statistics do not
  ///   change between steps.
  package init(_ graph: Graph, parametersAreConstant: Bool) {
    let isPrepared = Self.preparedNodes(graph, parametersAreConstant: parametersAreConstant)
    let order = Self.order(graph, without: isPrepared)
    prepare = graph.ids.filter { isPrepared[$0.index] && !graph[$0].op.isSource }
    step = order

    var position = [Int](repeating: -1, count: graph.nodes.count)
    for (index, id) in order.enumerated() { position[id.index] = index }
    let consumers = graph.readers()
    let outputs = Set(graph.outputs.map(\.value))
    for update in graph.updates {
      let value = update.value
      let isComputed = position[value.index] >= 0
      // The old value must not be needed after the new one overwrites it.
      let othersAreDone = consumers[update.target.index].allSatisfy { reader in
        reader == value || (position[reader.index] >= 0 && position[reader.index] < position[value.index])
      }
      let operands = graph[value].inputs.indices.filter { graph[value].inputs[$0] == update.target }
      let mayOverwrite = operands.allSatisfy { graph[value].op.mayOverwrite(operand: $0) }
      let isOutput = ([update.target] + consumers[update.target.index]).contains {
        outputs.contains($0) && ($0 == update.target || graph.isView($0))
      }
      if isComputed && othersAreDone && mayOverwrite && inPlace[value] == nil && !isOutput {
        inPlace[value] = update.target
      } else {
        copies.append(update)
      }
    }
  }

  /// Which nodes depend on nothing that changes from step to step.
  private static func preparedNodes(_ graph: Graph, parametersAreConstant: Bool) -> [Bool] {
    let updated = Set(graph.updates.map(\.target))
    var isPrepared = [Bool](repeating: false, count: graph.nodes.count)
    for id in graph.ids {
      switch graph[id].op {
      case .input, .labels, .hyperparameter, .randomMask, .dropout, .dropPath: break
      case .parameter, .state: isPrepared[id.index] = parametersAreConstant && !updated.contains(id)
      default: isPrepared[id.index] = graph[id].inputs.allSatisfy { isPrepared[$0.index] }
      }
    }
    return isPrepared
  }

  /// A topological order: the arena's, with the new values of updates drawn forward to the first place where
  /// all their operands exist and everybody else has read the old value, so that gradients die early.
  private static func order(_ graph: Graph, without isPrepared: [Bool]) -> [NodeID] {
    let consumers = graph.readers()
    var target: [NodeID: NodeID] = [:]
    for update in graph.updates where target[update.value] == nil { target[update.value] = update.target }

    func isStep(_ id: NodeID) -> Bool { !isPrepared[id.index] && !graph[id].op.isSource }

    // What each update still waits for: its operands, and the other readers of its target.
    var waiting = [Int](repeating: 0, count: graph.nodes.count)
    var wakes = [[NodeID]](repeating: [], count: graph.nodes.count)
    for (value, old) in target.sorted(by: { $0.key < $1.key }) where isStep(value) {
      for operand in graph[value].inputs + consumers[old.index] where operand != value && isStep(operand) {
        waiting[value.index] += 1
        wakes[operand.index].append(value)
      }
    }
    var order: [NodeID] = []
    var isDone = [Bool](repeating: false, count: graph.nodes.count)
    var ready: [NodeID] = []
    func emit(_ id: NodeID) {
      guard !isDone[id.index] else { return }
      // An update can wake another one (a velocity the parameter's step), so this runs over a list.
      ready.append(id)
      while let next = ready.popLast() {
        guard !isDone[next.index] else { continue }
        isDone[next.index] = true
        order.append(next)
        for waiter in wakes[next.index].reversed() {
          waiting[waiter.index] -= 1
          if waiting[waiter.index] == 0 { ready.append(waiter) }
        }
      }
    }
    // Only what nothing but updates reads can wait; the rest stays in the arena's order.
    var mayWait = [Bool](repeating: false, count: graph.nodes.count)
    for id in graph.ids.reversed() where target[id] != nil {
      mayWait[id.index] = consumers[id.index].allSatisfy { mayWait[$0.index] }
    }
    for id in graph.ids where isStep(id) {
      if mayWait[id.index] && waiting[id.index] > 0 { continue }
      emit(id)
    }
    // Two updates that wait for each other are left: arena order, and one of them will need a copy.
    for id in graph.ids where isStep(id) { emit(id) }
    return order
  }
}

extension Graph {
  /// For each node the nodes that read its memory: its consumers, and those of its views.
  fileprivate func readers() -> [[NodeID]] {
    var readers = consumers()
    for id in ids.reversed() {
      let views = readers[id.index].filter { isView($0) && self[$0].inputs[0] == id }
      for view in views { readers[id.index] += readers[view.index] }
    }
    return readers
  }
}

extension Op {
  /// Whether the kernel of this op reads every element of operand `index` before, or at the same place as, it
  /// writes the element of the result there, so that the result may take the operand's memory.
  package func mayOverwrite(operand index: Int) -> Bool {
    switch self {
    case .activation, .add, .activationGradient: return true
    case .multiply, .runningMean, .runningVariance, .foldedWeight: return index == 0
    case .batchNormalize: return index == 0 || index == 4
    case .batchNormInputGradient: return index <= 1
    case .sgdVelocity: return index >= 1
    case .sgdStep: return index <= 1
    case .input, .labels, .hyperparameter, .parameter, .state, .zero, .conv, .linear, .maxPool, .averagePool,
      .globalAveragePool, .concat, .slice, .channelShuffle, .crop, .pad, .upsample, .flatten,
      .softmaxCrossEntropy, .convInputGradient, .convWeightGradient, .biasGradient, .linearInputGradient,
      .linearWeightGradient, .batchStatistics, .batchNormReduce, .row, .maxPoolGradient,
      .averagePoolGradient, .globalAveragePoolGradient, .spatialSum, .embed, .unflatten, .upsampleGradient,
      .randomMask,
      .softmaxCrossEntropyGradient, .foldedBias, .batchNorm, .dropout, .dropPath, .identity, .layerNorm,
      .attention, .flattenPlaces, .learned, .layerNormReduce,
      .layerNormInputGradient, .attentionGradient, .learnedGradient, .softmax, .softmaxGradient,
      .composedWeight, .composedBias:
      return false
    }
  }
}
