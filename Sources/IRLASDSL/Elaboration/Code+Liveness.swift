/// Which slots are still read from a point of a code on: the rest of a frame cannot influence what follows.
struct Liveness: Sendable {
  /// For each instruction the slots that are read before they are written again; nil: all of them.
  private let live: [[Int]]?

  /// The slots that matter before instruction `pc`, in order.
  func slots(at pc: Int, of code: Code) -> [Int] {
    guard let live else { return Array(0..<code.slotCount) }
    return pc < live.count ? live[pc] : []
  }

  /// Works backwards through the code until nothing changes.
  init(_ code: Code) {
    let words = (code.slotCount + 63) / 64
    let count = code.instructions.count
    // Beyond this size everything counts as live, which is never wrong.
    guard count * words < 1 << 24 else {
      live = nil
      return
    }
    var table = [UInt64](repeating: 0, count: (count + 1) * words)
    var changed = true
    while changed {
      changed = false
      for pc in (0..<count).reversed() {
        let usage = code.usage(at: pc)
        var set = [UInt64](repeating: 0, count: words)
        for next in usage.next where next <= count {
          for word in 0..<words { set[word] |= table[next * words + word] }
        }
        for slot in usage.writes { set[slot / 64] &= ~(1 << (slot % 64)) }
        for slot in usage.reads { set[slot / 64] |= 1 << (slot % 64) }
        for word in 0..<words where table[pc * words + word] != set[word] {
          table[pc * words + word] = set[word]
          changed = true
        }
      }
    }
    live = (0..<count).map { pc in
      (0..<code.slotCount).filter { table[pc * words + $0 / 64] >> ($0 % 64) & 1 == 1 }
    }
  }
}

extension Code {
  /// The slots that an instruction reads and writes, and the instructions that may follow it.
  fileprivate func usage(at pc: Int) -> (reads: [Int], writes: [Int], next: [Int]) {
    let following = [pc + 1]
    switch instructions[pc] {
    case .constant, .pop, .requireBool, .not, .negate, .compare, .sum, .product, .callerPeer, .collect,
      .member,
      .output, .function, .apply, .share, .require, .missingArgument, .checkSize, .checkCount, .endOption:
      return ([], [], following)
    case .local(let slot), .peer(let slot), .attachPeer(let slot), .collectLoop(let slot),
      .repetition(let slot, _):
      return ([slot], [], following)
    case .store(let slot), .capturePeer(let slot, _), .growBegin(let slot), .storeDefault(let slot),
      .bindSize(_, _, let slot), .bindCount(_, let slot), .networkInput(_, let slot):
      return ([], [slot], following)
    case .growAppend(let slot): return ([slot], [slot], following)
    case .destructure(let slots): return ([], slots.compactMap { $0 }, following)
    case .jump(let label): return ([], [], [targets[label]])
    case .branch(let other, let poison): return ([], [], [pc + 1, targets[other], targets[poison]])
    case .shortCircuit(_, let label): return ([], [], [pc + 1, targets[label]])
    case .unlessCopy(let slot, _, let label): return ([slot], [], [pc + 1, targets[label]])
    case .jumpIfGiven(let slot, let label): return ([slot], [], [pc + 1, targets[label]])
    case .loopCount(let count, let index, let poison):
      return ([], [count, index], [pc + 1, targets[poison]])
    case .loopList(let list, let count, let index, let poison):
      return ([], [list, count, index], [pc + 1, targets[poison]])
    case .loopTest(let count, let index, let end): return ([count, index], [], [pc + 1, targets[end]])
    case .loopNext(let index, let top): return ([index], [index], [targets[top]])
    case .loopElement(let list, let index, let element): return ([list, index], [element], following)
    case .leave, .end: return ([], [], following)
    case .call(let site):
      var reads = calls[site].path.map(indices) ?? []
      if case .local(let slot) = calls[site].callee { reads.append(slot) }
      if let peer = calls[site].peerSlot { reads.append(peer) }
      return (reads, [], following)
    case .sample(let path): return (indices(of: paths[path]), [], following)
    case .decide(let site):
      return (operands(of: choices[site]) + indices(of: choices[site].path), [], following)
    case .resolve(let site):
      let choice = choices[site]
      guard choice.kind == .choose else {
        return (operands(of: choice), [], following + [targets[choice.end]])
      }
      return (operands(of: choice), [], choice.options.map { targets[$0.code] } + [targets[choice.end]])
    }
  }

  private func indices(of path: DecisionPath) -> [Int] {
    path.parts.compactMap { if case .index(let slot) = $0 { slot } else { nil } }
  }

  private func operands(of choice: ChoiceSite) -> [Int] {
    choice.slots + choice.options.compactMap(\.slot) + (choice.oddsSlot.map { [$0] } ?? [])
  }
}
