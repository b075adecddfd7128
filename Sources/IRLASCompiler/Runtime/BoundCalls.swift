internal import CKernels

/// Kernel calls bound to functions, sizes and memory.
package struct BoundCalls: ~Copyable {
  let steps: UnsafeMutablePointer<irlas_step>
  package private(set) var count = 0
  private var sizes: [UnsafeMutablePointer<UInt64>] = []
  private var operandLists: [UnsafeMutablePointer<UnsafeMutablePointer<Float>?>] = []

  /// Binds calls; the memory must stay valid as long as they are run.
  ///
  /// - Parameter address: where a buffer of the plan starts.
  init(
    _ calls: [ExecutionPlan.Call], _ kernels: KernelSet, address: (Int) -> UnsafeMutablePointer<Float>
  ) {
    steps = .allocate(capacity: max(calls.count, 1))
    for call in calls {
      let instance = KernelInstance(kernel: call.kernel, sizes: call.sizes)
      append(
        kernels.binding(of: instance), sizes: call.sizes,
        operands: call.operands.map { address($0.buffer) + $0.offset })
    }
  }

  private mutating func append(
    _ binding: KernelBinding, sizes: KernelSizes, operands: [UnsafeMutablePointer<Float>]
  ) {
    let words = sizes.bytes
    let storedSizes = UnsafeMutablePointer<UInt64>.allocate(capacity: max(words.count, 1))
    storedSizes.initialize(from: words, count: words.count)
    let list = UnsafeMutablePointer<UnsafeMutablePointer<Float>?>.allocate(capacity: max(operands.count, 1))
    for (index, operand) in operands.enumerated() { (list + index).initialize(to: operand) }
    (steps + count).initialize(
      to: irlas_step(
        run: binding.function, dims: UnsafeRawPointer(storedSizes), operands: list,
        tasks: Int32(clamping: binding.taskCount)))
    self.sizes.append(storedSizes)
    operandLists.append(list)
    count += 1
  }

  /// The place of an operand of a call.
  func operand(_ index: Int, of call: Int) -> UnsafeMutablePointer<UnsafeMutablePointer<Float>?> {
    operandLists[call] + index
  }

  deinit {
    for pointer in sizes { pointer.deallocate() }
    for pointer in operandLists { pointer.deallocate() }
    steps.deallocate()
  }
}

/// The calls of a plan bound to the memory of each thread, to be run in passes over a batch.
///
/// The threads share everything but the arena. Inputs and outputs are moved on from pass to pass.
struct PassPrograms: ~Copyable {
  let programs: UnsafeMutablePointer<irlas_pass>
  let callCount: Int
  private let threads: Int
  private var calls: [UnsafeMutablePointer<BoundCalls>] = []

  /// A buffer that each pass has its own part of.
  struct Moving {
    /// Where the part of the first pass starts, and the floats from one pass to the next.
    var start: UnsafeMutablePointer<Float>
    var stride: Int
  }

  /// - Parameters:
  ///   - threads: how many programs to make.
  ///   - moving: by buffer.
  ///   - address: where a buffer starts for a thread.
  init(
    _ plan: ExecutionPlan, _ kernels: KernelSet, threads: Int, moving: [Int: Moving],
    address: (_ thread: Int, _ buffer: Int) -> UnsafeMutablePointer<Float>
  ) {
    self.threads = threads
    callCount = plan.step.count
    programs = .allocate(capacity: threads)
    for thread in 0..<threads {
      let bound = BoundCalls(plan.step, kernels) { address(thread, $0) }
      var operands: [irlas_pass_operand] = []
      for (place, call) in plan.step.enumerated() {
        for (index, operand) in call.operands.enumerated() {
          guard let moving = moving[operand.buffer] else { continue }
          operands.append(
            irlas_pass_operand(
              operand: bound.operand(index, of: place), start: moving.start + operand.offset,
              stride: moving.stride))
        }
      }
      let stored = UnsafeMutablePointer<irlas_pass_operand>.allocate(capacity: max(operands.count, 1))
      stored.initialize(from: operands, count: operands.count)
      (programs + thread).initialize(
        to: irlas_pass(steps: bound.steps, operands: stored, operand_count: Int64(operands.count)))
      let place = UnsafeMutablePointer<BoundCalls>.allocate(capacity: 1)
      place.initialize(to: bound)
      calls.append(place)
    }
  }

  deinit {
    for thread in 0..<threads { programs[thread].operands.deallocate() }
    for place in calls {
      place.deinitialize(count: 1)
      place.deallocate()
    }
    programs.deallocate()
  }
}
