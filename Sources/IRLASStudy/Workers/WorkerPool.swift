import Glibc
import IRLASTraining

/// Runs jobs in worker processes, so many at a time: one loop on one thread that waits for all of them at once.
package struct WorkerPool {
  /// A job with what it may use.
  package struct Assignment: Sendable {
    package var job: WorkerJob
    /// The file for what the worker says besides its lines.
    package var log: String
    /// Seconds after which it is stopped.
    package var timeLimit: Double
  }

  /// What came of a job.
  package struct Report: Sendable {
    /// The accuracies that it told of, by epoch from 1.
    package var curve: [(epoch: Int, accuracy: Double)] = []
    package var end: End
    /// Seconds from its start to its end.
    package var seconds: Double
  }

  /// How a job ended.
  package enum End: Sendable {
    /// The worker's last word.
    case message(WorkerMessage)
    /// It took longer than it may.
    case timedOut
    /// It needed more memory than it may, in bytes.
    case outOfMemory(Int)
    /// It ended without a last word: a signal, a status, and the end of what it said.
    case crashed(String)
  }

  let program: WorkerProgram
  /// Seconds of a steady clock.
  let now: () -> Double
  let isInterrupted: () -> Bool

  /// How long to wait for something to happen before looking at clocks and memory, in milliseconds.
  private static let tick: Int32 = 100

  private struct Running: ~Copyable {
    var process: WorkerProcess
    let index: Int
    let start: Double
    var curve: [(epoch: Int, accuracy: Double)] = []
    var last: WorkerMessage?
    /// Why it was stopped.
    var verdict: End?
  }

  /// Runs all jobs, `count` at a time, in their order.
  ///
  /// - Parameters:
  ///   - progress: called for each epoch with the job's index.
  ///   - done: called for each job as it ends; what it throws ends everything.
  /// - Returns: false when interrupted: jobs that were running are lost.
  func run<Failure: Error>(
    _ assignments: [Assignment], count: Int, progress: (Int) -> Void = { _ in },
    done: (Int, Report) throws(Failure) -> Void
  ) throws(StudyError) -> Bool {
    var next = 0
    var running: [Box] = []
    while next < assignments.count || !running.isEmpty {
      // Whoever is left is stopped when its box goes away.
      if isInterrupted() { return false }
      while running.count < max(1, count), next < assignments.count {
        running.append(try start(assignments[next], index: next))
        next += 1
      }
      wait(running)
      var left: [Box] = []
      for box in running {
        guard let report = advance(box, assignments[box.running.index], progress) else {
          left.append(box)
          continue
        }
        do throws(Failure) {
          try done(box.running.index, report)
        } catch {
          throw StudyError(error)
        }
      }
      running = left
    }
    return true
  }

  /// A reference to a running worker, as arrays hold no values that cannot be copied.
  private final class Box {
    var running: Running
    init(_ running: consuming Running) { self.running = running }
  }

  private func start(_ assignment: Assignment, index: Int) throws(StudyError) -> Box {
    do throws(FileError) {
      let process = try WorkerProcess(
        program, job: Array((assignment.job.line + "\n").utf8), log: assignment.log)
      return Box(Running(process: process, index: index, start: now()))
    } catch {
      throw .machine(error.description)
    }
  }

  /// Waits until a worker has something to say or can be told something, or a moment has passed.
  private func wait(_ running: [Box]) {
    var descriptors: [pollfd] = []
    var isEnding = false
    for box in running {
      if box.running.process.output >= 0 {
        descriptors.append(pollfd(fd: box.running.process.output, events: Int16(POLLIN), revents: 0))
      } else {
        isEnding = true
      }
      if box.running.process.hasUnwritten {
        descriptors.append(pollfd(fd: box.running.process.input, events: Int16(POLLOUT), revents: 0))
      }
    }
    _ = poll(&descriptors, nfds_t(descriptors.count), isEnding ? 2 : Self.tick)
  }

  /// Reads what a worker says, looks at its limits, and reports once it has ended.
  private func advance(_ box: Box, _ assignment: Assignment, _ progress: (Int) -> Void) -> Report? {
    box.running.process.writeSome()
    let exit = box.running.process.ended()
    // After its end there may still be lines in the pipe.
    for line in box.running.process.readLines() {
      guard let message = WorkerMessage(line: line) else { continue }
      if case .epoch(let epoch, let accuracy) = message {
        box.running.curve.append((epoch, accuracy))
        progress(box.running.index)
      } else {
        box.running.last = message
      }
    }
    let seconds = now() - box.running.start
    if let exit {
      let end = box.running.verdict ?? verdict(exit, box.running.last, assignment)
      return Report(curve: box.running.curve, end: end, seconds: seconds)
    }
    guard box.running.verdict == nil else { return nil }
    if seconds > assignment.timeLimit {
      box.running.verdict = .timedOut
      box.running.process.stop()
    } else if box.running.process.residentBytes > assignment.job.memory {
      box.running.verdict = .outOfMemory(assignment.job.memory)
      box.running.process.stop()
    }
    return nil
  }

  private func verdict(_ exit: WorkerExit, _ last: WorkerMessage?, _ assignment: Assignment) -> End {
    // A last word counts even where the end was not a good one: everything is on the disk by then.
    if let last { return .message(last) }
    let said = Self.tail(of: assignment.log)
    switch exit {
    case .signal(SIGXCPU): return .timedOut
    case .signal(let number):
      let name = String(cString: strsignal(number))
      return .crashed("it was ended by signal \(number) (\(name))" + (said.isEmpty ? "" : ": \(said)"))
    case .status(let status):
      return .crashed("it ended with status \(status)" + (said.isEmpty ? "" : ": \(said)"))
    }
  }

  /// The line of a log that says what went wrong, or its last one; shortened.
  private static func tail(of path: String) -> String {
    guard let bytes = try? FileBytes.read(path, limit: 1 << 26) else { return "" }
    let lines = bytes.suffix(4096).split(separator: UInt8(ascii: "\n"))
      .map { String(decoding: $0.prefix(300), as: UTF8.self) }
    return lines.first { $0.contains("Fatal error") } ?? lines.last ?? ""
  }
}
