import FoundationEssentials
import GRDB
package import IRLASGraph

extension StudyStore {
  /// Records a whole batch of trials with their programs, or nothing.
  ///
  /// - Parameter elapsed: Seconds of searching in this run so far.
  package func record(
    run: Int, batch: Int, trials: [TrialRecord], programs: [ProgramRecord], elapsed: Double, at time: Double
  ) throws(StoreError) {
    try readDecisionTable()
    var fresh: [Decision] = []
    do throws(StoreError) {
      try write { database in
        for program in programs {
          try database.execute(
            sql: "INSERT OR IGNORE INTO programs VALUES (?, ?, ?, ?, ?, ?, ?)",
            arguments: [
              program.program.description, program.topology.description, program.text, program.params,
              program.macs,
              program.depth, PackedValues.data(program.features),
            ])
        }
        for trial in trials {
          let decisions = try trial.decisions.map { decision in
            if let number = decisionNumbers[decision] { return number }
            let number = Int32(decisionNumbers.count + 1)
            try database.execute(
              sql: "INSERT INTO decisions VALUES (?, ?, ?, ?, ?)",
              arguments: [number, decision.name, decision.option, decision.count, decision.label])
            decisionNumbers[decision] = number
            fresh.append(decision)
            return number
          }
          try database.execute(
            sql: "INSERT INTO trials VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            arguments: [
              run, trial.trial, batch, trial.program.description, trial.repeats, PackedValues.data(decisions),
              PackedValues.text(trial.likeness), PackedValues.data(trial.prospects),
              Int64(bitPattern: trial.seed), trial.state.rawValue, trial.limit, trial.reason,
              PackedValues.text(trial.figures), PackedValues.text(trial.curve), trial.seconds,
            ])
        }
        try database.execute(
          sql: "INSERT INTO batches VALUES (?, ?, ?, ?)", arguments: [run, batch, elapsed, time])
      }
    } catch {
      // The transaction took them back.
      for decision in fresh { decisionNumbers[decision] = nil }
      throw error
    }
  }

  private func readDecisionTable() throws(StoreError) {
    guard !isDecisionTableRead else { return }
    for (index, decision) in try decisionTable().enumerated() { decisionNumbers[decision] = Int32(index + 1) }
    isDecisionTableRead = true
  }

  /// All decisions that occur, in the order of their numbers, which begin with 1.
  private func decisionTable() throws(StoreError) -> [Decision] {
    let path = path
    return try read { database in
      var table: [Decision] = []
      let rows = try Row.fetchCursor(
        database, sql: "SELECT id, name, option, count, label FROM decisions ORDER BY id")
      while let row = try rows.next() {
        guard try row.value(0) as Int == table.count + 1 else {
          throw StoreError.damaged(path, "a decision is missing")
        }
        table.append(
          Decision(
            name: try row.value(1), option: try row.value(2), count: try row.value(3), label: try row.value(4)
          ))
      }
      return table
    }
  }

  // MARK: Reading

  /// The seconds of searching up to the end of each batch of a run.
  package func batchTimes(run: Int) throws(StoreError) -> [Double] {
    let path = path
    return try read { database in
      let rows = try Row.fetchCursor(
        database, sql: "SELECT batch, elapsed FROM batches WHERE run = ? ORDER BY batch", arguments: [run])
      var times: [Double] = []
      while let row = try rows.next() {
        guard try row.value(0) as Int == times.count else {
          throw StoreError.damaged(path, "a batch is missing")
        }
        times.append(try row.value(1))
      }
      return times
    }
  }

  /// What is read of each trial: decisions and curves take most of the time.
  package enum TrialDetail: Sendable {
    /// Everything.
    case all
    /// Without decisions and curves.
    case figures
  }

  /// Trials in their order.
  ///
  /// - Parameters:
  ///   - run: of this run; nil for all.
  ///   - first: leaves out that many of the run's first trials.
  ///   - limit: at most that many.
  package func trials(
    run: Int? = nil, from first: Int = 0, limit: Int? = nil, detail: TrialDetail = .all
  ) throws(StoreError) -> [TrialRecord] {
    let table = detail == .all ? try decisionTable() : []
    let path = path
    return try read { database in
      var condition = "trial >= ?"
      var arguments: StatementArguments = [first]
      if let run {
        condition += " AND run = ?"
        arguments += [run]
      }
      let rest = detail == .all ? ", decisions, curve, prospects" : ""
      let rows = try Row.fetchCursor(
        database,
        sql: """
          SELECT run, trial, batch, program, repeats, likeness, seed, state, reason, figures, seconds,
            exceeded\(rest)
          FROM trials WHERE \(condition) ORDER BY run, trial LIMIT \(limit ?? -1)
          """, arguments: arguments)
      var trials: [TrialRecord] = []
      // Most trials say one of a few texts.
      var figures: [String: [FigureValue]] = [:]
      while let row = try rows.next() {
        let number: Int = try row.value(1)
        let text: String = try row.value(9)
        guard let program = GraphHash(parsing: try row.value(3) as String),
          let state = TrialState(rawValue: try row.value(7)),
          let values = figures[text] ?? PackedValues.figures(text),
          let likeness = PackedValues.doubles(try row.value(5) as String)
        else { throw StoreError.damaged(path, "trial \(number) cannot be read") }
        if figures.count < 10_000 { figures[text] = values }
        var decisions: [Decision] = []
        var curve: [Double] = []
        var prospects: [Double] = []
        if detail == .all {
          guard let numbers = PackedValues.integers(try row.value(12) as Data),
            let accuracies = PackedValues.doubles(try row.value(13) as String),
            let values = PackedValues.doubles(try row.value(14) as Data),
            numbers.allSatisfy({ $0 >= 1 && Int($0) <= table.count })
          else { throw StoreError.damaged(path, "trial \(number) cannot be read") }
          decisions = numbers.map { table[Int($0) - 1] }
          curve = accuracies
          prospects = values
        }
        trials.append(
          TrialRecord(
            run: try row.value(0), trial: number, batch: try row.value(2), program: program,
            repeats: try row.value(4),
            decisions: decisions,
            likeness: likeness, prospects: prospects, seed: UInt64(bitPattern: try row.value(6) as Int64),
            state: state,
            limit: try row.value(11), reason: try row.value(8), figures: values, curve: curve,
            seconds: try row.value(10)))
      }
      return trials
    }
  }

  /// How many trials there are, of one run or of all, and how many of them ended in each state.
  package func trialCounts(run: Int? = nil) throws(StoreError) -> [(state: TrialState, count: Int)] {
    try read { database in
      let counts = try Row.fetchAll(
        database, sql: "SELECT state, count(*) AS n FROM trials WHERE run = ?1 OR ?1 IS NULL GROUP BY state",
        arguments: [run])
      return try TrialState.allCases.map { state in
        let row = try counts.first { try $0.value("state") as String == state.rawValue }
        return (state, try row?.value("n") ?? 0)
      }
    }
  }

  /// A program of the study.
  package func program(_ hash: GraphHash) throws(StoreError) -> ProgramRecord? {
    let path = path
    return try read { database in
      guard
        let row = try Row.fetchOne(
          database, sql: "SELECT * FROM programs WHERE program = ?", arguments: [hash.description])
      else { return nil }
      guard let topology = GraphHash(parsing: try row.value("topology") as String),
        let features = PackedValues.doubles(try row.value("features") as Data)
      else { throw StoreError.damaged(path, "the program \(hash) cannot be read") }
      return ProgramRecord(
        program: hash, topology: topology, text: try row.value("text"), params: try row.value("params"),
        macs: try row.value("macs"),
        depth: try row.value("depth"), features: features)
    }
  }

  /// The parameters and MACs of all programs.
  package func sizes() throws(StoreError) -> [GraphHash: (params: Int, macs: Int)] {
    let path = path
    return try read { database in
      var sizes: [GraphHash: (params: Int, macs: Int)] = [:]
      let rows = try Row.fetchCursor(database, sql: "SELECT program, params, macs FROM programs")
      while let row = try rows.next() {
        guard let hash = GraphHash(parsing: try row.value(0) as String) else {
          throw StoreError.damaged(path, "a program cannot be read")
        }
        sizes[hash] = (try row.value(1), try row.value(2))
      }
      return sizes
    }
  }

  /// The features of all programs.
  package func features() throws(StoreError) -> [GraphHash: [Double]] {
    let path = path
    return try read { database in
      var table: [GraphHash: [Double]] = [:]
      let rows = try Row.fetchCursor(database, sql: "SELECT program, features FROM programs")
      while let row = try rows.next() {
        guard let hash = GraphHash(parsing: try row.value(0) as String),
          let features = PackedValues.doubles(try row.value(1) as Data)
        else {
          throw StoreError.damaged(path, "features cannot be read")
        }
        table[hash] = features
      }
      return table
    }
  }
}
