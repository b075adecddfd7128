import IRLASGraph
import IRLASSearch
import Testing

@Suite struct SampledBlocksTests {
  private static let synthetic = SyntheticSpace(layers: 2...4, seed: 1, forbidsPairs: true)
  private static let width = 12

  /// How often each option comes, by layer or in all.
  private static func features(_ graph: Graph) -> [Double] {
    var values = [Double](repeating: 0, count: width)
    let layers = SyntheticSpace.widths(graph)
    for (place, layer) in layers.enumerated() {
      let (kind, detail) = ((layer - 1) / 16, (layer - 1) % 16)
      values[[0, 3, 5][kind] + min(detail, [2, 1, 3][kind])] += 0.25
      if place > 0, layers[place - 1] == layer { values[9] += 0.25 }
      if place == 0 { values[10] = kind == 0 ? 1 : 0 }
    }
    values[11] = Double(layers.count) / 4
    return values
  }

  private static func all() -> FeatureMatrix {
    var rows = FeatureMatrix(width: width)
    synthetic.space.enumerate { exploration in
      if let graph = exploration.graph { rows.append(features(graph)) }
      return true
    }
    return rows
  }

  /// From 40 of some thousand blocks, changing one decision at a time finds the best of all, or nearly.
  @Test func hillClimbingFindsBestResponses() throws {
    let all = Self.all()
    #expect(all.count > 1000)
    var exact = 0
    var source = try SampledBlocks(
      drawing: 40, of: Self.synthetic.space, seed: 1, width: Self.width, features: { Self.features($0) })
    for seed in 0..<20 as Range<UInt64> {
      var draws = Draws(seed)
      let reward = draws.normals(Self.width)
      let scores = all.products(with: reward)
      let best = scores.max() ?? 0
      let mean = scores.reduce(0, +) / Double(scores.count)
      let found = source.bestResponses { product(reward, $0) }
      let reached = product(reward, found[0])
      // What is found is a block of the space, and the list descends.
      #expect(reached <= best + 1e-12)
      #expect(found.map { product(reward, $0) } == found.map { product(reward, $0) }.sorted(by: >))
      #expect(reached - mean > 0.75 * (best - mean), "seed \(seed)")
      if reached > best - 1e-12 { exact += 1 }
    }
    #expect(exact >= 15, "\(exact) of 20")
  }

  /// The pool is as if the space had been sampled, the same every time.
  @Test func thePoolIsThatOfTheSeeds() throws {
    let source = try SampledBlocks(
      drawing: 30, of: Self.synthetic.space, seed: 9, width: Self.width, features: { Self.features($0) })
    #expect(source.pool.count == 30)
    for index in 0..<30 {
      let sample = try Self.synthetic.space.sample(seed: StableHash.mix(9, UInt64(index)))
      #expect(source.pool[index] == Self.features(sample.graph))
    }
    #expect(source.distinctCount == source.pool.distinct().rows.count)
  }

  /// Learned from a sample, the reward is nearly that of the whole space: hardly any block scores above the expert, which
  /// most samples do not contain.
  @Test(arguments: Mirror.Method.allCases)
  func aSampleTeachesWhatTheSpaceWould(method: Mirror.Method) throws {
    let all = Self.all().distinct().rows
    var draws = Draws(4)
    let truth = draws.normals(Self.width)
    let gains = all.products(with: truth)
    let best = gains.indices.max { gains[$0] < gains[$1] } ?? 0
    let source = try SampledBlocks(
      drawing: 60, of: Self.synthetic.space, seed: 2, width: Self.width, features: { Self.features($0) })
    let learning = try Mirror.learn(
      features: FeatureNames(version: 1, names: (0..<Self.width).map { "f\($0)" }),
      experts: [MirrorExpert(name: "E", topology: GraphHash(1), features: all[best])], pool: source.pool,
      space: "Net", poolSeed: 2, options: MirrorOptions(method: method, replicates: 0), source: source)
    let above = (0..<all.count).count { $0 != best && learning.mirror.score(all[$0]) > 1 }
    #expect(above == 0, "\(above) of \(all.count) blocks score above the expert")
  }

  @Test func aSpaceWithoutProgramsIsAFailure() {
    let space = Space(name: "Net") { _ in
      Exploration(decisions: [], outcome: .infeasible(culprit: nil, reason: "nothing fits"))
    }
    #expect(throws: Space.SampleFailure.self) {
      _ = try SampledBlocks(drawing: 1, of: space, seed: 0, width: 1, features: { _ in [0] })
    }
  }
}
