import IRLASGraph
import IRLASSearch
import Testing

@Suite struct DifferentiableTests {
  /// Blocks of two layers and a merge as network structure codes: 2 x 3 x 2 x 2 x 2 programs.
  private static let counts = [2, 3, 2, 2, 2]

  private static func block(_ options: [Int]) -> NetworkStructureCode {
    let first: NetworkStructureCode.Row =
      options[0] == 0 ? .init(.convolution, kernel: 3, 0) : .init(.maxPool, kernel: 3, 0)
    let second: NetworkStructureCode.Row = .init(.convolution, kernel: [1, 3, 5][options[1]], options[2])
    let merge: NetworkStructureCode.Row =
      options[3] == 0 ? .init(.add, options[4], 2) : .init(.concat, options[4], 2)
    do { return try NetworkStructureCode([first, second, merge]) } catch {
      fatalError("\(error)")
    }
  }

  private static func features(_ options: [Int]) -> [Double] {
    do {
      return TopologyFeatures(
        TopologyView(
          try block(options).graph(
            name: "B", input: .image(8, 8, 8), channels: 8, style: .plain))
      ).values
    } catch {
      fatalError("\(error)")
    }
  }

  private func softmax(_ values: [Double]) -> [Double] {
    let powers = values.map { stableExp($0) }
    return powers.map { $0 / powers.reduce(0, +) }
  }

  private func numbers(_ seed: UInt64) -> [[Double]] {
    var hash = StableHash(seed: seed)
    return Self.counts.map { count in
      (0..<count).map { _ in
        hash.combine(1)
        return Double(hash.value >> 11) * 0x1p-52 - 1
      }
    }
  }

  /// Where every decision is certain, each relaxed feature is that of the program.
  @Test func oneHotIsTheProgram() throws {
    var seen = 0
    for (index, _) in TopologyFeatures.table.enumerated() where index % 5 == 0 {
      var relaxed = RelaxedScore(counts: Self.counts) { Self.features($0)[index] }
      #expect(relaxed.combinations == 48)
      for options in [[0, 0, 0, 0, 0], [1, 2, 1, 1, 1], [0, 1, 1, 0, 0], [1, 0, 0, 1, 0]] {
        let certain = zip(options, Self.counts).map { option, count in
          (0..<count).map { $0 == option ? 1.0 : 0 }
        }
        let expectation = relaxed.expectation(certain, key: 0)
        #expect(expectation.value == Self.features(options)[index])
        #expect(expectation.slopes.allSatisfy { $0.allSatisfy { $0 == 0 } })
        seen += 1
      }
    }
    #expect(seen > 20)
  }

  /// The slopes of the expected features are central differences.
  @Test(arguments: 0..<4 as Range<UInt64>) func slopesAreCentralDifferences(_ seed: UInt64) throws {
    var random = StableHash(seed: seed)
    let weights = TopologyFeatures.table.map { _ in
      random.combine(2)
      return Double(random.value >> 11) * 0x1p-52 - 1
    }
    // w . phi, and a function of it that is not linear, as likeness is.
    for isLinear in [true, false] {
      var relaxed = RelaxedScore(counts: Self.counts) { options in
        let sum = zip(weights, Self.features(options)).reduce(0.0) { $0 + $1.0 * $1.1 }
        return isLinear ? sum : 1 / (1 + stableExp(-sum))
      }
      let start = numbers(seed)
      let slopes = relaxed.expectation(start.map(softmax), key: 0).slopes
      var largest = 0.0
      for decision in start.indices {
        for option in start[decision].indices {
          func value(_ move: Double) -> Double {
            var moved = start
            moved[decision][option] += move
            return relaxed.expectation(moved.map(softmax), key: 0).value
          }
          let difference = (value(1e-5) - value(-1e-5)) / 2e-5
          #expect(abs(difference - slopes[decision][option]) < 1e-8, "seed \(seed)")
          largest = max(largest, abs(difference))
        }
      }
      #expect(largest > 1e-4)
    }
  }

