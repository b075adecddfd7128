package import IRLASGraph

/// Turns a graph into kernel calls on buffers: first where every value lives, then what computes it.
///
/// The kernels of each op are in `Lowering+Kernels.swift`.
struct Lowering {
  let graph: Graph
  let batch: Int
  let schedule: Schedule
  private let packing: [NodeID: WeightPacking]
  private(set) var buffers: [ExecutionPlan.Buffer] = []
  /// Where the value of a node lives; nil until it is known.
  private var operands: [ExecutionPlan.Operand?]
  /// The last step at which somebody reads a buffer, and the first at which it holds something; for buffers of
  /// the arena.
  private var lastRead: [Int: Int] = [:]
  private var firstWrite: [Int: Int] = [:]
  private var calls: [ExecutionPlan.Call] = []
  /// Calls of the prepare phase that nodes of the step need.
  private var preparation: [ExecutionPlan.Call] = []
  /// Constant weights in the form that another kernel reads; looked up only.
  private var formedWeights: [FormedWeight: ExecutionPlan.Operand] = [:]
  private var persistent: [ExecutionPlan.Persistent] = []
  private var randomKey: ExecutionPlan.Operand?
  /// For each convolution the node that reads the statistics of its result, both being part of the step.
  let statisticsReaders: [NodeID: (reader: NodeID, position: Int)]
  /// For each slice the slices of the same value, itself included, when together they are all of it.
  private let splits: [NodeID: [NodeID]]
  /// Convolutions that one call makes with those before them, by the last.
  let separables: [NodeID: Separable]
  private let isInner: [Bool]
  /// Normalised maps that nobody makes: their readers normalise on the way.
  private let isDeferred: [Bool]
  /// Of deferred maps the factors to normalise with.
  private var normFactors: [NodeID: ExecutionPlan.Operand] = [:]
  /// What an earlier call left for a node.
  private var leftOvers: [NodeID: (operand: ExecutionPlan.Operand, sizes: KernelSizes)] = [:]
  /// Whether dropout should have become a product with a mask.
  let isTraining: Bool
  let methods: Methods
  /// Which forms are taken where there are several, and those that were, each with the node at which it was.
  let rule: FormRule
  var taken: [(form: KernelForm, node: NodeID)] = []
  let precision: Precision
  private let streams: [String: Int]
  /// For each node that computes a value again the node that does so first.
  private let originals: [NodeID: NodeID]
  /// The node being lowered.
  private(set) var current = NodeID(0)
  /// Its place in the schedule; -1 in the prepare phase.
  private var position = -1
  /// For each node, the last step at which its value is read; `Int.max` for outputs.
  private let lastUse: [Int]
  /// What lies where in something larger.
  private let placement: Placement

  /// Lowers a graph whose parameters and state are constant (inference) or updated by every step.
  ///
  /// - Parameters:
  ///   - rule: which forms are taken where there are several.
  ///   - streams: the stream of the initial values of each parameter, by instance path.
  ///   - originals: for each node that computes a value again the node that does so first.
  static func plan(
    _ graph: Graph, batch: Int, parametersAreConstant: Bool, methods: Methods, rule: FormRule,
    precision: Precision, placesValues: Bool, streams: [String: Int], originals: [NodeID: NodeID] = [:]
  ) throws(CompileError) -> ExecutionPlan {
    guard batch > 0 else { throw .batchNotPositive(batch) }
    for id in graph.ids {
      // Bytes of a value stay far below the largest address, whatever is added up later.
      let count = saturatingProduct(graph[id].shape.elementCount, graph[id].shape.isBatched ? batch : 1)
      guard count <= 1 << 40 else { throw .tooLarge(node: graph.path(of: id)) }
    }
    var lowering = Lowering(
      graph: graph, batch: batch,
      schedule: Schedule(graph, parametersAreConstant: parametersAreConstant),
      packing: try WeightPacking.infer(graph), isTraining: !parametersAreConstant,
      methods: methods, rule: rule, precision: precision, placesValues: placesValues, streams: streams,
      originals: originals)
    return try lowering.run()
  }

