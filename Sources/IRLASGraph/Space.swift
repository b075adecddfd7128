/// A place where a space leaves something open, as it comes up while one of its programs is being made.
package struct DecisionPoint: Sendable {
  /// A stable name: where in the text, which copy, which element: `Net.block.h[3].conv.kernel`.
  package let name: String
  /// How many options there are; at least 1.
  package let count: Int
  /// How likely each option is in relation to the others; nil when all are alike.
  package let odds: [Double]?
  /// What an option is called: its label, or its text.
  package let label: @Sendable (Int) -> String

  /// A decision between `count` options.
  package init(name: String, count: Int, odds: [Double]? = nil, label: @escaping @Sendable (Int) -> String) {
    self.name = name
    self.count = count
    self.odds = odds
    self.label = label
  }
}

/// A decision that was made.
package struct Decision: Hashable, Sendable {
  /// See `DecisionPoint.name`.
  package let name: String
  /// The option that was taken, from 0.
  package let option: Int
  /// How many there were.
  package let count: Int
  /// What the option is called.
  package let label: String

  /// Option `option` of `count`.
  package init(name: String, option: Int, count: Int, label: String) {
    self.name = name
    self.option = option
    self.count = count
    self.label = label
  }
}

/// What came of one run through a space.
package struct Exploration: Sendable {
  /// How a run ends.
  package enum Outcome: Sendable {
    /// All decisions are made and the program is sound.
    case program(Graph)
    /// The decisions made so far allow no program. `culprit` is the decision, by its index, whose option could not
    /// be formed; nil when the decisions fail together. `reason` says why, in one line.
    case infeasible(culprit: Int?, reason: String)
    /// Whoever decides asked to stop.
    case stopped
  }

  /// The decisions in the order in which they came up.
  package let decisions: [Decision]
  /// What came of them.
  package let outcome: Outcome

  /// The result of a run.
  package init(decisions: [Decision], outcome: Outcome) {
    self.decisions = decisions
    self.outcome = outcome
  }

  /// The graph of a sound program.
  package var graph: Graph? { if case .program(let graph) = outcome { graph } else { nil } }
}

/// A search space: a program with open decisions. Which decisions there are may depend on those made before, so that
/// a space is a tree, walked from its root by answering one decision after the other.
package struct Space: Sendable {
  /// The name in the program.
  package let name: String
  private let walk: @Sendable (_ decide: (DecisionPoint) -> Int?) -> Exploration

  /// A space that `walk` goes through once, asking for every decision that comes up. A nil answer stops the run; an
  /// option outside the range counts as infeasible.
  package init(name: String, walk: @escaping @Sendable (_ decide: (DecisionPoint) -> Int?) -> Exploration) {
    self.name = name
    self.walk = walk
  }

  /// Goes through the space once.
  package func explore(_ decide: (DecisionPoint) -> Int?) -> Exploration { walk(decide) }
}

// MARK: Drawing

extension Space {
  /// A program that was drawn, and how.
  package struct Sample: Sendable {
    /// The decisions in the order in which they came up.
    package let decisions: [Decision]
    /// The program.
    package let graph: Graph
    /// How many runs it took: 1 when the first one was sound.
    package let runs: Int
  }

  /// Why no program could be drawn.
  package struct SampleFailure: Error, Sendable {
    /// The reasons with how often each was met, most frequent first.
    package let reasons: [(reason: String, count: Int)]
    /// How many runs were made.
    package let runs: Int
  }

