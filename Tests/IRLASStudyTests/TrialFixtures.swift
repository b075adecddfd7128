import Foundation
import IRLASGraph

@testable import IRLASStudy

/// A folder that is removed with the test.
final class TemporaryFolder {
  let path: String

  init() throws {
    path = FileManager.default.temporaryDirectory.appending(path: "irlas-study-\(UUID().uuidString)").path()
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  /// Writes a script that can be run.
  func script(_ name: String, _ text: String) throws -> String {
    let file = "\(path)/\(name)"
    try Data("#!/bin/sh\n\(text)".utf8).write(to: URL(filePath: file))
    try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: file)
    return file
  }
}

enum Fixtures {
  static let study = StudyRecord(
    search: "S", program: "s.irlas",
    plan: "search S {\n  reward: pareto(max: [accuracy(Quick)], min: [latency(batch: 1), params])\n}\n",
    figures: ["accuracy(Quick)", "latency(batch: 1)", "params"],
    sources: [.init(name: "s.irlas", text: "irlas 1\n")],
    recipe: "recipe", data: nil, settings: [.init(name: "trials", value: "9")], version: "0", host: "here",
    created: 1_700_000_000)

  /// A trial whose every field is a function of its number.
  static func trial(_ number: Int, run: Int = 0, batch: Int, decisions: Int = 12) -> TrialRecord {
    func word(_ purpose: UInt64) -> UInt64 { StableHash.mix(UInt64(number), purpose) }
    let states = TrialState.allCases
    let state = states[Int(word(1) % UInt64(states.count))]
    return TrialRecord(
      run: run, trial: number, batch: batch, program: GraphHash(word(2)), repeats: nil,
      decisions: (0..<decisions).map { index in
        let option = Int(word(UInt64(10 + index)) % 6)
        return Decision(name: "Net.block.h[\(index)]", option: option, count: 6, label: "option \(option)")
      },
      likeness: [Double(word(3) % 1000) / 1000], prospects: [0.5, 1], seed: word(4), state: state,
      limit: state == .infeasible ? 1 : nil, reason: state == .completed ? nil : "because, \"so\"",
      figures: [
        FigureValue("accuracy(Quick)", Double(word(5) % 1000) / 1000),
        FigureValue("params", Double(word(6) % 100_000)),
      ], curve: (0..<9).map { Double(word(UInt64(50 + $0)) % 1000) / 1000 }, seconds: 1.25)
  }

  static func program(of trial: TrialRecord, features: Int = 100) -> ProgramRecord {
    ProgramRecord(
      program: trial.program, topology: GraphHash(7), text: "irlas 1\n", params: 5, macs: 6, depth: 7,
      features: (0..<features).map { Double($0) / 7 })
  }
}
