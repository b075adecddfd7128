import IRLASGraph
import IRLASSearch
import Testing

/// The mirror on the topology features of all blocks with at most three layers.
@Suite struct TopologyMirrorTests {
  static let names = FeatureNames.topology()
  static let blocks: [(code: NetworkStructureCode, features: TopologyFeatures)] = SmallBlocks(layers: 3).codes
    .compactMap { code in
      guard
        let graph = try? code.graph(name: "B", input: .image(16, 8, 8), channels: 16, style: .plain)
      else { return nil }
      return (code, TopologyFeatures(TopologyView(graph)))
    }
  static let matrix: FeatureMatrix = {
    let columns = names.columns ?? []
    return FeatureMatrix(
      blocks.map { block in columns.map { block.features.values[$0] } }, width: columns.count)
  }()

  private static func graph(_ text: String) throws -> Graph {
    try NetworkStructureCode(parsing: text).graph(
      name: "B", input: .image(16, 8, 8), channels: 16, style: .plain)
  }

  private static func mirror(_ text: String, _ method: Mirror.Method = .maximumEntropy) throws
    -> TopologyMirror
  {
    let learning = try Mirror.learn(
      features: names, experts: [MirrorExpert(try graph(text), features: names)], pool: matrix, space: "B",
      poolSeed: 0, options: MirrorOptions(method: method, replicates: 0), source: EnumeratedBlocks(matrix))
    return try #require(TopologyMirror(learning.mirror))
  }

  @Test func costIsNoPartOfLikeness() {
    let table = TopologyFeatures.table
    #expect(Self.names.names == table.filter { $0.group != .cost }.map(\.name))
    #expect(FeatureNames.topology([.cost]).names == table.filter { $0.group == .cost }.map(\.name))
    #expect(FeatureNames(version: 0, names: Self.names.names).columns == nil)
    #expect(FeatureNames(version: TopologyFeatures.version, names: ["no such"]).columns == nil)
  }

  /// The residual block, the separable chain and the two branches: wherever features set an expert apart in the whole
  /// space, it comes out as the one maximiser.
  @Test(
    arguments: [
      "(1,1,3,0,0) (2,1,3,1,0) (3,5,0,0,2) (4,7,0,0,0)", "(1,1,1,0,0) (2,1,3,1,0) (3,1,1,2,0) (4,7,0,0,0)",
      "(1,1,1,0,0) (2,1,3,0,0) (3,6,0,1,2) (4,7,0,0,0)",
    ], Mirror.Method.allCases)
  func theExpertIsTheOneMaximiser(text: String, method: Mirror.Method) throws {
    let mirror = try Self.mirror(text, method)
    let expert = TopologyFeatures(TopologyView(try Self.graph(text)))
    #expect(abs(mirror.score(expert) - 1) < 1e-9)
    for block in Self.blocks where block.features != expert {
      let score = mirror.score(block.features)
      #expect(score < 1, "\(block.code) scores \(score)")
    }
    #expect(mirror.likeness(expert) == 1)
  }

  /// Maximum entropy on the real features recovers a known reward from 10,000 demonstrations in the directions that the
  /// demonstrations inform about: those of the Fisher information, which is the features' covariance under the policy,
  /// with at least 0.05.
  @Test func aKnownRewardIsRecovered() {
    let rows = Standardization(pool: Self.matrix)(Self.matrix.distinct().rows)
    var draws = Draws(21)
    let truth = draws.normals(rows.width).map { 0.3 * $0 }
    let policy = MaximumEntropy(support: rows, target: truth, regularization: 1).value(at: truth)
      .probabilities
    var cumulative: [Double] = []
    for share in policy { cumulative.append((cumulative.last ?? 0) + share) }
    var counts = [Double](repeating: 0, count: rows.count)
    for _ in 0..<10_000 {
      let place = draws.uniform()
      counts[cumulative.firstIndex { $0 > place } ?? rows.count - 1] += 1e-4
    }
    let solution = MaximumEntropy(
      support: rows, target: rows.combination(counts), regularization: 1e-4
    ).solve()
    let basis = informedDirections(rows, policy, least: 0.05)
    let agreement = angleCosine(projected(solution.weights, on: basis), projected(truth, on: basis))
    #expect(basis.count > 20)
    #expect(agreement >= 0.99, "cosine \(agreement) in \(basis.count) of \(rows.width) directions")
  }

