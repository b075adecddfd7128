import IRLASGraph
import IRLASSearch
import IRLASTraining

/// A trial that has been evaluated.
struct EvaluatedTrial {
  var trial: ProposedTrial
  var measurements: [TrialResult.Measurement] = []
  /// By epoch from 1.
  var curve: [Double] = []
  /// Nil while it goes on.
  var state: TrialResult.State?
  var reason: String?
  var seconds = 0.0

  init(_ trial: ProposedTrial) { self.trial = trial }

  /// What the search is told.
  var result: TrialResult {
    TrialResult(
      trial, state: state ?? .completed, measurements: measurements,
      curve: curve.enumerated().map { .init(epoch: $0.offset + 1, accuracy: $0.element) })
  }

  mutating func set(_ figure: SearchPlan.Figure, _ value: Double) {
    measurements.removeAll { $0.figure == figure }
    measurements.append(.init(figure, value))
  }

  mutating func end(_ state: TrialResult.State, _ reason: String?) {
    self.state = state
    self.reason = reason
  }
}

/// Evaluates the new programs of a batch: what is known from the graph first, then what has to be measured, then
/// training rung by rung. A program that exceeds a limit is not trained.
///
/// Everything that was measured or trained is recorded as it ends, and taken from the record when it is there: of a
/// killed search nothing but the jobs that were running is done again.
struct BatchEvaluation {
  let plan: SearchPlan
  let task: TrainingTask?
  let store: StudyStore
  let pool: WorkerPool
  let settings: EvaluationSettings
  /// The folder for what workers need.
  let folder: String
  /// Seconds since 1970.
  let date: () -> Double
  /// Called with the number of candidates of the batch that are done, the number of epochs done, and what is going on.
  let progress: (Int, Int, String) -> Void

  /// Visits to each candidate that make one measured latency.
  static let latencyVisits = 3

  /// Evaluates the trials, none of which repeats another; nil when interrupted.
  func evaluate(_ trials: [ProposedTrial], in loop: SearchLoop) throws(StudyError) -> [EvaluatedTrial]? {
    var entries = trials.map(EvaluatedTrial.init)
    for index in entries.indices { countFigures(&entries[index]) }
    applyLimits(&entries)
    guard try measureMemory(&entries) else { return nil }
    applyLimits(&entries)
    guard try measureLatency(&entries) else { return nil }
    applyLimits(&entries)
    guard try train(&entries, in: loop) else { return nil }
    for index in entries.indices where entries[index].state == nil { entries[index].state = .completed }
    return entries
  }

  private func doneCount(_ entries: [EvaluatedTrial]) -> Int { entries.count { $0.state != nil } }

  // MARK: Limits

  /// Figures that follow from the graph.
  private func countFigures(_ entry: inout EvaluatedTrial) {
    let statistics = entry.trial.candidate.graph.statistics
    for figure in plan.figures {
      switch figure {
      case .params: entry.set(figure, Double(statistics.parameters))
      case .macs: entry.set(figure, Double(statistics.macs))
      case .depth: entry.set(figure, Double(statistics.depth))
      case .accuracy, .latency, .memory: break
      }
    }
  }

  /// Ends the candidates that exceed a limit, by the first one in the plan.
  private func applyLimits(_ entries: inout [EvaluatedTrial]) {
    for index in entries.indices where entries[index].state == nil {
      for (place, limit) in plan.limits.enumerated() {
        guard let value = entries[index].measurements.last(where: { $0.figure == limit.figure })?.value,
          limit.violation(by: value) > 0
        else { continue }
        entries[index].end(.infeasible(limit: place), limit.message ?? "\(limit), but it is \(value)")
        break
      }
    }
  }

  // MARK: Measuring

  private func job(_ entry: EvaluatedTrial, _ task: WorkerJob.Task, threads: Int) -> WorkerPool.Assignment {
    let limit = settings.timeLimit
    let seconds = limit < 1e9 ? Int(limit * Double(threads)) + 10 : Int(Int32.max)
    return WorkerPool.Assignment(
      job: WorkerJob(
        task: task, graph: entry.trial.candidate.graph.text, threads: threads, kernels: settings.kernels,
        memory: settings.memoryLimit, processorSeconds: seconds),
      log: FileBytes.join(folder, "\(entry.trial.programHash)-\(entry.trial.index).log"), timeLimit: limit)
  }