  /// In a space too large to be summed over the estimate is right on average, and the same for the same key.
  @Test func estimatesAreUnbiased() {
    let counts = [Int](repeating: 2, count: 11)
    // Additive, so that the expectation is known: sum of p_d1 c_d.
    var relaxed = RelaxedScore(counts: counts) { options in
      options.enumerated().reduce(0) { $0 + Double($1.element) * Double($1.offset + 1) }
    }
    #expect(relaxed.combinations == nil)
    let probabilities = counts.indices.map { [1 - 0.05 * Double($0 + 1), 0.05 * Double($0 + 1)] }
    var sums = [Double](repeating: 0, count: counts.count)
    var squares = sums
    let rounds = 4000
    for round in 0..<rounds {
      let slopes = relaxed.expectation(probabilities, key: UInt64(round)).slopes
      for decision in counts.indices {
        #expect(abs(slopes[decision][0] + slopes[decision][1]) < 1e-12)
        sums[decision] += slopes[decision][1]
        squares[decision] += slopes[decision][1] * slopes[decision][1]
      }
    }
    for decision in counts.indices {
      let p = probabilities[decision][1]
      let exact = p * (1 - p) * Double(decision + 1)
      let mean = sums[decision] / Double(rounds)
      let error = ((squares[decision] / Double(rounds) - mean * mean) / Double(rounds)).squareRoot()
      #expect(abs(mean - exact) < 5 * error, "\(decision): \(mean) +- \(error), not \(exact)")
    }
    let once = relaxed.expectation(probabilities, key: 7)
    #expect(relaxed.expectation(probabilities, key: 7) == once)
    #expect(relaxed.expectation(probabilities, key: 8) != once)
  }

  private let synthetic = SyntheticSpace(layers: 2...3, seed: 3)

  private var policy: RelaxedPolicy {
    RelaxedPolicy([
      .init(name: "Net.h.count", probabilities: [0.1, 0.9]),
      .init(name: "Net.h[0]", probabilities: [0.2, 0.7, 0.1]),
      .init(name: "Net.h[0].pool", probabilities: [0.4, 0.6]),
      .init(name: "Net.h[1]", probabilities: [0, 0, 1]),
    ])
  }

  /// The first program is that of the likeliest options; later ones follow the probabilities; all of it again on resume.
  @Test func proposesWhatWasLearned() throws {
    let plan = plan(.differentiable(epochs: 1, rate: 0.1), .trials(60))
    func loop() throws -> SearchLoop {
      try SearchLoop(plan: plan, seed: 5, space: synthetic.space, guidance: .none, policy: policy)
    }
    var search = try loop()
    let batches = try search.run(synthetic.evaluate)
    let results = batches.flatMap { $0 }
    let first = results[0].decisions.map { ($0.name, $0.option) }
    for (name, option) in [("Net.h.count", 1), ("Net.h[0]", 1), ("Net.h[0].pool", 1), ("Net.h[1]", 2)] {
      #expect(first.contains { $0 == (name, option) }, "\(first)")
    }
    // Until the likely programs are used up the certain decision is always made so.
    let early = results.prefix(12)
    #expect(early.allSatisfy { $0.decisions.contains { $0.name == "Net.h[1]" && $0.option == 2 } })
    #expect(early.count { $0.decisions.contains { $0.name == "Net.h[0]" && $0.option == 1 } } >= 5)
    // Resumed in the middle.
    var again = try loop()
    for batch in batches.prefix(batches.count / 2) { try again.tell(batch) }
    for batch in batches.suffix(from: batches.count / 2) {
      guard case .batch(let trials) = again.propose() else {
        Issue.record("the resumed search ends")
        return
      }
      #expect(trials.map(\.programHash) == batch.map(\.programHash))
      try again.tell(batch)
    }
  }

  @Test func withoutWhatWasLearnedThereIsNoSearch() {
    #expect(throws: SearchIssue.self) {
      try SearchLoop(
        plan: plan(.differentiable(epochs: 1, rate: 0.1)), seed: 5, space: synthetic.space, guidance: .none)
    }
  }

  /// A certain option that allows no program is struck out.
  @Test func optionsWithoutProgramsAreStruckOut() throws {
    var space = SyntheticSpace(layers: 2...2, seed: 3)
    space.forbidsPairs = true
    let policy = RelaxedPolicy([
      .init(name: "Net.h[0]", probabilities: [0, 0, 1]), .init(name: "Net.h[1]", probabilities: [0, 0, 1]),
    ])
    let loop = try SearchLoop(
      plan: plan(.differentiable(epochs: 1, rate: 0.1)), seed: 5, space: space.space, guidance: .none,
      policy: policy)
    guard case .batch(let trials) = loop.propose() else {
      Issue.record("nothing is proposed")
      return
    }
    #expect(trials[0].candidate.decisions.contains { $0.name == "Net.h[0]" && $0.option == 2 })
  }

  @Test func policiesReadBack() {
    let odd = RelaxedPolicy([
      .init(name: "Net.h[0].a | b\\n\n", probabilities: [0.1, 1e-300, 0.9]),
      .init(name: "", probabilities: [1]),
    ])
    for policy in [odd, policy, RelaxedPolicy([])] {
      #expect(RelaxedPolicy(parsing: policy.description) == policy)
    }
    for text in [
      "", "irlas policy 1\n0.5 x", "irlas policy 1\n | a", "irlas policy 1\n0.5 nan | a", "x\n1 | a",
    ] {
      #expect(RelaxedPolicy(parsing: text) == nil, "\(text)")
    }
  }
}