  private init(
    graph: Graph, batch: Int, schedule: Schedule, packing: [NodeID: WeightPacking], isTraining: Bool,
    methods: Methods, rule: FormRule, precision: Precision, placesValues: Bool, streams: [String: Int],
    originals: [NodeID: NodeID]
  ) {
    self.graph = graph
    self.batch = batch
    self.schedule = schedule
    self.packing = packing
    self.isTraining = isTraining
    self.methods = methods
    self.rule = rule
    self.precision = precision
    self.streams = streams
    self.originals = originals
    operands = Array(repeating: nil, count: graph.nodes.count)
    separables =
      isTraining
      ? [:] : Separable.all(in: graph, schedule, batch: batch, pairs: precision == .bfloat16, rule)
    var isInner = [Bool](repeating: false, count: graph.nodes.count)
    for separable in separables.values { for node in separable.inner { isInner[node.index] = true } }
    self.isInner = isInner
    let isDeferred =
      isTraining
      ? Self.deferredNormalizations(graph, schedule, batch, methods, rule, precision, originals) : []
    self.isDeferred = isDeferred
    let lastUse = Self.lastUses(graph, schedule, separables, Placement())
    placement =
      placesValues
      ? Placement(
        graph, schedule, batch: batch, lastUse: lastUse, isInner: isTraining ? isDeferred : isInner,
        slack: isTraining ? 1 : 1.25, isSparing: isTraining)
      : Placement()
    self.lastUse = Self.lastUses(graph, schedule, separables, placement)
    statisticsReaders = Self.statisticsReaders(graph, schedule)
    splits = Self.splits(graph, schedule, placement, originals)
  }

  // MARK: The whole program

  private mutating func run() throws(CompileError) -> ExecutionPlan {
    var inputs: [(index: Int, port: ExecutionPlan.Port)] = []
    var labels: ExecutionPlan.Port?
    var learningRate: ExecutionPlan.Port?
    for id in graph.ids {
      let node = graph[id]
      switch node.op {
      case .input(let index): inputs.append((index, port(id, space: .staging)))
      case .labels: labels = port(id, space: .staging)
      case .hyperparameter(.learningRate): learningRate = port(id, space: .staging)
      case .parameter, .state:
        let buffer = addBuffer(graph.path(of: id), count(of: id), .persistent)
        operands[id.index] = ExecutionPlan.Operand(buffer: buffer)
        persistent.append(
          ExecutionPlan.Persistent(
            path: graph.path(of: id), op: node.op, shape: node.shape, packing: packing[id],
            stream: streams[graph.path(of: id)] ?? 0, buffer: buffer))
      default: break
      }
    }
    for id in schedule.prepare { try lowerNode(id) }
    preparation = calls
    calls = []
    for (place, id) in schedule.step.enumerated() {
      position = place
      try lowerNode(id)
    }
    position = schedule.step.count
    copyUpdates()
    return finish(preparation, inputs.sorted { $0.index < $1.index }.map(\.port), labels, learningRate)
  }

  private mutating func port(_ id: NodeID, space: ExecutionPlan.Space) -> ExecutionPlan.Port {
    let operand = ExecutionPlan.Operand(buffer: addBuffer(graph.path(of: id), count(of: id), space))
    operands[id.index] = operand
    return ExecutionPlan.Port(name: graph[id].name, shape: graph[id].shape, operand: operand)
  }

  /// Copies new values over what they update. A source that is itself updated is saved first.
  private mutating func copyUpdates() {
    var pending: [(target: ExecutionPlan.Operand, value: ExecutionPlan.Operand, count: Int)] = []
    for update in schedule.copies {
      current = update.value
      let count = count(of: update.value)
      var value = operand(update.value)
      if buffers[value.buffer].space == .persistent {
        let saved = temporary(count, "saved")
        emitCopy(of: count, from: value, to: saved)
        value = saved
      }
      keep(value.buffer, until: position + 1)
      pending.append((operand(update.target), value, count))
    }
    position += 1
    for copy in pending { emitCopy(of: copy.count, from: copy.value, to: copy.target) }
  }

  private mutating func emitCopy(
    of count: Int, from source: ExecutionPlan.Operand, to target: ExecutionPlan.Operand
  ) {
    let line = Shape.image(count, 1, 1)
    emit(
      .copy, .copy(batch: 1, size: line, from: line, at: (0, 0, 0), to: line, at: (0, 0, 0)), [target],
      [source])
  }

