import IRLASGraph

extension OpenProgram {
  /// What is known of an option after some runs.
  private struct Trial {
    var label = ""
    /// How many runs took it.
    var runs = 0
    /// How many of them gave a program.
    var sound = 0
    /// How many failed while the option was being formed, and the first message.
    var failures = 0
    var failure: Diagnostic?

    /// Whether it is left alone from now on, so that other options beside it can show that they are sound.
    var isBlamed: Bool { failures >= 2 && sound == 0 }
  }

  /// A number that depends on a run and a decision in it, the same on every machine (SplitMix64's finaliser).
  private static func draw(_ run: Int, _ decision: Int, below bound: Int) -> Int {
    var x = UInt64(run) &* 0x9E37_79B9_7F4A_7C15 ^ UInt64(decision) &* 0xBF58_476D_1CE4_E5B9
    x = (x ^ (x >> 30)) &* 0xBF58_476D_1CE4_E5B9
    x = (x ^ (x >> 27)) &* 0x94D0_49BB_1331_11EB
    return Int((x ^ (x >> 31)) % UInt64(max(1, bound)))
  }

  /// What is wrong with the space.
  package func check() -> [Diagnostic] { check(observer: nil) }

  /// What is wrong with the space: found by runs that take every option of every choice a few times.
  /// `observer` is told of one sound program.
  func check(observer: ElaborationObserver?) -> [Diagnostic] {
    var trials: [DecisionTrail.Site: [Trial]] = [:]
    var order: [DecisionTrail.Site] = []
    var sound = 0
    // The first program that failed; better one whose failure is no option's.
    var failed: (failure: Diagnostic, decisions: [Decision], isAttributed: Bool)?
    var runs = 0
    var work = 0
    for number in 0..<256 {
      var rarest = Int.max
      // Options in turn meet each other in few combinations; a space that shows no sound program so is drawn from.
      let isDrawing = sound == 0 && number >= 8
      var asked = 0
      let run = run { point, site in
        // Choices among many elements are alike for all of them.
        let count = min(point.count, 64)
        if trials[site] == nil { order.append(site) }
        var known = trials[site] ?? []
        while known.count < count { known.append(Trial(label: point.label(known.count))) }
        trials[site] = known
        asked += 1
        let free = (0..<count).filter { !known[$0].isBlamed }
        let candidates = free.isEmpty ? Array(0..<count) : free
        var option = candidates.first ?? 0
        if isDrawing, !candidates.isEmpty {
          // Every other run gives all copies of a choice the same option: many are sound together only.
          let key = number.isMultiple(of: 2) ? site.module << 20 + site.choice : asked
          option = candidates[Self.draw(number, key, below: candidates.count)]
        } else {
          for candidate in candidates where known[candidate].runs < known[option].runs { option = candidate }
        }
        rarest = min(rarest, known[option].runs)
        trials[site]?[option].runs += 1
        return option
      }
      var taken: Set<[Int]> = []
      for (decision, site) in zip(run.exploration.decisions, run.sites)
      where taken.insert([site.module, site.choice, decision.option]).inserted {
        if run.elaboration != nil { trials[site]?[decision.option].sound += 1 }
      }
      if run.elaboration != nil {
        sound += 1
        if sound == 1, let observer { observe(run.exploration.decisions, observer) }
      } else if let failure = run.failure, let culprit = run.open.last ?? culprit(of: failure, run) {
        let site = run.sites[culprit]
        let option = run.exploration.decisions[culprit].option
        trials[site]?[option].failures += 1
        if trials[site]?[option].failure == nil { trials[site]?[option].failure = failure }
        if failed == nil { failed = (failure, run.exploration.decisions, true) }
      } else if let failure = run.failure, failed?.isAttributed != false {
        failed = (failure, run.exploration.decisions, false)
      }
      runs += 1
      work += max(1, run.elaboration?.graph.nodes.count ?? 100) + run.steps / 100
      // Every option of every choice has been taken twice, or the space is large.
      if number >= 8, (rarest >= 2 && (sound > 0 || number >= 127)) || work > 40_000 { break }
      // A few runs that take millions of steps say enough, too.
      if work > 400_000 { break }
    }
    observer?.charge(steps: 0, nodes: work)
    var diagnostics: [Diagnostic] = []
    for site in order {
      guard let trials = trials[site] else { continue }
      let failing = trials.filter { $0.runs > 0 && $0.sound == 0 && $0.failures > 0 }
      guard !failing.isEmpty else { continue }
      let isHopeless = failing.count == trials.count
      let summary =
        isHopeless
        ? "no option of this choice can be formed"
        : "\(failing.count) of \(counted(trials.count, "option")) can never be formed here"
      var message = report(
        failing.map { ($0.label, $0.failure) }, summary, isHopeless, at: program.span(of: site))
      // How the run came to the choice, where it failed beside it.
      let module = program.names.modules[site.module].syntax.span
      if let failure = failing.first?.failure, failure.span.file == module.file,
        module.lower <= failure.span.lower, failure.span.upper <= module.upper
      {
        message.trace = failure.trace
      }
      diagnostics.append(message)
    }
    if sound == 0, !diagnostics.contains(where: { $0.severity == .error }),
      let (failure, decisions, _) = failed
    {
      diagnostics.append(unsound(failure, decisions, runs))
    }
    return diagnostics
  }
}

