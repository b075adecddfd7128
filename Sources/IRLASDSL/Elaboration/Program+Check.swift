import IRLASGraph

/// What became of one `check` line.
package struct CheckResult: Hashable, Sendable {
  /// One condition of the line.
  package struct Claim: Hashable, Sendable {
    /// The condition as written.
    package let text: String
    /// Whether it holds; nil when that could not be found out.
    package let holds: Bool?
  }

  /// The use that is checked, as written: `ResNeXt29(classes: 100)`.
  package let target: String
  /// Where the line stands.
  package let span: SourceSpan
  /// Its conditions in the order of the text.
  package let claims: [Claim]
  /// What went wrong, the conditions that do not hold included.
  package let diagnostics: [Diagnostic]

  /// Whether everything holds.
  package var passed: Bool {
    claims.allSatisfy { $0.holds == true } && !diagnostics.contains { $0.severity == .error }
  }
}

/// Everything that can be said about a program.
package struct CheckReport: Hashable, Sendable {
  /// All messages, each once, in the order of the text.
  package let diagnostics: [Diagnostic]
  /// The `check` lines of the entry file.
  package let checks: [CheckResult]
  /// How many of them hold.
  package var passedChecks: Int { checks.reduce(0) { $0 + ($1.passed ? 1 : 0) } }
}

extension Program {
  /// Checks the whole program: text, names and uses; every network with its default parameters; the `check` lines;
  /// the recipes.
  package func check() -> CheckReport { check(observer: nil) }

  /// The same, while something notes what each place of the text comes to.
  func check(observer: ElaborationObserver?) -> CheckReport {
    var all = diagnostics
    for header in names.modules where header.file == 0 && header.keyword == .network {
      if let open = header.parameters.first(where: { $0.defaultValue == nil }) {
        if let warning = unchecked(header, open) { all.append(warning) }
        continue
      }
      // A `check` line without arguments elaborates the same, and says the same.
      let isCheckedAsItIs = files[0].checks.contains {
        $0.target?.name == header.name && $0.arguments.isEmpty && !$0.node.isBroken
      }
      if observer == nil, isCheckedAsItIs { continue }
      all +=
        observed(header.id, nil, observer) {
          .init(diagnostics: elaborate(header, arguments: [], observer: $0).1)
        }
        .diagnostics
    }
    for header in names.modules where header.file == 0 && header.keyword == .space && header.isEntry {
      guard header.parameters.allSatisfy({ $0.defaultValue != nil }) else { continue }
      all +=
        observed(header.id, nil, observer) { observer in
          let (space, problems) = space(header, arguments: [])
          return .init(diagnostics: problems + (space?.check(observer: observer) ?? []))
        }
        .diagnostics
    }
    let checks = files.first?.checks.map { run($0, observer: observer) } ?? []
    for check in checks { all += check.diagnostics }
    for recipe in recipeDeclarations where recipe.file == 0 { all += self.recipe(recipe).1 }
    for search in searchDeclarations where search.file == 0 { all += self.search(search).1 }
    var seen: Set<Place> = []
    var bag = DiagnosticBag()
    for diagnostic in all
    where seen.insert(Place(code: diagnostic.code, span: diagnostic.span)).inserted {
      bag.report(diagnostic)
    }
    return CheckReport(diagnostics: bag.finish(), checks: checks)
  }

  /// The warning that a network has not been elaborated; nil where a `check` line or an earlier message speaks of it.
  private func unchecked(_ header: ModuleHeader, _ open: ModuleHeader.Parameter) -> Diagnostic? {
    let isChecked = files[0].checks.contains { $0.target?.name == header.name }
    guard !isChecked, !header.syntax.node.isBroken else { return nil }
    return Diagnostic(
      .missingArgument, severity: .warning, "`\(header.name)` was not checked: `\(open.name)` has no default",
      at: header.nameSpan, label: "not elaborated",
      secondary: [.init(open.span, "no default", style: .secondary)],
      help: [.init("give it a default, or a `check` line with a value")])
  }

  /// One error is said once, however many networks and checks run into it.
  private struct Place: Hashable {
    let code: DiagnosticCode
    let span: SourceSpan
  }

  /// Evaluates the `check` lines of the entry file in the order of the text.
  package func runChecks() -> [CheckResult] { files.first?.checks.map { run($0, observer: nil) } ?? [] }

  private func run(_ check: CheckSyntax, observer: ElaborationObserver?) -> CheckResult {
    let name = check.target?.name ?? ""
    let arguments = check.arguments.map(\.text).joined(separator: ", ")
    let target = "\(name)(\(arguments))"
    func result(_ observer: ElaborationObserver?) -> CheckResult {
      let (claims, diagnostics) = evaluate(check, observer: observer)
      return CheckResult(target: target, span: check.span, claims: claims, diagnostics: diagnostics)
    }
    guard case .module(let id)? = names.lookUp(name, in: 0) else { return result(nil) }
    let outcome = observed(id, check.node, observer) { .init(check: result($0)) }
    return outcome.check ?? CheckResult(target: target, span: check.span, claims: [], diagnostics: [])
  }