  private mutating func finish(
    _ prepare: [ExecutionPlan.Call], _ inputs: [ExecutionPlan.Port], _ labels: ExecutionPlan.Port?,
    _ learningRate: ExecutionPlan.Port?
  ) -> ExecutionPlan {
    let arenaBuffers = buffers.indices.filter { buffers[$0].space == .arena }
    let last = position
    let arena = MemoryPlan(
      arenaBuffers.map { buffer in
        let first = firstWrite[buffer] ?? 0
        return MemoryPlan.Request(
          bytes: 4 * buffers[buffer].count, firstStep: first,
          lastStep: max(first, min(lastRead[buffer] ?? first, last)))
      })
    for (request, buffer) in arenaBuffers.enumerated() { buffers[buffer].offset = arena.offsets[request] }
    for space in [ExecutionPlan.Space.prepared, .staging] {
      var offset = 0
      for index in buffers.indices where buffers[index].space == space {
        buffers[index].offset = offset
        offset += MemoryPlan.aligned(4 * buffers[index].count)
      }
    }
    let outputs = graph.outputs.map { output in
      ExecutionPlan.Port(
        name: output.name, shape: graph[output.value].shape, operand: operand(output.value),
        packing: packing[output.value], isAuxiliary: output.isAuxiliary)
    }
    return ExecutionPlan(
      graph: graph, batch: batch, samples: batch, buffers: buffers, prepare: prepare, step: calls,
      persistent: persistent,
      inputs: inputs, labels: labels, learningRate: learningRate,
      randomKey: randomKey.map {
        ExecutionPlan.Port(name: "random key", shape: .unbatched(4), operand: $0)
      },
      outputs: outputs, hasUpdates: !graph.updates.isEmpty, arena: arena, arenaBuffers: arenaBuffers,
      forms: takenForms)
  }

  // MARK: Values

  /// The number of floats of a node's value for the whole batch.
  func count(of id: NodeID) -> Int {
    graph[id].shape.elementCount * (graph[id].shape.isBatched ? batch : 1)
  }

  /// The packing of a weight that a kernel needs to know.
  func packing(of id: NodeID) -> WeightPacking { packing[id] ?? WeightPacking(groups: 1) }

  /// Where a value that was already lowered lives.
  func operand(_ id: NodeID) -> ExecutionPlan.Operand {
    guard let operand = operands[id.index] else { preconditionFailure("a value is read before it exists") }
    return operand
  }

  private mutating func addBuffer(_ name: String, _ count: Int, _ space: ExecutionPlan.Space) -> Int {
    buffers.append(ExecutionPlan.Buffer(name: name, count: count, space: space, offset: 0))
    return buffers.count - 1
  }

  /// A buffer that exists only while the current node is computed.
  mutating func temporary(_ count: Int, _ purpose: String) -> ExecutionPlan.Operand {
    let space: ExecutionPlan.Space = position < 0 ? .prepared : .arena
    let buffer = addBuffer("\(graph.path(of: current)):\(purpose)", count, space)
    if space == .arena {
      firstWrite[buffer] = position
      lastRead[buffer] = position
    }
    return ExecutionPlan.Operand(buffer: buffer)
  }

  /// Whether a convolution leaves the statistics of its result. One that computes again what such a convolution did takes
  /// the same kernel, so that its bits are the same wherever kernels come from; nobody reads what it leaves.
  func leavesStatistics(_ convolution: NodeID) -> Bool {
    statisticsReaders[originals[convolution] ?? convolution] != nil
  }

  /// A buffer in which the current node leaves statistics for a later one, which reads them with these sizes.
  mutating func leave(
    _ count: Int, _ purpose: String, _ sizes: KernelSizes
  ) -> ExecutionPlan.Operand {
    let operand = temporary(count, purpose)
    if let (reader, position) = statisticsReaders[current] {
      keep(operand.buffer, until: position)
      leftOvers[reader] = (operand, sizes)
    }
    return operand
  }

  /// What an earlier node left for this one.
  func left(for id: NodeID) -> (operand: ExecutionPlan.Operand, sizes: KernelSizes)? { leftOvers[id] }

  /// The four words that random masks are drawn with.
  mutating func randomKeyOperand() -> ExecutionPlan.Operand {
    if let randomKey { return randomKey }
    let operand = ExecutionPlan.Operand(buffer: addBuffer("random key", 4, .staging))
    randomKey = operand
    return operand
  }

