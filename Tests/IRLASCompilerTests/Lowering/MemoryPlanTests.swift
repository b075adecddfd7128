import IRLASCompiler
import IRLASTestSupport
import Testing

@Suite struct MemoryPlanTests {
  /// The law of a memory plan: values that live at the same time share no byte, everything is aligned and
  /// inside, and no plan is smaller than the most that is alive at once.
  @Test(arguments: 0..<40) func liveValuesNeverOverlap(seed: Int) {
    var random = RandomSource(seed: UInt64(seed))
    let requests = (0..<random.pick(0...120)).map { _ in
      let first = random.pick(0...60)
      return MemoryPlan.Request(
        bytes: random.once(in: 3) ? random.pick(0...200) : 64 * random.pick(0...500), firstStep: first,
        lastStep: first + random.pick(0...12))
    }
    let plan = MemoryPlan(requests)
    #expect(plan.conflicts.isEmpty, "seed \(seed)")
    #expect(plan.totalBytes >= plan.peakBytes, "seed \(seed)")
    #expect(plan.totalBytes <= requests.reduce(0) { $0 + MemoryPlan.aligned($1.bytes) }, "seed \(seed)")
    #expect(MemoryPlan(requests).offsets == plan.offsets, "seed \(seed)")
  }

  @Test func aChainNeedsTwoBuffers() {
    let requests = (0..<50).map { MemoryPlan.Request(bytes: 1000, firstStep: $0, lastStep: $0 + 1) }
    #expect(MemoryPlan(requests).totalBytes == 2 * MemoryPlan.aligned(1000))
  }

  /// Best fit: the small value goes into the hole that fits it, not into the first one.
  @Test func theSmallestGapIsTaken() {
    let plan = MemoryPlan([
      .init(bytes: 640, firstStep: 0, lastStep: 0), .init(bytes: 576, firstStep: 0, lastStep: 2),
      .init(bytes: 512, firstStep: 0, lastStep: 0), .init(bytes: 448, firstStep: 0, lastStep: 2),
      .init(bytes: 384, firstStep: 1, lastStep: 2),
    ])
    #expect(plan.offsets[4] == plan.offsets[2])
    #expect(plan.totalBytes == 640 + 576 + 512 + 448)
  }

  /// The verifier finds what it is for.
  @Test func conflictsAreFound() {
    let plan = MemoryPlan([.init(bytes: 64, firstStep: 0, lastStep: 5)])
    #expect(plan.conflicts.isEmpty)
    #expect(
      MemoryPlan.Request(bytes: 1, firstStep: 0, lastStep: 3).overlaps(
        .init(bytes: 1, firstStep: 3, lastStep: 9)))
    #expect(
      !MemoryPlan.Request(bytes: 1, firstStep: 0, lastStep: 3).overlaps(
        .init(bytes: 1, firstStep: 4, lastStep: 9)))
    let broken = MemoryPlan(
      [.init(bytes: 128, firstStep: 0, lastStep: 1), .init(bytes: 64, firstStep: 1, lastStep: 1)],
      offsets: [0, 64])
    #expect(broken.conflicts.map { [$0.0, $0.1] } == [[0, 1]])
  }
}
