package import IRLASGraph

/// A search without its evaluations: proposes batches of programs and is told their results.
///
/// It is a value that follows from plan, seed, space, mirrors and the results told so far, nothing else. A search is
/// resumed by telling the recorded batches to a new loop; no program is made for that. The size of a batch depends on the
/// plan alone and its proposals see earlier batches only, so that the same trials come up whatever the number of workers.
package struct SearchLoop: Sendable {
  /// What there is to do next.
  package enum Proposal: Sendable {
    /// To evaluate these; at least one of them is new.
    case batch([ProposedTrial])
    /// Nothing.
    case end(Ending)
  }

  /// Why a search ends.
  package enum Ending: Hashable, Sendable, CustomStringConvertible {
    /// The budget is used up.
    case budget
    /// No program was found that is not among the `programs` tried. `isCertain` when all of the space was gone through.
    case exhausted(programs: Int, isCertain: Bool)
    /// The space has no sound program, as far as can be told from `runs`.
    case noProgram(reason: String, runs: Int)

    package var description: String {
      switch self {
      case .budget: "the budget is used up"
      case .exhausted(let programs, true): "all \(programs) programs of the space are tried"
      case .exhausted(let programs, false):
        "nothing new in \(SearchLoop.drawLimit) draws in a row after \(programs) programs"
      case .noProgram(let reason, let runs): "no sound program in \(runs) draws: \(reason)"
      }
    }
  }

  /// How often the agent is asked for one batch; what is still missing then is drawn at random.
  private static let rounds = 4
  /// So many draws without anything new are taken for the end of the space.
  private static let drawLimit = 512
  /// No decision has as many options.
  private static let optionLimit = 1 << 24
  /// A space with so few runs is gone through one by one before it is called exhausted.
  private static let enumerationLimit = 4096

  /// What is followed.
  package let plan: SearchPlan
  /// How many new programs make a batch.
  package let batchSize: Int
  /// The batches told so far.
  package private(set) var batches = 0
  /// The evaluated trials so far: all but repeats.
  package private(set) var evaluated = 0
  /// Those within all limits.
  package private(set) var feasible = 0
  /// The seconds used up, as told.
  package private(set) var elapsed = 0.0
  /// The outcomes so far, by trial.
  package private(set) var outcomes: [Outcome] = []

  private var context: SearchContext
  private var agent: any Agent
  /// The first trial of each program.
  private var firstTrials: [GraphHash: Int] = [:]

  /// The search of a plan by one of its seeds.
  ///
  /// - Parameter policy: what the training of the network of all options learned; a differentiable search needs it.
  package init(
    plan: SearchPlan, seed: UInt64, space: Space, guidance: Guidance, policy: RelaxedPolicy? = nil
  ) throws(SearchIssue) {
    self.plan = plan
    batchSize = Halving.batchSize(for: plan.fidelity)
    context = SearchContext(
      space: space, seed: seed, guidance: guidance,
      reward: Reward(plan: plan, hasMirror: guidance.hasMirror))
    if case .differentiable = plan.agent, let policy {
      agent = DifferentiableAgent(policy)
    } else {
      agent = try context.makeAgent(of: plan)
    }
  }

  /// The worth of outcomes at this point.
  package var reward: Reward { context.reward }

  /// The share of the budget that is used up.
  package var progress: Double {
    switch plan.budget {
    case .trials(let count): Double(evaluated) / Double(max(1, count))
    case .feasible(let count): Double(feasible) / Double(max(1, count))
    case .time(let limit): limit > 0 ? elapsed / limit : 1
    }
  }

  // MARK: Proposing

  /// The next batch. Changes nothing: the same again until results are told.
  package func propose() -> Proposal {
    guard progress < 1 else { return .end(.budget) }
    var wanted = batchSize
    if case .trials(let count) = plan.budget { wanted = min(wanted, count - evaluated) }
    var batch = Batch(index: outcomes.count, wanted: wanted)
    for _ in 0..<Self.rounds where batch.missing > 0 {
      let candidates = agent.ask(batch.missing, from: batch.nextIndex, in: context)
      for candidate in candidates { batch.add(candidate, known: firstTrials) }
      if candidates.isEmpty { break }
    }
    var isCertain = false
    if batch.missing > 0 {
      if let failure = draw(into: &batch) { return .end(failure) }
      if batch.missing > 0 { isCertain = enumerate(into: &batch) }
    }
    guard batch.missing < wanted else {
      return .end(.exhausted(programs: firstTrials.count, isCertain: isCertain))
    }
    return .batch(batch.trials.map(complete))
  }

  /// Draws what the agent did not find. Repeats among the draws leave no trace.
  private func draw(into batch: inout Batch) -> Ending? {
    var vain = 0
    var draw: UInt64 = 0
    while batch.missing > 0, vain < Self.drawLimit {
      let key = StableHash.mix(context.key(outcomes.count, purpose: "fallback"), draw)
      draw += 1
      do {
        let sample = try context.space.sample(seed: key)
        let candidate = Candidate(decisions: sample.decisions, graph: sample.graph)
        vain = batch.add(candidate, known: firstTrials, isRepeatKept: false) ? 0 : vain + 1
      } catch {
        guard firstTrials.isEmpty, batch.trials.isEmpty else { return nil }
        return .noProgram(reason: error.reasons.first?.reason ?? "none can be formed", runs: error.runs)
      }
    }
    return nil
  }

  /// Goes through the beginning of the space for what is new; returns whether that was all of it.
  private func enumerate(into batch: inout Batch) -> Bool {
    var runs = 0
    return context.space.enumerate { exploration in
      runs += 1
      if let graph = exploration.graph {
        let candidate = Candidate(decisions: exploration.decisions, graph: graph)
        batch.add(candidate, known: firstTrials, isRepeatKept: false)
      }
      return batch.missing > 0 && runs < Self.enumerationLimit
    }
  }

  /// Adds what is known of a program before it is trained.
  private func complete(_ entry: Batch.Entry) -> ProposedTrial {
    let appraisal = context.guidance.appraise(entry.candidate.graph)
    var hash = StableHash(seed: context.seed)
    hash.combine("training")
    hash.combine(entry.hash.value)
    return ProposedTrial(
      index: entry.index, batch: batches, candidate: entry.candidate, programHash: entry.hash,
      appraisal: appraisal,
      prospects: context.reward.usesProspects && entry.repeats == nil
        ? Prospect(context).values(of: entry.candidate, appraisal) : [],
      trainingSeed: hash.value, repeats: entry.repeats)
  }

  // MARK: Being told

  /// Takes in the results of the batch that was proposed, in the order of its trials. Of a repeat only its place counts:
  /// its outcome is that of the first trial of the program.
  ///
  /// - Parameter elapsed: the seconds that the search has taken by then; recorded with the batch where the budget is time.
  package mutating func tell(_ results: [TrialResult], elapsed: Double = 0) throws(SearchIssue) {
    for (place, result) in results.enumerated() {
      if let reason = fault(of: result, at: place) {
        throw .unexpectedResult(trial: result.index, reason: reason)
      }
    }
    let start = outcomes.count
    for result in results {
      if let first = result.repeats {
        outcomes.append(outcomes[first].again(result))
        continue
      }
      let outcome = context.reward.outcome(of: result)
      context.reward.observe(outcome)
      outcomes.append(outcome)
      firstTrials[result.programHash] = result.index
      evaluated += 1
      if outcome.isFeasible { feasible += 1 }
    }
    batches += 1
    self.elapsed = max(self.elapsed, elapsed)
    context.reward.advance(to: progress)
    agent.tell(Array(outcomes[start...]), in: context)
  }

  /// Why a result cannot come next; what is told may have been stored and damaged.
  private func fault(of result: TrialResult, at place: Int) -> String? {
    guard result.index == outcomes.count + place else { return "expected trial \(outcomes.count + place)" }
    guard result.batch == batches else { return "of batch \(result.batch), expected \(batches)" }
    if let first = result.repeats, first < 0 || first >= result.index {
      return "repeats trial \(first), which is not before it"
    }
    for decision in result.decisions
    where !(0..<Self.optionLimit).contains(decision.count)
      || !(0..<decision.count).contains(decision.option)
    {
      return "option \(decision.option) of \(decision.count) for `\(decision.name)`"
    }
    guard (result.appraisal.likeness + result.prospects).allSatisfy(\.isFinite) else {
      return "a likeness that is no number"
    }
    return nil
  }

  /// Which of the candidates of a rung go on to the next; see `Halving.survivors`.
  package func survivors(of standings: [TrialResult], after stage: Int, in halving: Halving) -> [Int] {
    halving.survivors(of: standings, after: stage, by: context.reward)
  }
}

