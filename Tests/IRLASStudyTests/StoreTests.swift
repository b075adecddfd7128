import Foundation
import GRDB
import IRLASGraph
import IRLASTestSupport
import Testing

@testable import IRLASStudy

/// The database of a study: what goes in comes out; what is wrong with the file is said, and the file is left alone.
@Suite struct StoreTests {
  private func filled(_ folder: TemporaryFolder, batches: Int, size: Int = 8) throws -> StudyStore {
    let store = try StudyStore.create(Fixtures.study, in: folder.path)
    try store.begin(run: 0, seed: .max - 3, mirrors: "m", features: "f")
    for batch in 0..<batches {
      let trials = (0..<size).map { Fixtures.trial(batch * size + $0, batch: batch) }
      try store.record(
        run: 0, batch: batch, trials: trials, programs: trials.map { Fixtures.program(of: $0) },
        elapsed: Double(batch + 1), at: 5)
    }
    return store
  }

  @Test func everythingComesBack() throws {
    let folder = try TemporaryFolder()
    _ = try filled(folder, batches: 3)
    let store = try StudyStore.open(in: folder.path, isReadOnly: true, isChecked: true)
    #expect(try store.study() == Fixtures.study)
    #expect(try store.trials() == (0..<24).map { Fixtures.trial($0, batch: $0 / 8) })
    let figures = try store.trials(run: 0, from: 20, limit: 2, detail: .figures)
    #expect(figures.map(\.trial) == [20, 21] && figures[0].decisions.isEmpty)
    #expect(figures[1].figures == Fixtures.trial(21, batch: 2).figures)
    let run = RunRecord(
      run: 0, seed: .max - 3, mirrors: "m", features: "f", isFinished: false, elapsed: 3, batches: 3)
    #expect(try store.runs() == [run])
    #expect(try store.batchTimes(run: 0) == [1, 2, 3])
    let trial = Fixtures.trial(5, batch: 0)
    #expect(try store.program(trial.program) == Fixtures.program(of: trial))
    #expect(try store.program(GraphHash(1)) == nil)
    #expect(try store.features().count == 24)
    #expect(try store.trialCounts().reduce(0) { $0 + $1.count } == 24)
  }

  @Test func aSecondConnectionNumbersDecisionsOn() throws {
    let folder = try TemporaryFolder()
    _ = try filled(folder, batches: 1)
    let store = try StudyStore.open(in: folder.path)
    let trial = Fixtures.trial(8, batch: 1, decisions: 20)
    try store.record(run: 0, batch: 1, trials: [trial], programs: [], elapsed: 2, at: 6)
    #expect(try store.trials(run: 0, from: 8) == [trial])
    #expect(try store.trials(run: 0, from: 0, limit: 1) == [Fixtures.trial(0, batch: 0)])
  }

  @Test func measurementsAreMadeOnce() throws {
    let folder = try TemporaryFolder()
    let store = try filled(folder, batches: 1)
    var record = MeasurementRecord(
      program: GraphHash(9), figure: "latency(batch: 1)", value: 0.25, reason: nil,
      samples: [0.2, 0.25, 0.3],
      plan: "p", host: "h", recorded: 4)
    try store.record([record])
    let first = record
    record.value = 1
    try store.record([record])
    #expect(try store.measurement(of: GraphHash(9), "latency(batch: 1)") == first)
    #expect(try store.measurement(of: GraphHash(9), "latency(batch: 8)") == nil)
    let evaluation = EvaluationRecord(
      program: GraphHash(9), seed: .max, recipe: "r", epochs: 3, state: .diverged, reason: "nan",
      curve: [0.1, 0.123456789012345], seconds: 2, plan: "p", host: "h", recorded: 4)
    try store.record(evaluation, planSummary: "tier prebuilt")
    #expect(try store.evaluation(of: GraphHash(9), seed: .max, recipe: "r", epochs: 3) == evaluation)
    #expect(try store.evaluation(of: GraphHash(9), seed: .max, recipe: "r", epochs: 1) == nil)
    #expect(try store.planSummary(of: GraphHash(9)) == "tier prebuilt")
  }

