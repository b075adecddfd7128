/// Where the blocks come from that a learned reward is tested with: the search for a best response, which in
/// apprenticeship learning is the inner reinforcement learning.
package protocol BlockSource {
  /// Features of blocks with a high score, best first, as many as it takes to tell new ones from those known.
  mutating func bestResponses(to score: ([Double]) -> Double) -> [[Double]]
}

/// All blocks of a space that is small enough to hold them: exact best responses.
package struct EnumeratedBlocks: BlockSource {
  /// The features of the blocks, without repeats.
  package let blocks: FeatureMatrix
  /// How many responses are given at once.
  package var responses = 16

  /// The blocks of a matrix.
  package init(_ blocks: FeatureMatrix) { self.blocks = blocks.distinct().rows }

  package func bestResponses(to score: ([Double]) -> Double) -> [[Double]] {
    let scores = (0..<blocks.count).map { score(blocks[$0]) }
    return scores.indices.sorted { scores[$0] == scores[$1] ? $0 < $1 : scores[$0] > scores[$1] }
      .prefix(responses).map { blocks[$0] }
  }
}