  /// Takes recorded figures over and gives the candidates that lack one.
  private func recall(
    _ figures: [SearchPlan.Figure], _ entries: inout [EvaluatedTrial]
  ) throws(StudyError) -> [Int] {
    var missing: [Int] = []
    for index in entries.indices where entries[index].state == nil {
      var isComplete = true
      for figure in figures {
        let record: MeasurementRecord?
        do throws(StoreError) {
          record = try store.measurement(of: entries[index].trial.programHash, figure.description)
        } catch {
          throw .store(error)
        }
        guard let record else {
          isComplete = false
          continue
        }
        take(record, figure, &entries[index])
      }
      if !isComplete, entries[index].state == nil { missing.append(index) }
    }
    return missing
  }

  private func take(_ record: MeasurementRecord, _ figure: SearchPlan.Figure, _ entry: inout EvaluatedTrial) {
    if let value = record.value {
      entry.set(figure, value)
    } else if record.reason == Self.timedOutReason {
      entry.end(.timedOut, record.reason)
    } else {
      entry.end(.failed(reason: record.reason ?? ""), record.reason)
    }
  }

  private static let timedOutReason = "it took too long to measure"

  /// What a worker that measured has to say, or why it has nothing to say.
  private func measured(_ report: WorkerPool.Report) throws(StudyError) -> Result<
    (WorkerMessage.Measured, WorkerMessage.PlanNote), MeasuringFailure
  > {
    switch report.end {
    case .message(.measured(let measured, let plan)): return .success((measured, plan))
    case .message(.machine(let reason)): throw .machine(reason)
    case .message(.failed(let reason)), .crashed(let reason):
      return .failure(MeasuringFailure(reason: reason))
    case .message: return .failure(MeasuringFailure(reason: "its worker gave no figures"))
    case .timedOut: return .failure(MeasuringFailure(reason: Self.timedOutReason))
    case .outOfMemory(let limit): return .failure(MeasuringFailure(reason: outOfMemory(limit)))
    }
  }

  private struct MeasuringFailure: Error { let reason: String }

  private func outOfMemory(_ limit: Int) -> String { "it needs more than \(limit >> 20) MiB of memory" }

  private func measureMemory(_ entries: inout [EvaluatedTrial]) throws(StudyError) -> Bool {
    var figures: [SearchPlan.Figure] = []
    var batches: [Int] = []
    for figure in plan.figures {
      guard case .memory(let batch) = figure else { continue }
      figures.append(figure)
      batches.append(batch)
    }
    guard !figures.isEmpty else { return true }
    let missing = try recall(figures, &entries)
    let assignments = missing.map {
      job(entries[$0], .measure(.init(memory: batches, latency: [])), threads: settings.threads)
    }
    var changed = entries
    let isDone = try pool.run(assignments, count: settings.workers) { job, report throws(StudyError) in
      let index = missing[job]
      let outcome = try measured(report)
      changed[index].seconds += report.seconds
      var records: [MeasurementRecord] = []
      for (place, figure) in figures.enumerated() {
        var record = blank(changed[index], figure)
        switch outcome {
        case .success(let (measured, _)) where place < measured.memory.count:
          record.value = Double(measured.memory[place])
          record.samples = [Double(measured.memory[place])]
        case .success: record.reason = "its worker gave no figures"
        case .failure(let failure): record.reason = failure.reason
        }
        records.append(record)
        take(record, figure, &changed[index])
      }
      try save(records)
      progress(doneCount(changed), 0, "measuring memory")
    }
    entries = changed
    return isDone
  }

  private func blank(_ entry: EvaluatedTrial, _ figure: SearchPlan.Figure) -> MeasurementRecord {
    MeasurementRecord(
      program: entry.trial.programHash, figure: figure.description, value: nil, reason: nil, samples: [],
      plan: nil,
      host: settings.host, recorded: date())
  }

