internal import IRLASGraph

/// Finds which values of the forward pass a training step computes again instead of keeping them, until its program fits
/// a limit of memory.
///
/// Values are dropped one after the other, always the one that lowers the peak (`LiveMemory`) most for the work of
/// computing it again; the peak, the steps at which a value is missed, and what else has to be computed again or kept for
/// longer because of it are those of the schedule. So cheap values (batch norm and its activation, sums, joined maps) go
/// first, and convolutions when that is not enough, which leaves checkpoints with stretches between them that are
/// computed again as a whole (T. Chen, B. Xu, C. Zhang and C. Guestrin, "Training deep nets with sublinear memory cost", 2016). Every
/// two percent of the peak are a station; where the limit is near, the program is really planned there, and the first plan
/// within the limit is taken.
///
/// The stations do not depend on the limit, so that a smaller limit never leads to a larger program.
struct Rematerialisation {
  private let graph: Graph
  private let boundary: NodeID
  private let isLeft: [Bool]
  private let isView: [Bool]
  private let plan: (Recomputation) throws(CompileError) -> ExecutionPlan
  /// The bytes of each value in the arena; 0 for other names of values and what is elsewhere.
  private let bytes: [Int]
  /// The work of computing each value, in multiply-adds; nil where it must not be computed again.
  private let work: [Double?]
  /// The bytes of everything but the arena.
  private let fixedBytes: Int
  private var isDropped: [Bool]
  private var memory: LiveMemory
  /// The peak when the program was planned last.
  private var plannedPeak: Int
  private var times: ValueTimes

  /// Plans a training step within a limit. As soon as values are computed again, each has memory of its own: dropping a part
  /// of a larger value would free nothing.
  ///
  /// - Parameters:
  ///   - graph: a training graph after all passes.
  ///   - isLeft: for each node whether its value has no memory because its readers make it
  ///     (`Lowering.deferredNormalizations`).
  ///   - limit: bytes of everything that the program owns (`ExecutionPlan.ownedBytes`).
  ///   - placed: the program that computes nothing again, with values in place (`Placement`).
  ///   - plan: makes a program of a graph with values that are computed again.
  /// - Throws: `CompileError.memoryLimit` with the least that was reached.
  static func plan(
    _ graph: Graph, batch: Int, isLeft: [Bool], limit: Int, placed: ExecutionPlan,
    plan: @escaping (Recomputation) throws(CompileError) -> ExecutionPlan
  ) throws(CompileError) -> ExecutionPlan {
    if placed.ownedBytes <= limit { return placed }
    let boundary = Recomputation.boundary(of: graph) ?? NodeID(graph.nodes.count)
    let nothing = Recomputation(
      graph, dropping: Array(repeating: false, count: graph.nodes.count), boundary: boundary, isLeft: isLeft)
    let whole = try plan(nothing)
    if whole.ownedBytes <= limit { return whole }
    var search = Rematerialisation(graph, boundary, batch, isLeft, whole, nothing, plan)
    var least = min(placed.ownedBytes, whole.ownedBytes)
    var passed: [(isDropped: [Bool], bytes: Int)] = []
    while search.advance() {
      let next: ExecutionPlan
      if search.isPlanDue {
        next = try search.planAndLearn()
      } else if search.expectedBytes <= Self.allowance(limit) {
        next = try search.plan(search.recomputation(dropping: search.isDropped))
      } else {
        passed.append((search.isDropped, search.expectedBytes))
        continue
      }
      if next.ownedBytes <= limit { return next }
      least = min(least, next.ownedBytes)
    }
    // What would be the first plan for that limit.
    for station in passed.sorted(by: { $0.bytes < $1.bytes }) where station.bytes <= Self.allowance(least) {
      let bytes = try search.plan(search.recomputation(dropping: station.isDropped)).ownedBytes
      if station.bytes <= Self.allowance(bytes) { least = min(least, bytes) }
    }
    throw .memoryLimit(
      bytes: limit, least: least, persistent: whole.byteCount(of: .persistent), batch: batch)
  }

  /// The most that may be expected of a program which is tried for a limit: expectations are a little off.
  private static func allowance(_ limit: Int) -> Int { limit + limit / 10 }

  private init(
    _ graph: Graph, _ boundary: NodeID, _ batch: Int, _ isLeft: [Bool], _ first: ExecutionPlan,
    _ recomputation: Recomputation,
    _ plan: @escaping (Recomputation) throws(CompileError) -> ExecutionPlan
  ) {
    self.graph = graph
    self.boundary = boundary
    self.plan = plan
    self.isLeft = isLeft
    isView = recomputation.isView
    let schedule = Schedule(graph, parametersAreConstant: false)
    let isStep = Set(schedule.step)
    let isOutput = Set(graph.outputs.map(\.value))
    var bytes: [Int] = []
    var work: [Double?] = []
    for id in graph.ids {
      let node = graph[id]
      let count = graph.count(of: id, batch: batch)
      bytes.append(isStep.contains(id) && !recomputation.isView[id.index] ? MemoryPlan.aligned(4 * count) : 0)
      let isAllowed =
        id < boundary && node.op.mayBeRecomputed && !isOutput.contains(id) && isStep.contains(id)
      work.append(isAllowed ? Self.work(of: id, in: graph, batch: batch) : nil)
    }
    self.bytes = bytes
    self.work = work
    isDropped = Array(repeating: false, count: graph.nodes.count)
    fixedBytes = first.ownedBytes - first.byteCount(of: .arena)
    memory = LiveMemory(first.arena)
    plannedPeak = memory.peakBytes
    times = ValueTimes(recomputation, schedule, boundary: boundary)
  }

