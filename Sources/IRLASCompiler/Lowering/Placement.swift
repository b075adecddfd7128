internal import IRLASGraph

/// Which values of a step are neighbouring channels of a larger one, in its memory: operands of a concatenation are
/// written where they belong in its result, and slices are read where they are.
///
/// A value lies in another one only if the kernels of all that touch it know a pitch (`Op.readsPitch`,
/// `Op.writesPitch`), and if what is alive at the worst step does not become too much.
struct Placement: Hashable, Sendable {
  /// Some channels of a larger value, which itself lies in no other.
  struct Part: Hashable, Sendable {
    let whole: NodeID
    /// The first channel.
    let start: Int
  }

  /// Where values lie that are parts.
  private(set) var parts: [NodeID: Part] = [:]
  /// Slices and concatenations that are nothing but names of a part.
  private(set) var names: Set<NodeID> = []
  /// Channel shuffles of a concatenation that read its operands: the concatenation is never computed.
  private(set) var interleaved: [NodeID: NodeID] = [:]

  /// Every value has memory of its own.
  init() {}

  /// - Parameters:
  ///   - lastUse: for each node, the last step at which its value is read.
  ///   - isInner: which values have no memory, because one call computes them on the way.
  ///   - slack: how many times the largest sum of all values alive at one step may become.
  ///   - isSparing: whether placing has to spare more than it costs: reads of single parts, and calls.
  init(
    _ graph: Graph, _ schedule: Schedule, batch: Int, lastUse: [Int], isInner: [Bool], slack: Double,
    isSparing: Bool
  ) {
    var planner = Planner(
      graph, schedule, batch: batch, lastUse: lastUse, isInner: isInner, isSparing: isSparing)
    let limit = Int(Double(planner.aliveBytes().max() ?? 0) * slack)
    // What costs most at the worst step is given up until the rest fits.
    for _ in 0..<Self.mostAttempts {
      planner.plan()
      let alive = planner.aliveBytes()
      guard let worst = alive.indices.max(by: { alive[$0] < alive[$1] }), alive[worst] > limit,
        let culprit = planner.costliest(at: worst)
      else {
        (parts, names, interleaved) = (planner.parts, planner.names, planner.interleaved)
        return
      }
      planner.refused.insert(culprit)
    }
  }

  private static let mostAttempts = 100
}

/// Decides what lies where.
private struct Planner {
  let graph: Graph
  let schedule: Schedule
  let batch: Int
  let isSparing: Bool
  let consumers: [[NodeID]]
  /// The place of each node in the schedule, -1 for those outside.
  private var position: [Int]
  /// Values that somebody outside the step's kernels reads: outputs, and what is copied over parameters.
  private var isTaken: [Bool]
  /// The steps at which each value is alive, nil where it needs no memory.
  private let ownSpan: [ClosedRange<Int>?]
  /// The steps of the memory of each value that is no part.
  private var span: [ClosedRange<Int>?]
  /// Values that take no parts.
  var refused: Set<NodeID> = []

  var parts: [NodeID: Placement.Part] = [:]
  var names: Set<NodeID> = []
  var interleaved: [NodeID: NodeID] = [:]

  init(
    _ graph: Graph, _ schedule: Schedule, batch: Int, lastUse: [Int], isInner: [Bool], isSparing: Bool
  ) {
    self.graph = graph
    self.schedule = schedule
    self.batch = batch
    self.isSparing = isSparing
    consumers = graph.consumers()
    position = Array(repeating: -1, count: graph.nodes.count)
    isTaken = Array(repeating: false, count: graph.nodes.count)
    var spans = [ClosedRange<Int>?](repeating: nil, count: graph.nodes.count)
    for (place, id) in schedule.step.enumerated() { position[id.index] = place }
    for output in graph.outputs { isTaken[output.value.index] = true }
    for copy in schedule.copies { isTaken[copy.value.index] = true }
    for (place, id) in schedule.step.enumerated() {
      if schedule.inPlace[id] != nil { isTaken[id.index] = true }
      guard !graph.isView(id), !isInner[id.index], schedule.inPlace[id] == nil else { continue }
      spans[id.index] = place...min(max(lastUse[id.index], place), schedule.step.count)
    }
    (ownSpan, span) = (spans, spans)
  }

