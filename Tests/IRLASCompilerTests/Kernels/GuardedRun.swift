import Glibc
import IRLASCompiler
import IRLASGraph
import Testing

/// Memory between two pages that trap. It starts on a page and is filled with NaN up to the second trap, so
/// that what a kernel reads outside spoils its result, and what it writes there is found.
final class GuardedBuffer {
  let count: Int
  let start: UnsafeMutablePointer<Float>
  private let mapping: UnsafeMutableRawPointer
  private let mappedBytes: Int
  private let filledCount: Int
  private static let page = 4096
  private static let canary = Float(bitPattern: 0x7fc0_dead)

  init(count: Int) {
    self.count = count
    // The trap follows the last cache line, as far as aligned kernels may touch memory.
    let bytes = MemoryPlan.aligned(4 * count)
    let pages = (bytes + Self.page - 1) / Self.page * Self.page
    mappedBytes = pages + 2 * Self.page
    mapping = mmap(nil, mappedBytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
    mprotect(mapping + Self.page, pages, PROT_READ | PROT_WRITE)
    filledCount = bytes / 4
    start = (mapping + Self.page + pages - bytes).assumingMemoryBound(to: Float.self)
    for index in 0..<filledCount { start[index] = Self.canary }
  }

  deinit { munmap(mapping, mappedBytes) }

  var values: [Float] {
    get { Array(UnsafeBufferPointer(start: start, count: count)) }
    set { for (index, value) in newValue.enumerated() { start[index] = value } }
  }

  /// Whether everything after the last element is as it was.
  var isIntact: Bool {
    (count..<filledCount).allSatisfy { start[$0].bitPattern == Self.canary.bitPattern }
  }
}

/// Runs a plan call by call on guarded memory, one buffer each, on this thread.
struct GuardedRun {
  let plan: ExecutionPlan
  let buffers: [GuardedBuffer]

  init(_ plan: ExecutionPlan) {
    self.plan = plan
    buffers = plan.buffers.map { GuardedBuffer(count: $0.count) }
  }

  func set(_ port: ExecutionPlan.Port, _ values: [Float]) { buffers[port.operand.buffer].values = values }

  /// Runs all calls; tasks in ascending or in descending order, which must not matter.
  func run(_ kernels: KernelSet, reversed: Bool) {
    for call in plan.prepare + plan.step {
      let binding = kernels.binding(of: KernelInstance(kernel: call.kernel, sizes: call.sizes))
      let scratch = GuardedBuffer(count: call.kernel.scratchCount(call.sizes))
      var operands: [UnsafeMutablePointer<Float>?] = call.operands.map { operand in
        buffers[operand.buffer].start + operand.offset
      }
      let tasks = Array(0..<binding.taskCount)
      call.sizes.withBytes { sizes in
        for task in reversed ? tasks.reversed() : tasks {
          binding.function(sizes, &operands, scratch.start, Int32(task))
        }
      }
      #expect(scratch.isIntact, "\(call.kernel) writes past its scratch")
    }
    for (buffer, place) in zip(plan.buffers, buffers) {
      #expect(place.isIntact, "something writes past \(buffer.name)")
    }
  }

  /// An output of the plan.
  func output(_ name: String) -> [Float] {
    guard let port = plan.outputs.first(where: { $0.name == name }) else { return [] }
    let count = port.shape.elementCount * (port.shape.isBatched ? plan.batch : 1)
    let start = buffers[port.operand.buffer].start + port.operand.offset
    return Array(UnsafeBufferPointer(start: start, count: count))
  }
}
