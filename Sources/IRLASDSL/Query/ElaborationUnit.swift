import IRLASGraph

/// One elaboration, of a network or for a `check` line, with all the text that it read: while that stays the same,
/// wherever it stands, so does what was found.
final class ElaborationUnit: Sendable {
  /// What asked for the elaboration.
  struct Key: Hashable, Sendable {
    /// The name of the network.
    let module: String
    /// The text of the `check` line; nil for the network by itself.
    let line: String?
  }

  /// What an elaboration says.
  struct Outcome: Sendable {
    /// The messages.
    var diagnostics: [Diagnostic] = []
    /// The result of the `check` line.
    var check: CheckResult?
  }

  /// A piece of text that was read: a declaration or a line.
  struct Text: Sendable {
    /// The file as it was.
    let source: SourceFile
    /// The bytes.
    let range: Range<Int>
    /// The pieces that its names stand for, by their index, in the order of the text.
    let references: [Int]

    /// Whether two pieces say the same.
    func isSame(as other: Text) -> Bool {
      guard range.count == other.range.count, references == other.references,
        source.id == other.source.id, source.name == other.source.name
      else { return false }
      if source === other.source, range == other.range { return true }
      return source.utf8[range] == other.source.utf8[other.range]
    }
  }

  let key: Key
  /// Everything that was read, in an order that follows from the text alone.
  let texts: [Text]
  let outcome: Outcome
  /// Links, sums and products by their spans, names by the span that binds them.
  let findings: [SourceSpan: Finding]
  /// Figures by the span of the application.
  let figures: [SourceSpan: Figures]
  /// The figures of the whole network and its depth; nil when it could not be elaborated.
  let total: (figures: Figures, depth: Int)?
  /// How much there was to do.
  let work: Int
  /// The limits under which it was done.
  let limits: ElaborationLimits

  /// Whether more time would change nothing.
  var isFinal: Bool {
    limits == ElaborationLimits()
      || !(outcome.diagnostics + (outcome.check?.diagnostics ?? [])).contains { $0.code == .programTooBig }
  }

  init(
    key: Key, texts: [Text], outcome: Outcome, findings: [SourceSpan: Finding],
    figures: [SourceSpan: Figures], total: (figures: Figures, depth: Int)?, work: Int,
    limits: ElaborationLimits
  ) {
    self.key = key
    self.texts = texts
    self.outcome = outcome
    self.findings = findings
    self.figures = figures
    self.total = total
    self.work = work
    self.limits = limits
  }

  /// The text that the elaboration of a module reads: its own, and that of all modules that it names, breadth first.
  static func texts(of module: Int, _ line: SyntaxNode?, in program: Program) -> [Text] {
    var order = [module]
    var positions = [module: 0]
    var references: [[Int]] = []
    var next = 0
    while next < order.count {
      var targets: [Int] = []
      for target in program.references[order[next]] {
        if positions[target] == nil {
          positions[target] = order.count
          order.append(target)
        }
        targets.append(positions[target] ?? 0)
      }
      references.append(targets)
      next += 1
    }
    var texts = zip(order, references).map { id, references in
      let header = program.names.modules[id]
      return Text(
        source: program.sources.files[header.file], range: header.syntax.span.range, references: references)
    }
    if let line { texts.append(Text(source: line.tree.source, range: line.span.range, references: [])) }
    return texts
  }
}

/// An elaboration in the program as it is now.
struct PlacedUnit: Sendable {
  let unit: ElaborationUnit
  /// The module in the program as it is now.
  let module: Int
  /// For each text of the unit where it stands now.
  private let places: [Range<Int>]

  /// An elaboration whose text is found again; nil when some of it has changed.
  init?(_ unit: ElaborationUnit, texts: [ElaborationUnit.Text], module: Int) {
    guard texts.count == unit.texts.count, zip(texts, unit.texts).allSatisfy({ $0.isSame(as: $1) }) else {
      return nil
    }
    self.unit = unit
    self.module = module
    places = texts.map(\.range)
  }

  /// Where a place of the present text stood when it was elaborated; nil for a place that was not read.
  func original(of span: SourceSpan) -> SourceSpan? {
    for (place, text) in zip(places, unit.texts)
    where text.source.id == span.file && place.lowerBound <= span.lower && span.upper <= place.upperBound {
      let start = text.range.lowerBound + Int(span.lower) - place.lowerBound
      return SourceSpan(file: span.file, start..<start + span.range.count)
    }
    return nil
  }

  /// Where a place stands now; nil for a place outside of what was read.
  private func present(of span: SourceSpan) -> SourceSpan? {
    for (place, text) in zip(places, unit.texts)
    where text.source.id == span.file && text.range.lowerBound <= span.lower
      && span.upper <= text.range.upperBound
    {
      let start = place.lowerBound + Int(span.lower) - text.range.lowerBound
      return SourceSpan(file: span.file, start..<start + span.range.count)
    }
    return nil
  }

  /// What the elaboration says, about the places where the text is now; nil when it speaks of other places, too.
  var outcome: ElaborationUnit.Outcome? {
    let isSilent = unit.outcome.diagnostics.isEmpty && unit.outcome.check?.diagnostics.isEmpty ?? true
    if isSilent, zip(places, unit.texts).allSatisfy({ $0 == $1.range }) { return unit.outcome }
    var result = ElaborationUnit.Outcome()
    for diagnostic in unit.outcome.diagnostics {
      guard let moved = moved(diagnostic) else { return nil }
      result.diagnostics.append(moved)
    }
    if let check = unit.outcome.check {
      guard let span = present(of: check.span) else { return nil }
      var diagnostics: [Diagnostic] = []
      for diagnostic in check.diagnostics {
        guard let moved = moved(diagnostic) else { return nil }
        diagnostics.append(moved)
      }
      result.check = CheckResult(
        target: check.target, span: span, claims: check.claims, diagnostics: diagnostics)
    }
    return result
  }

  private func moved(_ diagnostic: Diagnostic) -> Diagnostic? {
    var result = diagnostic
    for index in result.labels.indices {
      guard let span = present(of: result.labels[index].span) else { return nil }
      result.labels[index].span = span
    }
    for index in result.trace.indices {
      guard let old = result.trace[index].span else { continue }
      guard let span = present(of: old) else { return nil }
      result.trace[index].span = span
    }
    for help in result.help.indices {
      for edit in result.help[help].edits.indices {
        guard let span = present(of: result.help[help].edits[edit].span) else { return nil }
        result.help[help].edits[edit].span = span
      }
    }
    return result
  }
}
