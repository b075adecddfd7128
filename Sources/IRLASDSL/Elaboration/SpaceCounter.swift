package import IRLASGraph

/// How many programs a space has.
package struct SpaceCount: Hashable, Sendable {
  /// How many ways there are to make all decisions.
  package let programs: Natural
  /// The requirements that are not taken into account, as they depend on shapes or on the whole network, and the places where
  /// what is decided depends on shapes.
  package let ignored: [SourceSpan]
}

/// What stands in the way of counting without making every program.
struct CountingLimits {
  /// Requirements whose outcome is not known while tensors are unknown.
  var filters: Set<SourceSpan> = []
  /// Decisions that come up depending on shapes.
  var skipped: Set<SourceSpan> = []
  /// Whether the present run has made all its decisions.
  var isComplete = false
}

extension Machine {
  /// Cells without requirements that use only such cells.
  func plainModules() -> [Bool] {
    var isPlain = codes.indices.map { names.modules[$0].keyword == .cell && codes[$0] != nil }
    var changed = true
    while changed {
      changed = false
      for id in codes.indices where isPlain[id] {
        guard let code = codes[id]?.code else { continue }
        let uses = code.calls.contains {
          if case .module(let other) = $0.callee { !isPlain[other] } else { false }
        }
        if uses || !code.requirements.isEmpty {
          isPlain[id] = false
          changed = true
        }
      }
    }
    return isPlain
  }

  /// Whether an application of a module has no part in what is decided: nothing in it does, and no layer that it is
  /// given.
  func canSkip(_ id: Int, _ arguments: [Value?]) -> Bool {
    guard isPlain[id] else { return false }
    return arguments.allSatisfy { argument in
      switch argument {
      case .layer(let layer)?: if case .primitive = layer.kind { true } else { false }
      case .list?: false
      default: true
      }
    }
  }

  /// Notes that unknown values pass over decisions.
  func noteSkipped(to label: Int, _ code: Code) {
    guard mode == .counting else { return }
    let pc = frames[frames.count - 1].pc
    for index in pc..<max(pc, code.targets[label]) {
      switch code.instructions[index] {
      case .decide: countingLimits.skipped.insert(code.spans[index])
      case .call(let site) where code.calls[site].path != nil:
        countingLimits.skipped.insert(code.spans[index])
      default: break
      }
    }
  }
}

/// Counts the ways to make the decisions of a space, without making the programs.
///
/// The machine runs with unknown tensors and stops at every decision. How many ways lead on from there depends only on what the
/// rest of the run can still read: the values in live slots and on the stack. Equal states are counted once, so that
/// a cell of eight layers with forty options each takes eight steps, not 40^8.
struct SpaceCounter {
  /// The state of a machine that waits at a decision.
  private struct State {
    let stack: [Value]
    let frames: [Machine.Frame]
    let samples: Set<String>
  }

  private struct Key: Hashable {
    let low: UInt64
    let high: UInt64
  }

  private struct Step {
    let state: State
    let key: Key
    let options: Int
    var next = 0
    var total = Natural.zero
  }

  private let machine: Machine
  private var known: [Key: Natural] = [:]
  private var liveness: [ObjectIdentifier: Liveness] = [:]

  /// A counter of a machine that is ready to run in mode `counting`.
  init(_ machine: Machine) { self.machine = machine }

  /// The number; nil when there are more different states than `limit`.
  mutating func count(limit: Int = 2_000_000) -> SpaceCount? {
    var steps: [Step] = []
    var states = 0
    var work = 0
    while true {
      var value: Natural?
      machine.steps = 0
      machine.run()
      work += machine.steps
      if work > 2_000_000_000 || machine.diagnostics.last?.code == .programTooBig { return nil }
      if let options = machine.pending {
        machine.pending = nil
        guard let key = fingerprint() else { return nil }
        if let counted = known[key] {
          value = counted
        } else {
          states += 1
          if states > limit { return nil }
          let state = State(
            stack: machine.stack, frames: machine.frames, samples: machine.appliedSamples)
          steps.append(Step(state: state, key: key, options: options))
        }
      } else {
        value = machine.countingLimits.isComplete ? .one : .zero
      }
      // Hand a number up until a decision has another option.
      while let counted = value, !steps.isEmpty {
        let top = steps.count - 1
        steps[top].total += counted
        if steps[top].next < steps[top].options {
          value = nil
        } else {
          value = steps[top].total
          known[steps[top].key] = steps[top].total
          steps.removeLast()
        }
      }
      if let value { return result(value) }
      let top = steps.count - 1
      machine.stack = steps[top].state.stack
      machine.frames = steps[top].state.frames
      machine.appliedSamples = steps[top].state.samples
      machine.countingLimits.isComplete = false
      machine.isHalted = false
      machine.push(.integer(steps[top].next))
      steps[top].next += 1
    }
  }

