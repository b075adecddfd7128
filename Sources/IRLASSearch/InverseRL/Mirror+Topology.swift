package import IRLASGraph

extension FeatureNames {
  /// The features of some groups of the topology table. A mirror is about likeness, so the cost features are no part of
  /// it unless asked for.
  package static func topology(_ groups: [TopologyFeatures.Group] = [.step, .topology]) -> FeatureNames {
    FeatureNames(
      version: TopologyFeatures.version,
      names: TopologyFeatures.table.filter { groups.contains($0.group) }.map(\.name))
  }

  /// The places of these features in the topology table; nil when they are of another version of it, or unknown.
  package var columns: [Int]? {
    guard version == TopologyFeatures.version else { return nil }
    var places: [String: Int] = [:]
    for (place, feature) in TopologyFeatures.table.enumerated() { places[feature.name] = place }
    var columns: [Int] = []
    for name in names {
      guard let place = places[name] else { return nil }
      columns.append(place)
    }
    return columns
  }
}

/// A mirror that reads blocks: knows which of their topology features are the mirror's.
package struct TopologyMirror: Sendable {
  /// The mirror.
  package let mirror: Mirror
  private let columns: [Int]

  /// Nil for a mirror that was learned on another version of the features.
  package init?(_ mirror: Mirror) {
    guard let columns = FeatureNames(version: mirror.featureVersion, names: mirror.features).columns else {
      return nil
    }
    self.mirror = mirror
    self.columns = columns
  }

  /// The mirror's features of a block, in its order.
  package func row(_ features: TopologyFeatures) -> [Double] { columns.map { features.values[$0] } }

  /// How much a block is like the best match: 1 as the expert, 0 as the mean of the pool.
  package func score(_ features: TopologyFeatures) -> Double { mirror.score(row(features)) }

  /// For each expert the share of the pool that is no more like it.
  package func likenesses(_ features: TopologyFeatures) -> [Double] { mirror.likenesses(row(features)) }

  /// The largest of `likenesses`.
  package func likeness(_ features: TopologyFeatures) -> Double { mirror.likeness(row(features)) }

  /// See `Mirror.contributions`.
  package func contributions(_ features: TopologyFeatures) -> [Mirror.Contribution] {
    mirror.contributions(row(features))
  }
}

extension MirrorExpert {
  /// The expert that a network is by its characteristic block.
  package init(_ graph: Graph, features names: FeatureNames) {
    let values = TopologyFeatures(TopologyView(graph)).values
    self.init(
      name: graph.name, topology: graph.topologyHash, features: (names.columns ?? []).map { values[$0] })
  }
}

extension Guidance {
  /// The guidance of mirrors: topology features, and the likeness to every expert of every mirror in turn.
  package init(mirrors: [TopologyMirror]) {
    self.init(hasMirror: !mirrors.isEmpty) { graph in
      let features = TopologyFeatures(TopologyView(graph))
      return Appraisal(features: features.values, likeness: mirrors.flatMap { $0.likenesses(features) })
    }
  }
}

extension Mirror {
  /// Learns a mirror of networks from a space of programs: draws the pool, and searches best responses by hill climbing.
  ///
  /// - Parameters:
  ///   - count: how many programs to draw; draw `i` has the seed `StableHash.mix(seed, i)`.
  ///   - drawn: is told after each draw how many there are.
  ///   - round: is told of each round of learning.
  /// - Returns: the mirror with the course of its learning, and how many blocks of the pool have different features.
  /// - Throws: `Space.SampleFailure`, `MirrorLearning.Failure`.
  package static func learn(
    experts: [Graph], space: Space, pool count: Int, seed: UInt64, options: MirrorOptions = MirrorOptions(),
    drawn: (Int) -> Void = { _ in }, round: (MirrorLearning.Round) -> Void = { _ in }
  ) throws -> (learning: MirrorLearning, distinct: Int) {
    let names = FeatureNames.topology()
    let columns = names.columns ?? []
    let source = try SampledBlocks(
      drawing: count, of: space, seed: seed, width: columns.count,
      features: { graph in
        let values = TopologyFeatures(TopologyView(graph)).values
        return columns.map { values[$0] }
      }, progress: drawn)
    let learning = try learn(
      features: names, experts: experts.map { MirrorExpert($0, features: names) }, pool: source.pool,
      space: space.name, poolSeed: seed, options: options, source: source, progress: round)
    return (learning, source.distinctCount)
  }
}
