import IRLASGraph

/// Collects an `ElaborationRecord` while a program is checked.
final class ElaborationObserver {
  private(set) var record = ElaborationRecord()
  private let program: Program
  private let previous: ElaborationRecord
  /// How much work elaborations that cannot be taken over may be; when it is spent, the rest are left out.
  private var budget: Int
  /// What the elaboration in progress found; see `ElaborationUnit`.
  private var findings: [SourceSpan: Finding] = [:]
  private var figures: [SourceSpan: Figures] = [:]
  private var total: (figures: Figures, depth: Int)?
  private var work = 0
  /// Spans and last results met more than once: equal ones are not compared as texts again.
  private var lastShapes: [SourceSpan: [Shape]] = [:]

  /// An observer that takes over what still holds of an earlier record.
  init(_ program: Program, reusing previous: ElaborationRecord, budget: Int) {
    self.program = program
    self.previous = previous
    self.budget = budget
  }

  /// The outcome of an elaboration: of an earlier one whose text is unchanged, or that of `body`.
  ///
  /// - Parameters:
  ///   - module: what is elaborated.
  ///   - line: the `check` line that asks for it; nil for a network by itself.
  func outcome(of module: Int, _ line: SyntaxNode?, _ body: () -> ElaborationUnit.Outcome)
    -> ElaborationUnit.Outcome
  {
    let key = ElaborationUnit.Key(module: program.names.modules[module].name, line: line?.text)
    let texts = ElaborationUnit.texts(of: module, line, in: program)
    if let unit = previous.known[key] {
      if unit.isFinal || unit.limits == program.limits,
        let placed = PlacedUnit(unit, texts: texts, module: module), let outcome = placed.outcome
      {
        record.add(placed)
        if !unit.isFinal { record.isComplete = false }
        return outcome
      }
      record.remember(unit)
    }
    guard budget > 0 else {
      record.isComplete = false
      return ElaborationUnit.Outcome()
    }
    (findings, figures, total, work, lastShapes) = ([:], [:], nil, 0, [:])
    let outcome = body()
    budget -= min(budget, work)
    let unit = ElaborationUnit(
      key: key, texts: texts, outcome: outcome, findings: findings, figures: figures, total: total,
      work: work,
      limits: program.limits)
    if !unit.isFinal { record.isComplete = false }
    if let placed = PlacedUnit(unit, texts: texts, module: module) { record.add(placed) }
    return outcome
  }

  /// Notes a value; poison is no finding.
  func note(_ span: SourceSpan, _ value: Value?, _ assembly: Assembly?) {
    guard let value, !value.isPoison, let assembly else { return }
    let shapes = Self.shapes(of: value, assembly)
    if let shapes {
      if lastShapes[span] == shapes { return }
      lastShapes[span] = shapes
    }
    let finding = Finding(
      texts: [Self.text(value, shapes)], shapes: shapes,
      isLayer: { if case .layer = value { true } else { false } }(), typeName: Self.typeName(of: value))
    if findings[span] == nil { findings[span] = finding } else { findings[span]?.merge(finding) }
  }

  /// Notes the values of all names of a frame.
  func noteNames(_ code: Code, _ locals: [Value?], _ assembly: Assembly?) {
    for (slot, span) in code.slotSpans.enumerated() where slot < locals.count {
      if let span { note(span, locals[slot], assembly) }
    }
  }

  /// Notes how much an elaboration did, finished or not.
  func charge(steps: Int, nodes: Int) {
    work = saturatingSum(work, saturatingSum(steps, saturatingProduct(10, nodes)))
  }

