package import IRLASGraph

/// A space of a program with the values of its parameters: what programs are drawn from.
package struct OpenProgram: Sendable {
  /// The program that declares it.
  package let program: Program
  let header: ModuleHeader
  let code: Machine.CompiledCode
  let use: Program.Use
  /// Decisions that are made already, by name: the label of the option.
  package var settings: [(name: String, label: String)] = []

  /// The name of the space.
  package var name: String { header.name }

  /// What came of one run, with what a message needs.
  struct Run {
    let exploration: Exploration
    let elaboration: Elaboration?
    /// What made the decisions infeasible.
    let failure: Diagnostic?
    let sites: [DecisionTrail.Site]
    /// The decisions with options that were being formed when the run failed, innermost last.
    let open: [Int]
    /// How many instructions it took.
    let steps: Int
  }

  /// Goes through the space once.
  func run(observer: ElaborationObserver? = nil, _ ask: (DecisionPoint, DecisionTrail.Site) -> Int?) -> Run {
    withoutActuallyEscaping(ask) { ask in
      let assembly = Assembly(name: header.name, label: use.label, span: header.syntax.span)
      let machine = program.machine(for: header, code, use, assembly: assembly)
      let trail = DecisionTrail(ask)
      machine.trail = trail
      machine.observer = observer
      machine.run()
      observer?.charge(steps: machine.steps, nodes: assembly.builder.nodes.count)
      machine.trail = nil
      let failure = machine.diagnostics.first { $0.severity == .error }
      let open = trail.open.compactMap { $0 }
      let outcome: Exploration.Outcome
      var elaboration: Elaboration?
      if trail.isStopped {
        outcome = .stopped
      } else if failure == nil, let graph = machine.result {
        outcome = .program(graph)
        elaboration = Elaboration(graph: graph, sourceMap: SourceMap(spans: assembly.spans))
      } else {
        outcome = .infeasible(
          culprit: open.last, reason: failure?.message ?? "`\(name)` cannot be elaborated")
      }
      return Run(
        exploration: Exploration(decisions: trail.decisions, outcome: outcome), elaboration: elaboration,
        failure: failure, sites: trail.sites, open: open, steps: machine.steps)
    }
  }

  /// The space as a tree of decisions, without those that `settings` makes.
  package var space: Space {
    let made = settings
    return Space(name: name) { decide in
      run { point, _ in
        if let setting = made.first(where: { $0.name == point.name }),
          let option = (0..<point.count).first(where: { point.label($0) == setting.label })
        {
          return option
        }
        return decide(point)
      }.exploration
    }
  }

  /// The program of a list of decisions, with where its parts come from.
  package func elaborate(_ decisions: [Decision]) -> Elaboration? {
    var options: [String: Int] = [:]
    for decision in decisions { options[decision.name] = decision.option }
    return run { point, _ in options[point.name] ?? 0 }.elaboration
  }

  /// How many programs there are; nil when that is too much work.
  package func count(limit: Int = 2_000_000) -> SpaceCount? {
    var counter = SpaceCounter(program.machine(for: header, code, use, assembly: nil, mode: .counting))
    return counter.count(limit: limit)
  }

  // MARK: Closing

  /// The program when `settings` makes all decisions; messages otherwise.
  func closed() -> (Elaboration?, [Diagnostic]) {
    var open: [DecisionPoint] = []
    var sites: [DecisionTrail.Site] = []
    var known: [DecisionPoint] = []
    let run = run { point, site in
      known.append(point)
      guard let setting = settings.first(where: { $0.name == point.name }) else {
        open.append(point)
        sites.append(site)
        return 0
      }
      return (0..<point.count).first { point.label($0) == setting.label } ?? 0
    }
    var diagnostics = unknownSettings(known)
    if !diagnostics.isEmpty { return (nil, diagnostics) }
    if let first = open.first, let site = sites.first {
      diagnostics.append(openDecisions(first, site, open))
      return (nil, diagnostics)
    }
    if let failure = run.failure { return (nil, [failure]) }
    guard let elaboration = run.elaboration else {
      return (nil, program.diagnostics.filter { $0.severity == .error })
    }
    return (elaboration, [])
  }

  /// The decisions and options of `settings` that do not come up.
  private func unknownSettings(_ known: [DecisionPoint]) -> [Diagnostic] {
    var diagnostics: [Diagnostic] = []
    for setting in settings {
      guard let point = known.first(where: { $0.name == setting.name }) else {
        let near = nearest(to: setting.name, among: known.map(\.name))
        diagnostics.append(
          Diagnostic(
            .unknownDecision, "`\(name)` has no decision named `\(setting.name)`", at: header.nameSpan,
            label: near.map { "did you mean `\($0)`?" } ?? "",
            notes: ["it decides \(list(known.map(\.name)))"]))
        continue
      }
      let labels = (0..<min(point.count, 64)).map { point.label($0) }
      if !labels.contains(setting.label),
        !(0..<point.count).contains(where: { point.label($0) == setting.label })
      {
        let near = nearest(to: setting.label, among: labels)
        diagnostics.append(
          Diagnostic(
            .unknownDecision, "`\(setting.name)` has no option `\(setting.label)`", at: header.nameSpan,
            label: near.map { "did you mean `\($0)`?" } ?? "", notes: ["its options are \(list(labels))"]))
      }
    }
    return diagnostics
  }

  private func list(_ names: [String]) -> String {
    if names.isEmpty { return "nothing" }
    let shown = names.prefix(8).joined(separator: ", ")
    return names.count > 8 ? "\(shown) and \(names.count - 8) more" : shown
  }

  /// The message for a space where a network is needed.
  private func openDecisions(
    _ first: DecisionPoint, _ site: DecisionTrail.Site, _ open: [DecisionPoint]
  ) -> Diagnostic {
    var notes: [String] = []
    if open.count > 1 {
      notes.append("and \(counted(open.count - 1, "more decision")): \(list(open.dropFirst().map(\.name)))")
    }
    if let count = count(limit: 50_000) { notes.append("\(approximate(count.programs)) programs in all") }
    if notes.count == 2 { notes = [notes.joined(separator: "; ")] }
    let file = program.sources.files.first?.name ?? "FILE"
    return Diagnostic(
      .openDecisions, "`\(name)` still has open decisions and cannot be compiled", at: program.span(of: site),
      label: "\(first.name), \(counted(first.count, "option"))", notes: notes,
      help: [
        .init("draw a program: irlas sample \(file) \(name) --seed 0 > net.irlas"),
        .init("or decide: --set \(first.name)=\(first.label(0))"),
      ])
  }
}

