package import IRLASGraph

/// A network whose topology is to be imitated.
package struct MirrorExpert: Hashable, Sendable {
  /// The name of the network.
  package let name: String
  /// Its topology hash.
  package let topology: GraphHash
  /// The features of its characteristic block.
  package let features: [Double]

  package init(name: String, topology: GraphHash, features: [Double]) {
    self.name = name
    self.topology = topology
    self.features = features
  }
}

/// How a mirror is learned.
package struct MirrorOptions: Hashable, Sendable {
  package var method: Mirror.Method
  /// The penalty of maximum entropy that is tried first.
  package var regularization: Double
  /// The smallest penalty, which is used when nothing larger lets the expert outscore all blocks.
  package var smallestRegularization: Double
  /// How many times best responses are asked for.
  package var rounds: Int
  /// How many pools are drawn again for the stability of the weights.
  package var replicates: Int
  /// The key of these draws.
  package var seed: UInt64

  package init(
    method: Mirror.Method = .maximumEntropy, regularization: Double = 1,
    smallestRegularization: Double = 1e-4,
    rounds: Int = 10, replicates: Int = 20, seed: UInt64 = 0
  ) {
    self.method = method
    self.regularization = regularization
    self.smallestRegularization = smallestRegularization
    self.rounds = rounds
    self.replicates = replicates
    self.seed = seed
  }
}

/// The version and the names of the features that a mirror is learned on.
package struct FeatureNames: Hashable, Sendable {
  package let version: Int
  package let names: [String]

  package init(version: Int, names: [String]) {
    self.version = version
    self.names = names
  }
}

/// A mirror with the course of its learning.
package struct MirrorLearning: Sendable {
  /// One round: the weights that the blocks known so far give, and what the best response to them is.
  package struct Round: Hashable, Sendable {
    /// The name of the expert.
    package let expert: String
    /// The number of the round, from 1.
    package let number: Int
    /// How many distinct blocks the expert was told from.
    package let blocks: Int
    /// The highest score among them; the expert's is 1.
    package let bestKnown: Double
    /// The highest score among the responses that were no look-alike of an expert; nil when there were none.
    package let bestResponse: Double?
    /// t: the margin of max-margin, the distance that remains in projection.
    package let distance: Double?
  }

  /// Why there is no mirror.
  package enum Failure: Error, Hashable, Sendable {
    case noExpert
    /// The pool has no block that differs from the experts.
    case nothingToCompareWith
    /// A feature value is not a finite number, or a row has too few or too many.
    case features(of: String)
    /// No linear reward prefers the expert to the blocks.
    case indistinct(expert: String)
  }

  /// What was learned.
  package let mirror: Mirror
  /// All rounds, expert by expert.
  package let rounds: [Round]
  /// For each expert the distances t_0, t_1, ... of projection, or the margin of max-margin; empty for maximum entropy.
  package let distances: [[Double]]
  /// For each expert the shares of its mixture (projection) or of the blocks that the margin rests on (max-margin),
  /// descending; empty for maximum entropy.
  package let mixtures: [[Double]]
}

extension Mirror {
  /// Learns a mirror.
  ///
  /// For each expert in turn: find the weights that set it apart from the pool, ask for the best response to them, add
  /// it to the blocks the expert is told from, and again, until it teaches nothing: until nothing scores above the expert
  /// (maximum entropy), or nothing comes closer to it than a block known (max-margin and projection). Blocks with the features
  /// of an expert are left out: they are isomorphic to it, or cannot be told from it. The last weights are scaled so that
  /// the expert scores 1.
  ///
  /// - Parameters:
  ///   - pool: the features of blocks drawn at random, with repeats; frozen with the mirror.
  ///   - space, poolSeed: where they come from, for the record.
  ///   - source: searches best responses; nil leaves it at the pool.
  ///   - progress: is told of each round.
  /// - Complexity: rounds x Newton steps x pool x features^2 / 2; about a second for 1000 blocks and 100 features.
  package static func learn(
    features: FeatureNames, experts: [MirrorExpert], pool: FeatureMatrix, space: String, poolSeed: UInt64,
    options: MirrorOptions = MirrorOptions(), source: (any BlockSource)? = nil,
    progress: (MirrorLearning.Round) -> Void = { _ in }
  ) throws(MirrorLearning.Failure) -> MirrorLearning {
    guard !experts.isEmpty else { throw .noExpert }
    guard pool.count > 0 else { throw .nothingToCompareWith }
    guard pool.width == features.names.count, pool.values.allSatisfy(\.isFinite) else {
      throw .features(of: space)
    }
    for expert in experts {
      guard expert.features.count == pool.width, expert.features.allSatisfy(\.isFinite) else {
        throw .features(of: expert.name)
      }
    }
    var learner = MirrorLearner(
      experts: experts, pool: pool, options: options, source: source)
    guard learner.canCompare else { throw .nothingToCompareWith }
    var learned: [Mirror.Expert] = []
    for index in experts.indices { learned.append(try learner.learn(index, progress)) }
    let mirror = Mirror(
      method: options.method, featureVersion: features.version, features: features.names, space: space,
      seed: poolSeed, scale: learner.scale, experts: learned)
    return MirrorLearning(
      mirror: mirror, rounds: learner.rounds, distances: learner.distances, mixtures: learner.mixtures)
  }
}