  /// Notes the graph of a network.
  func finish(_ elaboration: Elaboration) {
    let graph = elaboration.graph
    let statistics = graph.statistics
    var sum = Figures()
    (sum.parameters, sum.macs, sum.uses) = (statistics.parameters, statistics.macs, 1)
    if graph.outputs.contains(where: \.isAuxiliary) {
      sum.parameters = graph.value(of: .params)
      sum.macs = graph.value(of: .macs)
    }
    total = (sum, statistics.depth)
    for layer in statistics.layers {
      guard let span = elaboration.sourceMap[graph[layer.node]] else { continue }
      add(layer.parameters, layer.macs, at: span)
    }
    for (index, scope) in graph.scopes.enumerated() {
      switch scope.kind {
      case .cell, .repetition: break
      case .network, .copy: continue
      }
      guard let span = elaboration.sourceMap[scope] else { continue }
      add(statistics.scopes[index].parameters, statistics.scopes[index].macs, at: span)
    }
  }

  private func add(_ parameters: Int, _ macs: Int, at span: SourceSpan) {
    var sum = figures[span] ?? Figures()
    sum.parameters = saturatingSum(sum.parameters, parameters)
    sum.macs = saturatingSum(sum.macs, macs)
    sum.uses += 1
    figures[span] = sum
  }

  private static func shapes(of value: Value, _ assembly: Assembly) -> [Shape]? {
    switch value {
    case .tensor(let tensor): return [assembly.shape(tensor.node)]
    case .list(let list):
      guard !list.elements.isEmpty, list.elements.count <= 64 else { return nil }
      var shapes: [Shape] = []
      for element in list.elements {
        guard case .tensor(let tensor) = element else { return nil }
        shapes.append(assembly.shape(tensor.node))
      }
      return shapes
    default: return nil
    }
  }

  private static func text(_ value: Value, _ shapes: [Shape]?) -> String {
    guard let shapes else { return value.text }
    let shown = shapes.prefix(4).map { "\($0)" }.joined(separator: ", ")
    if shapes.count == 1 { return shown }
    return "(\(shown)\(shapes.count > 4 ? ", ..." : ""))"
  }

  /// The type of a parameter that could take the value.
  private static func typeName(of value: Value) -> String? {
    switch value {
    case .integer: "Int"
    case .float: "Float"
    case .boolean: "Bool"
    case .kernel: "Kernel"
    case .shape: "Shape"
    case .padding: "Padding"
    case .layer: "Layer"
    case .list(let list):
      list.elements.first.flatMap { first in
        if case .tensor = first { nil } else { typeName(of: first).map { "[\($0)]" } }
      }
    case .rational, .string, .axis, .initializer, .tensor, .poison: nil
    }
  }
}

extension Program {
  /// `check()`, with what it found out about the places of the text.
  ///
  /// - Parameters:
  ///   - previous: the record of an earlier state of the program; what an edit since then did not touch is taken over.
  ///   - budget: how much work (see `work(reusing:)`) everything else may be; the last elaboration may exceed it, what
  ///     comes after it is left out.
  package func inspect(reusing previous: ElaborationRecord = ElaborationRecord(), budget: Int = Int.max)
    -> (
      report: CheckReport, record: ElaborationRecord
    )
  {
    let observer = ElaborationObserver(self, reusing: previous, budget: budget)
    let report = check(observer: observer)
    return (report, observer.record)
  }

  /// How much work (instructions and, ten times, nodes) the elaborations were that have to be done again.
  package func work(reusing previous: ElaborationRecord) -> Int {
    var work = 0
    var modules = names.modules.filter { $0.file == 0 && $0.keyword != .cell }.map {
      ($0.id, nil as SyntaxNode?)
    }
    for check in files.first?.checks ?? [] {
      guard let target = check.target, case .module(let id)? = names.lookUp(target.name, in: 0) else {
        continue
      }
      modules.append((id, check.node))
    }
    for (module, line) in modules {
      let key = ElaborationUnit.Key(module: names.modules[module].name, line: line?.text)
      guard let unit = previous.known[key] ?? previous.known[.init(module: key.module, line: nil)] else {
        continue
      }
      let texts = ElaborationUnit.texts(of: module, line, in: self)
      if unit.key == key, PlacedUnit(unit, texts: texts, module: module) != nil { continue }
      work = saturatingSum(work, unit.work)
    }
    return work
  }
}