extension OpenProgram {
  /// The message for a space of which no program that was tried is sound: what is wrong with one, and which one it is.
  private func unsound(_ failure: Diagnostic, _ decisions: [Decision], _ runs: Int) -> Diagnostic {
    var failure = failure
    if decisions.isEmpty { return failure }
    let made = decisions.prefix(4).map { "\($0.name) = \($0.label)" }.joined(separator: ", ")
    let more = decisions.count > 4 ? " and \(decisions.count - 4) more decisions" : ""
    failure.notes.append("this is the program of \(made)\(more); none of \(runs) that were tried is sound")
    return failure
  }

  /// The decision that a failed run owes its failure to: the last one whose choice stands in the text that the message
  /// points at, as in `conv(3x3, 20, groups: choose(3, 7))`.
  private func culprit(of failure: Diagnostic, _ run: Run) -> Int? {
    let places = failure.labels.map(\.span)
    return run.sites.indices.last { index in
      let choice = program.span(of: run.sites[index])
      return places.contains {
        $0.file == choice.file && $0.lower <= choice.lower && choice.upper <= $0.upper
      }
    }
  }

  /// The report about one choice: which options fail, and each with its reason, beside its text where the reason stands
  /// in the text of the choice or elsewhere in the program, as a note where it spans the choice itself.
  private func report(
    _ failing: [(label: String, failure: Diagnostic?)], _ summary: String, _ isHopeless: Bool,
    at choice: SourceSpan
  ) -> Diagnostic {
    var labels: [Diagnostic.Label] = []
    var notes: [String] = []
    for (label, failure) in failing.prefix(8) {
      guard let failure else { continue }
      let reason = "\(label): \(failure.message)"
      let span = failure.span
      let holdsChoice = span.file == choice.file && span.lower <= choice.lower && choice.upper <= span.upper
      if labels.count < 3, !holdsChoice, !labels.contains(where: { $0.span == span }) {
        labels.append(.init(span, reason, style: .secondary))
      } else {
        notes.append(reason)
      }
    }
    if failing.count > 8 { notes.append("and \(failing.count - 8) more") }
    let names = failing.prefix(6).map { "`\($0.label)`" }.joined(separator: ", ")
    return Diagnostic(
      isHopeless ? .noFeasibleOption : .infeasibleOption, summary, at: choice,
      label: failing.count > 6 ? "\(names) and \(failing.count - 6) more" : names, secondary: labels,
      notes: notes,
      help: isHopeless
        ? [] : [.init("they are left out when programs are drawn; take them out to make the space clear")])
  }

  /// Makes the program of some decisions again, for an observer.
  private func observe(_ decisions: [Decision], _ observer: ElaborationObserver) {
    var options: [String: Int] = [:]
    for decision in decisions { options[decision.name] = decision.option }
    _ = run(observer: observer) { point, _ in options[point.name] ?? 0 }
  }
}

extension Program {
  /// The text of a choice.
  func span(of site: DecisionTrail.Site) -> SourceSpan {
    guard let code = codes[site.module]?.code else { return names.modules[site.module].nameSpan }
    for (index, instruction) in code.instructions.enumerated() {
      if case .decide(site.choice) = instruction { return code.spans[index] }
    }
    return names.modules[site.module].nameSpan
  }
}