/// The loop that collects the blocks an expert is told from.
private struct MirrorLearner {
  let experts: [MirrorExpert]
  let scale: Standardization
  let options: MirrorOptions
  /// The whole pool, standardised.
  private let pool: FeatureMatrix
  /// The pool without look-alikes of the experts and without repeats, standardised.
  private var others: FeatureMatrix
  private var counts: [Int] = []
  private var source: (any BlockSource)?
  private(set) var rounds: [MirrorLearning.Round] = []
  private(set) var distances: [[Double]] = []
  private(set) var mixtures: [[Double]] = []

  init(
    experts: [MirrorExpert], pool: FeatureMatrix, options: MirrorOptions, source: (any BlockSource)?
  ) {
    self.experts = experts
    self.options = options
    self.source = source
    scale = Standardization(pool: pool)
    self.pool = scale(pool)
    others = FeatureMatrix(width: pool.width)
    let distinct = pool.distinct()
    for row in 0..<distinct.rows.count where !isLookAlike(distinct.rows[row]) {
      others.append(scale(distinct.rows[row]))
      counts.append(distinct.counts[row])
    }
  }

  var canCompare: Bool { others.count > 0 }

  /// Whether a block cannot be told from one of the experts.
  private func isLookAlike(_ row: [Double]) -> Bool {
    experts.contains { expert in zip(expert.features, row).allSatisfy { abs($0 - $1) < 1e-9 } }
  }

  mutating func learn(_ index: Int, _ progress: (MirrorLearning.Round) -> Void)
    throws(MirrorLearning.Failure) -> Mirror.Expert
  {
    let expert = experts[index]
    var fit = RewardFit(
      method: options.method, expert: scale(expert.features), others: others, counts: counts,
      regularization: options.regularization, smallest: options.smallestRegularization)
    var known = Set((0..<others.count).map { others[$0] })
    var number = 0
    while true {
      number += 1
      fit.solve()
      let target = fit.expertScore
      guard target > 1e-9 * norm(fit.weights) * (1 + norm(fit.expert)) else {
        throw .indistinct(expert: expert.name)
      }
      let responses = number <= options.rounds ? responses(to: fit.weights) : []
      let round = MirrorLearning.Round(
        expert: expert.name, number: number, blocks: fit.others.count, bestKnown: fit.bestOther / target,
        bestResponse: responses.first.map { $0.score / target }, distance: fit.distances.last)
      rounds.append(round)
      progress(round)
      // What is known already teaches nothing, nor what leaves the solution as it is: for the margin and for projection
      // that is what is farther from the expert than a block known, for maximum entropy what is below the expert.
      let bound = options.method == .maximumEntropy ? target : fit.bestOther + 1e-9 * abs(target)
      let lessons = responses.filter { $0.score >= bound && !known.contains($0.row) }
      if lessons.isEmpty { break }
      for lesson in lessons {
        known.insert(lesson.row)
        fit.add(lesson.row)
      }
    }
    distances.append(fit.distances)
    mixtures.append(fit.mixture.map(\.share).sorted(by: >))
    return finished(expert, fit, seed: StableHash.mix(options.seed, UInt64(index)))
  }

  /// Best responses that are no look-alikes, standardised, best first.
  private mutating func responses(to weights: [Double]) -> [(row: [Double], score: Double)] {
    let scale = scale
    let rows = source?.bestResponses { dot(weights, scale($0)) } ?? []
    return rows.filter { $0.allSatisfy(\.isFinite) && !isLookAlike($0) }.map {
      let row = scale($0)
      return (row, dot(weights, row))
    }
  }

  /// The expert with its weights scaled, and how far they depend on the pool's draw.
  private func finished(_ expert: MirrorExpert, _ fit: RewardFit, seed: UInt64) -> Mirror.Expert {
    let weights = fit.weights.map { $0 / fit.expertScore }
    var cosines = 0.0
    var squares = [Double](repeating: 0, count: weights.count)
    for replicate in 0..<options.replicates {
      let drawn = fit.replicate(seed: StableHash.mix(seed, UInt64(replicate)))
      cosines += cosine(drawn, weights)
      let score = dot(drawn, fit.expert)
      guard score > 0 else { continue }
      for column in weights.indices {
        let difference = drawn[column] / score - weights[column]
        squares[column] += difference * difference
      }
    }
    let count = Double(max(1, options.replicates))
    return Mirror.Expert(
      name: expert.name, topology: expert.topology, features: expert.features, weights: weights,
      spread: squares.map { ($0 / count).squareRoot() },
      stability: options.replicates > 0 ? cosines / count : 1,
      regularization: options.method == .maximumEntropy ? fit.regularization : 0,
      negatives: fit.others.count - fit.poolCount, poolScores: pool.products(with: weights).sorted())
  }
}

extension MirrorLearning.Failure: CustomStringConvertible {
  package var description: String {
    switch self {
    case .noExpert: "a mirror needs an expert"
    case .nothingToCompareWith: "the space gave no block that differs from the expert"
    case .features(let name): "the features of \(name) are not finite numbers, one for each feature"
    case .indistinct(let expert):
      "no weights set \(expert) apart from the blocks of the space: its block is too much like their mean"
    }
  }
}