  private mutating func keep(_ buffer: Int, until step: Int) {
    guard buffers[buffer].space == .arena else { return }
    lastRead[buffer] = max(lastRead[buffer] ?? step, step)
  }

  /// Makes the current node another name for a part of its first operand.
  mutating func alias(offset: Int = 0) {
    var operand = operand(graph[current].inputs[0])
    operand.offset += offset
    operands[current.index] = operand
    keep(operand.buffer, until: lastUse[current.index])
  }

  /// Whether the current node, a normalised map, is left to its readers.
  var isLeftToReaders: Bool { !isDeferred.isEmpty && isDeferred[current.index] }

  /// Makes the current node's readers normalise its operand: with these factors.
  mutating func leaveToReaders(factorCount: Int) -> ExecutionPlan.Operand {
    alias()
    let factors = temporary(factorCount, "factors")
    keep(factors.buffer, until: lastUse[current.index])
    normFactors[current] = factors
    return factors
  }

  /// Sizes and operands of a call of the current node, whose first operand may have been left to it to normalise.
  func normalizing(
    _ sizes: KernelSizes, _ inputs: [ExecutionPlan.Operand]
  ) -> (sizes: KernelSizes, inputs: [ExecutionPlan.Operand]) {
    let x = graph[current].inputs[0]
    guard let factors = normFactors[x], case .batchNormalize(_, let activation) = graph[x].op else {
      return (sizes, inputs)
    }
    return (sizes.normalizing(activation), inputs + [factors])
  }

  /// Gives the current node's result a place: over the parameter or state it updates, over an operand that
  /// nobody needs any more, or in a buffer of its own.
  mutating func result(mayOverwrite: Bool = true) -> ExecutionPlan.Operand {
    if let place = operands[current.index] { return place }
    let place =
      updatedPlace() ?? partPlace() ?? (mayOverwrite ? overwrittenPlace() : nil) ?? freshPlace()
    operands[current.index] = place
    keep(place.buffer, until: lastUse[current.index])
    return place
  }

  /// The slices that one call makes together with this one.
  func splitParts(of slice: NodeID) -> [NodeID]? { splits[slice] }

  /// Whether an earlier call made a node's value.
  func isPlaced(_ id: NodeID) -> Bool { operands[id.index] != nil }

  /// A buffer for the value of a node that the current call makes, now or later in the schedule.
  mutating func result(of id: NodeID) -> ExecutionPlan.Operand {
    let buffer = addBuffer(graph.path(of: id), count(of: id), .arena)
    firstWrite[buffer] = position
    let place = ExecutionPlan.Operand(buffer: buffer)
    operands[id.index] = place
    keep(buffer, until: lastUse[id.index])
    return place
  }

  /// Whether the current node's value lies in a larger one.
  var isPart: Bool { position >= 0 && placement.parts[current] != nil }

  /// The current node's place in a larger value, which gets memory with the first of its parts.
  private mutating func partPlace() -> ExecutionPlan.Operand? {
    guard position >= 0, let part = placement.parts[current] else { return nil }
    var place = operands[part.whole.index] ?? result(of: part.whole)
    place.offset += part.start
    place.pitch = graph[part.whole].shape.channels
    return place
  }

  private func updatedPlace() -> ExecutionPlan.Operand? {
    schedule.inPlace[current].map { operand($0) }
  }

  private func overwrittenPlace() -> ExecutionPlan.Operand? {
    let node = graph[current]
    for (index, input) in node.inputs.enumerated() where node.op.mayOverwrite(operand: index) {
      let place = operand(input)
      guard buffers[place.buffer].space == .arena, place.offset == 0, place.pitch == nil,
        buffers[place.buffer].count == count(of: current), lastRead[place.buffer] == position
      else { continue }
      // Nothing else that this call reads may be in the same buffer at another place.
      if node.inputs.allSatisfy({ operand($0).buffer != place.buffer || operand($0).offset == 0 }) {
        return place
      }
    }
    return nil
  }

  private mutating func freshPlace() -> ExecutionPlan.Operand {
    let space: ExecutionPlan.Space = position < 0 ? .prepared : .arena
    let buffer = addBuffer(graph.path(of: current), count(of: current), space)
    if space == .arena { firstWrite[buffer] = position }
    return ExecutionPlan.Operand(buffer: buffer)
  }

