import FoundationEssentials
import GRDB
import Glibc
package import IRLASGraph
import IRLASJSON
import IRLASTraining

/// The database of one study: `study.sqlite` in its folder.
///
/// Every write is one transaction that is on the disk when the call returns, so that a process that is killed at any
/// moment leaves a study that says what was recorded. The journal is SQLite's own file beside the database that goes away
/// with the transaction: at rest a study is one file, which can be copied and read from a medium that cannot be written.
package final class StudyStore {
  /// The name of the file in a study's folder.
  package static let fileName = "study.sqlite"

  /// The file.
  package let path: String
  let queue: DatabaseQueue
  /// Row numbers of decisions that are known already.
  var decisionNumbers: [Decision: Int32] = [:]
  var isDecisionTableRead = false

  private init(path: String, queue: DatabaseQueue) {
    self.path = path
    self.queue = queue
  }

  // MARK: Opening

  /// Whether the folder holds a study.
  package static func exists(in folder: String) -> Bool {
    FileBytes.exists(FileBytes.join(folder, fileName))
  }

  /// Makes the study of a folder, which exists.
  package static func create(_ record: StudyRecord, in folder: String) throws(StoreError) -> StudyStore {
    let path = FileBytes.join(folder, fileName)
    // Under another name until it is a study: a process that is killed meanwhile leaves none.
    let partial = FileBytes.join(folder, ".\(fileName).partial")
    for name in [partial, partial + "-journal"] { unlink(name) }
    let store = StudyStore(path: path, queue: try open(partial, isReadOnly: false))
    try store.write { database in
      try Schema.create(database)
      try StudyStore.insert(record, into: database)
    }
    do {
      try store.queue.close()
    } catch {
      throw failure(error, path)
    }
    guard rename(partial, path) == 0 else {
      throw StoreError(
        .machine, path: path,
        problem: "the study cannot be put in place: \(String(cString: strerror(errno)))",
        help: "check the permissions of its folder")
    }
    return StudyStore(path: path, queue: try open(path, isReadOnly: false))
  }

  /// Opens the study of a folder.
  ///
  /// - Parameters:
  ///   - isChecked: Whether the structure of the file is looked through first.
  ///   - patience: Seconds to wait for another program that has locked it.
  package static func open(
    in folder: String, isReadOnly: Bool = false, isChecked: Bool = false, patience: Double = 10
  ) throws(StoreError) -> StudyStore {
    let path = FileBytes.join(folder, fileName)
    guard exists(in: folder) else {
      throw StoreError(
        .missing, path: folder, problem: "there is no study in this folder",
        help: "`irlas search FILE --out DIR` makes one")
    }
    var store = StudyStore(path: path, queue: try open(path, isReadOnly: isReadOnly, patience: patience))
    do throws(StoreError) {
      try store.checkVersion()
    } catch {
      // What a killed process has left half-written is rolled back by the first one that may write.
      guard isReadOnly, error.kind == .machine else { throw error }
      store = StudyStore(path: path, queue: try open(path, isReadOnly: false, patience: patience))
      try store.checkVersion()
    }
    if isChecked { try store.checkStructure() }
    return store
  }

  private static func open(
    _ path: String, isReadOnly: Bool, patience: Double = 10
  ) throws(StoreError) -> DatabaseQueue {
    var configuration = Configuration()
    configuration.readonly = isReadOnly
    configuration.busyMode = .timeout(patience)
    configuration.prepareDatabase { database in
      if !isReadOnly { try database.execute(sql: "PRAGMA synchronous = FULL") }
      // Journals of sorts and statements stay in memory: nothing is written outside the study's folder.
      try database.execute(sql: "PRAGMA temp_store = MEMORY")
    }
    do {
      return try DatabaseQueue(path: path, configuration: configuration)
    } catch {
      throw failure(error, path)
    }
  }

  private func checkVersion() throws(StoreError) {
    let (version, application) = try read { database in
      (
        try Int.fetchOne(database, sql: "PRAGMA user_version") ?? 0,
        try Int.fetchOne(database, sql: "PRAGMA application_id") ?? 0
      )
    }
    guard application == Schema.application, version > 0 else {
      throw StoreError(
        .damaged, path: path, problem: "this is no study, or its first transaction never ended",
        help: "remove the folder and start the search again")
    }
    guard version <= Schema.version else {
      throw StoreError(
        .newer, path: path,
        problem: "the study has version \(version), this program reads up to \(Schema.version)",
        help: "use the IRLAS that made it, or a later one")
    }
  }

  private func checkStructure() throws(StoreError) {
    let problem = try read { database in
      try String.fetchOne(database, sql: "PRAGMA quick_check(1)") ?? "ok"
    }
    guard problem == "ok" else { throw .damaged(path, problem) }
  }

  // MARK: Transactions

  /// Runs `body` in a transaction.
  func write<Value>(_ body: (Database) throws -> Value) throws(StoreError) -> Value {
    do {
      return try queue.write(body)
    } catch {
      throw Self.failure(error, path)
    }
  }

  /// Runs `body` on a state of the database that does not change meanwhile.
  func read<Value>(_ body: (Database) throws -> Value) throws(StoreError) -> Value {
    do {
      return try queue.read(body)
    } catch {
      throw Self.failure(error, path)
    }
  }

  private static func failure(_ error: any Error, _ path: String) -> StoreError {
    if let error = error as? StoreError { return error }
    if let error = error as? DatabaseError { return StoreError(error, path: path) }
    return .damaged(path, "\(error)")
  }

  // MARK: The study and its runs

  private static func insert(_ record: StudyRecord, into database: Database) throws {
    try database.execute(
      sql: """
        INSERT INTO study (id, search, program, plan, figures, sources, recipe, data, settings, version, host, created)
        VALUES (1, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
        """,
      arguments: [
        record.search, record.program, record.plan,
        JSON.array(record.figures.map { .string($0) }).line,
        JSON.object(record.sources.map { .init($0.name, .string($0.text)) }).line,
        record.recipe, record.data,
        JSON.object(record.settings.map { .init($0.name, .string($0.value)) }).line,
        record.version, record.host, record.created,
      ])
  }

  /// What the study is about.
  package func study() throws(StoreError) -> StudyRecord {
    let path = path
    return try read { database in
      guard let row = try Row.fetchOne(database, sql: "SELECT * FROM study") else {
        throw StoreError.damaged(path, "it does not say what it is about")
      }
      func members(_ column: String) throws -> [(name: String, value: String)] {
        let text: String = try row.value(column)
        guard case .object(let members)? = try? JSON.parse(Array(text.utf8)[...]) else {
          throw StoreError.damaged(path, "its \(column) cannot be read")
        }
        return members.map { ($0.key, $0.value.text ?? "") }
      }
      let figures: String = try row.value("figures")
      let names = (try? JSON.parse(Array(figures.utf8)[...]))?.elements?.compactMap(\.text) ?? []
      return StudyRecord(
        search: try row.value("search"), program: try row.value("program"), plan: try row.value("plan"),
        figures: names,
        sources: try members("sources").map { .init(name: $0.name, text: $0.value) },
        recipe: try row.value("recipe"),
        data: try row.value("data"),
        settings: try members("settings").map { .init(name: $0.name, value: $0.value) },
        version: try row.value("version"), host: try row.value("host"), created: try row.value("created"))
    }
  }

  /// Begins a run, or finds it.
  ///
  /// - Parameters:
  ///   - mirrors: the mirrors as text.
  ///   - features: the names of the features.
  package func begin(run: Int, seed: UInt64, mirrors: String, features: String) throws(StoreError) {
    try write { database in
      try database.execute(
        sql:
          "INSERT OR IGNORE INTO runs (run, seed, mirrors, features, state) VALUES (?, ?, ?, ?, 'running')",
        arguments: [run, Int64(bitPattern: seed), mirrors, features])
    }
  }

  /// Notes that a run has used up its budget.
  package func finish(run: Int, at time: Double) throws(StoreError) {
    try write { database in
      try database.execute(
        sql: "UPDATE runs SET state = 'finished', finished = ? WHERE run = ? AND state <> 'finished'",
        arguments: [time, run])
    }
  }

  /// The runs that have begun, in order.
  package func runs() throws(StoreError) -> [RunRecord] {
    try read { database in
      try Row.fetchAll(
        database,
        sql: """
          SELECT r.run, seed, mirrors, features, state, coalesce(max(elapsed), 0) AS elapsed, count(batch) AS batches
          FROM runs r LEFT JOIN batches b ON b.run = r.run GROUP BY r.run ORDER BY r.run
          """
      ).map { row in
        RunRecord(
          run: try row.value("run"), seed: UInt64(bitPattern: try row.value("seed") as Int64),
          mirrors: try row.value("mirrors"),
          features: try row.value("features"),
          isFinished: try row.value("state") as String == "finished", elapsed: try row.value("elapsed"),
          batches: try row.value("batches"))
      }
    }
  }

  // MARK: Measurements and evaluations

  /// A figure of a program that was measured before.
  package func measurement(of program: GraphHash, _ figure: String) throws(StoreError) -> MeasurementRecord? {
    try read { database in
      try Row.fetchOne(
        database, sql: "SELECT * FROM measurements WHERE program = ? AND figure = ?",
        arguments: [program.description, figure]
      ).map { row in
        MeasurementRecord(
          program: program, figure: figure, value: try row.value("value"), reason: try row.value("reason"),
          samples: PackedValues.doubles(try row.value("samples") as String) ?? [],
          plan: try row.value("plan"), host: try row.value("host"),
          recorded: try row.value("recorded"))
      }
    }
  }

  /// Records measurements; one that is there already stays.
  package func record(_ measurements: [MeasurementRecord]) throws(StoreError) {
    try write { database in
      for record in measurements {
        try database.execute(
          sql: "INSERT OR IGNORE INTO measurements VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
          arguments: [
            record.program.description, record.figure, record.value, record.reason,
            PackedValues.text(record.samples),
            record.plan, record.host, record.recorded,
          ])
      }
    }
  }

  /// What came of training a program before.
  package func evaluation(
    of program: GraphHash, seed: UInt64, recipe: String, epochs: Int
  ) throws(StoreError) -> EvaluationRecord? {
    let path = path
    return try read { database in
      guard
        let row = try Row.fetchOne(
          database,
          sql: "SELECT * FROM evaluations WHERE program = ? AND seed = ? AND recipe = ? AND epochs = ?",
          arguments: [program.description, Int64(bitPattern: seed), recipe, epochs])
      else { return nil }
      guard let state = TrialState(rawValue: try row.value("state")),
        let curve = PackedValues.doubles(try row.value("curve") as String)
      else { throw StoreError.damaged(path, "the evaluation of \(program) cannot be read") }
      return EvaluationRecord(
        program: program, seed: seed, recipe: recipe, epochs: epochs, state: state,
        reason: try row.value("reason"),
        curve: curve, seconds: try row.value("seconds"), plan: try row.value("plan"),
        host: try row.value("host"), recorded: try row.value("recorded")
      )
    }
  }

  /// Records the training of a program; one that is there already stays.
  ///
  /// - Parameter summary: of the plan, for the table of plans.
  package func record(_ record: EvaluationRecord, planSummary summary: String?) throws(StoreError) {
    try write { database in
      if let plan = record.plan, let summary {
        try database.execute(sql: "INSERT OR IGNORE INTO plans VALUES (?, ?)", arguments: [plan, summary])
      }
      try database.execute(
        sql: "INSERT OR IGNORE INTO evaluations VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        arguments: [
          record.program.description, Int64(bitPattern: record.seed), record.recipe, record.epochs,
          record.state.rawValue, record.reason, PackedValues.text(record.curve), record.seconds, record.plan,
          record.host, record.recorded,
        ])
    }
  }

  /// The summary of the plan by which a program was trained last.
  package func planSummary(of program: GraphHash) throws(StoreError) -> String? {
    try read { database in
      try String.fetchOne(
        database,
        sql: """
          SELECT summary FROM evaluations e JOIN plans p ON p.plan = e.plan WHERE program = ?
          ORDER BY recorded DESC LIMIT 1
          """, arguments: [program.description])
    }
  }
}