  private func save(_ records: [MeasurementRecord]) throws(StudyError) {
    do throws(StoreError) {
      try store.record(records)
    } catch {
      throw .store(error)
    }
  }

  /// Measures latency in a slot of its own: nothing else runs, one candidate after the other on one thread, and that
  /// several times over, so that a slow moment of the machine does not fall on one of them alone.
  private func measureLatency(_ entries: inout [EvaluatedTrial]) throws(StudyError) -> Bool {
    var figures: [SearchPlan.Figure] = []
    var batches: [Int] = []
    for figure in plan.figures {
      guard case .latency(let batch) = figure else { continue }
      figures.append(figure)
      batches.append(batch)
    }
    guard !figures.isEmpty else { return true }
    let missing = try recall(figures, &entries)
    var records = missing.map { index in figures.map { blank(entries[index], $0) } }
    var changed = entries
    for visit in 0..<Self.latencyVisits {
      let visited = missing.indices.filter { changed[missing[$0]].state == nil }
      let assignments = visited.map {
        job(entries[missing[$0]], .measure(.init(memory: [], latency: batches)), threads: 1)
      }
      let isDone = try pool.run(assignments, count: 1) { job, report throws(StudyError) in
        let place = visited[job]
        let index = missing[place]
        changed[index].seconds += report.seconds
        switch try measured(report) {
        case .success(let (measured, plan)):
          for number in figures.indices where number < measured.latency.count {
            records[place][number].samples += measured.latency[number]
            records[place][number].plan = plan.hash
          }
        case .failure(let failure):
          for number in figures.indices { records[place][number].reason = failure.reason }
          take(records[place][0], figures[0], &changed[index])
        }
        progress(doneCount(changed), 0, "measuring latency, visit \(visit + 1) of \(Self.latencyVisits)")
      }
      guard isDone else { return false }
    }
    for (place, index) in missing.enumerated() {
      for (number, figure) in figures.enumerated() {
        if records[place][number].reason == nil {
          records[place][number].value = median(records[place][number].samples)
          if records[place][number].value == nil {
            records[place][number].reason = "its worker gave no figures"
          }
        }
        take(records[place][number], figure, &changed[index])
      }
    }
    try save(records.flatMap(\.self))
    entries = changed
    return true
  }

  // MARK: Training

  private func train(_ entries: inout [EvaluatedTrial], in loop: SearchLoop) throws(StudyError) -> Bool {
    guard let task else { return true }
    var entrants = entries.indices.filter { entries[$0].state == nil }
    let halving = Halving(
      fidelity: plan.fidelity, count: entrants.count, recipeEpochs: task.recipe.epochs)
    let accuracy = SearchPlan.Figure.accuracy(recipe: task.recipe.name)
    var epochs = 0
    for (stage, rung) in halving.rungs.enumerated() where !entrants.isEmpty {
      var changed = entries
      var missing: [Int] = []
      for index in entrants {
        if let record = try recorded(changed[index], rung.epochs, task) {
          take(record, accuracy, &changed[index])
        } else {
          missing.append(index)
        }
      }
      let what = halving.rungs.count == 1 ? "training" : "rung \(stage + 1) of \(halving.rungs.count)"
      progress(doneCount(changed), epochs, what)
      let assignments = missing.map { index in
        job(
          changed[index],
          .train(
            .init(
              recipe: task.text, data: task.folder, folder: workFolder(of: changed[index].trial),
              seed: changed[index].trial.trainingSeed, epochs: rung.epochs)), threads: settings.threads)
      }
      let isDone = try pool.run(
        assignments, count: settings.workers,
        progress: { _ in
          epochs += 1
          progress(doneCount(changed), epochs, what)
        },
        done: { job, report throws(StudyError) in
          let index = missing[job]
          let (record, summary) = try evaluation(of: changed[index], report, rung.epochs, task)
          do throws(StoreError) {
            try store.record(record, planSummary: summary)
          } catch {
            throw .store(error)
          }
          take(record, accuracy, &changed[index])
          if stage + 1 == halving.rungs.count, changed[index].state == nil {
            changed[index].state = .completed
          }
          progress(doneCount(changed), epochs, what)
        })
      entries = changed
      guard isDone else { return false }
      let standing = entrants.filter { entries[$0].state == nil }
      guard stage + 1 < halving.rungs.count else { break }
      let survivors = loop.survivors(of: standing.map { entries[$0].result }, after: stage, in: halving)
        .filter { $0 < standing.count }.map { standing[$0] }.sorted()
      for index in standing where !survivors.contains(index) {
        entries[index].end(.stopped, "halving: out after \(rung.epochs) epochs")
      }
      entrants = survivors
    }
    // Limits on the accuracy count at the end alone: an early epoch says little.
    for index in entries.indices where entries[index].state == .completed { entries[index].state = nil }
    applyLimits(&entries)
    return true
  }