  /// Draws a program: every decision takes one of its options at random, by their odds.
  ///
  /// An option that cannot be formed is struck out and the decision is drawn again; when decisions fail together
  /// the draw starts anew, so that sound programs keep their relative frequencies. A draw depends on nothing but the seed
  /// and the names of the decisions: it stays the same when other parts of the space change.
  ///
  /// - Parameters:
  ///   - fixed: decisions that are not free, by name.
  ///   - runs: how many runs to make at most.
  package func sample(
    seed: UInt64, fixed: [String: Int] = [:], runs limit: Int = 10_000
  ) throws(SampleFailure) -> Sample {
    var reasons: [String: Int] = [:]
    var order: [String] = []
    var runs = 0
    var attempt: UInt64 = 0
    // Options struck out in this attempt, by decision.
    var excluded: [String: Set<Int>] = [:]
    while runs < limit {
      runs += 1
      var generator = StableHash(seed: seed)
      generator.combine(attempt)
      let key = generator.value
      let exploration = walk { point in
        if let option = fixed[point.name] { return option }
        return Self.draw(point, key: key, excluding: excluded[point.name] ?? [])
      }
      switch exploration.outcome {
      case .program(let graph):
        return Sample(decisions: exploration.decisions, graph: graph, runs: runs)
      case .stopped: break
      case .infeasible(let culprit, let reason):
        if reasons[reason] == nil { order.append(reason) }
        reasons[reason, default: 0] += 1
        // Strike the option out where that leaves another one.
        if let culprit, culprit < exploration.decisions.count {
          let decision = exploration.decisions[culprit]
          if fixed[decision.name] == nil {
            var struck = excluded[decision.name] ?? []
            struck.insert(decision.option)
            if struck.count < decision.count {
              excluded[decision.name] = struck
              continue
            }
          }
        }
      }
      attempt += 1
      excluded = [:]
    }
    let sorted = order.enumerated().sorted {
      let (a, b) = (reasons[$0.element] ?? 0, reasons[$1.element] ?? 0)
      return a == b ? $0.offset < $1.offset : a > b
    }
    throw SampleFailure(reasons: sorted.map { ($0.element, reasons[$0.element] ?? 0) }, runs: runs)
  }

  /// Draws one of the options that are left, by a hash of the key and the decision's name.
  private static func draw(_ point: DecisionPoint, key: UInt64, excluding struck: Set<Int>) -> Int? {
    var hash = StableHash(seed: key)
    hash.combine(point.name)
    if let odds = point.odds {
      let total = odds.enumerated().reduce(0.0) { struck.contains($1.offset) ? $0 : $0 + $1.element }
      // 53 random bits as a number in [0, 1).
      var rest = Double(hash.value >> 11) * 0x1p-53 * total
      var last: Int?
      for (option, weight) in odds.enumerated() where weight > 0 && !struck.contains(option) {
        last = option
        rest -= weight
        if rest < 0 { return option }
      }
      return last
    }
    let left = point.count - struck.count
    guard left > 0 else { return nil }
    // The high half of a product; the bias is below count / 2^64.
    var option = Int(hash.value.multipliedFullWidth(by: UInt64(left)).high)
    if !struck.isEmpty {
      for index in 0..<point.count where !struck.contains(index) {
        if option == 0 { return index }
        option -= 1
      }
    }
    return option
  }
}

// MARK: Enumerating

extension Space {
  /// Goes through every program in the order of the options; what cannot be formed is passed over as soon as it
  /// fails.
  ///
  /// - Parameters:
  ///   - fixed: decisions that are not free, by name.
  ///   - visit: gets each run, sound or not, and returns whether to go on.
  /// - Returns: whether all of the space was seen.
  @discardableResult
  package func enumerate(fixed: [String: Int] = [:], _ visit: (Exploration) -> Bool) -> Bool {
    var path: [Int] = []
    while true {
      var depth = 0
      let exploration = walk { point in
        defer { depth += 1 }
        if let option = fixed[point.name] { return option }
        return depth < path.count ? path[depth] : 0
      }
      guard visit(exploration) else { return false }
      // The last decision with an option left moves on; what came after it is decided anew.
      var next = exploration.decisions.map(\.option)
      while let decision = exploration.decisions.prefix(next.count).last {
        if fixed[decision.name] == nil, decision.option + 1 < decision.count { break }
        next.removeLast()
      }
      guard !next.isEmpty else { return true }
      next[next.count - 1] += 1
      path = next
    }
  }
}
