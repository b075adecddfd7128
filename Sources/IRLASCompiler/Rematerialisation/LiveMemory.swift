private import Glibc

/// How many bytes are alive at each step of a schedule, and what changes of it are worth.
///
/// A change is judged by `sum exp(30 (bytes / peak - 1))` over all steps: a smooth stand-in for the peak, of which a tenth
/// below the peak still counts a twentieth. A change that frees memory beside the highest step counts too, and one that
/// takes memory where little is used counts next to nothing, so that a plateau can be taken down bit by bit.
struct LiveMemory {
  /// Bytes that are alive more, or fewer, during some steps.
  struct Change {
    var steps: ClosedRange<Int>
    var bytes: Int
  }

  private(set) var bytes: [Int]
  private var peak: Double = 1
  /// Sums of the terms of the steps before each.
  private var sums: [Double] = []
  private static let sharpness = 30.0

  /// The values of a memory plan, and when they are there.
  init(_ plan: MemoryPlan) {
    let last = plan.requests.reduce(0) { max($0, $1.lastStep) }
    var changes = [Int](repeating: 0, count: last + 2)
    for request in plan.requests {
      changes[request.firstStep] += MemoryPlan.aligned(request.bytes)
      changes[request.lastStep + 1] -= MemoryPlan.aligned(request.bytes)
    }
    var alive = 0
    bytes = changes.dropLast().map { change in
      alive += change
      return alive
    }
    sum()
  }

  var peakBytes: Int { bytes.max() ?? 0 }

  /// The share by which changes lower the sum, each taken for itself; negative if they raise it.
  func gain(_ changes: [Change]) -> Double {
    var gain = 0.0
    for change in changes {
      let steps = change.steps.clamped(to: 0...bytes.count - 1)
      gain -=
        (sums[steps.upperBound + 1] - sums[steps.lowerBound])
        * expm1(Self.sharpness * Double(change.bytes) / peak)
    }
    return gain / sums[bytes.count]
  }

  /// Makes changes.
  mutating func apply(_ changes: [Change]) {
    for change in changes {
      for step in change.steps.clamped(to: 0...bytes.count - 1) { bytes[step] += change.bytes }
    }
    sum()
  }

  private mutating func sum() {
    peak = Double(max(1, peakBytes))
    sums = [0]
    sums.reserveCapacity(bytes.count + 1)
    var total = 0.0
    for alive in bytes {
      total += exp(Self.sharpness * (Double(alive) / peak - 1))
      sums.append(total)
    }
  }
}