  @Test func halfABatchIsNone() throws {
    let folder = try TemporaryFolder()
    let store = try filled(folder, batches: 1)
    // The second trial has a number that is taken: the transaction fails as a whole.
    var trials = [Fixtures.trial(8, batch: 1, decisions: 30), Fixtures.trial(0, batch: 1)]
    #expect(throws: StoreError.self) {
      try store.record(run: 0, batch: 1, trials: trials, programs: [], elapsed: 2, at: 6)
    }
    #expect(try store.trials().count == 8)
    #expect(try store.batchTimes(run: 0) == [1])
    trials.removeLast()
    try store.record(run: 0, batch: 1, trials: trials, programs: [], elapsed: 2, at: 6)
    #expect(try store.trials(run: 0, from: 8) == trials)
  }

  @Test func aLockedStudyIsSaidToBeLocked() throws {
    let folder = try TemporaryFolder()
    let store = try filled(folder, batches: 1)
    let other = try DatabaseQueue(path: store.path)
    let impatient = try StudyStore.open(in: folder.path, patience: 0.2)
    try other.inDatabase { database in
      try database.execute(sql: "BEGIN EXCLUSIVE")
      #expect {
        try impatient.finish(run: 0, at: 1)
      } throws: { error in
        (error as? StoreError)?.kind == .locked && "\(error)".contains("--resume")
      }
      try database.execute(sql: "ROLLBACK")
    }
    try impatient.finish(run: 0, at: 1)
    #expect(try store.runs()[0].isFinished)
  }

  @Test func aDamagedStudyIsLeftAsItIs() throws {
    let folder = try TemporaryFolder()
    let path = try filled(folder, batches: 40).path
    let sound = try Data(contentsOf: URL(filePath: path))
    // The first page, the middle, and a file that ends early.
    for (name, damage) in [("head", 0..<60), ("middle", sound.count / 2..<sound.count / 2 + 9000)] {
      var bytes = sound
      for place in damage { bytes[place] = UInt8(truncatingIfNeeded: place &* 37 &+ 11) }
      try bytes.write(to: URL(filePath: path))
      #expect(throws: StoreError.self, "\(name)") {
        _ = try StudyStore.open(in: folder.path, isChecked: true).trials()
      }
      #expect(try Data(contentsOf: URL(filePath: path)) == bytes, "\(name)")
    }
    try sound.prefix(sound.count / 2).write(to: URL(filePath: path))
    #expect {
      _ = try StudyStore.open(in: folder.path, isChecked: true).trials()
    } throws: { error in
      (error as? StoreError)?.kind == .damaged
    }
  }

  @Test(arguments: [
    "UPDATE trials SET seconds = 'x'", "UPDATE trials SET batch = NULL",
    "UPDATE trials SET decisions = 'abc'",
    "UPDATE trials SET decisions = x'ffffff7f'", "UPDATE trials SET figures = '{'",
    "UPDATE trials SET state = 'odd'",
    "UPDATE trials SET curve = '[1,x]'", "UPDATE trials SET program = 'zz'",
    "UPDATE decisions SET option = x'00'",
    "DELETE FROM decisions WHERE id = 3", "UPDATE trials SET seed = 'many'", "UPDATE trials SET likeness = 7",
  ])
  func rowsThatSayWhatCannotBeAreErrors(change: String) throws {
    let folder = try TemporaryFolder()
    let store = try filled(folder, batches: 2)
    try store.write { database in
      try database.execute(sql: "PRAGMA ignore_check_constraints = ON")
      try database.execute(sql: "PRAGMA writable_schema = ON")
      // Without NOT NULL, which a damaged file does not honour either.
      try database.execute(
        sql:
          "UPDATE sqlite_schema SET sql = replace(sql, 'batch INTEGER NOT NULL', 'batch INTEGER') WHERE name = 'trials'"
      )
    }
    let other = try StudyStore.open(in: folder.path)
    try other.write { try $0.execute(sql: change) }
    #expect {
      _ = try StudyStore.open(in: folder.path).trials()
    } throws: { error in
      (error as? StoreError)?.kind == .damaged
    }
  }

  @Test func otherFilesAreNoStudies() throws {
    let folder = try TemporaryFolder()
    #expect { try StudyStore.open(in: folder.path) } throws: { ($0 as? StoreError)?.kind == .missing }
    #expect(FileManager.default.createFile(atPath: "\(folder.path)/study.sqlite", contents: nil))
    #expect { try StudyStore.open(in: folder.path) } throws: { ($0 as? StoreError)?.kind == .damaged }
    let later = try TemporaryFolder()
    let store = try filled(later, batches: 1)
    try store.write { try $0.execute(sql: "PRAGMA user_version = 99") }
    try FileManager.default.removeItem(atPath: "\(folder.path)/study.sqlite")
    try FileManager.default.copyItem(atPath: store.path, toPath: "\(folder.path)/study.sqlite")
    #expect { try StudyStore.open(in: folder.path) } throws: { ($0 as? StoreError)?.kind == .newer }
  }

  @Test func aHundredThousandTrialsAreQuick() throws {
    let folder = try TemporaryFolder()
    let store = try StudyStore.create(Fixtures.study, in: folder.path)
    try store.begin(run: 0, seed: 0, mirrors: "", features: "")
    #if DEBUG
      let (batches, size) = (5, 1000)
    #else
      let (batches, size) = (100, 1000)
    #endif
    for batch in 0..<batches {
      let trials = (0..<size).map { Fixtures.trial(batch * size + $0, batch: batch) }
      try store.record(
        run: 0, batch: batch, trials: trials, programs: trials.map { Fixtures.program(of: $0) }, elapsed: 1,
        at: 5)
    }
    /// The best of six: other tests run beside this one.
    func quickest(_ body: () throws -> Void) rethrows -> Double {
      try (0..<6).map { _ in try processorTime(of: body) }.min() ?? .infinity
    }
    let listing = try quickest {
      let reader = try StudyStore.open(in: folder.path, isReadOnly: true)
      #expect(try reader.trials(detail: .figures).count == batches * size)
    }
    let resuming = try quickest {
      let reader = try StudyStore.open(in: folder.path, isChecked: true)
      #expect(try reader.trials(run: 0).count == batches * size)
      #expect(try reader.features().count == batches * size)
    }
    print("\(batches * size) trials: listed in \(listing) s, read for resuming in \(resuming) s")
    #if !DEBUG
      #expect(listing < 1)
      #expect(resuming < 2)
    #endif
  }
}
