import Foundation
import Testing

@testable import IRLASStudy

/// Worker processes, with shell scripts in their place: whatever they do, the parent gets a report of each.
@Suite struct WorkerTests {
  private static let job = WorkerJob(
    task: .train(.init(recipe: "irlas 1\n\"x\"", data: "d", folder: "f", seed: .max, epochs: 3)),
    graph: String(repeating: "irlas graph 1 \u{e9}\n", count: 40_000), threads: 2, kernels: "prebuilt",
    memory: 256 << 20, processorSeconds: 100)

  private func run(
    _ scripts: [String], timeLimit: Double = 20, count: Int = 2, interrupt: @escaping () -> Bool = { false }
  ) throws -> (reports: [WorkerPool.Report?], isDone: Bool, seconds: Double) {
    let folder = try TemporaryFolder()
    // One program that does what its place among the jobs says.
    var text = "read -r job\ncase \"$0\" in\n"
    var paths: [String] = []
    for (index, script) in scripts.enumerated() { text += "*-\(index)) \(script) ;;\n" }
    text += "esac\n"
    for index in scripts.indices { paths.append(try folder.script("worker-\(index)", text)) }
    var reports = [WorkerPool.Report?](repeating: nil, count: scripts.count)
    let clock = ContinuousClock()
    let start = clock.now
    func now() -> Double {
      let time = start.duration(to: clock.now).components
      return Double(time.seconds) + Double(time.attoseconds) * 1e-18
    }
    var isDone = true
    for index in scripts.indices {
      let pool = WorkerPool(
        program: WorkerProgram(executable: paths[index], arguments: [], environment: ["PATH=/usr/bin:/bin"]),
        now: now, isInterrupted: interrupt)
      var job = Self.job
      if case .train(var training) = job.task {
        training.seed = UInt64(index)
        job.task = .train(training)
      }
      isDone =
        try pool.run(
          [.init(job: job, log: "\(folder.path)/log-\(index)", timeLimit: timeLimit)], count: count,
          done: { (_: Int, report: WorkerPool.Report) throws(StudyError) in reports[index] = report })
        && isDone
    }
    return (reports, isDone, now())
  }

  @Test func jobsAndMessagesComeBack() throws {
    #expect(WorkerJob(line: Self.job.line.utf8) == Self.job)
    var measure = Self.job
    measure.task = .measure(.init(memory: [1], latency: [1, 8]))
    #expect(WorkerJob(line: measure.line.utf8) == measure)
    #expect(WorkerJob(line: "{}".utf8) == nil)
    let plan = WorkerMessage.PlanNote(hash: "h", summary: "a\nb")
    let messages: [WorkerMessage] = [
      .epoch(3, accuracy: 0.1), .trained(plan: plan, remarks: ["r"]), .noBetterThanChance(plan: plan),
      .diverged("d"), .measured(.init(memory: [5], latency: [[0.5, 1], []]), plan: plan), .failed("f"),
      .machine("m"),
    ]
    for message in messages { #expect(WorkerMessage(line: message.line.utf8) == message) }
    #expect(WorkerMessage(line: "garbage".utf8) == nil)
  }

  @Test func everyEndIsReported() throws {
    let last = #"echo '{"end":"trained","plan":"p","summary":"s","remarks":[]}'"#
    let (reports, isDone, _) = try run([
      #"echo '{"epoch":1,"accuracy":0.5}'; echo noise; echo '{"epoch":2,"accuracy":0.75}'; "# + last,
      "kill -SEGV $$",
      "echo it broke >&2; exit 7",
      // A megabyte on both outputs, most of it without an end of line.
      "head -c 1000000 /dev/zero | tr '\\0' x; head -c 1000000 /dev/zero | tr '\\0' y >&2; echo; " + last,
      "exit 0",
    ])
    #expect(isDone)
    let ends = try reports.map { try #require($0).end }
    guard case .message(.trained) = ends[0], case .message(.trained) = ends[3] else {
      Issue.record("\(ends[0]) \(ends[3])")
      return
    }
    #expect(reports[0]?.curve.map(\.accuracy) == [0.5, 0.75])
    guard case .crashed(let fault) = ends[1], case .crashed(let status) = ends[2],
      case .crashed(let silent) = ends[4]
    else {
      Issue.record("\(ends)")
      return
    }
    #expect(fault.contains("signal 11"))
    #expect(status.contains("status 7") && status.contains("it broke"))
    #expect(silent.contains("status 0"))
  }

  @Test func loopsAndHungerAreEnded() throws {
    let (reports, _, seconds) = try run(
      [
        "while :; do :; done", "sleep 1000 & wait",
        // Twice the memory that it may have, kept for a while.
        "head -c 600000000 /dev/zero | tail > /dev/null; sleep 30",
      ], timeLimit: 1.5)
    let ends = try reports.map { try #require($0).end }
    guard case .timedOut = ends[0], case .timedOut = ends[1] else {
      Issue.record("\(ends)")
      return
    }
    // `tail` is a child of the script: the group is ended for its time, not for its memory.
    guard case .timedOut = ends[2] else {
      Issue.record("\(ends[2])")
      return
    }
    #expect(seconds < 15)
  }

  @Test func interruptionEndsAllWorkers() throws {
    let start = Date()
    let (reports, isDone, _) = try run(
      ["sleep 1000"], interrupt: { Date().timeIntervalSince(start) > 0.5 })
    #expect(!isDone && reports[0] == nil)
    #expect(Date().timeIntervalSince(start) < 10)
  }

  @Test func aWorkerThatCannotBeStartedIsTheMachinesFault() throws {
    let pool = WorkerPool(
      program: WorkerProgram(executable: "/nowhere/worker", arguments: [], environment: []), now: { 0 },
      isInterrupted: { false })
    #expect {
      _ = try pool.run(
        [.init(job: Self.job, log: "/dev/null", timeLimit: 1)], count: 1,
        done: { (_: Int, _: WorkerPool.Report) throws(StudyError) in })
    } throws: { error in
      (error as? StudyError)?.isMachineFault == true
    }
  }
}
