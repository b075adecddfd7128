package import IRLASGraph
package import IRLASSearch
import IRLASTraining

/// Carries out a search: proposes, evaluates, records, and so forth until the budget is used up; once for each seed.
///
/// A batch is recorded with all its trials in one transaction before the search is told of it, so that a study that was
/// killed goes on from its last whole batch. What its next batch had measured by then is on record too.
package struct StudyRun {
  /// What is searched, and how.
  package struct Search: Sendable {
    /// With the options of the command line.
    package var plan: SearchPlan
    package var space: Space
    /// Features and mirrors.
    package var guidance: Guidance
    /// The mirrors as text; empty without any.
    package var mirrors: String
    /// The names of the features.
    package var features: String
    /// The recipe and the images; nil where nothing asks for accuracy.
    package var task: TrainingTask?
    /// The network of all options, for a differentiable search.
    package var supernet: Supernet?
    /// A graph as a program; nil where the language has no words for it.
    package var programText: @Sendable (Graph) -> String?

    package init(
      plan: SearchPlan, space: Space, guidance: Guidance, mirrors: String, features: String,
      task: TrainingTask?, supernet: Supernet? = nil,
      programText: @escaping @Sendable (Graph) -> String?
    ) {
      self.plan = plan
      self.space = space
      self.guidance = guidance
      self.mirrors = mirrors
      self.features = features
      self.task = task
      self.supernet = supernet
      self.programText = programText
    }
  }

  /// The clocks, and whether to stop: what only the command line knows.
  package struct Surroundings {
    /// Seconds of a steady clock.
    package var now: () -> Double
    /// Seconds since 1970.
    package var date: () -> Double
    /// Asked several times a second.
    package var isInterrupted: () -> Bool

    package init(
      now: @escaping () -> Double, date: @escaping () -> Double, isInterrupted: @escaping () -> Bool
    ) {
      self.now = now
      self.date = date
      self.isInterrupted = isInterrupted
    }
  }

  /// How far the search has come.
  package struct Progress: Sendable {
    /// The run, from 0, of `runs`.
    package var run: Int
    package var runs: Int
    package var seed: UInt64
    /// Evaluated trials, those of the current batch that are done among them.
    package var trials: Int
    /// Trials that had been evaluated before this process began.
    package var earlier: Int
    /// The share of the budget that is used up.
    package var share: Double
    /// The best completed trial so far; for a front the first objective counts.
    package var best: TrialRecord?
    /// What is being done.
    package var activity: String
  }

  /// How it ended.
  package enum Ending: Sendable {
    /// All runs are finished, each for this reason.
    case finished([(seed: UInt64, reason: String)])
    /// Ctrl-C: what was recorded is kept.
    case interrupted
  }

  private let search: Search
  private let settings: EvaluationSettings
  private let store: StudyStore
  private let surroundings: Surroundings
  private let report: (Progress) -> Void
  /// The folder for what workers need.
  private let workFolder: String

  /// Prepares the search of a study.
  ///
  /// - Parameters:
  ///   - folder: the study's; the caller holds its lock.
  ///   - report: called whenever something has changed.
  package init(
    _ search: Search, settings: EvaluationSettings, store: StudyStore, folder: String,
    surroundings: Surroundings,
    report: @escaping (Progress) -> Void
  ) throws(StudyError) {
    if case .halving(_, let last, _) = search.plan.fidelity, let recipe = search.task?.recipe,
      last > recipe.epochs
    {
      throw .input(
        "halving goes up to \(last) epochs, but the recipe \(recipe.name) has \(recipe.epochs)\n"
          + "help: its schedule ends there; give the recipe as many epochs, or halving fewer")
    }
    self.search = search
    self.settings = settings
    self.store = store
    self.surroundings = surroundings
    self.report = report
    workFolder = FileBytes.join(folder, "work")
    do throws(FileError) {
      try FileBytes.createFolder(workFolder)
    } catch {
      throw StudyError(error)
    }
  }

  /// Searches to the end of the budget of every seed, or until interrupted.
  package func run() throws(StudyError) -> Ending {
    var reasons: [(seed: UInt64, reason: String)] = []
    for (index, seed) in search.plan.seeds.enumerated() {
      guard let reason = try run(index, seed) else { return .interrupted }
      reasons.append((seed, reason))
    }
    WorkFolder.remove(workFolder)
    return .finished(reasons)
  }

  /// One run; gives why it ended, or nil when interrupted.
  private func run(_ index: Int, _ seed: UInt64) throws(StudyError) -> String? {
    let began = surroundings.now()
    try stored { () throws(StoreError) in
      try store.begin(run: index, seed: seed, mirrors: search.mirrors, features: search.features)
    }
    let training = PolicyTraining(
      search, store: store, folder: workFolder, host: settings.host, surroundings: surroundings)
    let policy: RelaxedPolicy?
    switch try training.policy(
      seed: seed,
      report: { activity in
        report(
          Progress(
            run: index, runs: search.plan.seeds.count, seed: seed, trials: 0, earlier: 0, share: 0, best: nil,
            activity: activity))
      })
    {
    case .learned(let learned): policy = learned
    case .none: policy = nil
    case .interrupted: return nil
    }
    var loop: SearchLoop
    do throws(SearchIssue) {
      loop = try SearchLoop(
        plan: search.plan, seed: seed, space: search.space, guidance: search.guidance, policy: policy)
    } catch {
      throw .input("\(error)")
    }
    var best: TrialRecord?
    try replay(index, into: &loop, best: &best)
    let before = loop.elapsed
    let earlier = loop.evaluated
    while true {
      let current = Progress(
        run: index, runs: search.plan.seeds.count, seed: seed, trials: loop.evaluated, earlier: earlier,
        share: loop.progress, best: best, activity: "proposing")
      report(current)
      if surroundings.isInterrupted() { return nil }
      let batch: [ProposedTrial]
      switch loop.propose() {
      case .end(let ending):
        try stored { () throws(StoreError) in try store.finish(run: index, at: surroundings.date()) }
        return ending.description
      case .batch(let trials): batch = trials
      }
      let evaluation = BatchEvaluation(
        plan: search.plan, task: search.task, store: store,
        pool: WorkerPool(
          program: settings.program, now: surroundings.now, isInterrupted: surroundings.isInterrupted),
        settings: settings, folder: workFolder, date: surroundings.date,
        progress: { done, epochs, activity in
          var progress = current
          progress.trials += done
          progress.activity = activity
          report(progress)
        })
      guard let entries = try evaluation.evaluate(batch.filter { $0.repeats == nil }, in: loop) else {
        return nil
      }
      let elapsed = before + surroundings.now() - began
      let (records, results) = try records(of: batch, entries, run: index)
      try stored { () throws(StoreError) in
        try store.record(
          run: index, batch: loop.batches, trials: records, programs: entries.map(programRecord),
          elapsed: elapsed,
          at: surroundings.date())
      }
      try tell(results, elapsed: elapsed, to: &loop)
      for record in records { best = better(record, best) }
      for entry in entries { WorkFolder.remove(evaluation.workFolder(of: entry.trial)) }
    }
  }

  private func stored<Value>(_ body: () throws(StoreError) -> Value) throws(StudyError) -> Value {
    do throws(StoreError) {
      return try body()
    } catch {
      throw .store(error)
    }
  }

  private func tell(_ results: [TrialResult], elapsed: Double, to loop: inout SearchLoop) throws(StudyError) {
    do throws(SearchIssue) {
      try loop.tell(results, elapsed: elapsed)
    } catch {
      throw .store(.damaged(store.path, "\(error)"))
    }
  }

  // MARK: Resuming

  /// Tells the loop everything that is on record.
  private func replay(_ run: Int, into loop: inout SearchLoop, best: inout TrialRecord?) throws(StudyError) {
    let (trials, features, batches) = try stored { () throws(StoreError) in
      (try store.trials(run: run), try store.features(), try store.batchTimes(run: run))
    }
    let figures = search.plan.figures.map { (figure: $0, text: $0.description) }
    var start = 0
    for (batch, elapsed) in batches.enumerated() {
      var end = start
      while end < trials.count, trials[end].batch == batch { end += 1 }
      let results = trials[start..<end].map { trial in
        result(of: trial, features: features[trial.program] ?? [], figures)
      }
      try tell(results, elapsed: elapsed, to: &loop)
      start = end
    }
    guard start == trials.count else {
      throw .store(.damaged(store.path, "a trial belongs to no batch"))
    }
    for trial in trials { best = better(trial, best) }
  }

  private func result(
    of trial: TrialRecord, features: [Double], _ figures: [(figure: SearchPlan.Figure, text: String)]
  ) -> TrialResult {
    let state: TrialResult.State =
      switch trial.state {
      case .completed: .completed
      case .stopped: .stopped
      case .infeasible: .infeasible(limit: trial.limit ?? 0)
      case .failed: .failed(reason: trial.reason ?? "")
      case .timedOut: .timedOut
      case .diverged: .diverged
      }
    var measurements: [TrialResult.Measurement] = []
    for value in trial.figures {
      guard let figure = figures.first(where: { $0.text == value.figure })?.figure else { continue }
      measurements.append(.init(figure, value.value))
    }
    return TrialResult(
      index: trial.trial, batch: trial.batch, decisions: trial.decisions, programHash: trial.program,
      appraisal: Appraisal(features: features, likeness: trial.likeness), prospects: trial.prospects,
      repeats: trial.repeats, state: state, measurements: measurements,
      curve: trial.curve.enumerated().map { .init(epoch: $0.offset + 1, accuracy: $0.element) })
  }

  // MARK: Recording

  private func records(
    of batch: [ProposedTrial], _ entries: [EvaluatedTrial], run: Int
  ) throws(StudyError) -> ([TrialRecord], [TrialResult]) {
    var records: [TrialRecord] = []
    var results: [TrialResult] = []
    for trial in batch {
      guard let first = trial.repeats else {
        // All that repeat nothing have been evaluated.
        guard let entry = entries.first(where: { $0.trial.index == trial.index }) else { continue }
        records.append(record(of: entry, run: run))
        results.append(entry.result)
        continue
      }
      results.append(TrialResult(trial, state: .completed))
      let earlier: TrialRecord?
      if let own = records.first(where: { $0.trial == first }) {
        earlier = own
      } else {
        earlier = try stored { () throws(StoreError) in
          try store.trials(run: run, from: first, limit: 1).first
        }
      }
      guard var record = earlier else { throw .store(.damaged(store.path, "trial \(first) is missing")) }
      record.trial = trial.index
      record.batch = trial.batch
      record.repeats = first
      record.decisions = trial.candidate.decisions
      record.prospects = trial.prospects
      record.seconds = 0
      records.append(record)
    }
    return (records, results)
  }

  private func record(of entry: EvaluatedTrial, run: Int) -> TrialRecord {
    var limit: Int?
    let state: TrialState
    switch entry.state ?? .completed {
    case .completed: state = .completed
    case .stopped: state = .stopped
    case .infeasible(let place): (state, limit) = (.infeasible, place)
    case .failed: state = .failed
    case .timedOut: state = .timedOut
    case .diverged: state = .diverged
    }
    return TrialRecord(
      run: run, trial: entry.trial.index, batch: entry.trial.batch, program: entry.trial.programHash,
      repeats: nil,
      decisions: entry.trial.candidate.decisions, likeness: entry.trial.appraisal.likeness,
      prospects: entry.trial.prospects, seed: entry.trial.trainingSeed, state: state, limit: limit,
      reason: entry.reason,
      figures: entry.measurements.map { FigureValue($0.figure.description, $0.value) }, curve: entry.curve,
      seconds: entry.seconds)
  }

  private func programRecord(_ entry: EvaluatedTrial) -> ProgramRecord {
    let graph = entry.trial.candidate.graph
    let statistics = graph.statistics
    return ProgramRecord(
      program: entry.trial.programHash, topology: graph.topologyHash, text: search.programText(graph),
      params: statistics.parameters, macs: statistics.macs, depth: statistics.depth,
      features: entry.trial.appraisal.features)
  }

  /// The better of two trials by the first objective; the earlier one of equals.
  private func better(_ trial: TrialRecord, _ best: TrialRecord?) -> TrialRecord? {
    guard trial.state == .completed, trial.repeats == nil else { return best }
    let reward = search.plan.reward
    guard let figure = (reward.maximised + reward.minimised).first?.description,
      let value = trial.value(figure)
    else { return best }
    guard let best, let bestValue = best.value(figure) else { return trial }
    return (reward.maximised.isEmpty ? value < bestValue : value > bestValue) ? trial : best
  }
}
