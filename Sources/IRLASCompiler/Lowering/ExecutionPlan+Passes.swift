internal import IRLASGraph

extension ExecutionPlan {
  /// The plan of a batch, split into passes where that pays.
  ///
  /// A pass is a few samples, computed by one thread from the first call to the last: their maps stay in its core's caches from call
  /// to call. That pays where maps bound the program, not multiply-adds, and where the maps of the batch leave the caches.
  /// It follows from plans alone, never from the number of threads.
  ///
  /// - Parameter plan: makes the plan of so many samples.
  static func split(
    _ samples: Int, _ plan: (Int) throws(CompileError) -> ExecutionPlan
  ) throws(CompileError) -> ExecutionPlan {
    guard samples > 1 else { return try plan(samples) }
    let single = try plan(1)
    let maps = saturatingProduct(single.byteCount(of: .arena), samples)
    let pays = maps > keptBytes && maps < mostBytes && single.isBoundByMaps && single.maySplit
    var result = try plan(pays ? single.samplesOfPass(of: samples) : samples)
    result.samples = samples
    return result
  }

  /// What a core's caches keep anyway.
  private static let keptBytes = 8 << 20
  /// Far more than any machine has: such a batch is refused as a whole.
  private static let mostBytes = 1 << 46
  /// Numbers read or written for each multiply-add above which maps decide.
  private static let boundIntensity = 0.03
  /// A pass of fewer multiply-adds than that is lost among its calls.
  private static let leastMACs = 4e6

  private var isBoundByMaps: Bool {
    let (macs, floats) = step.reduce((0.0, 0.0)) { ($0.0 + self.macs(of: $1), $0.1 + self.floats(of: $1)) }
    return floats > Self.boundIntensity * macs
  }

  /// Whether every input and output is one of samples, in memory that can be another for each pass.
  private var maySplit: Bool {
    labels == nil && learningRate == nil && randomKey == nil && !hasUpdates
      && (inputs + outputs).allSatisfy { port in
        let buffer = buffers[port.operand.buffer]
        return port.shape.isBatched && port.operand.pitch == nil && port.operand.offset == 0
          && buffer.count == port.shape.elementCount * batch
          && (buffer.space == .staging || buffer.space == .arena)
      }
  }

  /// How many samples to compute at a time, this being the plan of one.
  ///
  /// Few leave their maps in the caches, many spare reading the weights once more: with `w` bytes of weights and `a` bytes of
  /// maps for each sample, `w / n + c a n` is smallest at a multiple of `sqrt(w / a)`.
  private func samplesOfPass(of samples: Int) -> Int {
    let weights = byteCount(of: .persistent) + byteCount(of: .prepared)
    let best = (Double(weights) / Double(max(1, byteCount(of: .arena)))).squareRoot().rounded()
    let macs = max(1, step.reduce(0.0) { $0 + self.macs(of: $1) })
    let least = (Self.leastMACs / macs).rounded(.up)
    let wanted = Int(min(max(1, best, least), Double(samples)))
    // A power of two, so that most numbers of threads have as many each.
    var passes = 1
    while 2 * passes * wanted <= samples { passes *= 2 }
    return (samples + passes - 1) / passes
  }
}