  /// About how much a computation costs, in multiply-adds: a float that is read or written takes as long as sixteen of them,
  /// and a call as long as a quarter of a million.
  private static func work(of id: NodeID, in graph: Graph, batch: Int) -> Double {
    let node = graph[id]
    let macs = node.op.macs(inputs: graph.inputShapes(of: id), result: node.shape)
    let floats = ([id] + node.inputs).reduce(0) { $0 + graph.count(of: $1, batch: batch) }
    return Double(macs) * Double(batch) + 16 * Double(floats) + 250_000
  }

  // MARK: Stations

  /// The share of the peak that is left at the next station, and the most values dropped on the way.
  private static let shareOfStation = 0.98
  private static let dropsOfStation = 100
  /// The share of the peak that is left when it is time to plan and look at the schedule again.
  private static let shareOfPlan = 0.9

  /// Drops values up to the next station; false when nothing more is worth it.
  private mutating func advance() -> Bool {
    let goal = Int(Double(memory.peakBytes) * Self.shareOfStation)
    var drops = 0
    while drops < Self.dropsOfStation, memory.peakBytes > goal, let choice = bestChoice() {
      apply(choice)
      drops += 1
    }
    return drops > 0
  }

  /// What the program would own, if it had no gaps.
  private var expectedBytes: Int { memory.peakBytes + fixedBytes }

  private var isPlanDue: Bool { Double(memory.peakBytes) <= Self.shareOfPlan * Double(plannedPeak) }

  private func recomputation(dropping isDropped: [Bool]) -> Recomputation {
    Recomputation(graph, dropping: isDropped, boundary: boundary, isLeft: isLeft)
  }

  /// Plans the program, and goes on from what is alive in it when.
  private mutating func planAndLearn() throws(CompileError) -> ExecutionPlan {
    let recomputation = recomputation(dropping: isDropped)
    let plan = try self.plan(recomputation)
    memory = LiveMemory(plan.arena)
    plannedPeak = memory.peakBytes
    times = ValueTimes(
      recomputation, Schedule(recomputation.graph, parametersAreConstant: false), boundary: boundary)
    return plan
  }

  // MARK: Choices

  /// Values that could be dropped together.
  private struct Choice {
    /// The step at which they are computed again.
    var step: Int
    /// The value that is missed, and others that only its computation needs.
    var values: [Int]
    /// What that computation reads besides.
    var reads: [Int] = []
    var changes: [LiveMemory.Change] = []
    var work: Double
  }

  /// A choice that lowers less than this share of the smooth peak is none.
  private static let leastGain = 1e-7

  /// The choice that gains most for its work; the first of equals.
  private func bestChoice() -> Choice? {
    var best: (choice: Choice, rate: Double)?
    for value in 0..<boundary.index {
      guard let choice = choice(of: value) else { continue }
      let gain = memory.gain(choice.changes)
      guard gain > Self.leastGain, gain / choice.work > best?.rate ?? 0 else { continue }
      best = (choice, gain / choice.work)
    }
    return best?.choice
  }

  /// What dropping a value means; nil if it cannot be dropped or is never missed for a while.
  private func choice(of value: Int) -> Choice? {
    guard !isDropped[value], bytes[value] > 0, let work = work[value],
      let step = times.firstBackwardRead[value], times.lastForwardRead[value] + 1 < step
    else { return nil }
    var choice = Choice(step: step, values: [value], work: work)
    choice.changes = [.init(steps: times.lastForwardRead[value] + 1...step - 1, bytes: -bytes[value])]
    var pending = graph[NodeID(value)].inputs
    var seen: Set<Int> = []
    while let next = pending.popLast() {
      let operand = base(next)
      guard seen.insert(operand).inserted, bytes[operand] > 0 else { continue }
      visit(operand, for: value, &choice, &pending)
    }
    return choice
  }

  /// An operand of something that is computed again: it is there, or comes earlier, or stays for longer, or is
  /// computed again too.
  private func visit(_ operand: Int, for value: Int, _ choice: inout Choice, _ pending: inout [NodeID]) {
    let (step, size) = (choice.step, bytes[operand])
    if let copy = times.copies[operand] {
      choice.reads.append(operand)
      if copy.upperBound < step {
        choice.changes.append(.init(steps: copy.upperBound + 1...step, bytes: size))
      } else if copy.lowerBound > step {
        choice.changes.append(.init(steps: step...copy.lowerBound - 1, bytes: size))
        pending += graph[NodeID(operand)].inputs
      }
    } else if times.lastRead[operand] >= step {
      choice.reads.append(operand)
    } else if let work = work[operand], times.firstBackwardRead[operand] == nil, size > bytes[value] / 4 {
      choice.values.append(operand)
      choice.work += work
      choice.changes.append(.init(steps: step...step, bytes: size))
      pending += graph[NodeID(operand)].inputs
    } else {
      choice.reads.append(operand)
      choice.changes.append(.init(steps: times.lastRead[operand] + 1...step, bytes: size))
    }
  }

  /// The node whose memory a node's value is in.
  private func base(_ id: NodeID) -> Int {
    var id = id
    while isView[id.index] { id = graph[id].inputs[0] }
    return id.index
  }

  private mutating func apply(_ choice: Choice) {
    memory.apply(choice.changes)
    for value in choice.values {
      isDropped[value] = true
      times.drop(value, copyAt: choice.step)
    }
    for value in choice.reads { times.read(value, at: choice.step) }
  }
}

extension Graph {
  /// The number of floats of a node's value for a batch.
  fileprivate func count(of id: NodeID, batch: Int) -> Int {
    self[id].shape.elementCount * (self[id].shape.isBatched ? batch : 1)
  }
}