  /// An elaboration, taken over from an earlier state of the program where an observer says so.
  private func observed(
    _ module: Int, _ line: SyntaxNode?, _ observer: ElaborationObserver?,
    _ body: (ElaborationObserver?) -> ElaborationUnit.Outcome
  ) -> ElaborationUnit.Outcome {
    observer?.outcome(of: module, line) { body(observer) } ?? body(nil)
  }

  private func evaluate(_ check: CheckSyntax, observer: ElaborationObserver?) -> (
    [CheckResult.Claim], [Diagnostic]
  ) {
    let unknown = check.claims.map { CheckResult.Claim(text: $0.text, holds: nil) }
    guard let target = check.target else { return (unknown, []) }
    guard case .module(let id)? = names.lookUp(target.name, in: 0) else {
      let near = nearest(to: target.name, among: networks)
      return (
        unknown,
        [
          Diagnostic(
            .unknownName, "no network named `\(target.name)`", at: target.span,
            label: near.map { "did you mean `\($0)`?" } ?? "not known here",
            help: near.map { [.init("write `\($0)`", edits: [.init(target.span, $0)])] } ?? [])
        ]
      )
    }
    let header = names.modules[id]
    switch header.keyword {
    case .network: break
    case .space:
      return (
        unknown,
        [
          Diagnostic(
            .checkFailed, "`\(header.name)` is a space; only networks are checked", at: target.span,
            label: "its figures depend on what is decided",
            secondary: [.init(header.nameSpan, "declared here", style: .secondary)],
            help: [.init("limit them inside the space: require params <= 20M")])
        ]
      )
    case .cell:
      return (
        unknown,
        [
          Diagnostic(
            .checkFailed, "`\(header.name)` is a cell; only networks are checked", at: target.span,
            label: "its figures depend on what it is applied to",
            secondary: [.init(header.nameSpan, "declared here", style: .secondary)])
        ]
      )
    }
    let (elaboration, problems) = elaborate(header, arguments: check.arguments, observer: observer)
    var diagnostics = problems
    var claims: [CheckResult.Claim] = []
    for claim in check.claims {
      let (holds, messages) = evaluate(claim, on: elaboration?.graph, check)
      claims.append(CheckResult.Claim(text: claim.text, holds: holds))
      diagnostics += messages
    }
    return (claims, diagnostics)
  }

  private func evaluate(_ claim: ExpressionSyntax, on graph: Graph?, _ check: CheckSyntax) -> (
    Bool?, [Diagnostic]
  ) {
    let (code, problems) = Lowering.lower(claim: claim, names: names, file: 0)
    guard problems.isEmpty, let graph else { return (nil, problems) }
    var metrics: [Int: Value] = [:]
    for metric in Metric.allCases {
      if let slot = code.metricSlots[metric] { metrics[slot] = .integer(graph.value(of: metric)) }
    }
    let machine = Machine(names: names, codes: codes, limits: limits, assembly: nil)
    let value = machine.evaluate(code, locals: metrics)
    if !machine.diagnostics.isEmpty { return (nil, machine.diagnostics) }
    if case .comparison(let view) = claim, let sign = view.comparator.flatMap({ Comparator($0.kind) }),
      case .list(let sides) = value, sides.elements.count == 2
    {
      if value.isPoison { return (nil, []) }
      guard let holds = try? sign.apply(sides.elements[0], sides.elements[1]) else {
        return (nil, [notACondition(claim)])
      }
      return (holds, holds ? [] : [failure(of: view, sides.elements)])
    }
    guard case .boolean(let holds) = value else {
      return (nil, value.isPoison ? [] : [notACondition(claim)])
    }
    let message = Diagnostic(
      .checkFailed, "this does not hold: \(claim.text.prefixed(80))", at: claim.span, label: "false here")
    return (holds, holds ? [] : [message])
  }

  private func notACondition(_ claim: ExpressionSyntax) -> Diagnostic {
    Diagnostic(
      .typeMismatch, "a claim is a condition", at: claim.span, label: "compare a figure: params == 1000")
  }

  /// The message for a comparison that does not hold: what the figure is instead.
  private func failure(of view: ComparisonSyntax, _ sides: [Value]) -> Diagnostic {
    var help: [Diagnostic.Help] = []
    let sign = view.comparator?.text ?? "=="
    if sign == "==", case .integer(let actual) = sides[0], case .number = view.right {
      let text = grouped(actual)
      help.append(
        .init(
          "if the change is meant, write \(text)", edits: [.init(view.right.span, text)],
          isOneOfSeveral: true))
    }
    let left = view.left.text.prefixed(40)
    return Diagnostic(
      .checkFailed,
      "`\(left)` is \(shown(sides[0])), not \(sign == "==" ? "" : sign + " ")\(shown(sides[1]))",
      at: view.span, label: "here \(shown(sides[0]))",
      notes: [difference(sides)].compactMap { $0 }, help: help)
  }

  private func shown(_ value: Value) -> String {
    if case .integer(let number) = value { return grouped(number) }
    return value.text
  }

  private func difference(_ sides: [Value]) -> String? {
    guard case .integer(let actual) = sides[0], case .integer(let expected) = sides[1] else { return nil }
    let (difference, overflow) = actual.subtractingReportingOverflow(expected)
    if overflow { return nil }
    return difference > 0 ? "\(grouped(difference)) more" : "\(grouped(0 &- difference)) fewer"
  }
}
