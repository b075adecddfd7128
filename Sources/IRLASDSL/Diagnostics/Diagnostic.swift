/// One message about a program: what is wrong, where, why, and what would help.
package struct Diagnostic: Hashable, Sendable {
  /// How grave a message is.
  package enum Severity: String, Hashable, Sendable {
    /// The program has no meaning until this is repaired.
    case error
    /// The program is accepted, but probably not what its author meant.
    case warning
    /// Worth knowing.
    case note
  }

  /// How a labelled span is underlined.
  package enum LabelStyle: String, Hashable, Sendable {
    /// Carets: the place that the message is about.
    case primary
    /// Dashes: a place that explains it.
    case secondary
  }

  /// A span with a short text, which may be empty.
  package struct Label: Hashable, Sendable {
    /// The bytes that are underlined.
    package var span: SourceSpan
    /// What to say beside them; empty for a bare underline.
    package var text: String
    /// Carets or dashes.
    package var style: LabelStyle

    /// A label in the given style.
    package init(_ span: SourceSpan, _ text: String = "", style: LabelStyle) {
      self.span = span
      self.text = text
      self.style = style
    }
  }

  /// One step of how the elaborator came to a place, innermost first.
  package struct TraceStep: Hashable, Sendable {
    /// For example `Bottleneck(256, width: 512), copy 1 of 3, from ResNeXt29`.
    package var text: String
    /// Where that use stands.
    package var span: SourceSpan?

    /// A step of the trace.
    package init(_ text: String, at span: SourceSpan?) {
      self.text = text
      self.span = span
    }
  }

  /// A replacement of the bytes of a span; an insertion when the span is empty.
  package struct Edit: Hashable, Sendable {
    /// The bytes to replace.
    package var span: SourceSpan
    /// The new text.
    package var replacement: String

    /// An edit of one place.
    package init(_ span: SourceSpan, _ replacement: String) {
      self.span = span
      self.replacement = replacement
    }
  }

  /// Advice, with edits where a machine may follow it.
  package struct Help: Hashable, Sendable {
    /// The advice.
    package var message: String
    /// Edits that do not overlap, in one file; empty when there is nothing to apply blindly.
    package var edits: [Edit]
    /// Whether the edits are one way among several, which only the author can choose: an editor offers them,
    /// `irlas check --fix` does not apply them.
    package var isOneOfSeveral: Bool

    /// Advice with the given edits.
    package init(_ message: String, edits: [Edit] = [], isOneOfSeveral: Bool = false) {
      self.message = message
      self.edits = edits
      self.isOneOfSeveral = isOneOfSeveral
    }
  }

  /// The entry of the catalogue.
  package var code: DiagnosticCode
  /// How grave it is.
  package var severity: Severity
  /// One line, without a final full stop.
  package var message: String
  /// The labelled spans; the first primary one says where the message stands.
  package var labels: [Label]
  /// Further facts, one line each, shown after `=`.
  package var notes: [String]
  /// How the elaborator came here, innermost first.
  package var trace: [TraceStep]
  /// What would help, best first.
  package var help: [Help]
  /// How many messages this one stands for that were left out.
  package var omitted = 0

  /// A message about `span`, which is underlined with carets and labelled with `label`.
  package init(
    _ code: DiagnosticCode, severity: Severity? = nil, _ message: String, at span: SourceSpan,
    label: String = "",
    secondary: [Label] = [], notes: [String] = [], trace: [TraceStep] = [], help: [Help] = []
  ) {
    self.code = code
    self.severity = severity ?? code.defaultSeverity
    self.message = message
    self.labels = [Label(span, label, style: .primary)] + secondary
    self.notes = notes
    self.trace = trace
    self.help = help
  }

  /// The span of the first primary label: where the message stands.
  package var span: SourceSpan {
    (labels.first { $0.style == .primary } ?? labels.first)?.span ?? SourceSpan(file: SourceID(0), 0..<0)
  }
}

/// A collection of messages with a limit, so that a wholly broken file stays readable and cheap.
package struct DiagnosticBag: Sendable {
  /// The messages kept, in the order in which they were reported.
  package private(set) var diagnostics: [Diagnostic] = []
  /// How many messages were dropped.
  package private(set) var omitted = 0
  /// How many errors were reported, kept or not.
  package private(set) var errorCount = 0
  /// How many messages are kept.
  package let limit: Int

  /// An empty bag that keeps at most `limit` messages.
  package init(limit: Int = 100) { self.limit = limit }

  /// Whether any error was reported.
  package var hasErrors: Bool { errorCount > 0 }

  /// Whether further messages are only counted.
  package var isFull: Bool { diagnostics.count >= limit }

  /// Counts an error that is not kept, so that nobody has to write its message.
  package mutating func omit() {
    errorCount += 1
    omitted += 1
  }

  /// Adds a message, or counts it when the bag is full.
  package mutating func report(_ diagnostic: Diagnostic) {
    if diagnostic.omitted > 0 {
      omitted += diagnostic.omitted
      return
    }
    if diagnostic.severity == .error { errorCount += 1 }
    if diagnostics.count < limit { diagnostics.append(diagnostic) } else { omitted += 1 }
  }

  /// Adds all messages of a sequence.
  package mutating func report(contentsOf more: some Sequence<Diagnostic>) {
    for diagnostic in more { report(diagnostic) }
  }

  /// The kept messages by position in their file, and one note `N more messages` when some were dropped.
  package func finish() -> [Diagnostic] {
    var sorted = diagnostics.enumerated().sorted { a, b in
      let (x, y) = (a.element.span, b.element.span)
      return (x.file.index, x.lower, a.offset) < (y.file.index, y.lower, b.offset)
    }.map(\.element)
    if omitted > 0, let last = sorted.last {
      var note = Diagnostic(
        .tooManyDiagnostics, "\(omitted) more message\(omitted == 1 ? "" : "s") not shown", at: last.span.end)
      note.omitted = omitted
      sorted.append(note)
    }
    return sorted
  }
}