/// A number in words of a message: exact while that is short.
package func approximate(_ number: Natural) -> String {
  if let exact = number.int, exact < 1_000_000 { return grouped(exact) }
  let digits = number.description
  let mantissa = digits.prefix(1) + "." + digits.dropFirst().prefix(1)
  return "about \(mantissa)e\(digits.utf8.count - 1)"
}

extension Program {
  /// A space of the entry file, or one that it uses, that can stand by itself: its inputs have shapes.
  ///
  /// - Parameters:
  ///   - name: its name.
  ///   - settings: values for parameters, `("classes", "100")`, and for decisions, `("Net.n", "2")`.
  /// - Returns: the space, or nil with at least one error.
  package func space(named name: String, settings: [(name: String, value: String)] = []) -> (
    space: OpenProgram?, diagnostics: [Diagnostic]
  ) {
    guard let header = standalone(name), header.keyword == .space else {
      let near = nearest(to: name, among: spaces)
      return (
        nil,
        [
          Diagnostic(
            .unknownName, "this file has no space named `\(name)`", at: SourceSpan(file: SourceID(0), 0..<0),
            label: near.map { "did you mean `\($0)`?" } ?? "",
            notes: spaces.isEmpty ? ["it has no space at all"] : ["it has \(spaces.joined(separator: ", "))"])
        ]
      )
    }
    return space(header, arguments: settings)
  }

  /// See `space(named:settings:)`.
  func space(_ header: ModuleHeader, arguments: [(name: String, value: String)]) -> (
    OpenProgram?, [Diagnostic]
  ) {
    guard let code = codes[header.id] else { return (nil, diagnostics.filter { $0.severity == .error }) }
    guard header.isEntry else {
      return (
        nil,
        [
          Diagnostic(
            .openDecisions, "`\(header.name)` cannot stand by itself: its inputs have no shapes",
            at: header.inputsSpan, label: "no shape to start from",
            help: [
              .init("give one: in x: [16, 32, 32]"),
              .init("or use it in a space that has an input with a shape"),
            ])
        ]
      )
    }
    let parameters = Set(header.parameters.map(\.name))
    let given = arguments.filter { parameters.contains($0.name) || !$0.name.contains(".") }
    let decisions = arguments.filter { !parameters.contains($0.name) && $0.name.contains(".") }
    let (syntax, problems) = argumentSyntax(given, of: header.name)
    guard let syntax else { return (nil, problems) }
    let (use, messages) = use(of: header, syntax)
    guard let use else { return (nil, messages) }
    return (
      OpenProgram(
        program: self, header: header, code: code, use: use,
        settings: decisions.map { (name: $0.name, label: $0.value) }), messages
    )
  }
}
