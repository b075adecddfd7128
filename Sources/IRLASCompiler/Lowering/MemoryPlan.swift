/// Offsets in one block of memory for values that live at different times.
///
/// Best fit, largest first: values are placed in the order of size (then of index), each into the smallest gap
/// between the already placed values that live at the same time, at the lowest offset among equals; at the
/// end when no gap fits. That is the greedy-by-size strategy of Pisarchyk and Lee, "Efficient memory management
/// for deep neural net inference" (2020).
package struct MemoryPlan: Hashable, Sendable {
  /// A value that needs memory during the steps `firstStep ... lastStep`.
  package struct Request: Hashable, Sendable {
    package var bytes: Int
    package var firstStep: Int
    package var lastStep: Int

    package init(bytes: Int, firstStep: Int, lastStep: Int) {
      self.bytes = bytes
      self.firstStep = firstStep
      self.lastStep = lastStep
    }

    /// Whether both values exist at some step.
    package func overlaps(_ other: Request) -> Bool {
      firstStep <= other.lastStep && other.firstStep <= lastStep
    }
  }

  /// Every offset is a multiple of so many bytes: a cache line, and the widest vector.
  package static let alignment = 64

  package let requests: [Request]
  /// The offset of each request in bytes.
  package let offsets: [Int]
  /// The size of the whole block in bytes.
  package let totalBytes: Int

  /// Plans memory for the requests.
  package init(_ requests: [Request]) {
    self.requests = requests
    var offsets = [Int](repeating: 0, count: requests.count)
    // Placed requests by offset; those that do not live at the same time may overlap.
    var placed: [Int] = []
    let order = requests.indices.sorted { a, b in
      requests[a].bytes != requests[b].bytes ? requests[a].bytes > requests[b].bytes : a < b
    }
    for index in order {
      let size = Self.aligned(requests[index].bytes)
      var best: (gap: Int, offset: Int)?
      var end = 0
      for other in placed where requests[other].overlaps(requests[index]) {
        let gap = offsets[other] - end
        if gap >= size && gap < best?.gap ?? Int.max { best = (gap, end) }
        end = max(end, offsets[other] + Self.aligned(requests[other].bytes))
      }
      offsets[index] = best?.offset ?? end
      placed.insert(index, at: Self.insertionPoint(of: offsets[index], in: placed, offsets))
    }
    self.offsets = offsets
    totalBytes = requests.indices.reduce(0) { max($0, offsets[$1] + Self.aligned(requests[$1].bytes)) }
  }

  /// A plan with given offsets, which may be wrong: `conflicts` tells.
  package init(_ requests: [Request], offsets: [Int]) {
    self.requests = requests
    self.offsets = offsets
    totalBytes = requests.indices.reduce(0) { max($0, offsets[$1] + Self.aligned(requests[$1].bytes)) }
  }

  /// The largest number of bytes that are alive at one step: no plan can need less.
  package var peakBytes: Int {
    var change: [Int: Int] = [:]
    for request in requests {
      change[request.firstStep, default: 0] += Self.aligned(request.bytes)
      change[request.lastStep + 1, default: 0] -= Self.aligned(request.bytes)
    }
    var alive = 0
    var peak = 0
    for (_, bytes) in change.sorted(by: { $0.key < $1.key }) {
      alive += bytes
      peak = max(peak, alive)
    }
    return peak
  }

  /// Pairs of requests that live at the same time and share bytes, and requests that are misaligned or leave
  /// the block, paired with themselves: empty for a right plan.
  package var conflicts: [(Int, Int)] {
    var found: [(Int, Int)] = []
    for a in requests.indices {
      let end = offsets[a] + requests[a].bytes
      if offsets[a] < 0 || offsets[a] % Self.alignment != 0 || end > totalBytes { found.append((a, a)) }
      for b in requests.indices where b > a && requests[a].overlaps(requests[b]) {
        if offsets[a] < offsets[b] + requests[b].bytes && offsets[b] < end { found.append((a, b)) }
      }
    }
    return found
  }

  /// The next multiple of the alignment; at least one, so that every value has an address of its own.
  package static func aligned(_ bytes: Int) -> Int { (max(bytes, 1) + alignment - 1) / alignment * alignment }

  private static func insertionPoint(of offset: Int, in placed: [Int], _ offsets: [Int]) -> Int {
    var low = 0
    var high = placed.count
    while low < high {
      let middle = (low + high) / 2
      if offsets[placed[middle]] <= offset { low = middle + 1 } else { high = middle }
    }
    return low
  }
}
