internal import IRLASGraph

/// A program: a plan bound to memory and functions, ready to run.
///
/// Feature maps going in and out are in the kernels' order, `[batch][height][width][channels]`. A program is
/// used from one thread at a time; the threads that compute are the pool's.
package final class Executable {
  package let plan: ExecutionPlan
  package let parameters: ParameterStore
  /// Where the functions came from.
  package let kernels: KernelSet
  private let pool: KernelPool
  private let arena: Arena
  private let prepared: MemoryBlock
  private let staging: MemoryBlock
  /// Inputs and outputs of all samples, where passes have parts of them.
  private let whole: MemoryBlock
  /// Where each buffer of the plan starts; inputs and outputs those of the whole batch.
  private let addresses: [UnsafeMutablePointer<Float>]
  private let prepare: BoundCalls
  private let step: PassPrograms
  /// The parameters' generation that the prepared values belong to.
  private var preparedGeneration: Int?

  /// Allocates the plan's memory and binds its calls.
  ///
  /// - Parameters:
  ///   - parameters: a store that has everything the plan needs; programs may share it.
  ///   - arena: memory for what lives within one step, at least `arenaBytes(of:threads:)`; the program has its own if there
  ///     is none. Programs that take turns may share it; what one of them left is then gone when the next one ran.
  package init(
    _ plan: ExecutionPlan, parameters: ParameterStore, kernels: KernelSet, pool: KernelPool,
    arena shared: Arena? = nil
  ) throws(RuntimeError) {
    self.plan = plan
    self.parameters = parameters
    self.kernels = kernels
    self.pool = pool
    let arenaBytes = Self.arenaBytes(of: plan, threads: pool.threads)
    if let shared { arena = shared } else { arena = try Arena(byteCount: arenaBytes) }
    precondition(arena.block.byteCount >= arenaBytes, "the arena is too small for the plan")
    prepared = try MemoryBlock(byteCount: plan.byteCount(of: .prepared))
    staging = try MemoryBlock(byteCount: plan.byteCount(of: .staging))

    var persistent: [Int: UnsafeMutablePointer<Float>] = [:]
    for tensor in plan.persistent { persistent[tensor.buffer] = try parameters.floats(for: tensor) }
    var addresses: [UnsafeMutablePointer<Float>] = []
    for (index, buffer) in plan.buffers.enumerated() {
      switch buffer.space {
      case .arena: addresses.append(arena.block.floats(at: buffer.offset))
      case .prepared: addresses.append(prepared.floats(at: buffer.offset))
      case .staging: addresses.append(staging.floats(at: buffer.offset))
      case .persistent:
        guard let address = persistent[index] else { throw .parameterMismatch(path: buffer.name) }
        addresses.append(address)
      }
    }
    // With several passes inputs and outputs of the whole batch lie in memory of their own.
    var moving: [Int: PassPrograms.Moving] = [:]
    let ports = plan.passes > 1 ? (plan.inputs + plan.outputs).map(\.operand.buffer) : []
    var places: [(buffer: Int, offset: Int)] = []
    var wholeBytes = 0
    for buffer in ports where !places.contains(where: { $0.buffer == buffer }) {
      places.append((buffer, wholeBytes))
      let bytes = saturatingProduct(4 * plan.buffers[buffer].count, plan.passes)
      wholeBytes = saturatingSum(wholeBytes, saturatingSum(bytes, MemoryPlan.alignment))
      wholeBytes -= wholeBytes % MemoryPlan.alignment
    }
    whole = try MemoryBlock(byteCount: wholeBytes)
    for place in places {
      addresses[place.buffer] = whole.floats(at: place.offset)
      moving[place.buffer] = PassPrograms.Moving(
        start: addresses[place.buffer], stride: plan.buffers[place.buffer].count)
    }
    self.addresses = addresses
    prepare = BoundCalls(plan.prepare, kernels) { addresses[$0] }
    let perThread = MemoryPlan.aligned(plan.byteCount(of: .arena)) / 4
    step = PassPrograms(plan, kernels, threads: Self.workers(plan, pool.threads), moving: moving) {
      thread, buffer in
      let isOwn = plan.buffers[buffer].space == .arena && moving[buffer] == nil
      return addresses[buffer] + (isOwn ? thread * perThread : 0)
    }
    let scratch = plan.kernelInstances.map { $0.kernel.scratchCount($0.sizes) }.max() ?? 0
    try pool.reserve(scratch: scratch)
  }

  /// How many threads work by themselves, each in its own part of the arena.
  private static func workers(_ plan: ExecutionPlan, _ threads: Int) -> Int {
    KernelPool.threads(for: plan, of: threads) == 1 ? threads : 1
  }

  /// The bytes of the arena that a plan needs with so many threads.
  package static func arenaBytes(of plan: ExecutionPlan, threads: Int) -> Int {
    workers(plan, threads) * MemoryPlan.aligned(plan.byteCount(of: .arena))
  }

  /// The bytes that the program works on: the arena, what is prepared, inputs and outputs, parameters and states.
  package var ownedBytes: Int {
    Self.arenaBytes(of: plan, threads: pool.threads) + prepared.byteCount + staging.byteCount
      + whole.byteCount + plan.byteCount(of: .persistent)
  }

  // MARK: Before a step

  /// Gives `body` the memory of input number `index` for the whole batch, to be filled.
  package func withInput(_ index: Int, _ body: (UnsafeMutableBufferPointer<Float>) throws -> Void) rethrows {
    try body(memory(plan.inputs[index]))
  }

  /// Gives `body` the place of the class index of each sample; nothing happens in an inference program.
  package func withLabels(_ body: (UnsafeMutableBufferPointer<Float>) throws -> Void) rethrows {
    if let labels = plan.labels { try body(memory(labels)) }
  }

  /// The learning rate of the next steps. Inference programs ignore it.
  package var learningRate: Float {
    get { plan.learningRate.map { memory($0)[0] } ?? 0 }
    set { if let port = plan.learningRate { memory(port)[0] = newValue } }
  }

  /// Chooses the random masks of the next step: they are a function of both numbers (`MaskWords`).
  package func setRandomKey(seed: UInt64, step: UInt64) {
    guard let port = plan.randomKey else { return }
    let words = [
      UInt32(truncatingIfNeeded: seed), UInt32(truncatingIfNeeded: seed >> 32),
      UInt32(truncatingIfNeeded: step), UInt32(truncatingIfNeeded: step >> 32),
    ]
    let key = memory(port)
    for (index, word) in words.enumerated() { key[index] = Float(bitPattern: word) }
  }

  // MARK: The step

  /// Runs one step; parameters and state change if the program trains.
  ///
  /// - Returns: false when the step was cancelled half-way. Parameters that the step updates are then partly
  ///   new, so a cancelled training step must be followed by restoring them.
  package func run(cancellation: Cancellation? = nil) -> Bool {
    var times: [UInt64] = []
    return run(cancellation, &times)
  }

  /// Runs one step and returns the wall time of each call of the plan's step in nanoseconds, all passes together.
  package func profile() -> [UInt64] {
    var times = [UInt64](repeating: 0, count: plan.step.count)
    _ = run(nil, &times)
    return times
  }

  private func run(_ cancellation: Cancellation?, _ times: inout [UInt64]) -> Bool {
    // What is prepared by a training program does not depend on parameters.
    let isStale =
      preparedGeneration == nil || (!plan.hasUpdates && preparedGeneration != parameters.generation)
    if isStale {
      guard pool.run(prepare, cancellation: cancellation) else { return false }
      preparedGeneration = parameters.generation
    }
    let isDone = pool.run(step, passes: plan.passes, cancellation: cancellation, nanoseconds: &times)
    if plan.hasUpdates { parameters.noteChange() }
    return isDone
  }

  // MARK: After a step

  /// An output of the last step for the whole batch, or nil when the program has none of that name.
  package func output(_ name: String) -> [Float]? {
    plan.outputs.first { $0.name == name }.map { Array(memory($0)) }
  }

  /// An output in the order of PyTorch and the reference interpreter: maps as
  /// `[batch][channels][height][width]`, weights (gradients) as `{out, in / groups, kh, kw}`.
  package func planarOutput(_ name: String) -> [Float]? {
    guard let port = plan.outputs.first(where: { $0.name == name }) else { return nil }
    let values = Array(memory(port))
    guard port.shape.isImage else {
      return port.packing?.unpacked(values, port.shape) ?? values
    }
    return Layout.planar(values, port.shape, batch: plan.samples)
  }

  /// Fills input number `index` from `[batch][channels][height][width]`.
  package func setPlanarInput(_ index: Int, _ values: [Float]) {
    let shape = plan.inputs[index].shape
    let target = memory(plan.inputs[index])
    for (place, value) in Layout.interleaved(values, shape, batch: plan.samples).enumerated() {
      target[place] = value
    }
  }

  private func memory(_ port: ExecutionPlan.Port) -> UnsafeMutableBufferPointer<Float> {
    let count = port.shape.elementCount * (port.shape.isBatched ? plan.samples : 1)
    return UnsafeMutableBufferPointer(
      start: addresses[port.operand.buffer] + port.operand.offset, count: count)
  }
}