  private static func bytes(_ shape: Shape, _ batch: Int) -> Int {
    MemoryPlan.aligned(4 * shape.elementCount * (shape.isBatched ? batch : 1))
  }

  // MARK: What fits

  /// Whether all kernels that read a value, under any of its names, know a pitch, and not too many read it by itself: no more
  /// than there are concatenations that would copy it. Concatenations may be read as often as they are.
  private func isReadWithPitch(_ id: NodeID) -> Bool {
    guard graph[id].shape.isImage else { return false }
    var open = [id]
    var (reads, copies) = (0, 0)
    while let value = open.popLast() {
      if isTaken[value.index] { return false }
      for reader in consumers[value.index] {
        guard position[reader.index] >= 0, schedule.inPlace[reader] == nil else { return false }
        let node = graph[reader]
        if node.op.keepsPixels {
          open.append(reader)
        } else {
          if isChannelConcat(reader) { copies += 1 } else { reads += 1 }
          for (index, input) in node.inputs.enumerated() where input == value {
            guard node.op.readsPitch(operand: index, of: node.inputs.count) else { return false }
          }
        }
      }
    }
    return !isSparing || reads <= max(1, copies) || isChannelConcat(id)
  }

  /// Whether a value may lie in a larger one: somebody computes it with a kernel that knows a pitch, and nobody
  /// needs it dense.
  private func mayBePart(_ id: NodeID) -> Bool {
    parts[id] == nil && span[id.index] != nil && graph[id].op.writesPitch(of: graph[id].inputs.count)
      && isReadWithPitch(id)
  }

  /// Takes a value into the memory of another one.
  private mutating func join(_ id: NodeID, at start: Int, of whole: NodeID) {
    parts[id] = Placement.Part(whole: whole, start: start)
    if let own = span[id.index], let large = span[whole.index] {
      span[whole.index] =
        min(own.lowerBound, large.lowerBound)...max(own.upperBound, large.upperBound)
    }
    span[id.index] = nil
  }

  /// Whether a value may take parts: it has memory of its own, or it is an input of the network.
  private func mayHold(_ whole: NodeID) -> Bool {
    guard !refused.contains(whole) else { return false }
    if case .input = graph[whole].op { return true }
    return span[whole.index] != nil
  }

  // MARK: Memory

  /// The bytes alive at each step; at the last one values are copied over parameters.
  func aliveBytes() -> [Int] {
    var change = [Int](repeating: 0, count: schedule.step.count + 2)
    for id in graph.ids {
      guard let span = span[id.index] else { continue }
      change[span.lowerBound] += bytes(id)
      change[span.upperBound + 1] -= bytes(id)
    }
    var sum = 0
    return change.map { step in
      sum += step
      return sum
    }
  }

  /// The value that needs most memory at a step on top of what it and its parts would need by themselves.
  func costliest(at step: Int) -> NodeID? {
    var cost: [NodeID: Int] = [:]
    for id in graph.ids {
      let isAlive = ownSpan[id.index]?.contains(step) ?? false
      if let part = parts[id] {
        cost[part.whole, default: 0] -= isAlive ? bytes(id) : 0
      } else if let span = span[id.index], span.contains(step), !isAlive {
        cost[id, default: 0] += bytes(id)
      }
    }
    return cost.filter { $0.value > 0 }.max { ($0.value, $0.key.index) < ($1.value, $1.key.index) }?.key
  }

  private func bytes(_ id: NodeID) -> Int { Self.bytes(graph[id].shape, batch) }

  private func isChannelConcat(_ id: NodeID) -> Bool { graph[id].op == .concat(.channel) }

  // MARK: Decisions

  /// Decides anew.
  mutating func plan() {
    (parts, names, interleaved, span) = ([:], [], [:], ownSpan)
    interleave()
    placeOperands()
    nameSlices()
  }

  /// A shuffle of as many groups as a concatenation has operands takes one channel of each in turn.
  private mutating func interleave() {
    for id in schedule.step {
      guard case .channelShuffle(let groups) = graph[id].op, schedule.inPlace[id] == nil else { continue }
      let concat = graph[id].inputs[0]
      let shapes = graph.inputShapes(of: concat)
      guard isChannelConcat(concat), position[concat.index] >= 0, span[concat.index] != nil,
        !isTaken[concat.index], consumers[concat.index] == [id], shapes.count == groups,
        groups <= KernelSizes.mostParts, shapes.allSatisfy({ $0 == shapes[0] })
      else { continue }
      interleaved[id] = concat
      names.insert(concat)
      span[concat.index] = nil
      for operand in graph[concat].inputs {
        guard let own = span[operand.index] else { continue }
        span[operand.index] = own.lowerBound...max(own.upperBound, position[id.index])
      }
    }
  }

