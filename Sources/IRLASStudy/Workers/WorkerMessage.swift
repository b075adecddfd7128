import IRLASJSON

/// A line that a worker writes on its standard output.
package enum WorkerMessage: Hashable, Sendable {
  /// An epoch, from 1, has ended with this accuracy on the validation images.
  case epoch(Int, accuracy: Double)
  /// Training has come to the epoch where it was to pause.
  case trained(plan: PlanNote, remarks: [String])
  /// After the first epoch it was no better than chance.
  case noBetterThanChance(plan: PlanNote)
  /// The loss is no finite number.
  case diverged(String)
  /// What was measured: bytes by batch, seconds by batch.
  case measured(Measured, plan: PlanNote)
  /// The candidate cannot be trained or measured.
  case failed(String)
  /// The machine is at fault, not the candidate: a full disk, a folder that cannot be written.
  case machine(String)

  /// How something was computed.
  package struct PlanNote: Hashable, Sendable {
    /// Equal for equal plans.
    package var hash: String
    /// Tier, compiler, processor, memory.
    package var summary: String

    package init(hash: String, summary: String) {
      self.hash = hash
      self.summary = summary
    }
  }

  /// See `measured`.
  package struct Measured: Hashable, Sendable {
    /// Bytes, in the order of the batches asked for.
    package var memory: [Int]
    /// The single times in seconds, in the order of the batches asked for.
    package var latency: [[Double]]

    package init(memory: [Int], latency: [[Double]]) {
      self.memory = memory
      self.latency = latency
    }
  }

  // MARK: As text

  /// One line, without its end.
  package var line: String {
    func note(_ plan: PlanNote) -> [JSON.Member] {
      [.init("plan", .string(plan.hash)), .init("summary", .string(plan.summary))]
    }
    let members: [JSON.Member]
    switch self {
    case .epoch(let epoch, let accuracy):
      members = [.init("epoch", .integer(Int64(epoch))), .init("accuracy", .number(accuracy))]
    case .trained(let plan, let remarks):
      members =
        [.init("end", .string("trained")), .init("remarks", .array(remarks.map { .string($0) }))] + note(plan)
    case .noBetterThanChance(let plan): members = [.init("end", .string("chance"))] + note(plan)
    case .diverged(let reason):
      members = [.init("end", .string("diverged")), .init("reason", .string(reason))]
    case .measured(let measured, let plan):
      members =
        [
          .init("end", .string("measured")),
          .init("memory", .array(measured.memory.map { .integer(Int64($0)) })),
          .init("latency", .array(measured.latency.map { .array($0.map { .number($0) }) })),
        ] + note(plan)
    case .failed(let reason): members = [.init("end", .string("failed")), .init("reason", .string(reason))]
    case .machine(let reason): members = [.init("end", .string("machine")), .init("reason", .string(reason))]
    }
    return JSON.object(members).line
  }

  /// Reads `line`; nil for what is none of these.
  package init?(line: some Sequence<UInt8>) {
    guard let json = try? JSON.parse(Array(line)[...]) else { return nil }
    if let epoch = json["epoch"]?.int {
      guard let accuracy = json["accuracy"]?.real else { return nil }
      self = .epoch(epoch, accuracy: accuracy)
      return
    }
    let plan = PlanNote(hash: json["plan"]?.text ?? "", summary: json["summary"]?.text ?? "")
    let reason = json["reason"]?.text ?? ""
    switch json["end"]?.text {
    case "trained": self = .trained(plan: plan, remarks: json["remarks"]?.elements?.compactMap(\.text) ?? [])
    case "chance": self = .noBetterThanChance(plan: plan)
    case "diverged": self = .diverged(reason)
    case "measured":
      let latency = json["latency"]?.elements?.map { $0.elements?.compactMap(\.real) ?? [] } ?? []
      self = .measured(
        Measured(memory: json["memory"]?.elements?.compactMap(\.int) ?? [], latency: latency), plan: plan)
    case "failed": self = .failed(reason)
    case "machine": self = .machine(reason)
    default: return nil
    }
  }

  /// Whether the worker has nothing more to say after it.
  package var isLast: Bool { if case .epoch = self { false } else { true } }
}

extension JSON {
  /// The number in it, if it is one.
  var real: Double? {
    switch self {
    case .number(let value): value
    case .integer(let value): Double(value)
    default: nil
    }
  }
}