/// A batch in the making.
private struct Batch {
  struct Entry {
    let index: Int
    let candidate: Candidate
    let hash: GraphHash
    let repeats: Int?
  }

  private(set) var trials: [Entry] = []
  private(set) var missing: Int
  private let start: Int
  private var own: [GraphHash: Int] = [:]

  init(index: Int, wanted: Int) {
    start = index
    missing = wanted
  }

  var nextIndex: Int { start + trials.count }

  /// Adds a candidate; returns whether it is new.
  @discardableResult
  mutating func add(_ candidate: Candidate, known: [GraphHash: Int], isRepeatKept: Bool = true) -> Bool {
    guard missing > 0 else { return false }
    let hash = candidate.graph.programHash
    let first = known[hash] ?? own[hash]
    if first != nil, !isRepeatKept { return false }
    trials.append(Entry(index: nextIndex, candidate: candidate, hash: hash, repeats: first))
    guard first == nil else { return false }
    own[hash] = nextIndex - 1
    missing -= 1
    return true
  }
}

extension Outcome {
  /// The outcome of a later trial with the same program. Its decisions may be others that make the same, and keep the
  /// prospects only where they have as many.
  fileprivate func again(_ result: TrialResult) -> Outcome {
    Outcome(
      index: result.index, decisions: result.decisions, objectives: objectives, violation: violation,
      likeness: likeness, prospects: result.decisions == decisions ? prospects : [])
  }
}
