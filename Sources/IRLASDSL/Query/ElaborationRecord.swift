package import IRLASGraph

/// What one place of the text came to, in the order in which the elaborations met it.
package struct Finding: Hashable, Sendable {
  /// The distinct results: `[64, 32, 32]`, `512`, `3x3`; at most `Finding.limit`.
  package fileprivate(set) var texts: [String]
  /// The shapes of the tensors of the first result; nil when it was no tensor or tuple of tensors.
  package let shapes: [Shape]?
  /// Whether the first result was a layer, which has no shape.
  package let isLayer: Bool
  /// The type that a parameter with this value would have; nil for tensors and strings.
  package let typeName: String?
  /// Whether there were more than `Finding.limit` distinct results.
  package fileprivate(set) var hasMore = false

  /// How many distinct results are kept.
  package static let limit = 3

  /// The results in one line: `[64, 32, 32] | [128, 16, 16] | ...`.
  package var text: String { texts.joined(separator: " | ") + (hasMore ? " | ..." : "") }
}

/// Learned numbers and multiply-accumulates behind a place of the text, over all its uses in one network.
package struct Figures: Hashable, Sendable {
  /// Learned numbers; those of a shared layer count where they are first used.
  package var parameters = 0
  /// Multiply-accumulates of one sample.
  package var macs = 0
  /// How often the place was applied.
  package var uses = 0

  /// No figures yet.
  package init() {}
}

/// What checking a program found out about the places of its text.
package struct ElaborationRecord: Sendable {
  /// Links, sums and products by their spans, names by the span that binds them.
  fileprivate(set) var findings: [SourceSpan: Finding] = [:]
  /// Figures by the span of the application, over the network that met it first.
  fileprivate(set) var figures: [SourceSpan: Figures] = [:]
  /// The elaborated networks with the module that each is, in the order of elaboration.
  package fileprivate(set) var networks: [(module: Int, figures: Figures, depth: Int)] = []
  /// How much work the elaborations were: instructions and, ten times, nodes.
  package fileprivate(set) var work = 0

  /// A record of nothing.
  package init() {}

  /// What the link, sum, product or bound name at exactly this span came to.
  package func finding(at span: SourceSpan) -> Finding? { findings[span] }

  /// What the layer applied at exactly this span costs.
  package func figures(at span: SourceSpan) -> Figures? { figures[span] }
}

/// Collects an `ElaborationRecord` while networks are elaborated.
final class ElaborationObserver {
  private(set) var record = ElaborationRecord()
  /// Spans and last results met more than once: equal ones are not compared as texts again.
  private var lastShapes: [SourceSpan: [Shape]] = [:]

  /// Notes a value; poison is no finding.
  func note(_ span: SourceSpan, _ value: Value?, _ assembly: Assembly?) {
    guard let value, !value.isPoison, let assembly else { return }
    let shapes = Self.shapes(of: value, assembly)
    if let shapes {
      if lastShapes[span] == shapes { return }
      lastShapes[span] = shapes
    }
    guard let known = record.findings[span] else {
      record.findings[span] = Finding(
        texts: [Self.text(value, shapes)], shapes: shapes,
        isLayer: { if case .layer = value { true } else { false } }(), typeName: Self.typeName(of: value))
      return
    }
    guard !known.hasMore else { return }
    let text = Self.text(value, shapes)
    if known.texts.contains(text) { return }
    if known.texts.count == Finding.limit {
      record.findings[span]?.hasMore = true
    } else {
      record.findings[span]?.texts.append(text)
    }
  }

  /// Notes the values of all names of a frame.
  func noteNames(_ code: Code, _ locals: [Value?], _ assembly: Assembly?) {
    for (slot, span) in code.slotSpans.enumerated() where slot < locals.count {
      if let span { note(span, locals[slot], assembly) }
    }
  }

  /// Notes how much an elaboration did, finished or not.
  func charge(steps: Int, nodes: Int) {
    record.work = saturatingSum(record.work, saturatingSum(steps, saturatingProduct(10, nodes)))
  }

  /// Notes the graph of a network.
  func finish(_ module: Int, _ elaboration: Elaboration) {
    let graph = elaboration.graph
    let statistics = graph.statistics
    var total = Figures()
    (total.parameters, total.macs, total.uses) = (statistics.parameters, statistics.macs, 1)
    if graph.outputs.contains(where: \.isAuxiliary) {
      total.parameters = graph.value(of: .params)
      total.macs = graph.value(of: .macs)
    }
    record.networks.append((module, total, statistics.depth))
    var found: [SourceSpan: Figures] = [:]
    for layer in statistics.layers {
      guard let span = elaboration.sourceMap[graph[layer.node]] else { continue }
      add(layer.parameters, layer.macs, at: span, to: &found)
    }
    for (index, scope) in graph.scopes.enumerated() {
      switch scope.kind {
      case .cell, .repetition: break
      case .network, .copy: continue
      }
      guard let span = elaboration.sourceMap[scope] else { continue }
      add(statistics.scopes[index].parameters, statistics.scopes[index].macs, at: span, to: &found)
    }
    record.figures.merge(found) { first, _ in first }
  }

  private func add(_ parameters: Int, _ macs: Int, at span: SourceSpan, to found: inout [SourceSpan: Figures])
  {
    var figures = found[span] ?? Figures()
    figures.parameters = saturatingSum(figures.parameters, parameters)
    figures.macs = saturatingSum(figures.macs, macs)
    figures.uses += 1
    found[span] = figures
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
  package func inspect() -> (report: CheckReport, record: ElaborationRecord) {
    let observer = ElaborationObserver()
    let report = check(observer: observer)
    return (report, observer.record)
  }
}