  /// Operands of concatenations, from the last one back: a concatenation that is an operand of another one has its
  /// place by then, and so do the operands of the longest of several that begin alike.
  private mutating func placeOperands() {
    for concat in schedule.step.reversed() where isChannelConcat(concat) && !names.contains(concat) {
      if parts[concat] == nil, let part = neighbours(graph[concat].inputs), isReadWithPitch(concat) {
        join(concat, at: part.start, of: part.whole)
        names.insert(concat)
        continue
      }
      guard schedule.inPlace[concat] == nil, mayHold(parts[concat]?.whole ?? concat) else { continue }
      // One call copies all operands; two that are left would need two.
      guard !isSparing || graph[concat].inputs.count(where: { !mayBePart($0) }) <= 1 else { continue }
      let place = parts[concat] ?? Placement.Part(whole: concat, start: 0)
      var start = place.start
      for operand in graph[concat].inputs {
        if mayBePart(operand) { join(operand, at: start, of: place.whole) }
        start += graph[operand].shape.channels
      }
    }
  }

  /// The place of values that already lie side by side.
  private func neighbours(_ values: [NodeID]) -> Placement.Part? {
    guard let first = parts[values[0]] else { return nil }
    var start = first.start
    for value in values {
      guard parts[value] == Placement.Part(whole: first.whole, start: start) else { return nil }
      start += graph[value].shape.channels
    }
    return first
  }

  /// Slices along channels are read where they are.
  private mutating func nameSlices() {
    var left: Set<NodeID> = []
    if isSparing {
      // One call makes all slices of a value.
      for id in schedule.step {
        if case .slice = graph[id].op, parts[id] == nil, !isReadWithPitch(id) {
          left.insert(graph[id].inputs[0])
        }
      }
    }
    for id in schedule.step {
      guard case .slice(.channel, let start, _) = graph[id].op, parts[id] == nil, span[id.index] != nil,
        !left.contains(graph[id].inputs[0]), isReadWithPitch(id)
      else { continue }
      // What is sliced may have another name itself.
      var source = graph[id].inputs[0]
      while graph[source].op.keepsPixels, position[source.index] >= 0 { source = graph[source].inputs[0] }
      let place = parts[source] ?? Placement.Part(whole: source, start: 0)
      guard graph[source].shape.isImage, mayHold(place.whole) else { continue }
      join(id, at: place.start + start, of: place.whole)
      names.insert(id)
    }
  }
}

extension Op {
  /// Whether the result is the operand's memory under another name, pixel by pixel.
  fileprivate var keepsPixels: Bool {
    switch self {
    case .identity, .dropout, .dropPath: true
    default: false
    }
  }

  /// Whether the kernel of this op knows a pitch of operand `index` of `count`.
  func readsPitch(operand index: Int, of count: Int) -> Bool {
    switch self {
    case .conv: index == 0 || index == 3
    case .batchNorm, .batchStatistics, .biasGradient, .activation, .maxPool, .averagePool, .slice,
      .channelShuffle, .crop, .pad, .embed, .convInputGradient, .averagePoolGradient:
      index == 0
    case .concat(let axis): axis == .channel
    case .batchNormalize: index == 0 || index == 4
    case .batchNormReduce, .batchNormInputGradient, .convWeightGradient, .maxPoolGradient: index <= 1
    case .add: true
    case .activationGradient: count <= KernelSizes.mostParts
    default: false
    }
  }

  /// Whether the kernel of this op, with `count` operands, knows a pitch of its result.
  func writesPitch(of count: Int) -> Bool {
    switch self {
    case .conv, .convInputGradient, .batchNorm, .batchNormalize, .batchNormInputGradient, .activation,
      .maxPool, .averagePool, .slice, .crop, .concat(.channel), .add:
      true
    case .activationGradient: count <= KernelSizes.mostParts
    default: false
    }
  }
}