  /// The folder for the checkpoint of a trial.
  func workFolder(of trial: ProposedTrial) -> String {
    FileBytes.join(folder, "\(trial.programHash)-\(trial.trainingSeed)")
  }

  private func recorded(
    _ entry: EvaluatedTrial, _ epochs: Int, _ task: TrainingTask
  ) throws(StudyError) -> EvaluationRecord? {
    do throws(StoreError) {
      return try store.evaluation(
        of: entry.trial.programHash, seed: entry.trial.trainingSeed, recipe: task.key, epochs: epochs)
    } catch {
      throw .store(error)
    }
  }

  private func take(_ record: EvaluationRecord, _ accuracy: SearchPlan.Figure, _ entry: inout EvaluatedTrial)
  {
    entry.curve = record.curve
    entry.seconds += record.seconds
    if let last = record.curve.last, last.isFinite { entry.set(accuracy, last) }
    switch record.state {
    case .completed, .infeasible: break
    case .stopped: entry.end(.stopped, record.reason)
    case .failed: entry.end(.failed(reason: record.reason ?? ""), record.reason)
    case .timedOut: entry.end(.timedOut, record.reason)
    case .diverged: entry.end(.diverged, record.reason)
    }
  }

  private func evaluation(
    of entry: EvaluatedTrial, _ report: WorkerPool.Report, _ epochs: Int, _ task: TrainingTask
  ) throws(StudyError) -> (EvaluationRecord, summary: String?) {
    var state = TrialState.completed
    var reason: String?
    var plan: WorkerMessage.PlanNote?
    switch report.end {
    case .message(.trained(let note, let remarks)):
      plan = note
      if !remarks.isEmpty { reason = remarks.joined(separator: "; ") }
    case .message(.noBetterThanChance(let note)):
      state = .stopped
      reason = "no better than chance after the first epoch"
      plan = note
    case .message(.diverged(let text)): (state, reason) = (.diverged, text)
    case .message(.machine(let text)): throw .machine(text)
    case .message(.failed(let text)), .crashed(let text): (state, reason) = (.failed, text)
    case .message: (state, reason) = (.failed, "its worker gave no accuracy")
    case .timedOut:
      (state, reason) = (.timedOut, "it took longer than \(Int(settings.timeLimit)) s")
    case .outOfMemory(let limit): (state, reason) = (.failed, outOfMemory(limit))
    }
    var curve: [Double] = []
    for (epoch, accuracy) in report.curve where epoch == curve.count + 1 { curve.append(accuracy) }
    if state == .completed, curve.count != min(epochs, task.recipe.epochs) {
      (state, reason) = (.failed, "its worker told of \(curve.count) epochs, not \(epochs)")
    }
    let record = EvaluationRecord(
      program: entry.trial.programHash, seed: entry.trial.trainingSeed, recipe: task.key, epochs: epochs,
      state: state, reason: reason, curve: curve, seconds: report.seconds, plan: plan?.hash,
      host: settings.host,
      recorded: date())
    return (record, plan?.summary)
  }
}

/// The middle of some values, the mean of the two middle ones where their number is even; nil of none.
func median(_ values: [Double]) -> Double? {
  guard !values.isEmpty else { return nil }
  let sorted = values.sorted()
  let middle = sorted.count / 2
  return sorted.count % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
}
