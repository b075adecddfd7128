package import IRLASGraph

/// The mirror stimuli function: how much a block's topology is like an expert's. A linear reward over standardised
/// features for each expert, learned by inverse reinforcement learning, and the pool of random blocks that says how
/// high a score is.
///
/// A reward is known up to a positive factor only; here the expert itself scores 1 and the mean of the pool 0. Of several
/// experts the best match counts: an average of experts is like none of them.
package struct Mirror: Hashable, Sendable {
  /// How the weights were learned.
  package typealias Method = SearchPlan.Mirror.Method

  /// An expert with the reward under which it is best.
  package struct Expert: Hashable, Sendable {
    /// The name of the network.
    package let name: String
    /// The topology hash of the network.
    package let topology: GraphHash
    /// Its features.
    package let features: [Double]
    /// The weight of each standardised feature; with them the expert scores 1.
    package let weights: [Double]
    /// The standard deviation of each weight when the pool is drawn again (bootstrap).
    package let spread: [Double]
    /// The mean cosine between the weights and those learned from pools drawn again: 1 is perfectly stable.
    package let stability: Double
    /// The penalty of maximum entropy; 0 for other methods.
    package let regularization: Double
    /// How many best responses were told apart besides the pool.
    package let negatives: Int
    /// The scores of the pool's blocks, ascending; at least one.
    package let poolScores: [Double]

    package init(
      name: String, topology: GraphHash, features: [Double], weights: [Double], spread: [Double],
      stability: Double, regularization: Double, negatives: Int, poolScores: [Double]
    ) {
      precondition(!poolScores.isEmpty)
      self.name = name
      self.topology = topology
      self.features = features
      self.weights = weights
      self.spread = spread
      self.stability = stability
      self.regularization = regularization
      self.negatives = negatives
      self.poolScores = poolScores
    }
  }

  /// How the weights were learned.
  package let method: Method
  /// The version of the feature table.
  package let featureVersion: Int
  /// The names of the features.
  package let features: [String]
  /// The name of the space that the pool was drawn from.
  package let space: String
  /// Where its draws began.
  package let seed: UInt64
  /// The pool's mean and deviation of each feature.
  package let scale: Standardization
  /// At least one.
  package let experts: [Expert]

  package init(
    method: Method, featureVersion: Int, features: [String], space: String, seed: UInt64,
    scale: Standardization, experts: [Expert]
  ) {
    precondition(!experts.isEmpty && scale.mean.count == features.count)
    precondition(
      experts.allSatisfy {
        $0.weights.count == features.count && $0.features.count == features.count
          && $0.spread.count == features.count
      })
    self.method = method
    self.featureVersion = featureVersion
    self.features = features
    self.space = space
    self.seed = seed
    self.scale = scale
    self.experts = experts
  }

  /// The expert that a block with these features is most like, by its index, and the score: 1 is as the expert, 0 as
  /// the mean of the pool.
  package func match(_ features: [Double]) -> (expert: Int, score: Double) {
    let standard = scale(features)
    var best = (expert: 0, score: dot(experts[0].weights, standard))
    for index in experts.indices.dropFirst() {
      let score = dot(experts[index].weights, standard)
      if score > best.score { best = (index, score) }
    }
    return best
  }

  /// The score under the weights of one expert.
  package func score(_ features: [Double], of expert: Expert) -> Double {
    dot(expert.weights, scale(features))
  }

  /// The score of the best match.
  package func score(_ features: [Double]) -> Double { match(features).score }

  /// For each expert the share of the pool that scores no higher, in [0, 1]: the empirical distribution function of the
  /// pool's scores.
  package func likenesses(_ features: [Double]) -> [Double] {
    let standard = scale(features)
    return experts.map { $0.likeness(ofScore: dot($0.weights, standard)) }
  }

  /// The largest likeness, in [0, 1].
  package func likeness(_ features: [Double]) -> Double { likenesses(features).max() ?? 0 }

  /// What one feature does to the score.
  package struct Contribution: Hashable, Sendable {
    /// The index of the feature.
    package let feature: Int
    /// Its name.
    package let name: String
    /// The block's value.
    package let value: Double
    /// The expert's value.
    package let expert: Double
    /// The pool's mean.
    package let pool: Double
    /// w (z - 0): what it adds to the score in comparison with the mean of the pool. They sum to the score.
    package let share: Double
    /// w (z - z_E): what it adds in comparison with the expert. They sum to the score less 1.
    package let gap: Double
    /// The standard deviation of `share` when the pool is drawn again.
    package let spread: Double
  }

  /// What each feature does to the score of a block, in comparison with its best match or a given expert; in the order
  /// of the features.
  package func contributions(_ values: [Double], to given: Int? = nil) -> [Contribution] {
    let expert = experts[given ?? match(values).expert]
    let (standard, standardExpert) = (scale(values), scale(expert.features))
    return features.indices.map { index in
      Contribution(
        feature: index, name: features[index], value: values[index], expert: expert.features[index],
        pool: scale.mean[index], share: expert.weights[index] * standard[index],
        gap: expert.weights[index] * (standard[index] - standardExpert[index]),
        spread: expert.spread[index] * abs(standard[index]))
    }
  }
}

extension Mirror.Expert {
  /// The share of the pool that scores no higher.
  package func likeness(ofScore score: Double) -> Double {
    var (low, high) = (0, poolScores.count)
    while low < high {
      let middle = (low + high) / 2
      if poolScores[middle] <= score { low = middle + 1 } else { high = middle }
    }
    return Double(low) / Double(poolScores.count)
  }
}