  // MARK: Calls

  /// A weight in the form that `kernel` makes.
  mutating func weight(
    _ weight: ExecutionPlan.Operand, _ shape: Shape, by kernel: Kernel, groups: Int, count: Int,
    isConstant: Bool
  ) -> ExecutionPlan.Operand {
    let sizes = WeightPacking(groups: groups).sizes(of: shape)
    guard isConstant else {
      let formed = temporary(count, kernel.rawValue)
      emit(kernel, sizes, [formed], [weight])
      return formed
    }
    let key = FormedWeight(weight: weight, kernel: kernel)
    if let known = formedWeights[key] { return known }
    let name = "\(graph.path(of: current)):\(kernel.rawValue)"
    let formed = ExecutionPlan.Operand(buffer: addBuffer(name, count, .prepared))
    let call = ExecutionPlan.Call(
      kernel: kernel, sizes: sizes, operands: [formed, weight], resultCount: 1, node: current)
    if position < 0 { calls.append(call) } else { preparation.append(call) }
    formedWeights[key] = formed
    return formed
  }

  private struct FormedWeight: Hashable {
    var weight: ExecutionPlan.Operand
    var kernel: Kernel
  }

  private mutating func lowerNode(_ id: NodeID) throws(CompileError) {
    current = id
    if isInner[id.index] { return }
    if let separable = separables[id] {
      lower(separable)
    } else if let concat = placement.interleaved[id] {
      interleave(graph[concat].inputs)
    } else if !placement.names.contains(id) {
      try lower(id)
    } else if placement.parts[id] != nil {
      _ = result()
    }
  }

  /// Adds a call for the current node.
  mutating func emit(
    _ kernel: Kernel, _ sizes: KernelSizes, _ results: [ExecutionPlan.Operand],
    _ inputs: [ExecutionPlan.Operand]
  ) {
    calls.append(
      ExecutionPlan.Call(
        kernel: kernel, sizes: sizes, operands: results + inputs, resultCount: results.count, node: current,
        inner: separables[current]?.inner ?? []))
  }
}

extension Graph {
  /// Whether a node's value is, in the kernels' memory layout, its operand's memory under another name.
  func isView(_ id: NodeID) -> Bool {
    let node = self[id]
    switch node.op {
    case .identity, .dropout, .dropPath: return true
    // Channels are innermost: places may be counted in any way, and with one place or one channel the order stays.
    case .flattenPlaces: return true
    case .flatten: return isOneLine(self[node.inputs[0]].shape)
    case .unflatten:
      return isOneLine(node.shape) || self[node.inputs[0]].shape.channels == node.shape.channels
    // A kernel's operands start on cache lines.
    case .row(let index): return index * node.shape[0] * 4 % MemoryPlan.alignment == 0
    default: return false
    }
  }

  private func isOneLine(_ shape: Shape) -> Bool { shape.channels == 1 || shape.height * shape.width == 1 }
}

extension ExecutionPlan {
  /// Schedules, lowers and plans a graph as it is, without the passes of `compile`.
  ///
  /// - Parameters:
  ///   - parametersAreConstant: true at inference, where everything that depends on parameters alone is
  ///     prepared once.
  ///   - methods: by which convolutions may be computed.
  ///   - forms: which forms are taken where there are several.
  ///   - precision: of products.
  ///   - placesValues: whether parts of larger maps are written and read where they are, instead of copied.
  ///   - streams: the stream of the initial values of each parameter, by instance path.
  ///   - originals: for each node that computes a value again the node that does so first (`Recomputation`).
  package init(
    lowering graph: Graph, batch: Int, parametersAreConstant: Bool, methods: Methods = Methods(),
    forms rule: FormRule = .estimated, precision: Precision = .float32, placesValues: Bool = true,
    streams: [String: Int] = [:],
    originals: [NodeID: NodeID] = [:]
  ) throws(CompileError) {
    self = try Lowering.plan(
      graph, batch: batch, parametersAreConstant: parametersAreConstant, methods: methods, rule: rule,
      precision: precision, placesValues: placesValues, streams: streams,
      originals: originals)
  }
}
