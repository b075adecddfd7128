import IRLASGraph

/// Does a mirror that has seen one expert know what people design? It is learned from the expert and random blocks alone
/// and then ranks blocks that people designed against others: areas under the curve with intervals, beside controls.
package struct MirrorEvidence: Sendable {
  /// A block under a name.
  package struct Block: Sendable {
    package var name: String
    /// Blocks of one family were made after each other; nil for one that belongs to none.
    package var family: String?
    package var view: TopologyView

    package init(name: String, family: String?, view: TopologyView) {
      self.name = name
      self.family = family
      self.view = view
    }
  }

  /// What the designed blocks are told from.
  package enum Negatives: String, Sendable, CaseIterable {
    /// Random graphs with the nodes, edges, operations and final operands of a designed block each.
    case matched = "N1"
    /// Random network structure codes.
    case random = "N2"
    /// Cells that a search found, with both of their inputs the same value.
    case searched = "N3"
    /// The same with the projections of that value apart.
    case searchedApart = "N3, projections apart"
    /// N1 again, every designed block compared with the graphs that were made from it alone.
    case matchedOwn = "N1, own graphs"
  }

  /// One way to score blocks.
  package enum Scorer: String, Sendable, CaseIterable {
    case mirror = "mirror on `topology`"
    case steps = "mirror on `step`"
    case both = "mirror on `topology` and `step`"
    case withoutGroups = "without groups"
    case wrongExpert = "wrong expert"
    case shuffled = "shuffled w"
    case operations = "operations only"
    case size = "size only"
    case depth = "depth only"
    case families = "other families: mirror on `topology`"
    case familiesWithoutGroups = "other families: without groups"
    case familiesOperations = "other families: operations only"
    case familiesSize = "other families: size only"
    case familiesDepth = "other families: depth only"

    /// Whether it is a control that knows less than the mirror of the one expert.
    package var isControl: Bool { self != .mirror && self != .steps && self != .both && !isOfFamilies }

    /// Whether its experts are all designed blocks but those of the block's own family.
    package var isOfFamilies: Bool {
      switch self {
      case .families, .familiesWithoutGroups, .familiesOperations, .familiesSize, .familiesDepth: true
      default: false
      }
    }
  }

  /// The result of one scorer on one kind of negatives.
  package struct Result: Sendable {
    package let scorer: Scorer
    package let area: Double
    package let interval: ClosedRange<Double>
  }

  /// What the mirrors say of one block.
  package struct BlockScore: Sendable {
    package let name: String
    /// By the mirror of the one expert.
    package let score: Double
    /// Of a designed block, the share of the graphs made from it that score lower.
    package var aboveOwn: Double?
    /// The same by the mirror of the other families.
    package var aboveOwnByFamilies: Double?
  }

  /// The score of a block when it is compared with a designed block of a family.
  typealias Score = @Sendable (_ view: TopologyView, _ family: String?) -> Double

  /// All results on one kind of negatives.
  package struct Comparison: Sendable {
    package let negatives: Negatives
    package let positiveCount: Int
    package let negativeCount: Int
    package let results: [Result]
    /// The mirror's area less that of the best control.
    package let gain: Gain
    /// The same without the control that is a mirror of the whole topology but groups.
    package let plainGain: Gain
    /// The area of the mirrors of other families less that of the best control among such mirrors.
    package let familyGain: Gain
  }

  /// A difference of areas.
  package struct Gain: Sendable {
    /// The control with the largest area.
    package let control: Scorer
    package let value: Double
    package let interval: ClosedRange<Double>
  }

  /// The designed blocks, without repeats and without the expert.
  package let designed: [Block]
  /// The names of the designed blocks that were left out as repeats.
  package let repeated: [String]
  /// The searched cells.
  package let searched: [Block]
  package let comparisons: [Comparison]
  /// The designed and the searched blocks.
  package let scores: [BlockScore]
  /// The weights that are largest by amount, of the mirror on `topology`, with the expert's share in its score of 1.
  package let weights: [(name: String, weight: Double, share: Double)]

  /// How many random blocks the mirror is learned from, how many more it may find best responses among, and how many
  /// negatives are drawn.
  static let poolSize = 1000
  static let sourceSize = 4000
  static let randomNegatives = 300
  static let matchedNegatives = 10

  /// Learns and compares.
  package init(expert: Block, designed all: [Block], searched: [Block], seed: UInt64) throws(MirrorLearning
    .Failure)
  {
    var known: Set<UInt64> = [expert.view.code]
    var designed: [Block] = []
    var repeated: [String] = []
    for block in all {
      if known.insert(block.view.code).inserted {
        designed.append(block)
      } else {
        repeated.append(block.name)
      }
    }
    self.designed = designed
    self.repeated = repeated
    self.searched = searched
    let pool = Self.views(Self.poolSize, seed: StableHash.mix(seed, 1), excluding: [])
    let source = Self.views(Self.sourceSize, seed: StableHash.mix(seed, 2), excluding: [])
    let learner = Learner(pool: pool, source: source, seed: seed)

    var scorers: [(scorer: Scorer, functions: [Score])] = []
    for scorer in Scorer.allCases {
      scorers.append((scorer, try learner.scores(scorer, expert: expert, designed: designed)))
    }

    // Positives and negatives.
    var matched: [TopologyView] = []
    var clusters: [Int] = []
    for (index, block) in designed.enumerated() {
      for draw in 0..<Self.matchedNegatives {
        let key = StableHash.mix(StableHash.mix(seed, 3), UInt64(index * 1000 + draw))
        guard let view = RandomBlocks.matched(block.view, seed: key, excluding: known) else { continue }
        matched.append(view)
        clusters.append(index)
      }
    }
    let random = Self.views(Self.randomNegatives, seed: StableHash.mix(seed, 4), excluding: known)
    var comparisons: [Comparison] = []
    for negatives in Negatives.allCases {
      let views: [TopologyView]
      switch negatives {
      case .matched, .matchedOwn: views = matched
      case .random: views = random
      case .searched: views = searched.map(\.view.sharingProjections)
      case .searchedApart: views = searched.map(\.view)
      }
      let bootstrap = PairedBootstrap(
        rows: designed.count, columns: views.count,
        clusters: negatives == .matched || negatives == .matchedOwn ? clusters : nil,
        seed: StableHash.mix(seed, 5))
      let matrices = scorers.map { scorer, functions in
        let parts = functions.map { score in
          WinMatrix(
            positives: designed.map { score($0.view, $0.family) },
            negatives: designed.map { block in views.map { score($0, block.family) } },
            partners: negatives == .matchedOwn ? clusters : nil)
        }
        return (scorer: scorer, matrix: WinMatrix(mean: parts))
      }
      let results = matrices.map {
        Result(scorer: $0.scorer, area: $0.matrix.area, interval: bootstrap.interval($0.matrix))
      }
      func gain(of scorer: Scorer = .mirror, _ isControl: (Scorer) -> Bool) -> Gain {
        let controls = matrices.filter { isControl($0.scorer) }
        let own = matrices.first { $0.scorer == scorer } ?? matrices[0]
        var best = controls[0]
        for control in controls where control.matrix.area > best.matrix.area { best = control }
        return Gain(
          control: best.scorer, value: own.matrix.area - best.matrix.area,
          interval: bootstrap.interval(of: own.matrix, over: best.matrix))
      }
      comparisons.append(
        Comparison(
          negatives: negatives, positiveCount: designed.count, negativeCount: views.count, results: results,
          gain: gain(\.isControl), plainGain: gain { $0.isControl && $0 != .withoutGroups },
          familyGain: gain(of: .families) { $0.isOfFamilies && $0 != .families }))
    }
    self.comparisons = comparisons
    let mirror = scorers[0].functions[0]
    let families = scorers.first { $0.scorer == .families }?.functions[0] ?? mirror
    func shareBelow(_ block: Block, _ index: Int, _ score: Score) -> Double {
      let value = score(block.view, block.family)
      let own = matched.indices.filter { clusters[$0] == index }.map { score(matched[$0], block.family) }
      return own.reduce(0.0) { $0 + ($1 < value ? 1 : $1 == value ? 0.5 : 0) } / Double(max(1, own.count))
    }
    scores =
      designed.enumerated().map { index, block in
        BlockScore(
          name: block.name, score: mirror(block.view, nil), aboveOwn: shareBelow(block, index, mirror),
          aboveOwnByFamilies: shareBelow(block, index, families))
      } + searched.map { BlockScore(name: $0.name, score: mirror($0.view.sharingProjections, nil)) }
    weights = try learner.weights(.mirror, expert: expert)
  }

  /// Random blocks without those that are nothing but an identity.
  private static func views(_ count: Int, seed: UInt64, excluding codes: Set<UInt64>) -> [TopologyView] {
    var views: [TopologyView] = []
    var draw: UInt64 = 0
    while views.count < count {
      draw += 1
      guard let view = RandomBlocks.view(seed: StableHash.mix(seed, draw)), view.size > 0,
        !codes.contains(view.code)
      else { continue }
      views.append(view)
    }
    return views
  }

  /// Mirrors on parts of the features.
  private struct Learner {
    let pool: [[Double]]
    let source: [[Double]]
    let strangers: [TopologyView]
    let seed: UInt64

    init(pool: [TopologyView], source: [TopologyView], seed: UInt64) {
      self.pool = pool.map { TopologyFeatures($0).values }
      self.source = source.map { TopologyFeatures($0).values }
      strangers = Array(source.filter { $0.size >= 4 }.prefix(10))
      self.seed = seed
    }

    private static func columns(_ scorer: Scorer) -> [Int] {
      let topology = Array(TopologyFeatures.range(of: .topology))
      let names: [String]
      switch scorer {
      case .mirror, .wrongExpert, .shuffled, .families: return topology
      case .steps: return Array(TopologyFeatures.range(of: .step))
      case .both: return Array(TopologyFeatures.range(of: .step)) + topology
      case .withoutGroups, .familiesWithoutGroups:
        return topology.filter { !["cardinality", "homogeneity"].contains(TopologyFeatures.table[$0].name) }
      case .operations, .familiesOperations:
        return topology.filter { column in
          let name = TopologyFeatures.table[column].name
          return name.hasPrefix("operations.") || ["sums", "concats", "gates"].contains(name)
        }
      case .size, .familiesSize: names = ["nodes", "all_edges"]
      case .depth, .familiesDepth: names = ["depth", "critical_path"]
      }
      return names.compactMap(TopologyFeatures.index)
    }

    /// The twelve largest weights.
    func weights(_ scorer: Scorer, expert: Block) throws(MirrorLearning.Failure)
      -> [(name: String, weight: Double, share: Double)]
    {
      let mirror = try mirror([expert], Self.columns(scorer))
      let known = mirror.experts[0]
      let standard = mirror.scale(known.features)
      return known.weights.indices
        .sorted { abs(known.weights[$0]) > abs(known.weights[$1]) }
        .prefix(12).map { (mirror.features[$0], known.weights[$0], known.weights[$0] * standard[$0]) }
    }

    /// The functions whose areas are averaged: one but for the controls that are drawn.
    func scores(_ scorer: Scorer, expert: Block, designed: [Block]) throws(MirrorLearning.Failure) -> [Score]
    {
      let columns = Self.columns(scorer)
      switch scorer {
      case .wrongExpert:
        var functions: [Score] = []
        for view in strangers {
          let mirror = try mirror([Block(name: "stranger", family: nil, view: view)], columns)
          functions.append { view, _ in Self.score(view, mirror, columns) }
        }
        return functions
      case .shuffled:
        let mirror = try mirror([expert], columns)
        return (0..<20).map { draw in
          var weights = mirror.experts[0].weights
          var numbers = KeyedDraws(StableHash.mix(StableHash.mix(seed, 6), UInt64(draw)))
          for place in weights.indices.dropFirst().reversed() {
            weights.swapAt(place, numbers.next(below: place + 1))
          }
          let shuffled = weights
          return { view, _ in Self.score(view, mirror, columns, weights: [shuffled]) }
        }
      case _ where scorer.isOfFamilies:
        let all = [expert] + designed
        var mirrors: [(family: String?, mirror: Mirror)] = []
        for block in designed where !mirrors.contains(where: { $0.family == block.family }) {
          let others = all.filter { $0.family != block.family }
          mirrors.append((block.family, try mirror(others, columns)))
        }
        let known = mirrors
        return [
          { view, family in
            known.first { $0.family == family }.map { Self.score(view, $0.mirror, columns) } ?? 0
          }
        ]
      default:
        let mirror = try mirror([expert], columns)
        return [{ view, _ in Self.score(view, mirror, columns) }]
      }
    }

    /// The best match among the mirror's experts.
    private static func score(
      _ view: TopologyView, _ mirror: Mirror, _ columns: [Int], weights: [[Double]]? = nil
    ) -> Double {
      let values = TopologyFeatures(view).values
      let standard = mirror.scale(columns.map { values[$0] })
      let scores = (weights ?? mirror.experts.map(\.weights)).map { weights in
        zip(weights, standard).reduce(0) { $0 + $1.0 * $1.1 }
      }
      return scores.max() ?? 0
    }

    private func mirror(_ experts: [Block], _ columns: [Int]) throws(MirrorLearning.Failure) -> Mirror {
      func part(_ rows: [[Double]]) -> FeatureMatrix {
        FeatureMatrix(rows.map { row in columns.map { row[$0] } }, width: columns.count)
      }
      var options = MirrorOptions()
      options.replicates = 0
      return try Mirror.learn(
        features: FeatureNames(
          version: TopologyFeatures.version, names: columns.map { TopologyFeatures.table[$0].name }),
        experts: experts.map { expert in
          let values = TopologyFeatures(expert.view).values
          return MirrorExpert(
            name: expert.name, topology: GraphHash(expert.view.code), features: columns.map { values[$0] })
        },
        pool: part(pool), space: "random rows", poolSeed: seed, options: options,
        source: EnumeratedBlocks(part(source))
      ).mirror
    }
  }
}
