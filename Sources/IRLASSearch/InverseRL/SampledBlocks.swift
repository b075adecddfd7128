package import IRLASGraph

/// Blocks of a space that is too large to go through: a pool drawn at random, and best responses by hill climbing from
/// its best blocks, one decision changed at a time. All blocks met are remembered.
package struct SampledBlocks: BlockSource {
  /// From how many blocks a search for a best response climbs, how many changes it tries at each step, and how many
  /// steps it makes at most [ours].
  private static let (starts, mutants, steps) = (4, 12, 12)
  /// How many responses are given at once.
  private static let responses = 16

  private struct Block {
    let decisions: [Decision]
    let features: [Double]
  }

  private let space: Space
  private let seed: UInt64
  private let features: @Sendable (Graph) -> [Double]
  /// The features of the drawn blocks, with repeats.
  package private(set) var pool: FeatureMatrix
  /// Distinct blocks, in the order in which they were met.
  private var blocks: [Block] = []
  private var known: Set<[Double]> = []
  /// How many best responses were asked for.
  private var searches: UInt64 = 0

  /// Draws `count` blocks; draw `i` has the seed `StableHash.mix(seed, i)`.
  ///
  /// - Parameters:
  ///   - width: how many features there are.
  ///   - features: the features of a program's block.
  ///   - progress: is told after each draw how many there are.
  package init(
    drawing count: Int, of space: Space, seed: UInt64, width: Int,
    features: @escaping @Sendable (Graph) -> [Double], progress: (Int) -> Void = { _ in }
  ) throws(Space.SampleFailure) {
    self.space = space
    self.seed = seed
    self.features = features
    pool = FeatureMatrix(width: width)
    for index in 0..<count {
      let sample = try space.sample(seed: StableHash.mix(seed, UInt64(index)))
      let block = Block(decisions: sample.decisions, features: features(sample.graph))
      pool.append(block.features)
      remember(block)
      progress(index + 1)
    }
  }

  /// How many distinct blocks have been met.
  package var distinctCount: Int { blocks.count }

  private mutating func remember(_ block: Block) {
    if known.insert(block.features).inserted { blocks.append(block) }
  }

  package mutating func bestResponses(to score: ([Double]) -> Double) -> [[Double]] {
    searches += 1
    for (place, start) in ranked(score).prefix(Self.starts).enumerated() {
      climb(from: start, score, key: StableHash.mix(StableHash.mix(seed, searches), UInt64(place)))
    }
    return ranked(score).prefix(Self.responses).map(\.features)
  }

  /// The blocks met, best first, earlier ones first among equals.
  private func ranked(_ score: ([Double]) -> Double) -> [Block] {
    let scores = blocks.map { score($0.features) }
    return blocks.indices.sorted { scores[$0] == scores[$1] ? $0 < $1 : scores[$0] > scores[$1] }
      .map { blocks[$0] }
  }

  /// Goes on to the best of some blocks nearby as long as it is better.
  private mutating func climb(from start: Block, _ score: ([Double]) -> Double, key: UInt64) {
    var here = start
    var height = score(here.features)
    for step in 0..<Self.steps {
      var best: (block: Block, score: Double)?
      for mutant in 0..<Self.mutants {
        let key = StableHash.mix(key, UInt64(step * Self.mutants + mutant))
        guard let block = neighbour(of: here, key: key) else { continue }
        remember(block)
        let score = score(block.features)
        if score > best?.score ?? height { best = (block, score) }
      }
      guard let best else { return }
      (here, height) = best
    }
  }

  /// The block with one decision made otherwise; decisions that only then come up are drawn. Nil when it is not sound.
  private func neighbour(of block: Block, key: UInt64) -> Block? {
    let free = block.decisions.indices.filter { block.decisions[$0].count > 1 }
    guard !free.isEmpty else { return nil }
    let changed = block.decisions[free[StableHash.mix(key, 1).below(free.count)]]
    let shift = 1 + StableHash.mix(key, 2).below(changed.count - 1)
    var options: [String: Int] = [:]
    for decision in block.decisions { options[decision.name] = decision.option }
    options[changed.name] = (changed.option + shift) % changed.count
    let candidate = space.complete(attempts: 1) { point, struck, _ in
      if let option = options[point.name], option < point.count, !struck.contains(option) { return option }
      return point.draw(key: key, excluding: struck)
    }
    return candidate.map { Block(decisions: $0.decisions, features: features($0.graph)) }
  }
}