  private func result(_ programs: Natural) -> SpaceCount {
    let spans = machine.countingLimits.filters.union(machine.countingLimits.skipped)
    return SpaceCount(
      programs: programs, ignored: spans.sorted { ($0.file.index, $0.lower) < ($1.file.index, $1.lower) })
  }

  // MARK: Fingerprints

  /// Two independent hashes of everything that the rest of the run can read.
  private mutating func fingerprint() -> Key? {
    var hash = ValueHash(applied: machine.appliedSamples)
    for frame in machine.frames {
      switch frame.work {
      case .code:
        hash.combine(1)
        hash.combine(frame.module ?? -1)
        hash.combine(frame.pc)
        hash.combine(frame.inputs.count)
        if let compiled = frame.code {
          let id = ObjectIdentifier(compiled)
          let live = liveness[id] ?? Liveness(compiled.code)
          liveness[id] = live
          for slot in live.slots(at: frame.pc, of: compiled.code) {
            hash.combine(frame.locals[slot])
          }
        }
        hash.combine(frame.layer.flatMap { if case .module(_, _, let peer) = $0.kind { peer } else { nil } })
      case .composition(let layers, let next):
        hash.combine(2)
        for layer in layers[min(next, layers.count)...] { hash.combine(.layer(layer)) }
      case .repetition(let count, let layers, let next):
        hash.combine(3)
        hash.combine(count)
        hash.combine(next)
        for layer in layers { hash.combine(.layer(layer)) }
      case .sharing: hash.combine(4)
      case .sampling: hash.combine(5)
      case .mixing: hash.combine(6)  // Relaxed runs only.
      }
    }
    for value in machine.stack { hash.combine(value) }
    return hash.size > 1_000_000 ? nil : Key(low: hash.low.value, high: hash.high.value)
  }
}

/// A hash of values by what they are, with tensors as unknown; the same on every run.
private struct ValueHash {
  var low = StableHash(seed: 1)
  var high = StableHash(seed: 2)
  /// How many values went in: layers may share parts, which are then gone through more than once.
  var size = 0
  /// The sampled layers that are decided already.
  let applied: Set<String>

  init(applied: Set<String>) { self.applied = applied }

  mutating func combine(_ number: Int) {
    low.combine(number)
    high.combine(number)
  }

  mutating func combine(_ text: String) {
    low.combine(text)
    high.combine(text)
  }

  /// Values nest no deeper than the machine's limit, so that the recursion is bounded.
  mutating func combine(_ value: Value?) {
    size += 1
    guard let value, size <= 1_000_000 else { return combine(0) }
    switch value {
    case .integer(let number):
      combine(1)
      combine(number)
    case .list(let list):
      combine(2)
      combine(list.elements.count)
      for element in list.elements { combine(element) }
    case .tensor: combine(3)
    case .poison: combine(4)
    case .layer(let layer):
      combine(5)
      combine(layer)
    case .rational, .float, .boolean, .string, .kernel, .shape, .padding, .axis, .initializer:
      combine(6)
      combine(value.text)
    }
  }

  private mutating func combine(_ layer: LayerValue) {
    size += 1
    guard size <= 1_000_000 else { return }
    switch layer.kind {
    case .primitive(let index, let arguments):
      combine(1)
      combine(index)
      for argument in arguments { combine(argument) }
    case .module(let id, let arguments, let peer):
      combine(2)
      combine(id)
      for argument in arguments { combine(argument) }
      combine(peer)
    case .mixture(let mixture):
      combine(8)
      for part in mixture.layers { combine(part) }
    case .composition(let layers):
      combine(3)
      combine(layers.count)
      for part in layers { combine(part) }
    case .repetition(let count, let layers):
      combine(4)
      combine(count)
      for part in layers { combine(part) }
    case .shared(_, let inner):
      combine(5)
      combine(inner)
    case .sampled(let name, let inner):
      combine(applied.contains(name) ? 7 : 6)
      combine(name)
      combine(inner)
    }
  }
}
