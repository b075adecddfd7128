package import IRLASGraph

extension Space {
  /// Makes a program by a policy that decides, in the way of `sample`: an option that cannot be formed is struck out
  /// and its decision made again; when decisions fail together, or the policy has no answer, a new attempt begins.
  ///
  /// - Parameters:
  ///   - attempts: how many attempts to make at most.
  ///   - begin: is told the number of an attempt before it begins, and after an option was struck out again.
  ///   - decide: the option of a decision, not among those struck out; nil gives the attempt up.
  /// - Returns: nil when no attempt came to an end.
  package func complete(
    attempts limit: Int, begin: (_ attempt: Int) -> Void = { _ in },
    decide: (_ point: DecisionPoint, _ struck: Set<Int>, _ attempt: Int) -> Int?
  ) -> Candidate? {
    var attempt = 0
    var struck: [String: Set<Int>] = [:]
    while attempt < limit {
      begin(attempt)
      let exploration = explore { decide($0, struck[$0.name] ?? [], attempt) }
      switch exploration.outcome {
      case .program(let graph): return Candidate(decisions: exploration.decisions, graph: graph)
      case .infeasible(let culprit?, _) where culprit < exploration.decisions.count:
        let decision = exploration.decisions[culprit]
        if let options = struck[decision.name], options.contains(decision.option) { break }
        struck[decision.name, default: []].insert(decision.option)
        if (struck[decision.name]?.count ?? 0) < decision.count { continue }
      case .infeasible, .stopped: break
      }
      attempt += 1
      struck = [:]
    }
    return nil
  }
}

extension DecisionPoint {
  /// An option at random by the odds, keyed by `key` and the decision's name; nil when all are struck out.
  func draw(key: UInt64, excluding struck: Set<Int>) -> Int? {
    var hash = StableHash(seed: key)
    hash.combine(name)
    return pick(by: hash.value, excluding: struck) { odds?[$0] ?? 1 }
  }

  /// An option at random, with probabilities in proportion to `weight`.
  func pick(by random: UInt64, excluding struck: Set<Int>, weight: (Int) -> Double) -> Int? {
    var total = 0.0
    for option in 0..<count where !struck.contains(option) { total += max(0, weight(option)) }
    var rest = random.unitInterval * total
    var last: Int?
    for option in 0..<count where !struck.contains(option) {
      let share = max(0, weight(option))
      guard share > 0 else { continue }
      last = option
      rest -= share
      if rest < 0 { return option }
    }
    return last
  }
}

extension UInt64 {
  /// The upper 53 bits as a number in [0, 1).
  var unitInterval: Double { Double(self >> 11) * 0x1p-53 }

  /// A number below `bound`, which is positive; the bias is below `bound / 2^64`.
  func below(_ bound: Int) -> Int { Int(multipliedFullWidth(by: UInt64(bound)).high) }
}