  @Test func guidanceTellsTheLikenessToEachExpert() throws {
    let first = try Self.mirror("(1,1,3,0,0) (2,1,3,1,0) (3,5,0,0,2) (4,7,0,0,0)")
    let second = try Self.mirror("(1,1,1,0,0) (2,1,3,0,0) (3,6,0,1,2) (4,7,0,0,0)")
    let guidance = Guidance(mirrors: [first, second])
    #expect(guidance.hasMirror && !Guidance(mirrors: []).hasMirror)
    let graph = try Self.graph("(1,1,3,0,0) (2,1,3,1,0) (3,5,0,0,2) (4,7,0,0,0)")
    let appraisal = guidance.appraise(graph)
    let features = TopologyFeatures(TopologyView(graph))
    #expect(appraisal.features == features.values)
    #expect(appraisal.likeness == [1, second.likeness(features)])
  }

  /// In a residual block the sum is what the score rests on; a node whose removal changes nothing has no influence.
  @Test func influenceIsWhatTheScoreLosesWithANode() throws {
    let text = "(1,1,3,0,0) (2,1,3,1,0) (3,5,0,0,2) (4,7,0,0,0)"
    let mirror = try Self.mirror(text)
    let view = TopologyView(try Self.graph(text))
    let influences = mirror.influences(view)
    #expect(influences.map(\.node) == Array(1..<view.nodes.count - 1))
    #expect(influences.allSatisfy { $0.influence > 0 && !$0.members.isEmpty })
    // Without either convolution it is the block of one convolution with a shortcut.
    let shorter = TopologyFeatures(TopologyView(try Self.graph("(1,1,3,0,0) (2,5,0,0,1) (3,7,0,0,0)")))
    let whole = mirror.score(TopologyFeatures(view))
    for item in influences where view.nodes[item.node].kind == .convolution {
      #expect(abs(item.influence - (whole - mirror.score(shorter))) < 1e-9)
    }
    // Nothing counted, nothing lost.
    #expect(mirror.influences(view, counting: []).allSatisfy { $0.influence == 0 })
  }
}

/// The eigenvectors of the covariance under some probabilities whose eigenvalues are at least `least`, by Jacobi's
/// rotations.
func informedDirections(_ rows: FeatureMatrix, _ probabilities: [Double], least: Double) -> [[Double]] {
  let width = rows.width
  let mean = rows.combination(probabilities)
  var matrix = [[Double]](repeating: [Double](repeating: 0, count: width), count: width)
  for row in 0..<rows.count {
    let centred = zip(rows[row], mean).map { $0 - $1 }
    for i in 0..<width where centred[i] != 0 {
      let scaled = probabilities[row] * centred[i]
      for j in 0..<width { matrix[i][j] += scaled * centred[j] }
    }
  }
  // Row k of `vectors` becomes the eigenvector of the k-th diagonal entry.
  var vectors = (0..<width).map { i in (0..<width).map { $0 == i ? 1.0 : 0 } }
  for _ in 0..<12 {
    for p in 0..<width {
      for q in p + 1..<max(width, p + 1) where abs(matrix[p][q]) > 1e-12 {
        let theta = (matrix[q][q] - matrix[p][p]) / (2 * matrix[p][q])
        let t = (theta < 0 ? -1 : 1) / (abs(theta) + (theta * theta + 1).squareRoot())
        let c = 1 / (t * t + 1).squareRoot()
        let s = t * c
        for k in 0..<width {
          let (a, b) = (matrix[k][p], matrix[k][q])
          (matrix[k][p], matrix[k][q]) = (c * a - s * b, s * a + c * b)
        }
        for k in 0..<width {
          let (a, b) = (matrix[p][k], matrix[q][k])
          (matrix[p][k], matrix[q][k]) = (c * a - s * b, s * a + c * b)
          let (v, w) = (vectors[p][k], vectors[q][k])
          (vectors[p][k], vectors[q][k]) = (c * v - s * w, s * v + c * w)
        }
      }
    }
  }
  return (0..<width).filter { matrix[$0][$0] >= least }.map { vectors[$0] }
}
